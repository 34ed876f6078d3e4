//! `KP-X5005`: a certificate that lacks the purpose of its role, or is good for any.

use crate::audit::rule::rule;
use crate::audit::usage::{Anything, difference, list};
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::x509::ExtendedKeyUsage;

rule! {
    /// A certificate lacks an extended key usage that its role needs, or is good for any purpose.
    ///
    /// ## Why it matters
    ///
    /// Clients ask a server's certificate for `server auth`, servers a client's for `client auth`: without it the
    /// connection fails. One that is good for anything makes a server's key an identity of a client, and the reverse. It
    /// is less bad where it only says nothing of its purposes.
    ///
    /// An etcd member uses its certificates in both directions: what that takes is told by KP-ET002.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right usages for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.12; Kubernetes, "PKI certificates and requirements".
    "KP-X5005" "wrong-purpose" Critical Case "certificates that a CA of the cluster signs"
}

fn applies(case: &Case<'_>) -> bool {
    case.leaf().is_some_and(|(_, blueprint)| !blueprint.usages.extended.is_empty())
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(difference) = difference(case) else { return Vec::new() };
    let fault = |severity, message: String| {
        vec![Fault::new(case.certificate_path(), message, Remedy::Reissue).severity(severity)]
    };
    let wanted = case.blueprint().map(|blueprint| list("+", &blueprint.usages.extended)).unwrap_or_default();
    match difference.anything {
        Some(Anything::Said) => {
            fault(Severity::High, format!("usage - any{wanted}: it is good for any purpose"))
        }
        Some(Anything::Unsaid) => {
            fault(Severity::Medium, format!("usage{wanted}: without any, it is good for every purpose"))
        }
        None => {
            let missing: Vec<_> =
                difference.missing.into_iter().filter(|usage| !is_told_by_etcd(case, *usage)).collect();
            if missing.is_empty() {
                return Vec::new();
            }
            let surplus =
                if difference.client { list("-", &[ExtendedKeyUsage::ClientAuth]) } else { String::new() };
            fault(Severity::Critical, format!("usage{}{surplus}: its peers refuse it", list("+", &missing)))
        }
    }
}

/// What KP-ET002 looks at.
fn is_told_by_etcd(case: &Case<'_>, usage: ExtendedKeyUsage) -> bool {
    match case.target.credential.as_str() {
        "etcd-peer" => matches!(usage, ExtendedKeyUsage::ServerAuth | ExtendedKeyUsage::ClientAuth),
        "etcd-server" => usage == ExtendedKeyUsage::ClientAuth,
        _ => false,
    }
}
