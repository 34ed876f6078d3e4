//! `KP-SP003`: a certificate for other purposes than the spec gives it.

use crate::audit::rule::rule;
use crate::audit::usage::difference;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A certificate allows other usages than the spec gives it.
    ///
    /// ## Why it matters
    ///
    /// A key that may be used for more than its role needs is worth more to a thief; one that lacks a usage is refused by
    /// who asks for it.
    ///
    /// What breaks a handshake is told by the rules about RFC 5280, whoever made the certificate: a purpose that is
    /// missing or unlimited (KP-X5005), a server that is a client too (KP-X5006), `cert sign` (KP-X5004).
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right usages for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.3 and §4.2.1.12.
    "KP-SP003" "usage-drift" Medium Case "certificates that the spec describes"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_ours() && case.leaf().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(difference) = difference(case).filter(|difference| !difference.rest.is_empty()) else {
        return Vec::new();
    };
    Fault::one(case.certificate_path(), format!("usage{}", difference.rest), Remedy::Reissue)
}
