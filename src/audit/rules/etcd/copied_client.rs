//! `KP-ET004`: one client certificate of etcd on several nodes.

use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy, Scene};
use crate::disk::content::Item;
use crate::x509::Certificate;

rule! {
    /// The API servers of several nodes show etcd the same client certificate.
    ///
    /// ## Why it matters
    ///
    /// etcd's log does not tell which of them did what, and when one node is lost, the certificate cannot be revoked
    /// for it alone. It is usual where etcd is external: kubeadm hands the one certificate of its configuration to all
    /// control planes.
    ///
    /// The certificate is the one that `--etcd-certfile` of the API server's manifest names, else
    /// `apiserver-etcd-client`.
    ///
    /// ## What to do
    ///
    /// A certificate for each node: `kubepki apply` makes them for a spec whose etcd nodes it knows.
    ///
    /// ## References
    ///
    /// kubeadm, "Options for Highly Available Topology", external etcd.
    "KP-ET004" "copied-etcd-client" Medium Scene "clusters of several API servers"
}

/// The nodes that are clients of etcd, each with its certificate and where that is.
fn clients<'a>(scene: &'a Scene<'a>) -> Vec<(Node<'a>, PathBuf, &'a Certificate)> {
    scene
        .nodes()
        .filter_map(|node| client(&node).map(|(path, certificate)| (node, path, certificate)))
        .collect()
}

fn client<'a>(node: &Node<'a>) -> Option<(PathBuf, &'a Certificate)> {
    let named = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("etcd-certfile"));
    if let Some(file) = named.and_then(|path| node.file(path)) {
        let certificate = file.items().find_map(|item| match item {
            Item::Certificate(certificate) => Some(&**certificate),
            _ => None,
        });
        return Some((file.path(), certificate?));
    }
    let case = node.credential("apiserver-etcd-client")?;
    Some((case.certificate_path(), case.certificate()?))
}

fn applies(scene: &Scene<'_>) -> bool {
    clients(scene).len() > 1
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let clients = clients(scene);
    let mut told: Vec<&Certificate> = Vec::new();
    let mut faults = Vec::new();
    for (node, path, certificate) in &clients {
        let same = |other: &&Certificate| other.public_key == certificate.public_key;
        let nodes: Vec<String> = clients
            .iter()
            .filter(|(_, _, other)| same(other))
            .map(|(node, ..)| node.site().to_string())
            .collect();
        if nodes.len() < 2 || told.iter().any(same) {
            continue;
        }
        told.push(certificate);
        let message = format!("is what {} API servers show to etcd: {}", nodes.len(), nodes.join(", "));
        let remedy = Remedy::by_hand("have a certificate made for each node");
        faults.push(Fault::new(path.clone(), message, remedy).on(node));
    }
    faults
}
