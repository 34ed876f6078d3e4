//! `KP-KY012`: an RSA private key whose numbers do not agree.

use crate::audit::key::{holds_private_keys, malformed};
use crate::audit::rule::rule;
use crate::audit::{Fault, Scene};

rule! {
    /// The numbers in an RSA private key do not agree with each other.
    ///
    /// ## Why it matters
    ///
    /// A key file holds, beside the key, numbers that make signing faster. Some programs wrote them wrong, and older
    /// libraries computed them anew. Go refuses such keys since 1.24, and so does the library that kubepki stands on; with
    /// a wrong coefficient, one faulty signature gives the key away.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. A CA's key or `sa.key` must be written anew from its primes, or put
    /// back from a backup.
    ///
    /// ## References
    ///
    /// RFC 8017 §3.2; Go 1.24 release notes, crypto/x509; D. Boneh, R. DeMillo, R. Lipton, "On the Importance of
    /// Checking Cryptographic Protocols for Faults", EUROCRYPT 1997.
    "KP-KY012" "malformed-rsa" Medium Scene "private keys"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.views.iter().any(holds_private_keys)
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let all = scene.views.iter().flat_map(malformed);
    all.map(|key| key.fault(format!("its RSA key is malformed: {}", key.relation))).collect()
}
