//! `KP-X5004`: a certificate that is no CA's and may sign certificates.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::x509::KeyUsage;

rule! {
    /// A certificate that is no CA's has the key usage to sign certificates.
    ///
    /// ## Why it matters
    ///
    /// The two contradict each other. Verifiers ask for both, and refuse what it signs; one that asks only for the usage
    /// would take a server for a CA.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right usages for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.9: without cA, keyCertSign must not be asserted.
    "KP-X5004" "cert-sign-on-leaf" High Sighting "certificates that are no CA's"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    // What stands in a CA's place and is none is told of as such.
    if sighting.is_authority() || !sighting.certificate().usages.key.contains(&KeyUsage::CertSign) {
        return Vec::new();
    }
    vec![sighting.fault("usage - cert sign: it is no CA", Remedy::Reissue)]
}
