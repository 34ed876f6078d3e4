//! `KP-ID002`: a member of `system:masters` for years.

use time::Duration;

use crate::audit::identity::{MASTERS, is_master};
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};
use crate::moment::span;

rule! {
    /// A client certificate in the group `system:masters` is valid for more than a year.
    ///
    /// ## Why it matters
    ///
    /// Whoever has got hold of it is administrator for that long: neither RBAC nor a list of revoked certificates stops
    /// it.
    ///
    /// A certificate that begins when its CA did, as kubeadm's kubeconfigs do, is judged by what is left of its time.
    ///
    /// ## What to do
    ///
    /// Set `certificateValidityPeriod` to a year or less and run `kubepki renew` for it, or make a short-lived one when it
    /// is needed and keep none.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 5.1.7; kubeadm, `certificateValidityPeriod`.
    "KP-ID002" "lasting-masters" High Sighting "members of system:masters"
}

/// A leap year, and the five minutes that kubeadm begins a certificate early (`CertificateBackdate`).
const LONGEST: Duration = Duration::minutes(366 * 24 * 60 + 5);

fn applies(sighting: &Sighting<'_>) -> bool {
    is_master(sighting.certificate()) && sighting.user().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let Some((certificate, signer)) = sighting.issued() else { return Vec::new() };
    let ca = signer.certificate();
    let begun = match ca {
        Some(ca) if ca.not_before == certificate.not_before => {
            sighting.view.now().max(certificate.not_before)
        }
        _ => certificate.not_before,
    };
    let lifetime = certificate.not_after - begun;
    if lifetime <= LONGEST {
        return Vec::new();
    }
    let message = format!("is a member of {MASTERS} for {}", span(lifetime));
    vec![sighting.fault_by_hand(message, "set certificateValidityPeriod to a year or less, and renew it")]
}
