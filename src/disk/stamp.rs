//! What tells a file from the same one changed.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

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
    /// The stamp of a file whose metadata was read.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        Self {
            place: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The stamp of what a path leads to; none where there is nothing, or it cannot be looked at.
    #[must_use]
    pub fn at(path: &Path) -> Option<Self> {
        Some(Self::of(&std::fs::metadata(path).ok()?))
    }

    /// When the file was written last.
    #[must_use]
    pub fn written(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.modified.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Whether the file had last changed longer ago than so long.
    #[must_use]
    pub fn is_older_than(&self, now: OffsetDateTime, age: Duration) -> bool {
        OffsetDateTime::from_unix_timestamp(self.changed.0).is_ok_and(|changed| changed + age < now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_or_replaced_has_another() {
        let home = tempfile::tempdir().unwrap();
        let [path, other] = ["a", "b"].map(|name| home.path().join(name));
        assert_eq!(Stamp::at(&path), None);
        std::fs::write(&path, "1").unwrap();
        let first = Stamp::at(&path).unwrap();
        assert_eq!(Stamp::at(&path), Some(first));
        std::fs::write(&other, "2").unwrap();
        std::fs::rename(&other, &path).unwrap();
        let second = Stamp::at(&path).unwrap();
        assert_ne!(first, second);
        std::fs::write(&path, "longer").unwrap();
        assert_ne!(Stamp::at(&path), Some(second));
        let (written, second) = (first.written(), Duration::from_secs(1));
        assert!(!first.is_older_than(written, second) && first.is_older_than(written + 3 * second, second));
    }
}
