//! `KP-GO004`: an RSA key that is too long for TLS.

use crate::audit::release::refused;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::version::Refusal;
use crate::x509::public_key::PublicKeyKind;

rule! {
    /// A certificate has an RSA key of more than 8192 bits, which Go refuses in TLS since 1.21.1, 1.20.8 and 1.19.13.
    ///
    /// ## Why it matters
    ///
    /// Every component closes the connection: "tls: server sent certificate containing RSA key larger than 8192 bits".
    ///
    /// How this is to be repaired is told by the rule that is about the fault as such (KP-KY004): here it is said which
    /// releases refuse it. It is high where the release that is meant (`--target-kubernetes`, or the cluster's own) does,
    /// else only told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. Do not rely on a GODEBUG setting: they are taken away again.
    ///
    /// ## References
    ///
    /// CVE-2023-29409; Go, `GODEBUG` setting `tlsmaxrsasize`.
    "KP-GO004" "go-oversized-rsa" High Sighting "certificates with RSA keys"
}

/// There is a setting, but it was given to every release at once.
const SINCE: Refusal = Refusal::since(20, 8);

fn applies(sighting: &Sighting<'_>) -> bool {
    matches!(sighting.certificate().public_key.kind(), PublicKeyKind::Rsa { .. })
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    match sighting.certificate().public_key.kind() {
        PublicKeyKind::Rsa { bits } if bits > 8192 => {
            refused(sighting, SINCE, &format!("its RSA key has {bits} bits"), Remedy::Rekey)
        }
        _ => Vec::new(),
    }
}
