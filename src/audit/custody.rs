//! In whose hands files are: which modes and owners they may have.

use std::path::Path;

use super::{Case, Fault, File, Remedy, View};
use crate::catalog::{Base, FileRole};
use crate::target::Site;

/// Where systems keep what is in use. Elsewhere, a directory is somebody's working copy and may be theirs.
const LIVE: [&str; 5] = ["/etc", "/run", "/srv", "/usr", "/var"];

/// Below the former, where everybody may write.
const SCRATCH: &str = "/var/tmp";

/// The largest number of a user that a system makes for a program of its own (`SYS_UID_MAX` in login.defs).
const LAST_SYSTEM_USER: u32 = 999;

/// Whether a directory is in use by a system, and not a copy that somebody works on.
#[must_use]
pub fn is_live(path: &Path) -> bool {
    LIVE.iter().any(|live| path.starts_with(live)) && !path.starts_with(SCRATCH)
}

/// The fault of a file whose mode allows more than `loosest`. A stricter mode is right: under umask 077 kubeadm writes
/// certificates with 600.
#[must_use]
pub fn loose_mode(file: &File<'_>, loosest: u32) -> Option<Fault> {
    let mode = file.mode()?;
    if mode & !loosest == 0 {
        return None;
    }
    let message = format!("has mode {mode:03o}, looser than {loosest:03o}");
    Some(Fault::new(file.path(), message, Remedy::Chmod(mode & loosest)))
}

/// The fault of a file or directory that belongs to somebody to whom it should not.
#[must_use]
pub fn foreign_owner(file: &File<'_>) -> Option<Fault> {
    let uid = file.uid()?;
    if may_own(file.view, file.site(), &file.path(), uid, is_etcds(file)) {
        return None;
    }
    let message = format!("belongs to user {uid}, not to root");
    let path = file.view.survey.absolute(&file.path());
    let remedy = Remedy::by_hand(format!("chown root:root {}", path.display()));
    Some(Fault::new(file.path(), message, remedy))
}

/// Whether a user may own what is at a path of a site.
///
/// Besides root, these may: the owner of the directory that is looked at, unless a system has it in use; a user that a
/// static pod of the node runs as (kubeadm's `RootlessControlPlane` gives each component its own); and of what is
/// etcd's, a user that the system made for a program, where etcd is no pod but a service of the host.
#[must_use]
pub fn may_own(view: &View<'_>, site: Option<&Site>, path: &Path, uid: u32, of_etcd: bool) -> bool {
    let survey = view.survey;
    let working_copy = || {
        let root = survey.root_of(path).or_else(|| survey.root_of(Path::new("")));
        root.is_some_and(|root| root.uid == uid && !is_live(&survey.absolute(&root.path)))
    };
    let component = || {
        let node = site.and_then(|site| view.node(site));
        node.is_some_and(|node| node.pods().any(|(_, pod)| pod.users.contains(&uid)))
    };
    uid == 0 || (of_etcd && uid <= LAST_SYSTEM_USER) || working_copy() || component()
}

/// Whether a file is one that etcd reads.
#[must_use]
pub fn is_etcds(file: &File<'_>) -> bool {
    let place = |case: &Case<'_>| case.target.base == Base::Etcd || case.target.place.starts_with("etcd/");
    let path = file.path();
    let inside = path.components().any(|part| part.as_os_str() == "etcd");
    file.case().as_ref().map_or(inside, place)
}

/// The loosest mode that a file may have, if it is of the PKI.
#[must_use]
pub fn loosest(file: &File<'_>) -> Option<u32> {
    if !file.is_of_pki() {
        return None;
    }
    let secret = file.holds_private_key() || file.is_kubeconfig();
    Some(if secret { FileRole::Key.loosest() } else { FileRole::Certificate.loosest() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_in_use_are_told_from_working_copies() {
        for (path, live) in [
            ("/etc/kubernetes", true),
            ("/var/lib/kubelet/pki", true),
            ("/var/tmp/kubernetes", false),
            ("/tmp/kubernetes", false),
            ("/home/jane/etc/kubernetes", false),
        ] {
            assert_eq!(is_live(Path::new(path)), live, "{path}");
        }
    }
}
