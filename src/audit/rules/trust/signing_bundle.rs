//! `KP-TR014`: a controller manager that does not know which CA to sign with.

use crate::audit::listener;
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// A file that the controller manager signs with has more than one certificate.
    ///
    /// ## Why it matters
    ///
    /// The controller manager ends with `expected 1 certificate, found 2` when it is started the next time: nothing in the
    /// cluster is reconciled any more. kubeadm points the flag to `ca.crt`, which therefore cannot hold two CAs in a
    /// rotation.
    ///
    /// ## What to do
    ///
    /// Put the signing CA alone into a file of its own and point the flag to that.
    ///
    /// ## References
    ///
    /// Kubernetes `pkg/controller/certificates/signer`; kubernetes/kubeadm#1350.
    "KP-TR014" "signing-bundle" High Node "controller managers that sign"
}

/// The flags that name a file to sign with.
const FLAGS: [&str; 5] = [
    "cluster-signing-cert-file",
    "cluster-signing-kube-apiserver-client-cert-file",
    "cluster-signing-kube-apiserver-client-kubelet-cert-file",
    "cluster-signing-kubelet-serving-cert-file",
    "cluster-signing-legacy-unknown-cert-file",
];

fn applies(node: &Node<'_>) -> bool {
    files(node).next().is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let bundles = files(node).filter(|(_, _, count)| *count > 1);
    let fault = |(flag, path, count): (&str, &std::path::Path, usize)| {
        let message = format!("has {count} certificates, and --{flag} takes one");
        let remedy =
            Remedy::by_hand("put the signing CA alone into a file of its own, and point the flag to it");
        Fault::new(path.to_owned(), message, remedy).on(node)
    };
    let mut faults: Vec<Fault> = bundles.map(fault).collect();
    faults.dedup_by(|one, other| one.path == other.path);
    faults
}

fn files<'a>(node: &Node<'a>) -> impl Iterator<Item = (&'static str, &'a std::path::Path, usize)> + use<'a> {
    let node = *node;
    let pod = node.pod("kube-controller-manager").map(|(_, pod)| pod);
    let named = FLAGS.into_iter().filter_map(move |flag| Some((flag, pod?.flag(flag)?)));
    named.filter_map(move |(flag, file)| {
        let (path, found) = node.named_file(file)?;
        found.present()?;
        Some((flag, path, listener::certificates(found).len()))
    })
}
