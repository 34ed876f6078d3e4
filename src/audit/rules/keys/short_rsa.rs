//! `KP-KY001`: an RSA key that is too short.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::public_key::PublicKeyKind;

rule! {
    /// A certificate's RSA key has less than 2048 bits.
    ///
    /// ## Why it matters
    ///
    /// Keys of 829 bits have been factored in public, and 1024 bits are within reach of a state. Go refuses keys of less
    /// than 1024 bits since 1.24, and with it every component of a cluster: those are critical.
    ///
    /// The private keys are not loaded here either. Keys for the tokens of service accounts are judged by KP-SA003.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. A CA has to be replaced.
    ///
    /// ## References
    ///
    /// NIST SP 800-131A revision 2, table 2; Go 1.24 release notes, crypto/rsa; kubernetes/kubeadm#3003.
    "KP-KY001" "short-rsa" High Sighting "certificates with RSA keys"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    bits(sighting).is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let Some(bits) = bits(sighting).filter(|bits| *bits < 2048) else { return Vec::new() };
    let severity = if bits < 1024 { Severity::Critical } else { Severity::High };
    vec![sighting.graded(severity, format!("its RSA key has {bits} bits, less than 2048"), Remedy::Rekey)]
}

fn bits(sighting: &Sighting<'_>) -> Option<usize> {
    match sighting.certificate().public_key.kind() {
        PublicKeyKind::Rsa { bits } => Some(bits),
        _ => None,
    }
}
