//! `KP-X5002`: a CA whose constraints may be passed over.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;

use crate::audit::rule::rule;
use crate::audit::{Fault, Severity, Sighting};

rule! {
    /// A CA's basicConstraints or keyUsage are not critical.
    ///
    /// ## Why it matters
    ///
    /// Who does not know an extension passes it over, unless it is critical: such a reader would not see that this is a CA,
    /// nor what its key is for. Strict verifiers refuse the chain. RFC 5280 demands it of basicConstraints, and asks for it
    /// with keyUsage: that is medium.
    ///
    /// ## What to do
    ///
    /// Issue the CA's certificate anew, for the same key, subject and key identifier: what it has signed stays valid.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.9 and §4.2.1.3.
    "KP-X5002" "uncritical-constraints" High Sighting "CA certificates"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let uncritical = |oid: ObjectIdentifier| {
        sighting.certificate().extension(oid).is_some_and(|extension| !extension.critical)
    };
    let fault =
        |severity, name: &str| super::renewable(sighting, severity, format!("its {name} is not critical"));
    if uncritical(rfc5280::ID_CE_BASIC_CONSTRAINTS) {
        vec![fault(Severity::High, "basicConstraints")]
    } else if uncritical(rfc5280::ID_CE_KEY_USAGE) {
        vec![fault(Severity::Medium, "keyUsage")]
    } else {
        Vec::new()
    }
}
