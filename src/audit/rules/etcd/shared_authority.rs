//! `KP-ET003`: one CA for etcd's clients and its members.

use crate::audit::etcd::{Door, doors};
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy, Scene};

rule! {
    /// etcd believes the same CA of its clients and of its other members.
    ///
    /// ## Why it matters
    ///
    /// With the certificate of a client, such as the API server's, one can try to join as a member, or speak to a
    /// member as one. kubeadm sets it up so in every cluster, so this is said once and is no alarm.
    ///
    /// ## What to do
    ///
    /// A CA of its own for peers (`--peer-trusted-ca-file`), or `--peer-cert-allowed-cn` or
    /// `--peer-cert-allowed-hostname` where the members' certificates have a name in common.
    ///
    /// ## References
    ///
    /// etcd, "Transport security model"; kubeadm 1.36 sets both flags to the same file.
    "KP-ET003" "shared-peer-authority" Info Scene "clusters with etcd members"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.nodes().any(|node| is_member(&node))
}

fn is_member(node: &Node<'_>) -> bool {
    node.pod("etcd").is_some() || node.credential("etcd-peer").is_some_and(|case| !case.is_absent())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let members: Vec<Node<'_>> = scene.nodes().filter(is_member).collect();
    let mut shared = members.iter().filter(|node| shares(node));
    let Some(first) = shared.next() else { return Vec::new() };
    let message = match 1 + shared.count() {
        1 => "lets clients and peers in by the same CA".to_owned(),
        many => format!("lets clients and peers in by the same CA, as {} other members do", many - 1),
    };
    let ca = first.credential("etcd-ca").map(|case| case.certificate_path());
    let manifest = first.pod("etcd").map(|(path, _)| path.to_owned());
    let path = manifest.or(ca).unwrap_or_default();
    let remedy = Remedy::advice("give peers a CA of their own, or set --peer-cert-allowed-hostname");
    vec![Fault::new(path, message, remedy).on(first)]
}

/// Whether both doors are opened by one CA. Without a manifest the catalogue tells: one CA signs both certificates.
fn shares(node: &Node<'_>) -> bool {
    let Some((_, pod)) = node.pod("etcd") else { return true };
    let limited = ["peer-cert-allowed-cn", "peer-cert-allowed-hostname"]
        .iter()
        .any(|flag| pod.flag(flag).is_some_and(|value| !value.is_empty()));
    let authorities: Vec<&str> = doors(pod).iter().filter_map(Door::authority).collect();
    match authorities[..] {
        [clients, peers] => !limited && (clients == peers || same(node, clients, peers)),
        _ => false,
    }
}

/// Whether two files hold the same CA.
fn same(node: &Node<'_>, one: &str, other: &str) -> bool {
    let first = |path: &str| {
        let file = node.file(path)?;
        let certificates = file.content()?.certificates().ok()?;
        certificates.first().map(|certificate| certificate.public_key.clone())
    };
    first(one).is_some_and(|key| first(other) == Some(key))
}
