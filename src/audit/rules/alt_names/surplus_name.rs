//! `KP-SN008`: a name that the spec does not give.

use crate::audit::names::removed;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A certificate speaks for a name or an address that the spec does not give it.
    ///
    /// ## Why it matters
    ///
    /// An address that was given up, or the name of a node that is gone, is somebody else's by now, or soon: whoever has
    /// the certificate's key can stand in for them.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate without it for the same key. Whatever has to stay goes into
    /// `apiServer.certSANs`, `etcd.local.serverCertSANs` or `etcd.local.peerCertSANs`.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.6; kubeadm keeps the names of a certificate at every renewal.
    "KP-SN008" "surplus-name" Medium Case "certificates that a spec describes"
}

fn applies(case: &Case<'_>) -> bool {
    case.view.terms.given && case.is_ours() && !case.is_the_users() && case.leaf().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.leaf() else { return Vec::new() };
    let surplus =
        certificate.subject_alt_names.iter().filter(|name| !blueprint.subject_alt_names.contains(name));
    let message = removed(surplus);
    message.map(|message| Fault::new(case.certificate_path(), message, Remedy::Reissue)).into_iter().collect()
}
