//! `KP-TR012`: pods that are given the wrong CA.

use std::path::PathBuf;

use crate::audit::listener::{self, trusts};
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};
use crate::x509::Certificate;

rule! {
    /// The controller manager's `--root-ca-file` does not have the CA of the API server's certificate.
    ///
    /// ## Why it matters
    ///
    /// Every pod gets the file as `ca.crt` beside its token and checks the API server with it: none can connect.
    ///
    /// ## What to do
    ///
    /// Put the CA of the API server's certificate into the file, and restart the controller manager.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-controller-manager `--root-ca-file`; ConfigMap `kube-root-ca.crt`.
    "KP-TR012" "useless-root" High Node "controller managers that publish a CA beside an API server"
}

fn applies(node: &Node<'_>) -> bool {
    published(node).is_some() && served(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let (Some((path, bundle)), Some((server, chain))) = (published(node), served(node)) else {
        return Vec::new();
    };
    // That a credential's own CA has not signed it is told of the credential.
    let own = node.cases().find(|case| case.certificate_path() == server).and_then(|case| case.issuer());
    let told = own.is_some_and(|ca| ca.certificates() == bundle);
    if told || trusts(&bundle, &chain) {
        return Vec::new();
    }
    let message =
        format!("is what pods get to check the API server with, and has not the CA of {}", server.display());
    let remedy = Remedy::by_hand(
        "put the CA of the API server's certificate into it, and restart the controller manager",
    );
    vec![Fault::new(path, message, remedy).on(node)]
}

/// The CAs that pods are given.
fn published<'a>(node: &Node<'a>) -> Option<(PathBuf, Vec<&'a Certificate>)> {
    let (_, pod) = node.pod("kube-controller-manager")?;
    let (path, found) = node.named_file(pod.flag("root-ca-file")?)?;
    let bundle = listener::certificates(found);
    (!bundle.is_empty()).then(|| (path.to_owned(), bundle))
}

/// What the API server beside it shows.
fn served<'a>(node: &Node<'a>) -> Option<(PathBuf, Vec<&'a Certificate>)> {
    let flag = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("tls-cert-file"));
    if let Some((path, found)) = flag.and_then(|file| node.named_file(file)) {
        let chain = listener::certificates(found);
        return (!chain.is_empty()).then(|| (path.to_owned(), chain));
    }
    let case = node.credential("apiserver").filter(|case| flag.is_none() && case.certificate().is_some())?;
    Some((case.certificate_path(), case.certificates()))
}
