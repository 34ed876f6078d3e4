//! `KP-TM011`: a validity that is not written as it must be.

use crate::audit::peculiarity::{Peculiarity, peculiarities};
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};

rule! {
    /// A certificate's validity is not written as RFC 5280 has it: `UTCTime` through 2049 and `GeneralizedTime` from 2050
    /// on, with seconds, without fractions, in `Z`.
    ///
    /// ## Why it matters
    ///
    /// Strict readers refuse the certificate. Go refuses several of these forms, and with it every component of a cluster.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a new one. Look at what has signed this.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.5.
    "KP-TM011" "time-encoding" Medium Sighting "certificates"
}

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    peculiarities(sighting, Peculiarity::Time)
}
