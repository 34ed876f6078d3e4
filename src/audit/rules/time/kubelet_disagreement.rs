//! `KP-TM013`: a kubelet with two certificates, one of which has expired.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Node, Remedy};
use crate::moment::date;

rule! {
    /// A kubelet's kubeconfig holds another certificate than `kubelet-client-current.pem`, and one of the two has expired.
    ///
    /// ## Why it matters
    ///
    /// The kubelet renews the file and reads the kubeconfig when it starts: after a restart it begins with the one that
    /// has expired, and the node does not come back.
    ///
    /// ## What to do
    ///
    /// Let the kubeconfig's user point to `kubelet-client-current.pem` if that one is valid. If the kubeconfig's is, move
    /// `kubelet-client-current.pem` away; the kubelet takes up the other and renews it. Restart the kubelet.
    ///
    /// ## References
    ///
    /// Kubernetes, "Troubleshooting kubeadm", on kubelet client certificate rotation.
    "KP-TM013" "kubelet-disagreement" High Node "kubelets with a certificate in each of two places"
}

fn applies(node: &Node<'_>) -> bool {
    both(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some((kubeconfig, file)) = both(node) else { return Vec::new() };
    let (Some(embedded), Some(current)) = (kubeconfig.certificate(), file.certificate()) else {
        return Vec::new();
    };
    let now = node.view.now();
    let (gone, left, remedy) = match (embedded.not_after < now, current.not_after < now) {
        (true, false) => {
            (&kubeconfig, &file, "let its user point to kubelet-client-current.pem, and restart the kubelet")
        }
        (false, true) => (&file, &kubeconfig, "move the file away and restart the kubelet"),
        _ => return Vec::new(),
    };
    if embedded.public_key == current.public_key {
        return Vec::new();
    }
    let end = |case: &Case<'_>| {
        case.certificate().map(|certificate| date(certificate.not_after)).unwrap_or_default()
    };
    let message = format!(
        "expired {}, while {} is valid until {}",
        end(gone),
        left.certificate_path().display(),
        end(left)
    );
    vec![Fault::new(gone.certificate_path(), message, Remedy::advice(remedy)).about(gone)]
}

/// The kubeconfig with a certificate in it, and the kubelet's own file.
fn both<'a>(node: &Node<'a>) -> Option<(Case<'a>, Case<'a>)> {
    let (kubeconfig, file) = (node.credential("kubelet.conf")?, node.credential("kubelet-client")?);
    (kubeconfig.certificate().is_some() && file.certificate().is_some()).then_some((kubeconfig, file))
}
