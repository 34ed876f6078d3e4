//! `KP-X5009`: key identifiers that do not lead to the CA.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting, Signer};
use crate::x509::hex::hex;

rule! {
    /// A certificate names another key identifier than its CA's, or one of the two has none.
    ///
    /// ## Why it matters
    ///
    /// By it verifiers find the right one among CAs of one name, as there are while a CA is replaced. OpenSSL refuses a
    /// chain in which the two differ, although the signature is right; Go takes it. Where one is missing, only the name is
    /// left to go by: that is medium.
    ///
    /// A certificate whose subject is its issuer has none, as kubeadm has it. Servers and clients need no identifier of
    /// their own.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the CA's identifier for the same key. A CA without one should be issued
    /// anew, for the same key and subject.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.1 and §4.2.1.2; cert-manager/cert-manager#9076.
    "KP-X5009" "key-identifiers" High Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    if certificate.is_ca() && certificate.subject_key_identifier.is_none() {
        let message = "is a CA without a subject key identifier".to_owned();
        return vec![super::renewable(sighting, Severity::Medium, message)];
    }
    let Signer::Known(ca) = sighting.signer() else { return Vec::new() };
    match (&certificate.authority_key_identifier, &ca.subject_key_identifier) {
        (None, Some(_)) if !certificate.is_self_issued() => {
            let message = "has no authority key identifier, although its CA has one";
            vec![sighting.graded(Severity::Medium, message, Remedy::Reissue)]
        }
        (Some(named), Some(own)) if named != own => {
            let message = format!("names its CA's key {}, which is {}", hex(named), hex(own));
            vec![sighting.fault(message, Remedy::Reissue)]
        }
        _ => Vec::new(),
    }
}
