//! Which file a target's parts are in.

use std::path::{Component, Path, PathBuf};

use crate::catalog::distribution::KUBEADM;
use crate::catalog::{Base, Distribution, FileRole};
use crate::target::{Aim, Site, Target, Targets};

/// How a fleet directory's layout is called, and one that is not known.
const FLEET: &str = "kubepki fleet";
const UNKNOWN: &str = "unknown";

/// Where nodes keep their Kubernetes directory.
const KUBERNETES: &str = "/etc/kubernetes";

/// Where kubelets keep their own certificates (kubelet `--cert-dir`).
const KUBELET: &str = "/var/lib/kubelet/pki";

/// Where kubespray keeps etcd's certificates (`etcd_cert_dir`).
const ETCD: &str = "/etc/ssl/etcd/ssl";

/// The directory that is worked on. Paths are relative to it, but for what is kept apart.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    authority: Option<PathBuf>,
    kubelet: Option<PathBuf>,
    kubelet_config: Option<PathBuf>,
    etcd: Option<PathBuf>,
    passed_over: &'static [&'static str],
    /// Where the directory is in a node's own file system.
    home: PathBuf,
    /// Whose it is.
    name: &'static str,
    certificates: Certificates,
}

#[derive(Clone, Debug)]
enum Certificates {
    /// One node: the certificates are in this directory below the root.
    Node(PathBuf),
    /// A fleet: each overlay has the certificates at this absolute path.
    Fleet(PathBuf),
}

/// A file that a target has.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct File {
    /// Its path: relative to the root, or absolute where it is kept apart.
    pub path: PathBuf,
    /// What is in it.
    pub role: FileRole,
    /// Whether it must be there.
    pub required: bool,
}

impl Layout {
    /// The layout of a directory. `certificates_dir` is the spec's: what is below `/etc/kubernetes`, or below the
    /// directory itself, is kept below the directory.
    #[must_use]
    pub fn new(root: &Path, authority: Option<&Path>, certificates_dir: &str, fleet: bool) -> Self {
        let absolute = Path::new(certificates_dir);
        let certificates = if fleet {
            Certificates::Fleet(absolute.to_owned())
        } else {
            let below = absolute.strip_prefix(root).or_else(|_| absolute.strip_prefix(KUBERNETES));
            Certificates::Node(below.unwrap_or(Path::new("pki")).to_owned())
        };
        let authority = authority.map(Path::to_owned);
        let name = if fleet { FLEET } else { KUBEADM.name };
        Self { authority, name, ..Self::bare(root, certificates) }
    }

    /// The layout of a directory of which nothing is known.
    #[must_use]
    pub fn unknown(root: &Path) -> Self {
        Self { name: UNKNOWN, ..Self::new(root, None, "", false) }
    }

    /// The layout of a distribution's directory.
    #[must_use]
    pub fn of_distribution(root: &Path, distribution: &Distribution) -> Self {
        let certificates = Certificates::Node(PathBuf::from(distribution.certificates));
        let (home, name) = (Path::new("/").join(distribution.home), distribution.name);
        Self { home, name, passed_over: distribution.passed_over, ..Self::bare(root, certificates) }
    }

    fn bare(root: &Path, certificates: Certificates) -> Self {
        Self {
            root: root.to_owned(),
            authority: None,
            kubelet: None,
            kubelet_config: None,
            etcd: None,
            passed_over: &[],
            home: PathBuf::from(KUBERNETES),
            name: UNKNOWN,
            certificates,
        }
    }

    /// The same with the kubelet's own directory, and the configuration that lies beside it.
    #[must_use]
    pub fn with_kubelet(self, directory: Option<&Path>) -> Self {
        let config = directory.and_then(Path::parent).map(|parent| parent.join("config.yaml"));
        Self { kubelet: directory.map(Path::to_owned), kubelet_config: config, ..self }
    }

    /// The same with a directory of etcd's own.
    #[must_use]
    pub fn with_etcd(self, directory: Option<&Path>) -> Self {
        Self { etcd: directory.map(Path::to_owned), ..self }
    }

