//! `KP-KY007`: an algorithm that some component does not know.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::version::{Go, Refusal};
use crate::x509::public_key::PublicKeyKind;
use crate::x509::scheme::Family;

rule! {
    /// A certificate's key, or its signature, is of an algorithm that a component of the cluster cannot use.
    ///
    /// ## Why it matters
    ///
    /// A component that cannot read a key closes the connection, and one that does not know a signature cannot check it.
    ///
    /// Ed25519 is read by everyone, but kubeadm and kubepki load RSA and ECDSA keys only: nothing renews such a
    /// credential, and no such CA signs. ML-DSA is known to Go since 1.27, and so to Kubernetes since 1.38; it is high
    /// where the release that is meant does not know it. RSA and ECDSA over SHA-224, and algorithms that are not known
    /// here, Go has none of.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate of the spec's algorithm. A CA has to be replaced.
    ///
    /// ## References
    ///
    /// Go, crypto/x509, `signatureAlgorithmDetails`; RFC 8410 (Ed25519), RFC 9881 (ML-DSA); kubeadm, `pkiutil`,
    /// `TryLoadKeyFromDisk`.
    "KP-KY007" "unsupported-algorithm" Medium Sighting "certificates"
}

/// ML-DSA came to crypto/x509 with Go 1.27.
const ML_DSA: Refusal = Refusal::since(27, 0);

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    of_key(sighting).or_else(|| of_signature(sighting)).into_iter().collect()
}

fn of_key(sighting: &Sighting<'_>) -> Option<Fault> {
    let key = &sighting.certificate().public_key;
    match (key.kind(), key.family()) {
        (_, Some(Family::Ed25519)) => {
            let message = "its key is Ed25519, which kubeadm and kubepki do not load: RSA and ECDSA only";
            Some(sighting.fault(message, Remedy::Rekey))
        }
        (_, Some(Family::MlDsa)) => match sighting.view.terms.release {
            Some(release) if ML_DSA.holds_in(release) => None,
            Some(release) => {
                let go = Go::of(release).map(|go| format!(" ({go})")).unwrap_or_default();
                let message = format!("its key is ML-DSA, which Kubernetes {release}{go} does not know");
                Some(sighting.graded(Severity::High, message, Remedy::Rekey))
            }
            None => {
                let message = "its key is ML-DSA, which Kubernetes knows from v1.38 on (Go 1.27)";
                Some(sighting.fault(message, Remedy::Rekey))
            }
        },
        // A curve, or RSA that is for PSS only, is told of elsewhere.
        (PublicKeyKind::Other(oid), None) => {
            let message = format!("its key is of an algorithm that no component knows, {oid}");
            Some(sighting.graded(Severity::High, message, Remedy::Rekey))
        }
        _ => None,
    }
}

/// Broken hashes are told of elsewhere, and of the others only what is not the key's own algorithm.
fn of_signature(sighting: &Sighting<'_>) -> Option<Fault> {
    let algorithm = &sighting.certificate().signature_algorithm;
    let unknown = algorithm.scheme().is_none_or(|scheme| !scheme.in_go);
    // Nobody checks what signed itself.
    if !unknown || sighting.certificate().is_self_issued() {
        return None;
    }
    let message = format!("is signed with {algorithm}, which no component knows");
    Some(sighting.graded(Severity::High, message, Remedy::Reissue))
}
