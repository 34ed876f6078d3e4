//! `KP-KC010`: a token for new nodes that was left behind.

use crate::audit::rule::rule;
use crate::audit::{Access, Fault};

rule! {
    /// `bootstrap-kubelet.conf` with its token is still there although the node has its `kubelet.conf`.
    ///
    /// ## Why it matters
    ///
    /// While the token is good, whoever reads the file can enrol a machine of their own as a node. kubeadm deletes the
    /// file when the node has joined. Whether the token is still good stands in the cluster and not in the file.
    ///
    /// ## What to do
    ///
    /// Delete the file; `kubeadm token list` shows whether the token lives, `kubeadm token delete` ends it.
    ///
    /// ## References
    ///
    /// Kubernetes, "TLS bootstrapping".
    "KP-KC010" "bootstrap-left" Medium Access "bootstrap kubeconfigs"
}

fn applies(access: &Access<'_>) -> bool {
    access.file_name() == super::BOOTSTRAP
}

fn check(access: &Access<'_>) -> Vec<Fault> {
    let node = access.site().and_then(|site| access.view.node(site));
    let joined =
        node.and_then(|node| node.credential("kubelet.conf")).is_some_and(|case| case.kubeconfig().is_some());
    if !joined || !access.kubeconfig.token {
        return Vec::new();
    }
    let text = "delete it, and the token with `kubeadm token delete`";
    vec![access.fault_by_hand("holds a bootstrap token, and the node has joined", text)]
}
