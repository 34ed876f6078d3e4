//! Why something could not be done to a store.

use std::path::PathBuf;

use crate::csr::Refusal;
use crate::disk::{DiskError, NotationError};
use crate::x509;

/// Why something could not be done to a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another process keeps the store or the ledger to itself.
    #[error("{} is held by another process", .0.display())]
    Held(PathBuf),
    /// What the API server would refuse.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The ledger is not one.
    #[error("{}: line {line} is no entry of a ledger", path.display())]
    Ledger {
        /// The ledger.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A CA that cannot sign.
    #[error("{}: {problem}", path.display())]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A certificate could not be made.
    #[error(transparent)]
    X509(#[from] x509::Error),
    /// An object could not be written.
    #[error("the object {0}")]
    Notation(#[from] NotationError),
}
