//! `KP-FS006`: the kubelet's client CA in the wrong hands.

use crate::audit::custody::{foreign_owner, loose_mode};
use crate::audit::rule::rule;
use crate::audit::{Fault, Node};
use crate::disk::FileRole;

rule! {
    /// The file with the CA whose clients a kubelet believes may be written by others than root.
    ///
    /// ## Why it matters
    ///
    /// Who adds a CA to it can make a client certificate with which the kubelet runs commands in any pod of the node.
    ///
    /// The file is the one that `clientCAFile` of the kubelet's configuration names. Without that configuration
    /// (`--kubelet-dir`), KP-FS002 and KP-FS003 look at the cluster's CA as at any other file.
    ///
    /// ## What to do
    ///
    /// `chmod 644 FILE; chown root:root FILE`.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 4.1.7 and 4.1.8; DISA STIG V-242449 and V-242450.
    "KP-FS006" "kubelet-authority-custody" Medium Node "nodes whose kubelet names its client CA"
}

fn applies(node: &Node<'_>) -> bool {
    node.kubelet_client_ca().is_some_and(|file| file.present().is_some())
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some(file) = node.kubelet_client_ca() else { return Vec::new() };
    let faults = loose_mode(&file, FileRole::Certificate.loosest()).into_iter().chain(foreign_owner(&file));
    faults.map(|fault| fault.of(&file)).collect()
}
