//! Why something could not be done to a file.

use std::io;
use std::path::{Path, PathBuf};

use crate::system::reason;

/// What could not be done when a change has been decided on but is not complete.
pub const NOT_IN_PLACE: &str = "cannot be put in place";

/// An operation that failed, and on which path.
#[derive(Debug, thiserror::Error)]
#[error("{}: {what}: {}", path.display(), reason(source))]
pub struct DiskError {
    /// The path.
    pub path: PathBuf,
    /// What was being done, as in `cannot be written`.
    pub what: &'static str,
    /// The system's reason.
    pub source: io::Error,
}

impl DiskError {
    /// Attaches path and operation to a system error; made for `map_err`.
    pub fn at(path: &Path, what: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self { path: path.to_owned(), what, source }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        if self.what == NOT_IN_PLACE {
            return Some("all files are ready: run it again when that is mended, and it goes on from here");
        }
        match self.source.kind() {
            io::ErrorKind::PermissionDenied => Some("run it as the owner of the directory, usually root"),
            io::ErrorKind::ReadOnlyFilesystem => {
                Some("the file system is read-only: remount it or choose another `--dir`")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("nothing was changed: make room and run it again")
            }
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                Some("a file stands where a directory belongs: move it away")
            }
            _ => None,
        }
    }
}
