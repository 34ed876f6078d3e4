//! `KP-X5021`: a subject in strings of other days.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::name_form::NameFault;
use const_oid::db::rfc4519;

rule! {
    /// A certificate's subject has strings of a type that is no longer used, bytes that the type does not have, or an
    /// attribute that is longer than it may be.
    ///
    /// ## Why it matters
    ///
    /// Readers differ in what they make of such strings, and Kubernetes takes users and groups from them. Go refuses a
    /// certificate whose strings hold what their type does not allow: that is high.
    ///
    /// The length of common names is looked at by KP-ID010.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with `PrintableString` or `UTF8String` for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.4 and appendix A.1; Go, crypto/x509, `parseASN1String`.
    "KP-X5021" "odd-name" Low Sighting "certificates"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().subject.is_empty()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let faults = sighting.certificate().subject.faults();
    let is_refused = |fault: &&NameFault| matches!(fault, NameFault::Characters { recent: false, .. });
    let is_long_name =
        |fault: &NameFault| matches!(fault, NameFault::Long { attribute, .. } if *attribute == rfc4519::CN);
    if let Some(fault) = faults.iter().find(is_refused) {
        let message = format!("its subject {fault}: every component refuses it");
        return vec![sighting.graded(sighting.weight(Severity::High), message, Remedy::Reissue)];
    }
    let Some(fault) = faults.iter().find(|fault| !is_long_name(fault)) else { return Vec::new() };
    vec![sighting.advise(
        Severity::Low,
        format!("its subject {fault}"),
        "write the name in UTF-8 when it is replaced",
    )]
}
