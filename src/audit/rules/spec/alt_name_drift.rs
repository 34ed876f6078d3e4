//! `KP-SP002`: a certificate without a name that the spec asks for.

use crate::audit::names::{Purpose, added, missing, removed, serves};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::x509::alt_name::lacking;

rule! {
    /// A certificate lacks a name that the spec asks for beside those that Kubernetes needs: of `apiServer.certSANs`,
    /// `etcd.local.serverCertSANs` or `etcd.local.peerCertSANs`. A credential of the user's own has other names than the
    /// spec gives it.
    ///
    /// ## Why it matters
    ///
    /// Clients refuse a server that they reach by a name which is not in its certificate. A name that is no longer the
    /// server's can be somebody else's by now.
    ///
    /// What every cluster needs is judged by the rules about names, `KP-SN001` to `KP-SN008`, whoever made it.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right names for the same key. kubeadm keeps the old names, at
    /// every renewal, until the file is deleted.
    ///
    /// ## References
    ///
    /// RFC 9525 §6; RFC 5280 §4.2.1.6.
    "KP-SP002" "alt-name-drift" High Case "certificates with names of the spec's own"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_ours() && (case.is_the_users() && case.leaf().is_some() || serves(case, Purpose::Spec))
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.leaf() else { return Vec::new() };
    let mut difference = added(missing(case, Purpose::Spec)).unwrap_or_default();
    if case.is_the_users() {
        let surplus = lacking(&certificate.subject_alt_names, &blueprint.subject_alt_names);
        let surplus = removed(surplus);
        let surplus = surplus.unwrap_or_default();
        difference += if difference.is_empty() { &surplus } else { surplus.trim_start_matches("SAN") };
    }
    if difference.is_empty() {
        return Vec::new();
    }
    Fault::one(case.certificate_path(), difference, Remedy::Reissue)
}
