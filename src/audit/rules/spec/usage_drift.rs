//! `KP-SP003`: a certificate for other purposes than the spec gives it.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A certificate allows other usages than the spec gives it.
    ///
    /// ## Why it matters
    ///
    /// Without `server auth` clients refuse it, without `client auth` servers do: an etcd member needs both. With more
    /// than it needs, the key of a server is an identity of a client too.
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
    let Some((certificate, blueprint)) = case.specified() else { return Vec::new() };
    if certificate.usages.allows_same(&blueprint.usages) {
        return Vec::new();
    }
    let (there, wanted) = (certificate.usages.names(), blueprint.usages.names());
    let list = |sign: &str, usages: &[String], others: &[String]| {
        let missing = usages.iter().filter(|usage| !others.contains(usage));
        missing.map(|usage| format!(" {sign} {usage}")).collect::<String>()
    };
    let message = format!("usage{}{}", list("+", &wanted, &there), list("-", &there, &wanted));
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}
