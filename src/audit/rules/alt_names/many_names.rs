//! `KP-SN010`: a certificate that is too large.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// A certificate has more than 100 names, or more than 16 KiB.
    ///
    /// ## Why it matters
    ///
    /// It is sent in every handshake. Some clients and load balancers take no more than a TLS record of 16 KiB for it, and
    /// tools stop reading.
    ///
    /// ## What to do
    ///
    /// Take names away that nobody uses, or split it into several.
    ///
    /// ## References
    ///
    /// RFC 8446 §5.1; Let's Encrypt and others allow 100 names.
    "KP-SN010" "many-names" Low Sighting "certificates"
}

/// The limit of public CAs (Let's Encrypt, "Rate Limits").
const MOST_NAMES: usize = 100;

/// The plaintext of a TLS record (RFC 8446 §5.1).
const MOST_BYTES: usize = 1 << 14;

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let (names, bytes) = (certificate.subject_alt_names.len(), certificate.as_der().len());
    let message = if names > MOST_NAMES {
        format!("has {names} names")
    } else if bytes > MOST_BYTES {
        format!("has {} KiB", bytes >> 10)
    } else {
        return Vec::new();
    };
    let message = format!("{}{message}", sighting.which());
    Fault::one(sighting.path(), message, Remedy::advice("take names away, or split it into several"))
}
