//! `KP-KY003`: a root that signed itself over a hash for which collisions can be made.

use crate::audit::rule::rule;
use crate::audit::{Fault, Severity, Sighting};

rule! {
    /// A certificate that signed itself did so over SHA-1, MD5 or an older hash.
    ///
    /// ## Why it matters
    ///
    /// Nobody checks that signature: who trusts a root trusts it because it is there. But scanners report it, and it shows
    /// how old the CA is.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done. Its successor will be signed over SHA-256.
    ///
    /// ## References
    ///
    /// golang/go#41682, golang/go#62048: Go passes over a root's own signature.
    "KP-KY003" "broken-root-hash" Low Sighting "certificates that signed themselves"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.certificate().is_self_issued()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let algorithm = &sighting.certificate().signature_algorithm;
    let Some(hash) = algorithm.scheme().and_then(|scheme| scheme.broken_hash) else { return Vec::new() };
    let message = format!("signed itself over {hash} ({algorithm})");
    vec![sighting.advise(
        Severity::Low,
        message,
        "nobody checks it; its successor will be signed over SHA-256",
    )]
}
