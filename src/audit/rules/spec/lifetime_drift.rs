//! `KP-SP004`: a certificate that was issued for another time than the spec gives.

use crate::audit::lifetime::{LONGEST, overlong};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::moment::span;
use crate::x509::profile::BACKDATE;

rule! {
    /// A certificate was issued for longer or shorter than the spec's `certificateValidityPeriod`.
    ///
    /// ## Why it matters
    ///
    /// A lifetime is a policy: how long a stolen key is of use, and how often somebody has to act.
    ///
    /// Three things are taken for right: a beginning up to five minutes early, as kubeadm and kubepki write it; an end
    /// that was cut to that of the CA; and a certificate that begins when its CA did, as kubeadm's kubeconfigs do,
    /// if it can have been issued for the right time since.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate of the right length for the same key.
    ///
    /// ## References
    ///
    /// kubeadm v1beta4, `certificateValidityPeriod`.
    "KP-SP004" "lifetime-drift" Low Case "certificates that the spec describes"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_ours() && case.leaf().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.specified() else { return Vec::new() };
    let lifetime = certificate.not_after - certificate.not_before;
    let wanted = blueprint.lifetime;
    let issuer = case.issuer().and_then(|issuer| issuer.certificate());
    let exact = lifetime >= wanted && lifetime <= wanted + BACKDATE;
    let cut = lifetime < wanted && issuer.is_some_and(|ca| ca.not_after == certificate.not_after);
    let since_the_ca = issuer.is_some_and(|ca| {
        let begun = certificate.not_after - wanted;
        ca.not_before == certificate.not_before && begun >= ca.not_before && begun <= case.view.now()
    });
    // A life that is too long for anyone has rules of its own, which cure it the same way.
    let told = wanted <= LONGEST && case.sighting().is_some_and(|own| overlong(&own).is_some());
    if exact || cut || since_the_ca || told {
        return Vec::new();
    }
    let message = format!("was issued for {}, not for {}", span(lifetime), span(wanted));
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}
