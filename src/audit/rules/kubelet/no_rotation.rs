//! `KP-KL003`: a kubelet that does not renew its certificate.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// A kubelet does not renew its client certificate.
    ///
    /// ## Why it matters
    ///
    /// When it has expired, the node is lost to the cluster until somebody makes a new one: a year after it has joined,
    /// on a weekend.
    ///
    /// The configuration file has to say it: `rotateCertificates` is false there by default; kubeadm sets it.
    ///
    /// ## What to do
    ///
    /// `rotateCertificates: true` in the kubelet's configuration. Where the cluster signs nothing by itself, plan for
    /// `kubepki renew` instead.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 4.2.10.
    "KP-KL003" "no-rotation" Medium Node "kubelet configurations"
}

fn applies(node: &Node<'_>) -> bool {
    node.kubelet().is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some((path, _)) = node.kubelet().filter(|(_, config)| !config.rotate_certificates) else {
        return Vec::new();
    };
    let remedy = Remedy::by_hand("set rotateCertificates: true, and restart the kubelet");
    Fault::one(path.to_owned(), "does not say rotateCertificates: true", remedy)
}
