//! The files that a credential consists of: how they are called, and who may read them.

use super::{Kind, Suffixes};

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
}

impl Suffixes {
    /// The name of a credential's file with a role.
    #[must_use]
    pub fn file(self, place: &str, role: FileRole) -> String {
        let suffix = match (self, role) {
            (Self::Joined, _) | (_, FileRole::Kubeconfig) => "",
            (Self::Plain, FileRole::Certificate) => ".crt",
            (Self::Plain, FileRole::Key) => ".key",
            (Self::Plain, FileRole::PublicKey) => ".pub",
            (Self::Dashed, FileRole::Certificate) => ".pem",
            (Self::Dashed, FileRole::Key) => "-key.pem",
            (Self::Dashed, FileRole::PublicKey) => "-pub.pem",
        };
        format!("{place}{suffix}")
    }
}

impl Kind {
    /// The files of a credential of this kind, the one that stands for it first.
    #[must_use]
    pub fn files(&self) -> &'static [FileRole] {
        match self {
            Self::Authority { .. } | Self::Pair => &[FileRole::Certificate, FileRole::Key],
            Self::KeyPair => &[FileRole::Key, FileRole::PublicKey],
            Self::Kubeconfig { .. } => &[FileRole::Kubeconfig],
        }
    }
}
