//! `KP-GO008`: a path length below zero.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;
use crate::x509::Anomaly;

rule! {
    /// A certificate has a path length below zero, which Go refuses since 1.25.
    ///
    /// ## Why it matters
    ///
    /// No component reads the certificate: "x509: invalid basic constraints".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-X5016): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without the fault. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.25 release notes, crypto/x509.
    "KP-GO008" "go-negative-path-length" High Sighting "certificates"
}

/// There is no setting for it, so that patch releases refuse it too.
const SINCE: Refusal = Refusal::since(25, 0);

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    if !sighting.certificate().anomalies.contains(&Anomaly::NegativePathLength) {
        return Vec::new();
    }
    refused(sighting, SINCE, "its path length is below zero", Remedy::Reissue)
}
