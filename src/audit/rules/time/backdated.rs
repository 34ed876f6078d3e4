//! `KP-TM008`: a certificate that begins with its CA, years before it was issued.

use crate::audit::lifetime::{Overlong, lifetime, overlong, remedy, severity};
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};
use crate::moment::{date, span};

rule! {
    /// A certificate begins when its CA did, so long ago that it seems to live for years.
    ///
    /// ## Why it matters
    ///
    /// Scanners and policies that look at the lifetime read one of several years, although the certificate was issued for
    /// one; and nobody can tell from it when it was issued. kubeadm did so for every certificate until 1.30, and still
    /// does for kubeconfigs that it makes on a node that joins.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues one that begins now.
    ///
    /// ## References
    ///
    /// kubernetes/kubernetes#113618.
    "KP-TM008" "backdated" Medium Sighting "certificates of servers and clients"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    if overlong(sighting) != Some(Overlong::SinceItsAuthority) {
        return Vec::new();
    }
    let certificate = sighting.certificate();
    let message = format!(
        "begins {}, when its CA did, and so seems to live for {}",
        date(certificate.not_before),
        span(lifetime(certificate))
    );
    let fault = sighting.graded(severity(sighting), message, remedy(sighting));
    vec![fault.cured_by(remedy(sighting))]
}
