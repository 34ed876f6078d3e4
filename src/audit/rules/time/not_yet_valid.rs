//! `KP-TM003`: a certificate whose time has not come.

use time::Duration;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
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
    "KP-TM003" "not-yet-valid" High Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let begin = sighting.certificate().not_before;
    if begin <= sighting.view.now() + Duration::minutes(5) {
        return Vec::new();
    }
    let message = format!("is not valid before {}", rfc3339(begin));
    let fault = sighting.graded(sighting.weight(Severity::High), message, Remedy::Rekey);
    let remedy = if sighting.is_authority() {
        Remedy::by_hand("look at this machine's clock: the CA begins later")
    } else {
        fault.remedy.clone()
    };
    vec![fault.cured_by(remedy)]
}
