//! What tells a file from the same one changed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use time::OffsetDateTime;

/// Device, inode, size, and the times of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    place: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// The stamp of a file; none where there is none, or it cannot be looked at.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// When the file was written last.
    #[must_use]
    pub fn written(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.modified.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}
