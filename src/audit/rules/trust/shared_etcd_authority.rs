//! `KP-TR004`: one CA for clients of the cluster and of etcd.

use crate::audit::listener::{OUT_WITH_THE_ROOT, both, shared, shared_by_all};
use crate::audit::rule::rule;
use crate::audit::{Fault, Listener, Node, Remedy};

rule! {
    /// etcd's CA is the cluster's CA too.
    ///
    /// ## Why it matters
    ///
    /// etcd lets in every client of its CA and asks for no role: any kubelet, any user with a certificate, reads and
    /// writes everything there is, all secrets among it.
    ///
    /// ## What to do
    ///
    /// Make a CA for etcd alone. Let etcd and the API server trust both, sign etcd's certificates anew, then take the
    /// cluster's CA out of etcd's.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 2.7.
    "KP-TR004" "shared-etcd-authority" High Node "CAs for clients of the cluster and of etcd"
}

fn applies(node: &Node<'_>) -> bool {
    both(node, Listener::ApiServer, Listener::Etcd)
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let shared = shared(node, Listener::ApiServer, Listener::Etcd);
    let Some((cluster, etcd)) = shared.filter(|_| !shared_by_all(node)) else { return Vec::new() };
    if let Some(message) = etcd.common_root(&cluster) {
        return vec![Fault::new(etcd.path, message, Remedy::by_hand(OUT_WITH_THE_ROOT)).on(node)];
    }
    let message = if cluster.path == etcd.path {
        "is the CA of the cluster's clients and of etcd's".to_owned()
    } else {
        format!("lets the cluster's clients into etcd: it has the CA of {}", cluster.path.display())
    };
    let remedy = Remedy::by_hand("make a CA for etcd alone");
    vec![Fault::new(etcd.path, message, remedy).on(node)]
}
