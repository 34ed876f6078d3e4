//! Whose directory is this? A fleet's, a node's of some distribution, a node's whole file system, or nobody's that is known.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalog::distribution::ALL;
use crate::catalog::{Base, Distribution};

/// A directory that was recognised.
#[derive(Clone, Debug)]
pub struct Detected {
    /// The directory that the credentials are in: the given one, or one below it.
    pub root: PathBuf,
    /// What it is.
    pub kind: DirectoryKind,
    /// The kubelet's own directory, where it is in the given one.
    pub kubelet: Option<PathBuf>,
    /// etcd's own directory, where a distribution has one.
    pub etcd: Option<PathBuf>,
    /// The node's name, where names of files tell it.
    pub node: Option<String>,
}

/// What a directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectoryKind {
    /// A fleet directory of kubepki's, with these nodes.
    Fleet(Vec<String>),
    /// One node's.
    Node(&'static Distribution),
    /// Files of which nothing is known.
    Unknown,
}

/// Looks at a directory. With `wanted`, it is that distribution's.
#[must_use]
pub fn detect(directory: &Path, wanted: Option<&'static Distribution>) -> Detected {
    let kubelet = Some(directory.join("var/lib/kubelet/pki")).filter(|path| path.is_dir());
    let nodes = fleet(directory);
    if wanted.is_none() && !nodes.is_empty() {
        let kind = DirectoryKind::Fleet(nodes);
        return Detected { root: directory.to_owned(), kind, kubelet: None, etcd: None, node: None };
    }
    let candidates = ALL.iter().copied().filter(|one| wanted.is_none_or(|wanted| wanted == *one));
    let candidates: Vec<&'static Distribution> = candidates.collect();
    if let Some(one) = marked(&candidates, |_| directory.to_owned()) {
        return node(directory.to_owned(), one, None);
    }
    if let Some(one) = marked(&candidates, |one| directory.join(one.home)) {
        return node(directory.join(one.home), one, kubelet);
    }
    // The certificates' own directory means the one that it is in.
    let inner = |one: &&Distribution| !one.certificates.is_empty() && directory.ends_with(one.certificates);
    if let (Some(one), Some(parent)) = (candidates.iter().copied().find(inner), directory.parent())
        && directory.join("ca.crt").exists()
    {
        return node(parent.to_owned(), one, None);
    }
    match wanted {
        Some(one) => node(directory.to_owned(), one, None),
        None => Detected {
            root: directory.to_owned(),
            kind: DirectoryKind::Unknown,
            kubelet: None,
            etcd: None,
            node: None,
        },
    }
}

/// The first distribution with a marker of its own in its directory. What a link leads to tells less than what is there
/// itself: kubespray has a link `pki` to its `ssl`.
fn marked(
    candidates: &[&'static Distribution],
    directory: impl Fn(&Distribution) -> PathBuf,
) -> Option<&'static Distribution> {
    let is_marked = |one: &Distribution, through_links: bool| {
        let root = directory(one);
        let own = |marker: &str| through_links || !is_in_link(&root, marker);
        one.markers.iter().any(|marker| root.join(marker).exists() && own(marker))
    };
    let first = |through_links| candidates.iter().copied().find(|one| is_marked(one, through_links));
    first(false).or_else(|| first(true))
}

/// Whether the first part of a path below a directory is a link.
fn is_in_link(root: &Path, path: &str) -> bool {
    let first = Path::new(path).iter().next().map(|name| root.join(name));
    first.is_some_and(|first| first.is_symlink())
}

fn node(root: PathBuf, distribution: &'static Distribution, kubelet: Option<PathBuf>) -> Detected {
    let apart = (distribution.rows)().iter().any(|row| row.base == Base::Etcd);
    // Beside the Kubernetes directory: /etc/ssl/etcd/ssl beside /etc/kubernetes.
    let etcd = root.parent().map(|parent| parent.join("ssl/etcd/ssl")).filter(|path| apart && path.is_dir());
    let node = etcd.as_deref().and_then(member);
    Detected { root, kind: DirectoryKind::Node(distribution), kubelet, etcd, node }
}

/// The host in the name of kubespray's `member-HOST.pem`, or of `node-HOST.pem` where there is no member.
fn member(etcd: &Path) -> Option<String> {
    let entries = fs::read_dir(etcd).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut hosts: Vec<(bool, String)> = names
        .filter_map(|name| {
            let host = name.strip_suffix(".pem").filter(|host| !host.ends_with("-key"))?;
            let member = host.strip_prefix("member-");
            let host = member.or_else(|| host.strip_prefix("node-"))?.to_owned();
            Some((member.is_none(), host))
        })
        .collect();
    hosts.sort();
    hosts.into_iter().next().map(|(_, host)| host)
}

/// The nodes of a fleet directory; none where it is none.
fn fleet(directory: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory.join("nodes")) else { return Vec::new() };
    let names = entries.filter_map(|entry| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        entry.path().join("etc").is_dir().then_some(name)
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}
