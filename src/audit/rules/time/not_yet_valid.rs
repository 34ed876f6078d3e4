//! `KP-TM003`: a certificate whose time has not come.

use time::Duration;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::moment::rfc3339;

rule! {
    /// A certificate is not valid yet, by more than five minutes.
    ///
    /// ## Why it matters
    ///
    /// Everyone refuses it until then. Most likely a clock is wrong: this machine's, or that of the machine that signed.
    ///
    /// ## What to do
    ///
    /// Look at the clocks first. Then `kubepki apply` issues a new one.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.5. Five minutes are what kubeadm and the controller manager allow for clocks that differ.
    "KP-TM003" "not-yet-valid" High Case "certificates of credentials"
}

fn applies(case: &Case<'_>) -> bool {
    case.dated().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(certificate) = case.dated() else { return Vec::new() };
    if certificate.not_before <= case.view.now() + Duration::minutes(5) {
        return Vec::new();
    }
    let remedy = if case.is_authority() {
        Remedy::by_hand("look at this machine's clock: the CA begins later")
    } else {
        Remedy::Rekey
    };
    let message = format!("is not valid before {}", rfc3339(certificate.not_before));
    Fault::one(case.certificate_path(), message, remedy)
}
