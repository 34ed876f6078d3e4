//! Why the server cannot begin, or go on.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::disk::DiskError;
use crate::store::StoreError;
use crate::system::reason;

/// Why the server cannot begin, or go on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address cannot be listened on.
    #[error("{address} cannot be listened on: {}", reason(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// A file that the server needs cannot be used.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Something could not be done to the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system gives no threads.
    #[error("no threads can be started: {}", reason(.0))]
    Threads(io::Error),
}

impl ServeError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Listen { .. } => Some("`--address 127.0.0.1:0` takes a port that is free"),
            Self::File { .. } => Some(
                "`kubepki apply` makes a Kubernetes directory; --cert, --key and --client-ca name other files",
            ),
            Self::Disk(error) | Self::Store(StoreError::Disk(error)) => error.hint(),
            Self::Store(_) | Self::Threads(_) => None,
        }
    }

    /// A file that cannot be used.
    #[must_use]
    pub fn file(path: &Path, problem: String) -> Self {
        Self::File { path: path.to_owned(), problem }
    }
}
