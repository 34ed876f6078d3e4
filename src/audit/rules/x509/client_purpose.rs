//! `KP-X5006`: a server's certificate that is good for a client too.

use crate::audit::rule::rule;
use crate::audit::usage::difference;
use crate::audit::{Case, Fault, Remedy};
use crate::x509::ExtendedKeyUsage;

rule! {
    /// The certificate of what only serves has the extended key usage `client auth`.
    ///
    /// ## Why it matters
    ///
    /// Servers that believe its CA take its key for a client's: whoever steals the key of the server can log in with it, as
    /// the user that its subject names.
    ///
    /// An etcd member's certificate needs both: it dials itself.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right usages for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.12; etcd-io/etcd#9785 (etcd's exception).
    "KP-X5006" "client-purpose" Medium Case "certificates of what only serves"
}

fn applies(case: &Case<'_>) -> bool {
    case.leaf().is_some_and(|(_, blueprint)| {
        let purposes = &blueprint.usages.extended;
        purposes.contains(&ExtendedKeyUsage::ServerAuth) && !purposes.contains(&ExtendedKeyUsage::ClientAuth)
    })
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    // One that is for clients only is told of as such.
    if !difference(case).is_some_and(|difference| difference.client && difference.missing.is_empty()) {
        return Vec::new();
    }
    Fault::one(case.certificate_path(), "usage - client auth: it only serves", Remedy::Reissue)
}
