//! `KP-FS013`: what somebody has left behind.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy, Scene, Severity};

rule! {
    /// Backups and archives of keys and certificates lie beside the PKI.
    ///
    /// ## Why it matters
    ///
    /// A key in `apiserver.key.bak` is as good as the one in use, and nobody thinks of it when keys are replaced or
    /// access is taken away. Old certificates alone raise false alarms in monitoring.
    ///
    /// Backups are told by their names (`.bak`, `.old`, `.orig`, `.save`, `~` and the like), also those of directories.
    /// Whether they hold keys is looked at. Archives are not opened: their names suffice. What kubeadm
    /// (`tmp/kubeadm-backup-*`) and k3s (`tls-` and a time) leave is said, and is no alarm.
    ///
    /// ## What to do
    ///
    /// Delete it, or keep it encrypted somewhere else.
    ///
    /// ## References
    ///
    /// k3s-io/k3s#10549.
    "KP-FS013" "leftover" Medium Scene "directories"
}

/// How the names of backups end.
const BACKUPS: [&str; 14] = [
    "~",
    ".bak",
    ".backup",
    "-backup",
    "_backup",
    ".old",
    ".orig",
    ".prev",
    ".rpmnew",
    ".rpmsave",
    ".save",
    ".saved",
    ".dpkg-old",
    ".swp",
];

/// How the names of archives end.
const ARCHIVES: [&str; 9] = [".7z", ".cpio", ".rar", ".tar", ".tbz2", ".tgz", ".txz", ".tzst", ".zip"];

/// How the names of compressed files end, which may be anything, and what must stand before that.
const COMPRESSED: [&str; 4] = [".bz2", ".gz", ".xz", ".zst"];
const INSIDE: [&str; 8] = [".conf", ".cpio", ".crt", ".key", ".kubeconfig", ".pem", ".tar", ".p12"];

/// What a name tells of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Archive,
    Backup,
    /// Of a program that always leaves one: its name.
    Usual(&'static str),
}

/// A backup: a file, or a directory with all that is below it.
struct Leftover<'a> {
    path: PathBuf,
    kind: Kind,
    first: File<'a>,
    keys: usize,
    others: usize,
}

fn applies(scene: &Scene<'_>) -> bool {
    !scene.views.is_empty()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut leftovers: Vec<Leftover<'_>> = Vec::new();
    let mut known: HashMap<(usize, PathBuf), usize> = HashMap::new();
    let strays = scene.files().filter(|file| file.role.is_none() && !file.is_directory());
    for file in strays.filter(|file| !file.is_archive_of_node()) {
        let Some((path, kind)) = leftover(&file.path()) else { continue };
        let index = *known.entry((file.view.position, path.clone())).or_insert_with(|| {
            leftovers.push(Leftover { path, kind, first: file, keys: 0, others: 0 });
            leftovers.len() - 1
        });
        if let Some(leftover) = leftovers.get_mut(index) {
            leftover.keys += usize::from(file.holds_private_key());
            leftover.others += usize::from(file.is_of_pki() && !file.holds_private_key());
        }
    }
    leftovers.iter().filter_map(fault).collect()
}

fn fault(leftover: &Leftover<'_>) -> Option<Fault> {
    let delete = "delete it, or keep it encrypted somewhere else";
    let fault = |message: String, remedy: Remedy| {
        Some(Fault::new(leftover.path.clone(), message, remedy).of(&leftover.first))
    };
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let (keys, others) = (leftover.keys, leftover.others);
    match leftover.kind {
        Kind::Archive => {
            fault("is an archive: what is in it is not looked at".to_owned(), Remedy::by_hand(delete))
        }
        Kind::Usual(program) => {
            let message = format!("is a backup of {program}'s, with {keys} private key{}", plural(keys));
            Some(fault(message, Remedy::advice(delete))?.severity(Severity::Info))
        }
        Kind::Backup if keys > 0 => {
            fault(format!("is a backup with {keys} private key{}", plural(keys)), Remedy::by_hand(delete))
        }
        Kind::Backup if others > 0 => {
            let message = format!("is a backup, with {others} file{} of the PKI and no key", plural(others));
            Some(fault(message, Remedy::advice(delete))?.severity(Severity::Low))
        }
        Kind::Backup => None,
    }
}

/// Whether a path is that of a leftover, or below one.
pub(super) fn is_leftover(path: &Path) -> bool {
    leftover(path).is_some()
}

/// The first part of a path whose name is that of a leftover.
fn leftover(path: &Path) -> Option<(PathBuf, Kind)> {
    let mut top = PathBuf::new();
    path.components().find_map(|part| {
        top.push(part);
        let kind = kind(&part.as_os_str().to_string_lossy())?;
        Some((top.clone(), kind))
    })
}

/// What a name tells.
fn kind(name: &str) -> Option<Kind> {
    let name = name.to_lowercase();
    let is_time = |text: &str| text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    if name.strip_prefix("tls-").is_some_and(is_time) {
        return Some(Kind::Usual("k3s"));
    }
    if name.starts_with("kubeadm-backup-") {
        return Some(Kind::Usual("kubeadm"));
    }
    let inside = COMPRESSED.iter().find_map(|suffix| name.strip_suffix(suffix));
    let archive = |name: &str| ARCHIVES.iter().any(|suffix| name.ends_with(suffix));
    if archive(&name) || inside.is_some_and(|name| INSIDE.iter().any(|suffix| name.ends_with(suffix))) {
        return Some(Kind::Archive);
    }
    // A backup is often dated: `pki.bak-2026-11-24`.
    let undated = name.trim_end_matches(|last: char| last.is_ascii_digit() || "-_.:+tz".contains(last));
    let ends = |name: &str| BACKUPS.iter().any(|suffix| name.ends_with(suffix));
    (ends(&name) || ends(undated)).then_some(Kind::Backup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_backups_and_archives() {
        for (name, expected) in [
            ("ca.key.bak", Some(Kind::Backup)),
            ("ca.key~", Some(Kind::Backup)),
            (".ca.key.swp", Some(Kind::Backup)),
            ("pki.OLD", Some(Kind::Backup)),
            ("pki-backup", Some(Kind::Backup)),
            ("pki.bak-2026-11-24", Some(Kind::Backup)),
            ("pki.old.20261124T051314Z", Some(Kind::Backup)),
            ("pki.tar.gz", Some(Kind::Archive)),
            ("certs.zip", Some(Kind::Archive)),
            ("ca.key.xz", Some(Kind::Archive)),
            ("audit-2026-11-24.log.gz", None),
            ("tls-1764000000", Some(Kind::Usual("k3s"))),
            ("kubeadm-backup-etcd-2026-11-24-05-13-14", Some(Kind::Usual("kubeadm"))),
            ("pki", None),
            ("tls-old-certs", None),
            ("kubelet-client-2026-11-24-05-13-14.pem", None),
            ("apiserver.crt", None),
            ("default", None),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
        let found = leftover(Path::new("pki.old/etcd/ca.key.bak"));
        assert_eq!(found, Some((PathBuf::from("pki.old"), Kind::Backup)));
    }
}
