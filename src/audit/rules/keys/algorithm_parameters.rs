//! `KP-KY016`: an algorithm with parameters that few write so.

use const_oid::db::rfc5912;
use der::Tag;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::der::children;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::scheme::Family;

rule! {
    /// A key or signature is RSA-PSS, or the parameters of its algorithm are not what they must be.
    ///
    /// ## Why it matters
    ///
    /// Readers differ in what they take. RSA-PSS is read by Go only with some parameters, and a key that is for PSS alone
    /// not at all. RSA is written with NULL as parameter: Go refuses an RSA key without it, and some libraries refuse
    /// such a signature. ECDSA and Ed25519 signatures have no parameters.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate, with a new key where that is at fault.
    ///
    /// ## References
    ///
    /// RFC 3279 §2.3.1, RFC 4055 §1.2 and §5 (RSA); RFC 5758 §3.2 (ECDSA), RFC 8410 §3 (Ed25519).
    "KP-KY016" "algorithm-parameters" Medium Sighting "certificates"
}

/// NULL.
const NULL: &[u8] = &[0x05, 0x00];

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    of_key(sighting).into_iter().chain(of_signature(sighting)).collect()
}

fn of_key(sighting: &Sighting<'_>) -> Option<Fault> {
    let key = &sighting.certificate().public_key;
    match key.kind() {
        PublicKeyKind::Rsa { .. } if parameters(key.algorithm_identifier()) != Some(NULL) => {
            let message = "its RSA key is written without NULL as parameter, which Go refuses";
            Some(sighting.graded(Severity::High, message, Remedy::Rekey))
        }
        PublicKeyKind::Other(rfc5912::ID_RSASSA_PSS) => {
            let message = "its key is for RSA-PSS alone, which Go does not read";
            Some(sighting.graded(Severity::High, message, Remedy::Rekey))
        }
        _ => None,
    }
}

fn of_signature(sighting: &Sighting<'_>) -> Option<Fault> {
    let algorithm = &sighting.certificate().signature_algorithm;
    let parameters = parameters(algorithm.as_der());
    let message = match algorithm.scheme()?.family {
        _ if algorithm.oid == rfc5912::ID_RSASSA_PSS => {
            "is signed with RSA-PSS, which not every reader takes"
        }
        Family::Rsa if parameters != Some(NULL) => "its RSA signature is written without NULL as parameter",
        Family::Ecdsa | Family::Ed25519 if parameters.is_some() => {
            "its signature is written with a parameter"
        }
        _ => return None,
    };
    Some(sighting.fault(message, Remedy::Reissue))
}

/// What follows the object identifier in an `AlgorithmIdentifier`.
fn parameters(identifier: &[u8]) -> Option<&[u8]> {
    children(identifier, Tag::Sequence, "the algorithm").ok()?.get(1).copied()
}
