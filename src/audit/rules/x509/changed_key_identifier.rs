//! `KP-X5011`: a CA that was renewed with another key identifier.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::hex::hex;

rule! {
    /// Two certificates of one CA, for the same key, have different subject key identifiers.
    ///
    /// ## Why it matters
    ///
    /// What the CA signed before names the old identifier: verifiers that go by it do not find the new certificate. Go
    /// computes identifiers with SHA-256 since 1.25 and with SHA-1 before, so that a CA which is renewed by a newer
    /// program gets another one.
    ///
    /// ## What to do
    ///
    /// Renew the CA with the identifier that it had: copy it, never compute it anew.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.2; Go 1.25 release notes, crypto/x509.
    "KP-X5011" "changed-key-identifier" Medium Sighting "CA certificates"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    // What a kubeconfig trusts is a copy, which is held to its original.
    sighting.certificate().is_ca() && !sighting.is_in_kubeconfig()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let ca = sighting.certificate();
    let same = sighting.authorities_of_key().find(|other| other.certificate().subject == ca.subject);
    let Some(first) = same.filter(|first| first.certificate() != ca) else { return Vec::new() };
    match (&first.certificate().subject_key_identifier, &ca.subject_key_identifier) {
        (Some(old), Some(new)) if old != new => {
            let path = first.path();
            let message = format!(
                "has the key of {} but the key identifier {}, not {}",
                path.display(),
                hex(new),
                hex(old)
            );
            let remedy = Remedy::by_hand("renew the CA with the key identifier that it had");
            let fault = sighting.graded(Severity::Medium, message, remedy.clone());
            vec![if sighting.is_put_aside() { fault } else { fault.cured_by(remedy) }]
        }
        _ => Vec::new(),
    }
}
