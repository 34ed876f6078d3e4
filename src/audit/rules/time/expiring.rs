//! `KP-TM002`: a certificate whose time is nearly over.

use time::Duration;

use crate::audit::lifetime::lifetime;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity, Sighting};
use crate::catalog::Keeper;
use crate::moment::{date, span};

rule! {
    /// A certificate expires soon: it has less left than the spec's `renewBefore`, or than a third of its lifetime where
    /// that is shorter.
    ///
    /// It is told of earlier too, by what takes how long. A CA's successor has to be trusted everywhere before it signs: of
    /// a CA 180 days are high, 365 medium and 730 low. Of other certificates 7 days are high, 30 medium and 90 low. Nothing
    /// is said while more than a third of its life is left, and nothing is high in more than its last tenth. What the
    /// kubelet renews by itself, between 70 and 90 per cent of its life, is told of in the last tenth only.
    ///
    /// ## Why it matters
    ///
    /// When it has expired, everyone refuses it. Nothing renews it by itself, but for the kubelet's own.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a new one with a new key when `renewBefore` has come, `kubepki renew` at once. A certificate
    /// that ends when its CA does is left alone: a new one would end no later. A CA must be replaced in good time.
    ///
    /// ## References
    ///
    /// Kubernetes, "Certificate Management with kubeadm".
    "KP-TM002" "expiring" Medium Sighting "certificates"
}

/// How little may be left, in days, for high, medium and low.
const CERTIFICATE: [i64; 3] = [7, 30, 90];
const AUTHORITY: [i64; 3] = [180, 365, 730];

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let left = certificate.not_after - sighting.view.now();
    let case = sighting.own_case();
    let passed_over = left.is_negative() || sighting.is_put_aside() || sighting.is_in_bundle();
    if passed_over || case.is_some_and(|case| ends_with_its_ca(&case)) {
        return Vec::new();
    }
    // What `apply` acts on.
    let due = case.is_some_and(|case| {
        let soon = case.view.targets.renew_before.min(lifetime(certificate) / 3);
        (case.is_leaf() || case.is_authority()) && left < soon
    });
    let by_kubelet = case.is_some_and(|case| case.target.keeper == Keeper::Kubelet);
    let early = by_kubelet && left >= lifetime(certificate) / 10;
    let Some(severity) = severity(sighting, left).max(due.then_some(Severity::Medium)).filter(|_| !early)
    else {
        return Vec::new();
    };
    let message = format!("expires {}, in {}", date(certificate.not_after), span(left));
    let fault = sighting.graded(severity, message, Remedy::Rekey);
    let remedy = match case {
        Some(case) if due && case.is_authority() => {
            Remedy::by_hand("plan for its successor: nothing that it signs outlives it")
        }
        Some(_) if due => fault.remedy.clone(),
        Some(case) if case.is_authority() => {
            Remedy::advice("plan for its successor: nothing that it signs outlives it")
        }
        Some(case) if case.is_leaf() && case.is_ours() => {
            Remedy::advice(format!("`kubepki renew {}` replaces it", case.view.targets.name(case.target)))
        }
        _ => Remedy::advice("see that it is renewed, if anything reads it"),
    };
    vec![fault.cured_by(remedy)]
}

/// How bad it is that so little is left.
fn severity(sighting: &Sighting<'_>, left: Duration) -> Option<Severity> {
    let certificate = sighting.certificate();
    let [high, medium, low] = if certificate.is_ca() { AUTHORITY } else { CERTIFICATE }.map(Duration::days);
    let (third, tenth) = (lifetime(certificate) / 3, lifetime(certificate) / 10);
    if left < high.min(tenth) {
        Some(Severity::High)
    } else if left < medium.min(third) {
        Some(Severity::Medium)
    } else {
        (left < low.min(third)).then_some(Severity::Low)
    }
}

/// A new one would end no later: it is the CA that has to be replaced.
fn ends_with_its_ca(case: &Case<'_>) -> bool {
    let ca = case.issuer().and_then(|issuer| issuer.certificate());
    ca.zip(case.certificate()).is_some_and(|(ca, certificate)| ca.not_after <= certificate.not_after)
}
