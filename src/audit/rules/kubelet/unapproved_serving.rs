//! `KP-KL001`: a kubelet that waits for its serving certificate.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};
use crate::disk::{FileRole, KubeletConfig};

rule! {
    /// A kubelet is told to request its serving certificate, and has none that the cluster's CA has signed.
    ///
    /// ## Why it matters
    ///
    /// Nothing in Kubernetes approves such requests: they lie there until somebody does. Until then the kubelet serves
    /// nobody, or shows a certificate that nobody can check: no logs, no metrics, no `kubectl exec`.
    ///
    /// ## What to do
    ///
    /// `kubectl get csr`, and `kubectl certificate approve` what is right; or run an approver that knows the nodes.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 4.2.11 and 1.3.6; kubernetes/kubernetes#73356.
    "KP-KL001" "unapproved-serving" High Node "kubelets that request their serving certificate"
}

fn applies(node: &Node<'_>) -> bool {
    // A certificate of the user's own takes the place of both.
    let asks =
        |(_, config): (_, &KubeletConfig)| config.server_tls_bootstrap && config.tls_cert_file.is_empty();
    node.kubelet().is_some_and(asks) && node.credential("kubelet-serving").is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some(case) = node.credential("kubelet-serving") else { return Vec::new() };
    let message = match case.certificate() {
        Some(certificate) if certificate.is_self_issued() => "is self-signed: the request was not answered",
        None if case.is_absent() => "is missing: the request was not answered",
        _ => return Vec::new(),
    };
    let remedy =
        Remedy::by_hand("approve the node's request: `kubectl get csr`, `kubectl certificate approve NAME`");
    vec![Fault::new(case.path(FileRole::Certificate), message, remedy).about(&case)]
}
