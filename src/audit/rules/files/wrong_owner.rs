//! `KP-FS002`: a file or directory of the PKI that belongs to somebody else than root.

use crate::audit::custody::{foreign_owner, is_etcds};
use crate::audit::rule::rule;
use crate::audit::{Fault, File};

rule! {
    /// A file or directory of the PKI belongs to somebody else than root.
    ///
    /// ## Why it matters
    ///
    /// Its owner may exchange it, whatever its mode says: another CA for that of the cluster, or a certificate for one
    /// of which he has the key.
    ///
    /// In a directory that is no system's (`/etc`, `/run`, `/srv`, `/usr`, `/var`), files may also belong to
    /// whom the directory belongs. A user that a static pod of the node runs as may own them too, and so may, for what
    /// is etcd's, a user that the system made for a program (number 999 at most). The group is not looked at, which may
    /// be kubespray's `kube-cert`: what it may do is said by the mode.
    ///
    /// ## What to do
    ///
    /// `chown root:root FILE`, after a look at what it says: who owned it may have changed it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.19; DISA STIG V-242451.
    "KP-FS002" "wrong-owner" High File "files and directories of the PKI"
}

fn applies(file: &File<'_>) -> bool {
    file.is_directory() || (file.is_of_pki() && !file.is_kubeconfig())
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let Some(fault) = foreign_owner(file) else { return Vec::new() };
    let path = file.path();
    let node = || file.node().and_then(|node| node.kubelet_client_ca());
    // The kubelet's client CA is KP-FS006's.
    if !is_etcds(file) && node().is_some_and(|own| own.path() == path) { Vec::new() } else { vec![fault] }
}
