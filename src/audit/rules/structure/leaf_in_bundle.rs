//! `KP-ST007`: a certificate in a bundle of CAs that is no CA's.

use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, File, Node, Remedy};
use crate::disk::content::Item;
use crate::x509::Certificate;

rule! {
    /// A bundle of CAs, or the CA data of a kubeconfig, holds a certificate that is no CA's.
    ///
    /// ## Why it matters
    ///
    /// Go takes whatever is in a bundle for an anchor: the one server or client that the certificate is about is
    /// trusted, whoever signed it, until it expires, and nobody who renews it thinks of the bundle. kubeadm stops at
    /// such a file.
    ///
    /// Looked at are the files of CAs, those that manifests and the kubelet's configuration name as such, and
    /// kubeconfigs. That the first certificate of a CA's file is none is KP-X5001's.
    ///
    /// ## What to do
    ///
    /// Take it out of the file. `kubepki apply` puts the cluster's CA alone into a kubeconfig.
    ///
    /// ## References
    ///
    /// kubernetes/kubeadm#1723.
    "KP-ST007" "leaf-in-bundle" Critical Node "nodes, and the authority"
}

/// The flags that name a bundle of CAs.
const FLAGS: [&str; 8] = [
    "client-ca-file",
    "etcd-cafile",
    "kubelet-certificate-authority",
    "oidc-ca-file",
    "peer-trusted-ca-file",
    "requestheader-client-ca-file",
    "root-ca-file",
    "trusted-ca-file",
];

fn applies(node: &Node<'_>) -> bool {
    node.cases().any(|case| !case.is_absent()) || node.strays().next().is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = node.cases().flat_map(|case| of_case(&case)).collect();
    let kubelet = node.kubelet().map(|(_, config)| config.authentication.x509.client_ca_file.as_str());
    let flags = node.pods().flat_map(|(_, pod)| FLAGS.into_iter().filter_map(|flag| pod.flag(flag)));
    let mut named: Vec<File<'_>> = flags.chain(kubelet).filter_map(|path| node.file(path)).collect();
    named.sort_by_key(File::path);
    named.dedup_by_key(|file| file.path());
    for file in named.iter().filter(|file| file.role.is_none()) {
        let certificates = file.items().filter_map(|item| match item {
            Item::Certificate(certificate) => Some(&**certificate),
            _ => None,
        });
        let leaves = leaves(certificates, 0);
        faults.extend(leaves.into_iter().map(|message| fault(file.path(), message).of(file)));
    }
    for (path, item) in node.items() {
        if let Item::Kubeconfig(kubeconfig) = item {
            let leaves = leaves(kubeconfig.authority.embedded().into_iter().flatten(), 0);
            faults.extend(leaves.into_iter().map(|message| fault(path.to_owned(), message)));
        }
    }
    faults
}

fn fault(path: PathBuf, message: String) -> Fault {
    Fault::new(path, message, Remedy::by_hand("take it out of the file"))
}

fn of_case(case: &Case<'_>) -> Vec<Fault> {
    if case.is_authority() {
        let leaves = leaves(case.certificates().into_iter().skip(1), 1);
        return leaves
            .into_iter()
            .map(|message| fault(case.certificate_path(), message).about(case))
            .collect();
    }
    let Some(kubeconfig) = case.kubeconfig() else { return Vec::new() };
    let trusted = || kubeconfig.authority.embedded().into_iter().flatten();
    // That the cluster's CA is missing from it is KP-KC002's.
    let ca = case.issuer().and_then(|issuer| issuer.certificate());
    if ca.is_some_and(|ca| !trusted().any(|other| other == ca)) {
        return Vec::new();
    }
    let leaves = leaves(trusted(), 0).into_iter();
    leaves.map(|message| Fault::new(case.certificate_path(), message, Remedy::Rewrite).about(case)).collect()
}

/// What is said of each that is no CA's. A self-signed certificate of X.509 version 1 cannot say that it is a CA's, and
/// Go takes it for one where it is an anchor.
fn leaves<'a>(certificates: impl Iterator<Item = &'a Certificate>, before: usize) -> Vec<String> {
    let is_leaf = |certificate: &Certificate| {
        let old_root = certificate.version < 3 && certificate.is_self_issued();
        !certificate.is_ca() && !old_root
    };
    let numbered = certificates.enumerate().filter(|(_, certificate)| is_leaf(certificate));
    numbered
        .map(|(index, certificate)| {
            format!("trusts `{}` in place {}, which is no CA", certificate.subject, index + 1 + before)
        })
        .collect()
}
