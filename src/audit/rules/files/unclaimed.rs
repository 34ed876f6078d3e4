//! `KP-FS016`: files that no role claims.

use std::path::{Path, PathBuf};

use super::leftover::is_leftover;
use crate::audit::rule::rule;
use crate::audit::{Anchor, Fault, File, Remedy, Scene, file::Thing};
use crate::disk::content::Item;
use crate::disk::{FileRole, Found};
use crate::target::Site;

rule! {
    /// There are files that no credential of the cluster has.
    ///
    /// ## Why it matters
    ///
    /// Nobody renews them, and nobody knows who trusts them. They are said once for each node, by what is in them.
    ///
    /// Not counted are what kubeadm and the kubelet keep there: manifests, configuration, requests, and the kubelet's
    /// dated certificates; links to other files of the directory; and backups, which KP-FS013 looks at.
    ///
    /// ## What to do
    ///
    /// Name them under `credentials` in the spec, or delete them.
    ///
    /// ## References
    ///
    /// `kubepki inspect FILE` says what is in one.
    "KP-FS016" "unclaimed-file" Info Scene "directories with files that no credential has"
}

/// The kinds in the order in which they are told.
const KINDS: [&str; 7] = [
    "certificate",
    "private key",
    "public key",
    "kubeconfig",
    "revocation list",
    "unreadable file",
    "other file",
];

/// More names of a kind than this are not told.
const NAMED: usize = 3;

struct Group<'a> {
    anchor: Anchor,
    site: Option<&'a Site>,
    fleet: bool,
    files: Vec<(&'static str, PathBuf)>,
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.views.iter().any(|view| !view.survey.strays.is_empty())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for file in scene.files().filter(|file| !file.is_directory()) {
        let Some(kind) = kind(&file) else { continue };
        // The files of a node follow each other nearly always.
        let same = |group: &Group<'_>| group.anchor.view == file.view.position && group.site == file.site();
        let position = groups.iter().rposition(same);
        match position.and_then(|position| groups.get_mut(position)) {
            Some(group) => group.files.push((kind, file.path())),
            None => groups.push(Group {
                anchor: file.anchor(),
                site: file.site(),
                fleet: file.view.targets.fleet,
                files: vec![(kind, file.path())],
            }),
        }
    }
    groups.into_iter().map(fault).collect()
}

fn fault(group: Group<'_>) -> Fault {
    let directory = match group.site {
        Some(Site::Node(name)) if group.fleet => Path::new("nodes").join(name),
        Some(Site::Authority) => PathBuf::from("authority"),
        _ => PathBuf::new(),
    };
    let kinds = KINDS.iter().filter_map(|kind| {
        let of = || group.files.iter().filter(|(other, _)| other == kind).map(|(_, path)| path);
        let count = of().count();
        let mut names: Vec<String> = of()
            .take(NAMED)
            .map(|path| path.strip_prefix(&directory).unwrap_or(path).display().to_string())
            .collect();
        if count > NAMED {
            names.push("…".to_owned());
        }
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {kind}{plural} ({})", names.join(", ")))
    });
    let message = format!("has what no credential claims: {}", kinds.collect::<Vec<_>>().join("; "));
    let remedy = Remedy::advice("name them under `credentials` in the spec, or delete them");
    Fault { anchor: Some(group.anchor), ..Fault::new(directory, message, remedy) }
}

/// What a file is that nothing claims.
fn kind(file: &File<'_>) -> Option<&'static str> {
    let Thing::File(found) = file.thing else { return None };
    let linked_inside = file.link.is_some() && found.present().is_some();
    if file.role.is_some()
        || linked_inside
        || file.is_archive_of_node()
        || is_leftover(&file.path())
        || is_kubelets(file)
    {
        return None;
    }
    let present = match found {
        Found::Missing => return None,
        Found::Unreadable(_) => return Some("unreadable file"),
        Found::Present(present) => present,
    };
    let mut items = present.content.items.iter();
    Some(match items.find_map(|item| item.as_ref().ok()) {
        Some(Item::StaticPod(_) | Item::KubeletConfig(_) | Item::Request(_)) => return None,
        // Other objects of Kubernetes: an encryption or admission configuration.
        Some(Item::Other(_)) if file.is_called(&[".yaml", ".yml", ".json"]) => return None,
        _ if file.holds_private_key() => "private key",
        Some(Item::Certificate(_)) => "certificate",
        Some(Item::PublicKey(_)) => "public key",
        Some(Item::Kubeconfig(_)) => "kubeconfig",
        Some(Item::Crl(_)) => "revocation list",
        _ => "other file",
    })
}

/// Whether it is what a kubelet keeps beside its current certificates: those before, and the self-signed one
/// (`certificate_store.go`, `server.go`).
fn is_kubelets(file: &File<'_>) -> bool {
    let name = file.name();
    let dated = (name.starts_with("kubelet-client-") || name.starts_with("kubelet-server-"))
        && file.is_called(&[".pem"]);
    let known = ["kubelet.crt", "kubelet.key", "kubelet-client.key.tmp", "bootstrap-kubelet.conf"];
    dated || known.contains(&name) || (name == "kubelet.conf" && file.role == Some(FileRole::Kubeconfig))
}
