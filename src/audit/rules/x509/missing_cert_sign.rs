//! `KP-X5003`: a CA that may not sign certificates.

use crate::audit::rule::rule;
use crate::audit::{Fault, Severity, Sighting};
use crate::x509::KeyUsage;

rule! {
    /// A CA's key usage does not allow it to sign certificates.
    ///
    /// ## Why it matters
    ///
    /// Whoever checks key usages refuses everything that it has signed. Where the extension is missing altogether, all is
    /// allowed: RFC 5280 demands it, but only strict verifiers do.
    ///
    /// That kubeadm's CAs may not sign revocation lists is no fault: nothing in a cluster reads one.
    ///
    /// ## What to do
    ///
    /// Issue the CA's certificate anew, for the same key, subject and key identifier: what it has signed stays valid.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.3 and §6.1.4 (n).
    "KP-X5003" "missing-cert-sign" High Sighting "CA certificates"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let usages = &sighting.certificate().usages.key;
    if usages.is_empty() {
        let message = "has no key usage, which a CA must have";
        return vec![sighting.advise(Severity::Low, message, "its successor will have one")];
    }
    if usages.contains(&KeyUsage::CertSign) {
        return Vec::new();
    }
    vec![super::renewable(sighting, Severity::High, "its key usage lacks cert sign".to_owned())]
}
