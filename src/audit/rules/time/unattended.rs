//! `KP-TM010`: a kubelet's certificate that ends soon, and nothing that renews it.

use crate::audit::lifetime::lifetime;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Node, Remedy};
use crate::catalog::Keeper;
use crate::moment::{date, span};

rule! {
    /// A kubelet's client certificate has less than a third of its life left, and the kubelet is told not to renew it.
    ///
    /// ## Why it matters
    ///
    /// When it has expired, the node is lost to the cluster: it can neither report nor ask for a new certificate.
    ///
    /// Whether something else renews certificates, a timer for example, does not show in the files that are looked at: so
    /// this is said of the kubelet only.
    ///
    /// ## What to do
    ///
    /// Set `rotateCertificates: true` in the kubelet's configuration and restart it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 4.2.10; Kubernetes, "Configure Certificate Rotation for the Kubelet".
    "KP-TM010" "unattended-expiry" High Node "kubelets with a configuration and a certificate"
}

fn applies(node: &Node<'_>) -> bool {
    node.kubelet().is_some() && client(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let (Some((path, config)), Some(case)) = (node.kubelet(), client(node)) else { return Vec::new() };
    let Some(certificate) = case.certificate() else { return Vec::new() };
    let left = certificate.not_after - node.view.now();
    // One that has expired is told of as such.
    if config.rotate_certificates || left.is_negative() || left >= lifetime(certificate) / 3 {
        return Vec::new();
    }
    let message = format!(
        "expires {}, in {}, and {} turns its renewal off",
        date(certificate.not_after),
        span(left),
        path.display()
    );
    let remedy =
        Remedy::by_hand("set `rotateCertificates: true` in the kubelet's configuration and restart it");
    vec![Fault::new(case.certificate_path(), message, remedy).about(&case)]
}

/// What the kubelet shows to the API server, where that is its own affair.
fn client<'a>(node: &Node<'a>) -> Option<Case<'a>> {
    let case = node.credential("kubelet-client")?;
    (case.target.keeper == Keeper::Kubelet && case.certificate().is_some()).then_some(case)
}
