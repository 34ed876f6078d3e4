//! `KP-X5012`: a server without a name.

use crate::audit::peculiarity::Peculiarity;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// A server's certificate has no subject alternative name.
    ///
    /// ## Why it matters
    ///
    /// Clients look for the name that they connect to among the alternative names, and nowhere else: the common name has
    /// not counted since Go 1.17, nor in browsers.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right names for the same key.
    ///
    /// ## References
    ///
    /// RFC 9525 §6.3; RFC 5280 §4.2.1.6.
    "KP-X5012" "nameless-server" High Sighting "certificates of servers"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.serves()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    // Names that cannot be read are told of as such.
    let unreadable =
        certificate.anomalies.iter().any(|anomaly| Peculiarity::of(anomaly) == Peculiarity::AltNames);
    if !certificate.subject_alt_names.is_empty() || unreadable {
        return Vec::new();
    }
    vec![sighting.fault("is a server's, and has no subject alternative name", Remedy::Reissue)]
}
