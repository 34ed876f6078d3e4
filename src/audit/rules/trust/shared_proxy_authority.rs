//! `KP-TR003`: one CA for clients and for the front proxy.

use crate::audit::listener::{OUT_WITH_THE_ROOT, both, bundle, shared, shared_by_all};
use crate::audit::rule::rule;
use crate::audit::{Fault, Listener, Node, Remedy};

rule! {
    /// The front proxy's CA is the clients' CA too.
    ///
    /// ## Why it matters
    ///
    /// Only a list of names keeps ordinary clients from speaking for anyone. A client that has, or asks for, the proxy's
    /// common name is taken for the proxy; and the API server tries the headers first, so that such a client is refused
    /// when it sends none.
    ///
    /// Without the API server's manifest it is not known which names are allowed. If none are, it is `KP-TR002`.
    ///
    /// ## What to do
    ///
    /// Make a CA for the front proxy alone, sign `front-proxy-client` with it, and name it in
    /// `--requestheader-client-ca-file`: first beside the old one, then alone.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure the Aggregation Layer", reusing a CA.
    "KP-TR003" "shared-proxy-authority" High Node "CAs for clients and for request headers"
}

fn applies(node: &Node<'_>) -> bool {
    let manifest = |node: &Node<'_>| node.pod("kube-apiserver").is_some();
    if manifest(node) {
        return bundle(node, Listener::ApiServer).is_some()
            && bundle(node, Listener::RequestHeader).is_some();
    }
    // Where the nodes' manifests are here, they know more than the authority.
    let told = node.is_authority() && node.view.nodes().any(|other| manifest(&other));
    !told && both(node, Listener::ApiServer, Listener::RequestHeader)
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let names = node.pod("kube-apiserver").map(|(_, pod)| pod.flag("requestheader-allowed-names"));
    let known = match names {
        // All the worse, and told by another rule.
        Some(None | Some("")) => return Vec::new(),
        Some(Some(names)) => {
            format!("only --requestheader-allowed-names keeps clients other than `{names}` out")
        }
        None => "whether --requestheader-allowed-names keeps clients out is not known here".to_owned(),
    };
    let shared = shared(node, Listener::ApiServer, Listener::RequestHeader);
    let Some((clients, bundle)) = shared.filter(|_| !shared_by_all(node)) else { return Vec::new() };
    if let Some(root) = bundle.common_root(&clients) {
        let fault = Fault::new(bundle.path, format!("{root}; {known}"), Remedy::by_hand(OUT_WITH_THE_ROOT));
        return vec![fault.on(node)];
    }
    let remedy = Remedy::by_hand("make a CA for the front proxy alone");
    vec![Fault::new(bundle.path, format!("is the CA of ordinary clients: {known}"), remedy).on(node)]
}
