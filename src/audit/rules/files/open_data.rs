//! `KP-FS020`: etcd's data in the wrong hands.

use crate::audit::custody::may_own;
use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};
use crate::disk::Directory;

rule! {
    /// etcd's data directory may be entered by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// Every secret of the cluster is in it, in the clear unless the API server encrypts them. Who reads it needs no
    /// certificate.
    ///
    /// The directory is the one that `--data-dir` of etcd's manifest names, where it is on this machine: the directory
    /// that is looked at is in use there, or the node's whole file system is around it.
    ///
    /// ## What to do
    ///
    /// `chmod 700 DIR; chown etcd:etcd DIR`, or root where etcd runs as root.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.11 and 1.1.12.
    "KP-FS020" "open-data" Medium Node "etcd data directories"
}

fn directory<'a>(node: &Node<'a>) -> Option<&'a Directory> {
    let (_, pod) = node.pod("etcd")?;
    let place = node.place(pod.flag("data-dir")?)?;
    node.view.survey.data.iter().find(|directory| directory.path == place)
}

fn applies(node: &Node<'_>) -> bool {
    directory(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some(directory) = directory(node) else { return Vec::new() };
    let (path, mode, survey) = (&directory.path, directory.mode, node.view.survey);
    let absolute = survey.absolute(path);
    let open = (mode & 0o077 != 0).then(|| {
        let message = format!("has mode {mode:03o}: others than etcd may enter it");
        Fault::new(path.clone(), message, Remedy::by_hand(format!("chmod 700 {}", absolute.display())))
    });
    let own = may_own(node.view, Some(node.site()), path, directory.uid, true);
    let foreign = (!own).then(|| {
        let message = format!("belongs to user {}, neither root nor etcd's", directory.uid);
        Fault::new(path.clone(), message, Remedy::by_hand(format!("chown etcd:etcd {}", absolute.display())))
    });
    open.into_iter().chain(foreign).collect()
}
