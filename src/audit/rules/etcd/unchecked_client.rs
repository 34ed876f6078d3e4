//! `KP-ET001`: an etcd that lets everybody in.

use crate::audit::etcd::{Door, doors};
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// etcd does not check who its clients or its other members are, or makes its own certificates.
    ///
    /// ## Why it matters
    ///
    /// Who reaches the port reads and writes every object of the cluster, all secrets among them, whatever RBAC says.
    ///
    /// etcd asks for a certificate when it has a CA to check it by, or when it is told to. Told to and without a CA, it
    /// believes every CA that its image trusts. With `--auto-tls` it makes a certificate that nobody can check.
    ///
    /// ## What to do
    ///
    /// `--client-cert-auth`, `--trusted-ca-file`, `--cert-file` and `--key-file` in the manifest, and the same with
    /// `peer-`; no `--auto-tls` and no `--peer-auto-tls`. `kubepki apply` makes the certificates.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 2.1 to 2.6; etcd, "Transport security model".
    "KP-ET001" "unchecked-client" Critical Node "etcd members that speak TLS"
}

fn applies(node: &Node<'_>) -> bool {
    node.pod("etcd").is_some_and(|(_, pod)| doors(pod).iter().any(Door::is_encrypted))
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some((manifest, pod)) = node.pod("etcd") else { return Vec::new() };
    let doors = doors(pod).into_iter().filter(Door::is_encrypted);
    doors
        .filter_map(|door| {
            let [certificate, authority, check, automatic] = door.flag_names();
            let (message, act) = if door.is_automatic() {
                (
                    format!("makes its own certificate (--{automatic})"),
                    format!("--{certificate} instead of --{automatic}"),
                )
            } else if !door.is_checked() {
                (
                    format!("asks for no certificate (--{check} is off)"),
                    format!("--{check} --{authority}=FILE"),
                )
            } else if door.authority().is_none() {
                (format!("believes every CA of its image (no --{authority})"), format!("--{authority}=FILE"))
            } else {
                return None;
            };
            let message = format!("for its {}s, etcd {message}", door.of);
            Some(Fault::new(manifest.to_owned(), message, Remedy::by_hand(format!("set {act}"))))
        })
        .collect()
}
