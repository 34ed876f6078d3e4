//! `KP-GO005`: a negative serial number.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;

rule! {
    /// A certificate has a negative serial number, which Go refuses since 1.23.
    ///
    /// ## Why it matters
    ///
    /// No component reads the certificate: "x509: negative serial number".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-X5007): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without the fault. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.23 release notes, crypto/x509; `GODEBUG` setting `x509negativeserial`. Numbers of more than 20 octets were to be
    /// refused with it, but are not.
    "KP-GO005" "go-negative-serial" High Sighting "certificates"
}

/// The setting `x509negativeserial` decides.
const SINCE: Refusal = Refusal::since(23, 0).by_setting();

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    if sighting.certificate().serial.first().is_none_or(|first| *first < 0x80) {
        return Vec::new();
    }
    refused(sighting, SINCE, "its serial number is negative", Remedy::Reissue)
}
