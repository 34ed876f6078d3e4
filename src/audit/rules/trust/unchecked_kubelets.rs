//! `KP-TR011`: kubelets that the API server does not check.

use std::path::PathBuf;

use crate::audit::listener::{self, trusts};
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy, Scene, Severity};
use crate::x509::Certificate;

rule! {
    /// The API server does not check kubelets' certificates, or is told to check them with a CA that has not signed them.
    ///
    /// ## Why it matters
    ///
    /// Whoever stands between the API server and a node reads logs and takes over `exec` sessions. With the wrong CA all of
    /// these fail.
    ///
    /// No cluster that kubeadm makes sets `--kubelet-certificate-authority`, so that its absence is told once.
    ///
    /// ## What to do
    ///
    /// Set `serverTLSBootstrap: true` for kubelets, approve the requests that they make, and set the flag to the CA that
    /// signs them.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.2.5.
    "KP-TR011" "unchecked-kubelets" Medium Scene "manifests of API servers"
}

fn applies(scene: &Scene<'_>) -> bool {
    servers(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut unset: Vec<(Node<'_>, &std::path::Path)> = Vec::new();
    let mut told: Option<Vec<&Certificate>> = None;
    for (node, path, authority) in servers(scene) {
        match authority {
            None => unset.push((node, path)),
            Some(file) => {
                let found = node.named_file(file).map(|(_, found)| listener::certificates(found));
                told = told.or(found);
            }
        }
    }
    if let Some((node, path)) = unset.first() {
        let others = match unset.len() - 1 {
            0 => String::new(),
            1 => ", nor does another API server".to_owned(),
            more => format!(", nor do {more} other API servers"),
        };
        let message = format!("does not check kubelets: --kubelet-certificate-authority is not set{others}");
        let remedy =
            Remedy::advice("let a CA sign the kubelets' serving certificates, and set the flag to it");
        faults.push(Fault::new((*path).to_owned(), message, remedy).severity(Severity::Info).on(node));
    }
    if let Some(bundle) = told {
        for node in scene.nodes() {
            let Some((path, chain)) = serving(&node).filter(|(_, chain)| !trusts(&bundle, chain)) else {
                continue;
            };
            let subject = chain.first().map(|own| own.issuer.to_string()).unwrap_or_default();
            let message =
                format!("is signed by `{subject}`, and --kubelet-certificate-authority has not that CA");
            let remedy =
                Remedy::by_hand("set serverTLSBootstrap, approve the kubelet's request, and restart it");
            faults.push(Fault::new(path, message, remedy).on(&node));
        }
    }
    faults
}

/// The API servers with the CA that they check kubelets with.
fn servers<'a>(
    scene: &'a Scene<'a>,
) -> impl Iterator<Item = (Node<'a>, &'a std::path::Path, Option<&'a str>)> {
    scene.nodes().filter_map(|node| {
        let (path, pod) = node.pod("kube-apiserver")?;
        let flag = pod.flag("kubelet-certificate-authority").filter(|file| !file.is_empty());
        Some((node, path, flag))
    })
}

/// What a kubelet shows: the certificate that it has requested, or been given, or made for itself.
fn serving<'a>(node: &Node<'a>) -> Option<(PathBuf, Vec<&'a Certificate>)> {
    let requested = node.credential("kubelet-serving").filter(|case| case.certificate().is_some());
    if let Some(case) = requested {
        return Some((case.certificate_path(), case.certificates()));
    }
    let given =
        node.kubelet().map(|(_, config)| config.tls_cert_file.as_str()).filter(|file| !file.is_empty());
    let (path, found) = match given {
        Some(file) => node.named_file(file)?,
        None => node.stray("kubelet.crt").map(|stray| (stray.path.as_path(), &*stray.found))?,
    };
    let chain = listener::certificates(found);
    (!chain.is_empty()).then(|| (path.to_owned(), chain))
}
