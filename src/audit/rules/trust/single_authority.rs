//! `KP-TR005`: one CA for everything.

use crate::audit::listener::{OUT_WITH_THE_ROOT, both, bundle, shared_by_all};
use crate::audit::rule::rule;
use crate::audit::{Fault, Listener, Node, Remedy};

rule! {
    /// One CA serves for the cluster, for etcd and for the front proxy.
    ///
    /// ## Why it matters
    ///
    /// Any client certificate opens etcd with all its secrets, and only a list of names, if there is one, keeps its holder
    /// from speaking for anyone. "Kubernetes The Hard Way" makes clusters like that.
    ///
    /// A root that stands behind different CAs in their files does the same: who checks a client takes the CA between from
    /// the client itself.
    ///
    /// ## What to do
    ///
    /// Take such a root out of the files, and give it in one of its own to whoever needs it.
    ///
    /// Make CAs for etcd and for the front proxy, have everyone trust old and new, sign their certificates anew, then take
    /// the cluster's CA out of their files.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 2.7; Kubernetes, "PKI certificates and requirements", single root CA.
    "KP-TR005" "single-authority" Critical Node "CAs for the cluster, for etcd and for request headers"
}

fn applies(node: &Node<'_>) -> bool {
    both(node, Listener::ApiServer, Listener::Etcd)
        && both(node, Listener::ApiServer, Listener::RequestHeader)
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some(cluster) = bundle(node, Listener::ApiServer).filter(|_| shared_by_all(node)) else {
        return Vec::new();
    };
    let root = bundle(node, Listener::Etcd).and_then(|etcd| cluster.common_root(&etcd));
    if let Some(message) = root {
        return vec![Fault::new(cluster.path, message, Remedy::by_hand(OUT_WITH_THE_ROOT)).on(node)];
    }
    let remedy = Remedy::by_hand("make CAs for etcd and for the front proxy");
    vec![
        Fault::new(cluster.path, "is the CA of the cluster, of etcd and of the front proxy", remedy).on(node),
    ]
}
