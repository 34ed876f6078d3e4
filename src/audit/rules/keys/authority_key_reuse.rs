//! `KP-KY009`: a CA's key in another certificate.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// A certificate of a server or client has the key of a CA.
    ///
    /// ## Why it matters
    ///
    /// A server needs its key at hand, readable and on line. Whoever takes it from there can make certificates for
    /// everyone.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate. The CA's key has been where it should not be: plan for the CA's
    /// successor.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 part 1 §5.2: a key is used for one purpose.
    "KP-KY009" "authority-key-reuse" Critical Sighting "certificates of servers and clients"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    // What stands in a CA's place and is none is told of as such.
    if sighting.is_authority() {
        return Vec::new();
    }
    let Some(ca) = sighting.authorities_of_key().next() else { return Vec::new() };
    let message = format!("has the key of the CA in {}", ca.path().display());
    vec![sighting.fault(message, Remedy::Rekey)]
}
