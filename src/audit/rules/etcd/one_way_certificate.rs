//! `KP-ET002`: an etcd certificate for one direction only.

use crate::audit::etcd::doors;
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};
use crate::disk::content::Item;
use crate::x509::{Certificate, ExtendedKeyUsage};

rule! {
    /// The certificate of an etcd member may not be used for both directions in which etcd uses it.
    ///
    /// ## Why it matters
    ///
    /// A member shows the certificate of its client port to itself: its gateway dials the port as a client. Other
    /// members are dialled and dial with the peer certificate. Without `client auth`, and for peers without either
    /// usage, the handshakes fail.
    ///
    /// A member with a certificate of its own for dialling (`--client-cert-file`, `--peer-client-cert-file`) needs
    /// `client auth` there only.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with both usages for the same key.
    ///
    /// ## References
    ///
    /// etcd, "Transport security model"; etcd-io/etcd#9785; RFC 5280 §4.2.1.12.
    "KP-ET002" "one-way-certificate" High Node "etcd members"
}

/// The credentials, and the flag that names another certificate for dialling.
const ENDS: [(&str, &str); 2] = [("etcd-server", "client-cert-file"), ("etcd-peer", "peer-client-cert-file")];

fn applies(node: &Node<'_>) -> bool {
    ENDS.iter().any(|(name, _)| node.credential(name).is_some_and(|case| case.certificate().is_some()))
        || node.pod("etcd").is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let pod = node.pod("etcd").map(|(_, pod)| pod);
    let mut faults = Vec::new();
    for (name, dialling) in ENDS {
        let own = pod.is_some_and(|pod| pod.flag(dialling).is_some_and(|file| !file.is_empty()));
        let needs_client = !own;
        let Some(case) = node.credential(name) else { continue };
        let lacks =
            case.certificate().and_then(|certificate| lacks(certificate, needs_client, name == "etcd-peer"));
        if let Some(lacks) = lacks {
            let message = format!("lacks the usage {lacks}, which etcd needs");
            faults.push(Fault::new(case.certificate_path(), message, Remedy::Reissue).about(&case));
        }
    }
    // What the manifest names may be no credential's.
    for door in pod.into_iter().flat_map(doors) {
        let Some(file) = door.certificate().and_then(|path| node.file(path)) else { continue };
        let certificate = file.items().find_map(|item| match item {
            Item::Certificate(certificate) => Some(certificate),
            _ => None,
        });
        let Some(certificate) = certificate.filter(|_| file.role.is_none()) else { continue };
        if let Some(lacks) = lacks(certificate, true, door.of == "peer") {
            let message = format!("lacks the usage {lacks}, which etcd needs");
            let remedy = Remedy::by_hand("have it issued with server auth and client auth");
            faults.push(Fault::new(file.path(), message, remedy).of(&file));
        }
    }
    faults
}

/// What a certificate lacks. Without the extension it may be used for everything; that a server's lacks `server auth`
/// is no matter of etcd's, and told elsewhere.
fn lacks(certificate: &Certificate, client: bool, peer: bool) -> Option<String> {
    let usages = &certificate.usages.extended;
    let has = |usage| usages.is_empty() || usages.contains(&usage) || usages.contains(&ExtendedKeyUsage::Any);
    let mut lacks = Vec::new();
    if peer && !has(ExtendedKeyUsage::ServerAuth) {
        lacks.push("server auth");
    }
    if client && !has(ExtendedKeyUsage::ClientAuth) {
        lacks.push("client auth");
    }
    (!lacks.is_empty()).then(|| lacks.join(" and "))
}
