//! `KP-SN009`: a certificate for whatever is called so.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::SubjectAltName;

rule! {
    /// A certificate of the cluster's speaks for every host of a domain.
    ///
    /// ## Why it matters
    ///
    /// Whoever has its key can stand in for hosts that have nothing to do with the cluster, for every client that trusts
    /// the CA.
    ///
    /// Where the spec lists the name, somebody has decided so, and it is milder.
    ///
    /// ## What to do
    ///
    /// List the names that are needed.
    ///
    /// ## References
    ///
    /// RFC 9525 §7.1.
    "KP-SN009" "wildcard-name" Medium Sighting "certificates of the cluster's CAs with names"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().subject_alt_names.is_empty() && sighting.issued().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let wildcard = |name: &&SubjectAltName| matches!(name, SubjectAltName::Dns(text) if text.starts_with("*."));
    let case = sighting.own_case().filter(|case| case.view.terms.given && case.is_ours());
    let planned = case.and_then(|case| case.blueprint()).map(|own| own.subject_alt_names.as_slice());
    // What the spec does not give is told as such.
    let told = |name: &&SubjectAltName| planned.is_none_or(|planned| planned.contains(name));
    let names: Vec<String> =
        certificate.subject_alt_names.iter().filter(wildcard).filter(told).map(ToString::to_string).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let message = format!("speaks for every host of {}", names.join(", "));
    let fault = Fault::new(sighting.path(), message, Remedy::advice("list the names that are needed"));
    vec![if planned.is_some() { fault.severity(Severity::Low) } else { fault }]
}
