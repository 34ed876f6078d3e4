//! `KP-KC009`: a certificate that the kubelet cannot replace.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::catalog::Base;

rule! {
    /// `kubelet-client-current.pem` or `kubelet-server-current.pem` is a file and not a symlink.
    ///
    /// ## Why it matters
    ///
    /// The kubelet puts each new certificate into a file with a date in its name and moves the symlink. Where a file
    /// stands in its place it gives up: `expected … to be a symlink but it is a file`. The node drops out when the old
    /// certificate expires. Copies of the directory that follow links make it so.
    ///
    /// ## What to do
    ///
    /// Move the file away and restart the kubelet: it requests a certificate, if its kubeconfig or a bootstrap kubeconfig
    /// lets it in.
    ///
    /// ## References
    ///
    /// client-go `util/certificate/certificate_store.go`, `updateSymlink`.
    "KP-KC009" "unlinked-kubelet" Medium Case "certificates that kubelets renew"
}

fn applies(case: &Case<'_>) -> bool {
    case.target.base == Base::Kubelet && !case.is_absent()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    if case.entries().iter().any(|entry| entry.link || entry.found.is_missing()) {
        return Vec::new();
    }
    let remedy = Remedy::by_hand("move it away and restart the kubelet");
    Fault::one(case.certificate_path(), "is a file and not a symlink: the kubelet cannot replace it", remedy)
}
