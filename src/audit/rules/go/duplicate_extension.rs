//! `KP-GO003`: an extension that stands twice.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;
use crate::x509::Anomaly;

rule! {
    /// A certificate has an extension twice, which Go refuses since 1.19.
    ///
    /// ## Why it matters
    ///
    /// No component reads the certificate: "x509: certificate contains duplicate extensions".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-X5015): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without the fault. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.19 release notes, crypto/x509.
    "KP-GO003" "go-duplicate-extension" High Sighting "certificates"
}

/// There is no setting for it.
const SINCE: Refusal = Refusal::since(19, 0);

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let mut anomalies = sighting.certificate().anomalies.iter();
    if !anomalies.any(|anomaly| matches!(anomaly, Anomaly::DuplicateExtension(_))) {
        return Vec::new();
    }
    refused(sighting, SINCE, "it has an extension twice", Remedy::Reissue)
}
