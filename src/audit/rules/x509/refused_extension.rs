//! `KP-X5015`: extensions for which a certificate is refused.

use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc5280};

use crate::audit::peculiarity::{Peculiarity, peculiarities};
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::Extension;

rule! {
    /// A certificate has an extension twice, a critical one that no component knows, or a critical one that must not be.
    ///
    /// ## Why it matters
    ///
    /// Go, and with it every component of a cluster, refuses to read a certificate with a repeated extension, or with a
    /// critical key identifier; and refuses a chain with a critical extension that it does not know.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without them for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2; Go, crypto/x509, `processExtensions`.
    "KP-X5015" "refused-extension" High Sighting "certificates"
}

/// The extensions that Go knows; of others it cannot tell what it would ignore.
const KNOWN: [ObjectIdentifier; 12] = [
    rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_CRL_DISTRIBUTION_POINTS,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_POLICY_MAPPINGS,
    rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
    rfc5280::ID_CE_POLICY_CONSTRAINTS,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_INHIBIT_ANY_POLICY,
];

fn applies(_: &Sighting<'_>) -> bool {
    true
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let mut faults = peculiarities(sighting, Peculiarity::Extensions);
    let unknown = |extension: &&Extension| {
        // Marked wrongly is told of above.
        extension.critical
            && !KNOWN.contains(&extension.oid)
            && extension.oid != rfc5280::ID_PE_AUTHORITY_INFO_ACCESS
    };
    if let Some(extension) = sighting.certificate().extensions.iter().find(unknown) {
        let name = DB.by_oid(&extension.oid).map(|name| format!("{name}, ")).unwrap_or_default();
        let message = format!("has a critical extension that no component knows ({name}{})", extension.oid);
        faults.push(sighting.graded(sighting.weight(Severity::High), message, Remedy::Reissue));
    }
    faults
}
