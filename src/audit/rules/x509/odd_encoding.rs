//! `KP-X5019`: a certificate that is not written as it must be.

use crate::audit::peculiarity::{Peculiarity, peculiarities};
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};

rule! {
    /// A certificate is not encoded as DER has it, names two signature algorithms, or has an extension that does not
    /// decode.
    ///
    /// ## Why it matters
    ///
    /// What can be written in two ways is read in two ways. Go refuses most of these forms, and with it every component of
    /// a cluster; those are high. A value that is written although it is the default harms nobody.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate for the same key. Look at what has signed this.
    ///
    /// ## References
    ///
    /// X.690 (DER); RFC 5280 §4.1.1.2, §4.1.1.3 and §4.2.
    "KP-X5019" "odd-encoding" Medium Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    peculiarities(sighting, Peculiarity::Encoding)
}
