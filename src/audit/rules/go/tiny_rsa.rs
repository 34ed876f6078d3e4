//! `KP-GO006`: an RSA key of less than 1024 bits.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;
use crate::x509::public_key::PublicKeyKind;

rule! {
    /// A certificate has an RSA key of less than 1024 bits, with which Go neither signs nor checks since 1.24.
    ///
    /// ## Why it matters
    ///
    /// Every handshake with it fails: "crypto/rsa: 512-bit keys are insecure".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-KY001): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// Go 1.24 release notes, crypto/rsa; `GODEBUG` setting `rsa1024min`.
    "KP-GO006" "go-tiny-rsa" High Sighting "certificates with RSA keys"
}

/// The setting `rsa1024min` decides.
const SINCE: Refusal = Refusal::since(24, 0).by_setting();

fn applies(sighting: &Sighting<'_>) -> bool {
    matches!(sighting.certificate().public_key.kind(), PublicKeyKind::Rsa { .. })
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    match sighting.certificate().public_key.kind() {
        PublicKeyKind::Rsa { bits } if bits < 1024 => {
            refused(sighting, SINCE, &format!("its RSA key has {bits} bits"), Remedy::Rekey)
        }
        _ => Vec::new(),
    }
}
