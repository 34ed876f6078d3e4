//! Whose directory is this? A fleet's, a node's of some distribution, a node's whole file system, or nobody's that is known.

use std::fs;
use std::path::{Path, PathBuf};

use crate::catalog::Distribution;
use crate::catalog::distribution::ALL;

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
    let found = |root: PathBuf, kind, kubelet| Detected { root, kind, kubelet, etcd: None };
    let nodes = fleet(directory);
    if wanted.is_none() && !nodes.is_empty() {
        return found(directory.to_owned(), DirectoryKind::Fleet(nodes), None);
    }
    let candidates = || ALL.iter().copied().filter(|one| wanted.is_none_or(|wanted| wanted == *one));
    let marked =
        |one: &&Distribution, root: &Path| one.markers.iter().any(|marker| root.join(marker).exists());
    if let Some(one) = candidates().find(|one| marked(one, directory)) {
        return found(directory.to_owned(), DirectoryKind::Node(one), None);
    }
    if let Some(one) = candidates().find(|one| marked(one, &directory.join(one.home))) {
        return found(directory.join(one.home), DirectoryKind::Node(one), kubelet);
    }
    let kind = wanted.map_or(DirectoryKind::Unknown, DirectoryKind::Node);
    found(directory.to_owned(), kind, None)
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
