//! `KP-TM001`: a certificate whose time is over.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::moment::{date, span};

rule! {
    /// A certificate has expired.
    ///
    /// ## Why it matters
    ///
    /// Everyone refuses it. When it is a CA's, everyone refuses all that it has signed, and nothing can be signed any
    /// more that would be accepted.
    ///
    /// One behind another in a file, or in a file that no credential has, does less harm, or none: that depends on who
    /// reads it. Files that were put aside are only told so that nobody takes them for the ones in use. A CA in a bundle,
    /// behind the first, is KP-ST006's.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a new one with a new key. A CA has to be replaced on all nodes at once.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.5 and §6.1.3 (a)(2).
    "KP-TM001" "expired" Critical Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let (now, end) = (sighting.view.now(), sighting.certificate().not_after);
    if end >= now || sighting.is_in_bundle() {
        return Vec::new();
    }
    let message = format!("expired {}, {} ago", date(end), span(now - end));
    let fault = sighting.graded(sighting.weight(Severity::Critical), message, Remedy::Rekey);
    let remedy = if sighting.is_authority() {
        Remedy::by_hand("replace the CA: put a new certificate of its key, or a new CA, in place")
    } else {
        fault.remedy.clone()
    };
    vec![fault.cured_by(remedy)]
}