    /// Whether the nodes will look for certificates where this directory puts them.
    #[must_use]
    pub fn keeps(&self, certificates_dir: &str) -> bool {
        let absolute = Path::new(certificates_dir);
        matches!(self.certificates, Certificates::Fleet(_))
            || absolute.starts_with(&self.root)
            || absolute.starts_with(KUBERNETES)
    }

    /// Whose it is: a distribution's name, `kubepki fleet`, or `unknown`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The directory that is worked on.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directories below which every file must stay.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        let apart = [&self.authority, &self.kubelet, &self.kubelet_config, &self.etcd];
        std::iter::once(self.root.as_path()).chain(apart.into_iter().filter_map(Option::as_deref))
    }

    /// Whether what lies at a path below the root is not looked at.
    #[must_use]
    pub fn passes_over(&self, relative: &Path) -> bool {
        self.passed_over.iter().any(|passed_over| relative == Path::new(passed_over))
    }

    /// The absolute path of one of this layout's paths.
    #[must_use]
    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// The overlay of a node's root file system; the directory itself where there is one node.
    #[must_use]
    pub fn overlay(&self, node: &str) -> PathBuf {
        match &self.certificates {
            Certificates::Node(_) => self.root.clone(),
            Certificates::Fleet(_) => self.root.join("nodes").join(node),
        }
    }

    /// Where a path of a node's own file system is on this machine: below one of the directories that are looked at, or
    /// in the rest of the node's file system where that is around them. `None` where it is neither, and for a path that
    /// is not absolute or goes up.
    #[must_use]
    pub fn host(&self, node: &str, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix("/").ok()?;
        if path.components().any(|part| part == Component::ParentDir) {
            return None;
        }
        if let Certificates::Fleet(_) = self.certificates {
            return Some(self.overlay(node).join(below));
        }
        let beside = Path::new(KUBELET).parent().zip(self.kubelet.as_deref().and_then(Path::parent));
        let apart = [
            self.kubelet.as_deref().map(|here| (Path::new(KUBELET), here)),
            beside,
            self.etcd.as_deref().map(|here| (Path::new(ETCD), here)),
            Some((self.home.as_path(), self.root.as_path())),
            Some((self.root.as_path(), self.root.as_path())),
        ];
        let inside = apart.into_iter().flatten();
        let inside = inside.filter_map(|(there, here)| Some(here.join(path.strip_prefix(there).ok()?)));
        // The whole file system: the root is where it is on the node.
        let home = self.home.strip_prefix("/").unwrap_or(&self.home);
        let whole = || {
            let up = self.root.ends_with(home).then(|| home.components().count())?;
            Some(self.root.ancestors().nth(up)?.join(below))
        };
        inside.into_iter().next().or_else(whole)
    }

    /// To whom a file below one of the roots belongs, by its path relative to the root or absolute; nobody in a fleet's
    /// own directory, and nobody's name where there is one node.
    #[must_use]
    pub fn owner(&self, path: &Path) -> Owner {
        if self.authority.as_deref().is_some_and(|authority| path.starts_with(authority)) {
            return Owner::Authority;
        }
        if let Certificates::Node(_) = self.certificates {
            return Owner::OnlyNode;
        }
        let mut parts = path.components().map(|part| part.as_os_str().to_string_lossy());
        match (parts.next().as_deref(), parts.next()) {
            (Some("authority"), Some(_)) => Owner::Authority,
            (Some("nodes"), Some(name)) if parts.next().is_some() => Owner::Node(name.into_owned()),
            _ => Owner::Nobody,
        }
    }

    /// The files of a target.
    #[must_use]
    pub fn files(&self, targets: &Targets, target: &Target) -> Vec<File> {
        let roles: &[(FileRole, bool)] = match &target.aim {
            Aim::Authority { key, .. } => &[(FileRole::Certificate, true), (FileRole::Key, *key)],
            Aim::Pair { .. } => &[(FileRole::Certificate, true), (FileRole::Key, true)],
            Aim::KeyPair { .. } => &[(FileRole::Key, true), (FileRole::PublicKey, true)],
            Aim::Kubeconfig { .. } => &[(FileRole::Kubeconfig, true)],
            Aim::Copy { of, key } => match (targets.list.get(*of).map(|target| &target.aim), key) {
                (Some(Aim::KeyPair { .. }), _) => &[(FileRole::Key, true), (FileRole::PublicKey, true)],
                (_, true) => &[(FileRole::Certificate, true), (FileRole::Key, true)],
                (_, false) => &[(FileRole::Certificate, true)],
            },
        };
        roles.iter().map(|(role, required)| self.file(target, *role, *required)).collect()
    }

    fn file(&self, target: &Target, role: FileRole, required: bool) -> File {
        let directory = match (&target.site, &self.certificates) {
            (Site::Authority, _) => self.authority.clone().unwrap_or_else(|| PathBuf::from("authority")),
            (Site::Node(_), Certificates::Node(certificates)) => match target.base {
                Base::Certificates => certificates.clone(),
                Base::Kubernetes => PathBuf::new(),
                Base::Kubelet => self.kubelet.clone().unwrap_or_else(|| PathBuf::from(KUBELET)),
                Base::Etcd => self.etcd.clone().unwrap_or_else(|| PathBuf::from(ETCD)),
            },
            (Site::Node(node), Certificates::Fleet(certificates)) => {
                let place = match target.base {
                    Base::Certificates => certificates,
                    Base::Kubernetes => Path::new(KUBERNETES),
                    Base::Kubelet => Path::new(KUBELET),
                    Base::Etcd => Path::new(ETCD),
                };
                Path::new("nodes").join(node).join(place.strip_prefix("/").unwrap_or(place))
            }
        };
        let name = target.suffixes.file(&target.place, role);
        File { path: directory.join(name), role, required }
    }
}

