//! `KP-KL002`: a kubelet that does not ask who is there.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// A kubelet answers requests without credentials, or has no CA to check client certificates by.
    ///
    /// ## Why it matters
    ///
    /// Who reaches its port reads logs and runs commands in the node's pods, as far as its authorization lets nobody in
    /// particular. Without a client CA, the API server's own certificate is worth nothing to it.
    ///
    /// What the configuration file does not say is off: `authentication.anonymous.enabled` is false there by default.
    ///
    /// ## What to do
    ///
    /// In the kubelet's configuration: `authentication.anonymous.enabled: false`, and
    /// `authentication.x509.clientCAFile: /etc/kubernetes/pki/ca.crt`.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 4.2.1 and 4.2.3.
    "KP-KL002" "unauthenticated-kubelet" High Node "kubelet configurations"
}

fn applies(node: &Node<'_>) -> bool {
    node.kubelet().is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some((path, config)) = node.kubelet() else { return Vec::new() };
    let fault = |message: &str, remedy: &str| Fault::new(path.to_owned(), message, Remedy::by_hand(remedy));
    let anonymous = (config.authentication.anonymous.enabled == Some(true)).then(|| {
        fault("answers requests without credentials", "set authentication.anonymous.enabled: false")
    });
    let blind = config.authentication.x509.client_ca_file.is_empty().then(|| {
        fault(
            "names no CA for client certificates",
            "set authentication.x509.clientCAFile: /etc/kubernetes/pki/ca.crt",
        )
    });
    anonymous.into_iter().chain(blind).collect()
}
