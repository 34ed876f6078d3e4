//! `KP-TR002`: every client may speak for anyone.

use crate::audit::listener::shared;
use crate::audit::rule::rule;
use crate::audit::{Fault, Listener, Node, Remedy};

rule! {
    /// The API server believes request headers of clients of the cluster's own CA, whatever their name:
    /// `--requestheader-allowed-names` is empty.
    ///
    /// ## Why it matters
    ///
    /// Whoever has any client certificate of the cluster, a kubelet for example, sends a header and is anyone: any user,
    /// any group, `system:masters` among them.
    ///
    /// ## What to do
    ///
    /// Set `--requestheader-allowed-names=front-proxy-client` at once. Then make a CA for the front proxy alone and name
    /// it in `--requestheader-client-ca-file`.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure the Aggregation Layer", reusing a CA; kube-apiserver `--requestheader-allowed-names`.
    "KP-TR002" "open-proxy" Critical Node "API servers whose flags name a CA for request headers"
}

fn applies(node: &Node<'_>) -> bool {
    let flag = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("requestheader-client-ca-file"));
    flag.is_some_and(|path| node.named_file(path).is_some())
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let names = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("requestheader-allowed-names"));
    let shared = shared(node, Listener::ApiServer, Listener::RequestHeader);
    let Some((_, bundle)) = shared.filter(|_| names.is_none_or(str::is_empty)) else { return Vec::new() };
    let message = "is the CA of ordinary clients, and --requestheader-allowed-names is empty: each may speak for anyone";
    let remedy = Remedy::by_hand(
        "set --requestheader-allowed-names=front-proxy-client at once, then make a CA for the front proxy alone",
    );
    vec![Fault::new(bundle.path, message, remedy).on(node)]
}