/// To whom a file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The shared CAs and service account keys.
    Authority,
    /// The node of this name.
    Node(String),
    /// The one node that the directory is of.
    OnlyNode,
    /// No node.
    Nobody,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_node_are_found_where_its_directories_are() {
        let node = Layout::new(Path::new("/tmp/k"), None, "/etc/kubernetes/pki", false);
        let with = node.clone().with_kubelet(Some(Path::new("/tmp/l/pki")));
        let whole = Layout::new(Path::new("/tmp/n/etc/kubernetes"), None, "/etc/kubernetes/pki", false);
        let live = Layout::new(Path::new("/etc/kubernetes"), None, "/etc/kubernetes/pki", false);
        let fleet = Layout::new(Path::new("/tmp/f"), None, "/etc/kubernetes/pki", true);
        for (layout, path, place) in [
            (&node, "/etc/kubernetes/pki/ca.crt", Some("/tmp/k/pki/ca.crt")),
            (&node, "/tmp/k/pki/ca.crt", Some("/tmp/k/pki/ca.crt")),
            (&node, "/var/lib/etcd", None),
            (&node, "/var/lib/kubelet/config.yaml", None),
            (&node, "pki/ca.crt", None),
            (&node, "/etc/kubernetes/../shadow", None),
            (&with, "/var/lib/kubelet/pki/kubelet.crt", Some("/tmp/l/pki/kubelet.crt")),
            (&with, "/var/lib/kubelet/config.yaml", Some("/tmp/l/config.yaml")),
            (&whole, "/etc/kubernetes/pki/ca.crt", Some("/tmp/n/etc/kubernetes/pki/ca.crt")),
            (&whole, "/var/lib/etcd", Some("/tmp/n/var/lib/etcd")),
            (&live, "/var/lib/etcd", Some("/var/lib/etcd")),
            (&fleet, "/var/lib/etcd", Some("/tmp/f/nodes/cp1/var/lib/etcd")),
        ] {
            assert_eq!(layout.host("cp1", Path::new(path)).as_deref(), place.map(Path::new), "{path}");
        }
    }
}
