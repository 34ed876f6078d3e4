//! `KP-TR013`: new kubelets that nobody lets in.

use crate::audit::listener::{self, trusts};
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// The controller manager signs kubelets' client certificates with a CA that the API server's `--client-ca-file` does
    /// not have.
    ///
    /// ## Why it matters
    ///
    /// A kubelet that joins, or renews its certificate, is refused with the new one: nodes drop out one after the other.
    ///
    /// ## What to do
    ///
    /// Add the CA to the file of `--client-ca-file` of every API server first, restart them, then sign with it.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-controller-manager `--cluster-signing-cert-file`; "Manual Rotation of CA Certificates".
    "KP-TR013" "unknown-signer" High Node "controller managers that sign beside an API server"
}

/// The flags that name the CA of kubelets' client certificates, the more telling first.
const FLAGS: [&str; 2] =
    ["cluster-signing-kube-apiserver-client-kubelet-cert-file", "cluster-signing-cert-file"];

fn applies(node: &Node<'_>) -> bool {
    signing(node).is_some() && client_authorities(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let (Some((path, signers)), Some((clients, bundle))) = (signing(node), client_authorities(node)) else {
        return Vec::new();
    };
    let known = signers.first().is_none_or(|signer| {
        bundle.iter().any(|ca| ca.public_key == signer.public_key) || trusts(&bundle, &signers)
    });
    if known {
        return Vec::new();
    }
    let message = format!("signs kubelets' certificates, and {} does not have it", clients.display());
    let remedy = Remedy::by_hand("add it to --client-ca-file of every API server first");
    vec![Fault::new(path.to_owned(), message, remedy).on(node)]
}

type File<'a> = (&'a std::path::Path, Vec<&'a crate::x509::Certificate>);

fn signing<'a>(node: &Node<'a>) -> Option<File<'a>> {
    let (_, pod) = node.pod("kube-controller-manager")?;
    let file = FLAGS.into_iter().find_map(|flag| pod.flag(flag).filter(|file| !file.is_empty()))?;
    read(node, file)
}

fn client_authorities<'a>(node: &Node<'a>) -> Option<File<'a>> {
    let (_, pod) = node.pod("kube-apiserver")?;
    read(node, pod.flag("client-ca-file")?)
}

fn read<'a>(node: &Node<'a>, file: &str) -> Option<File<'a>> {
    let (path, found) = node.named_file(file)?;
    found.present().is_some().then(|| (path, listener::certificates(found)))
}
