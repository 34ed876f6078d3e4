//! `KP-TM007`: a certificate that outlives the people who made it.

use time::Duration;

use crate::audit::lifetime::{Overlong, lifetime, overlong, remedy, severity};
use crate::audit::rule::rule;
use crate::audit::{Fault, Severity, Sighting};
use crate::moment::span;

rule! {
    /// A CA was made for more than ten years, or another certificate for more than five.
    ///
    /// ## Why it matters
    ///
    /// Such a certificate is never renewed in practice, and when it must be, nobody has ever done it. kubespray, for one,
    /// makes the certificates of etcd for a hundred years.
    ///
    /// ## What to do
    ///
    /// Let the next one live for a year, as kubeadm does; ten years for a CA. `kubepki apply` issues a shorter one, if the
    /// spec's `certificateValidityPeriod` is one.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 part 1, table 1: a key that signs for authentication is used for one to two years.
    "KP-TM007" "very-long-lived" Low Sighting "certificates"
}

/// Ten years and the leap days in them, so that kubeadm's 3650 days are less.
const AUTHORITY: Duration = Duration::days(3653);

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let life = lifetime(sighting.certificate());
    let message = |limit| format!("was issued for {}, longer than {limit} years", span(life));
    if overlong(sighting) == Some(Overlong::Years) {
        let fault = sighting.graded(severity(sighting), message(5), remedy(sighting));
        return vec![fault.cured_by(remedy(sighting))];
    }
    if !sighting.certificate().is_ca() || life <= AUTHORITY {
        return Vec::new();
    }
    vec![sighting.advise(Severity::Low, message(10), "give its successor a shorter life")]
}
