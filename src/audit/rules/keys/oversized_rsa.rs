//! `KP-KY004`: an RSA key that is too long.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::x509::public_key::PublicKeyKind;

rule! {
    /// A certificate's RSA key has more than 8192 bits.
    ///
    /// ## Why it matters
    ///
    /// Each signature takes a long time to check, which is a way to keep a server busy: so Go's TLS refuses such keys
    /// (1.21.1, 1.20.8 and 1.19.13 and later), and with it every component of a cluster.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. A CA has to be replaced. ECDSA keys are short and strong.
    ///
    /// ## References
    ///
    /// CVE-2023-29409; Go, `GODEBUG` setting `tlsmaxrsasize`.
    "KP-KY004" "oversized-rsa" Medium Sighting "certificates with RSA keys"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    matches!(sighting.certificate().public_key.kind(), PublicKeyKind::Rsa { .. })
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    match sighting.certificate().public_key.kind() {
        PublicKeyKind::Rsa { bits } if bits > 8192 => {
            vec![sighting.fault(format!("its RSA key has {bits} bits, more than 8192"), Remedy::Rekey)]
        }
        _ => Vec::new(),
    }
}
