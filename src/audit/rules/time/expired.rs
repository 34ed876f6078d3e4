//! `KP-TM001`: a certificate whose time is over.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::moment::{date, span};

rule! {
    /// A certificate has expired.
    ///
    /// ## Why it matters
    ///
    /// Everyone refuses it. When it is a CA's, everyone refuses all that it has signed, and nothing can be signed any
    /// more that would be accepted.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a new one with a new key. A CA has to be replaced on all nodes at once.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.5 and §6.1.3 (a)(2).
    "KP-TM001" "expired" Critical Case "certificates of credentials"
}

fn applies(case: &Case<'_>) -> bool {
    case.dated().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let now = case.view.now();
    let Some(certificate) = case.dated().filter(|certificate| certificate.not_after < now) else {
        return Vec::new();
    };
    let end = certificate.not_after;
    let remedy = if case.is_authority() {
        Remedy::by_hand("replace the CA: put a new certificate of its key, or a new CA, in place")
    } else {
        Remedy::Rekey
    };
    let message = format!("expired {}, {} ago", date(end), span(now - end));
    Fault::one(case.certificate_path(), message, remedy)
}
