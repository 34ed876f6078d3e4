//! `KP-GO001`: a server whose name is only its common name.

use crate::audit::peculiarity::Peculiarity;
use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;

rule! {
    /// A server has no name but its common name, which Go does not look at since 1.15, and cannot be told to since 1.17.
    ///
    /// ## Why it matters
    ///
    /// Every component that connects to it refuses it: "certificate relies on legacy Common Name field".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-X5012): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without the fault. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.15 and 1.17 release notes, crypto/x509; openshift/enhancements#980.
    "KP-GO001" "go-common-name" High Sighting "certificates of servers"
}

/// The fallback, and the setting that brought it back, are gone.
const SINCE: Refusal = Refusal::since(17, 0);

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.serves()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let nameless = certificate.subject_alt_names.is_empty()
        && !certificate.anomalies.iter().any(|anomaly| Peculiarity::of(anomaly) == Peculiarity::AltNames);
    let Some(name) = certificate.subject.common_name().filter(|_| nameless) else { return Vec::new() };
    let what = format!("`{}` is its name only as common name", name.escape_debug());
    refused(sighting, SINCE, &what, Remedy::Reissue)
}
