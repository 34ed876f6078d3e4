//! `KP-KC008`: a kubelet whose kubeconfig is never renewed.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Node, Remedy};
use crate::moment::date;

rule! {
    /// A running kubelet's `kubelet.conf` holds its certificate instead of pointing to the file that the kubelet renews.
    ///
    /// ## Why it matters
    ///
    /// The kubelet renews its certificate in a file of its own and reads `kubelet.conf` when it starts: a year after the
    /// node was made, the first restart finds an expired certificate, and the node is gone.
    ///
    /// A fresh `kubelet.conf` holds the certificate that the kubelet begins with. It is found fault with when the kubelet
    /// has renewed its own already, or on a node that runs when nine tenths of the time are over.
    ///
    /// ## What to do
    ///
    /// `kubeadm init phase kubelet-finalize enable-client-cert-rotation` lets it point to
    /// `/var/lib/kubelet/pki/kubelet-client-current.pem`. Then restart the kubelet.
    ///
    /// ## References
    ///
    /// kubernetes/kubeadm#1753; kubeadm, `kubelet-finalize`.
    "KP-KC008" "static-kubelet" Medium Node "kubelets that run"
}

/// The latest moment at which a kubelet renews its certificate (client-go `certificate_manager.go`: between 70 and 90 %
/// of its life).
const RENEWED: i32 = 90;

fn applies(node: &Node<'_>) -> bool {
    let kubeconfig = node.credential("kubelet.conf").is_some_and(|case| case.kubeconfig().is_some());
    kubeconfig && (current(node).is_some() || node.kubelet().is_some() || node.pods().next().is_some())
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some(case) = node.credential("kubelet.conf") else { return Vec::new() };
    let Some(certificate) =
        case.certificate().filter(|own| case.is_leaf() && own.not_after >= node.view.now())
    else {
        return Vec::new();
    };
    let due = certificate.not_before + (certificate.not_after - certificate.not_before) / 100 * RENEWED;
    let message = match current(node) {
        Some(current) => {
            let path = current.certificate_path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!(
                "holds a certificate until {}, although the kubelet has {name}",
                date(certificate.not_after)
            )
        }
        None if node.view.now() >= due => {
            format!("holds a certificate until {}, and nothing renews it", date(certificate.not_after))
        }
        None => return Vec::new(),
    };
    let remedy = Remedy::by_hand(
        "`kubeadm init phase kubelet-finalize enable-client-cert-rotation`, and restart the kubelet",
    );
    vec![Fault::new(case.certificate_path(), message, remedy).on(node)]
}

/// The certificate that the kubelet renews by itself.
fn current<'a>(node: &Node<'a>) -> Option<Case<'a>> {
    node.credential("kubelet-client").filter(|case| !case.is_absent())
}
