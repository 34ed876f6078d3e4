//! Which file a target's parts are in, and with which mode.

use std::path::{Path, PathBuf};

use crate::target::{Aim, Site, Target, Targets};

/// Where nodes keep their Kubernetes directory.
const KUBERNETES: &str = "/etc/kubernetes";

/// The directory that is worked on. Paths are relative to it, but for an authority apart.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    authority: Option<PathBuf>,
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
    /// Its path: relative to the root, or absolute in an authority apart.
    pub path: PathBuf,
    /// What is in it.
    pub role: FileRole,
    /// Whether it must be there.
    pub required: bool,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileRole {
    /// A certificate, perhaps with others after it.
    Certificate,
    /// A private key.
    Key,
    /// A public key.
    PublicKey,
    /// A kubeconfig with a private key in it.
    Kubeconfig,
}

impl FileRole {
    /// The mode of a new file: kubeadm's.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Certificate => 0o644,
            Self::Key | Self::PublicKey | Self::Kubeconfig => 0o600,
        }
    }

    /// The loosest mode that an existing file may have. kubeadm itself writes `sa.pub` with 0600 where it is made and
    /// with 0644 where it is downloaded.
    #[must_use]
    pub fn loosest(self) -> u32 {
        match self {
            Self::Certificate | Self::PublicKey => 0o644,
            Self::Key | Self::Kubeconfig => 0o600,
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Certificate => ".crt",
            Self::Key => ".key",
            Self::PublicKey => ".pub",
            Self::Kubeconfig => "",
        }
    }
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
        Self { root: root.to_owned(), authority: authority.map(Path::to_owned), certificates }
    }

    /// Whether the nodes will look for certificates where this directory puts them.
    #[must_use]
    pub fn keeps(&self, certificates_dir: &str) -> bool {
        let absolute = Path::new(certificates_dir);
        matches!(self.certificates, Certificates::Fleet(_))
            || absolute.starts_with(&self.root)
            || absolute.starts_with(KUBERNETES)
    }

    /// The directory that is worked on.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directories below which every file must stay.
    pub fn roots(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.root.as_path()).chain(self.authority.as_deref())
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
        let name = format!("{}{}", target.place, role.suffix());
        let directory = match (&target.site, &self.certificates) {
            (Site::Authority, _) => self.authority.clone().unwrap_or_else(|| PathBuf::from("authority")),
            (Site::Node(_), Certificates::Node(_)) if role == FileRole::Kubeconfig => PathBuf::new(),
            (Site::Node(_), Certificates::Node(certificates)) => certificates.clone(),
            (Site::Node(node), Certificates::Fleet(certificates)) => {
                let place = if role == FileRole::Kubeconfig { Path::new(KUBERNETES) } else { certificates };
                Path::new("nodes").join(node).join(place.strip_prefix("/").unwrap_or(place))
            }
        };
        File { path: directory.join(name), role, required }
    }
}
