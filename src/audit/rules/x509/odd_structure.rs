//! `KP-X5016`: a certificate that is not of version 3, or has fields that it should not have.

use crate::audit::peculiarity::{Peculiarity, peculiarities};
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// A certificate is not of version 3, has unique identifiers, or a path length that means nothing.
    ///
    /// ## Why it matters
    ///
    /// Version 1 has no extensions: nothing says what such a key is for. Unique identifiers were given up long ago, and a
    /// path length below zero, or of what is no CA, contradicts itself. Strict readers refuse each of them.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate of version 3 for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.1, §4.1.2.8 and §4.2.1.9.
    "KP-X5016" "odd-structure" Medium Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let mut faults = peculiarities(sighting, Peculiarity::Structure);
    // Extensions in another version are told of above; and a CA of version 1 is none, which is told of elsewhere.
    if certificate.version != 3 && certificate.extensions.is_empty() && !sighting.is_authority() {
        let message = format!("is of version {}, which has no extensions", certificate.version);
        faults.push(sighting.fault(message, Remedy::Reissue));
    }
    let limited = certificate.basic_constraints.is_some_and(|constraints| constraints.path_len.is_some());
    if limited && !certificate.is_ca() {
        faults.push(sighting.fault("limits the length of paths, and is no CA", Remedy::Reissue));
    }
    faults
}
