//! `KP-FS011`: the key of a CA that nobody signs with.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};
use crate::disk::{FileRole, StaticPod};

rule! {
    /// The key of the cluster's CA is on a control plane whose controller manager does not sign with it.
    ///
    /// ## Why it matters
    ///
    /// `--cluster-signing-cert-file` and `--cluster-signing-key-file` are blank: certificates are signed elsewhere.
    /// Then the key lies there for thieves only.
    ///
    /// ## What to do
    ///
    /// Move the key off the machine, to where certificates are signed. `kubepki request` and `kubepki import` do
    /// without it.
    ///
    /// ## References
    ///
    /// Kubernetes, "Certificate Management with kubeadm", external CA mode.
    "KP-FS011" "idle-authority-key" Medium Node "control planes with a controller manager's manifest"
}

/// The signers that can have a CA of their own (`--cluster-signing-SIGNER-cert-file`).
const SIGNERS: [&str; 4] = ["kube-apiserver-client", "kubelet-client", "kubelet-serving", "legacy-unknown"];

fn applies(node: &Node<'_>) -> bool {
    node.pod("kube-controller-manager").is_some() && node.credential("ca").is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let (Some((manifest, pod)), Some(ca)) = (node.pod("kube-controller-manager"), node.credential("ca"))
    else {
        return Vec::new();
    };
    if signs(pod) || ca.present(FileRole::Key).is_none() {
        return Vec::new();
    }
    let message = format!("is there, although {} names no key to sign with", manifest.display());
    // Put there for one run of `apply`, it is to go afterwards: no plan can say more.
    let remedy = Remedy::advice("move the key off the machine, to where certificates are signed");
    vec![Fault::new(ca.path(FileRole::Key), message, remedy).about(&ca)]
}

/// Whether a controller manager signs anything.
fn signs(pod: &StaticPod) -> bool {
    let named = |flag: &str| pod.flag(flag).is_some_and(|value| !value.is_empty());
    let own = SIGNERS.iter().any(|signer| named(&format!("cluster-signing-{signer}-key-file")));
    own || named("cluster-signing-key-file")
}
