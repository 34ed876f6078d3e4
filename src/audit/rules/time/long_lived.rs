//! `KP-TM006`: a certificate that lives longer than 398 days.

use crate::audit::lifetime::{LONGEST, Overlong, lifetime, overlong, remedy, severity};
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};
use crate::moment::span;

rule! {
    /// A certificate of a server or client was issued for more than 398 days.
    ///
    /// ## Why it matters
    ///
    /// Nothing in a cluster asks whether a certificate was revoked: a key that was stolen is of use until the certificate
    /// ends. What is renewed seldom is also what nobody knows any more how to renew.
    ///
    /// Where the spec that was given asks for such a life, it is only mentioned.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a shorter one, if the spec's `certificateValidityPeriod` is one.
    ///
    /// ## References
    ///
    /// CA/Browser Forum, Baseline Requirements 6.3.2, which had 398 days as its limit; kubeadm issues for a year.
    "KP-TM006" "long-lived" Medium Sighting "certificates of servers and clients"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    if overlong(sighting) != Some(Overlong::Policy) {
        return Vec::new();
    }
    let (life, limit) = (span(lifetime(sighting.certificate())), span(LONGEST));
    let fault = sighting.graded(
        severity(sighting),
        format!("was issued for {life}, longer than {limit}"),
        remedy(sighting),
    );
    vec![fault.cured_by(remedy(sighting))]
}
