//! `KP-X5007`: a serial number that is none.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::hex::hex;

rule! {
    /// A certificate's serial number is zero, negative, or longer than 20 octets, or another certificate of the same CA has
    /// it too.
    ///
    /// ## Why it matters
    ///
    /// A revocation list names certificates by issuer and serial number: two with one number are revoked together, or not
    /// at all. Go refuses negative numbers since 1.23, and with it every component of a cluster. Numbers of more than 20
    /// octets are not read by everyone: those are medium.
    ///
    /// Certificates of two CAs of one name are told apart by their authority key identifiers, where they have one.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with a random serial number for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.2.
    "KP-X5007" "bad-serial" High Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let serial = &sighting.certificate().serial[..];
    let fault = |severity, message: String| vec![sighting.graded(severity, message, Remedy::Reissue)];
    match serial {
        [] => Vec::new(),
        [first, ..] if *first >= 0x80 => fault(Severity::High, "its serial number is negative".to_owned()),
        _ if serial.iter().all(|octet| *octet == 0) => {
            fault(Severity::High, "its serial number is zero".to_owned())
        }
        _ if serial.len() > 20 => {
            fault(Severity::Medium, format!("its serial number has {} octets, more than 20", serial.len()))
        }
        _ => match sighting.twin() {
            None => Vec::new(),
            Some(twin) => {
                let path = twin.path();
                let message = format!("its serial number {} is that of {} too", hex(serial), path.display());
                fault(Severity::High, message)
            }
        },
    }
}
