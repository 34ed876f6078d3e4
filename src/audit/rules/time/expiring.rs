//! `KP-TM002`: a certificate whose time is nearly over.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::moment::{date, span};

rule! {
    /// A certificate expires soon: it has less left than the spec's `renewBefore`, or than a third of its lifetime where
    /// that is shorter.
    ///
    /// ## Why it matters
    ///
    /// When it has expired, everyone refuses it. Nothing renews it by itself, but for the kubelet's own.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a new one with a new key. A certificate that ends when its CA does is left alone: a new
    /// one would end no later. A CA must be replaced in good time: its successor has to be
    /// trusted everywhere before it signs.
    ///
    /// ## References
    ///
    /// Kubernetes, "Certificate Management with kubeadm".
    "KP-TM002" "expiring" Medium Case "certificates of credentials"
}

fn applies(case: &Case<'_>) -> bool {
    case.dated().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(certificate) = case.dated() else { return Vec::new() };
    let left = certificate.not_after - case.view.now();
    let lifetime = certificate.not_after - certificate.not_before;
    let soon = case.view.targets.renew_before.min(lifetime / 3);
    // A new one would end no later: it is the CA that has to be replaced.
    let ca = case.issuer().and_then(|issuer| issuer.certificate());
    let ends_with_its_ca = ca.is_some_and(|ca| ca.not_after <= certificate.not_after);
    if left.is_negative() || left >= soon || ends_with_its_ca {
        return Vec::new();
    }
    let remedy = if case.is_authority() {
        Remedy::by_hand("plan for its successor: nothing that it signs outlives it")
    } else {
        Remedy::Rekey
    };
    let message = format!("expires {}, in {}", date(certificate.not_after), span(left));
    Fault::one(case.certificate_path(), message, remedy)
}
