//! `KP-KY015`: a key of another algorithm than the spec's.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A certificate's key is of another algorithm or size than the spec's `encryptionAlgorithm`.
    ///
    /// ## Why it matters
    ///
    /// The policy is not followed everywhere. `kubeadm certs renew` leaves such keys behind when it cannot reach the
    /// cluster: then it takes its default, RSA-2048, whatever the cluster was made with.
    ///
    /// A CA or `sa.key` that was given keeps its algorithm: they are never replaced here.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate.
    ///
    /// ## References
    ///
    /// kubeadm v1beta4, `encryptionAlgorithm`.
    "KP-KY015" "algorithm-drift" Medium Case "certificates that the spec describes"
}

fn applies(case: &Case<'_>) -> bool {
    case.specified().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.specified() else { return Vec::new() };
    // Keys of a kind that is not even loaded here have rules of their own.
    let key = &certificate.public_key;
    if key.algorithm() == Some(blueprint.algorithm) || !key.is_loadable() {
        return Vec::new();
    }
    let message = format!("its key is {}, not {}", certificate.public_key, blueprint.algorithm);
    Fault::one(case.certificate_path(), message, Remedy::Rekey)
}
