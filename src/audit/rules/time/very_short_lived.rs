//! `KP-TM014`: a certificate that lives for less than an hour.

use time::Duration;

use crate::audit::lifetime::lifetime;
use crate::audit::rule::rule;
use crate::audit::{Fault, Severity, Sighting};
use crate::moment::span;

rule! {
    /// A certificate lives for less than an hour.
    ///
    /// ## Why it matters
    ///
    /// Clocks differ. Where the signer's is a few minutes ahead, or the verifier's behind, such a certificate is refused for
    /// much of its life, unless it begins some minutes before it was issued.
    ///
    /// ## What to do
    ///
    /// Let it begin early, as kubeadm and kubepki do by five minutes, or live longer.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.5.
    "KP-TM014" "very-short-lived" Info Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let life = lifetime(sighting.certificate());
    if life >= Duration::hours(1) {
        return Vec::new();
    }
    let message = format!("lives for {} only", span(life));
    vec![sighting.advise(
        Severity::Info,
        message,
        "let it begin some minutes before it is issued, or live longer",
    )]
}
