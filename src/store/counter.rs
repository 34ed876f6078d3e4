//! One writer of a store at a time, and the number of the last write.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::{StoreError, Version};
use crate::disk::DiskError;

/// How long a writer waits for another: ten thousand objects take it a few seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// The lock, which is given back when this is dropped or the process ends, and the number that is kept in it.
#[derive(Debug)]
pub struct Counter {
    file: File,
    last: Version,
}

/// The longest number, and some blanks.
const LONGEST: u64 = 64;

impl Counter {
    /// Takes the lock of a file, which is made where there is none.
    ///
    /// # Errors
    /// When another process keeps it too long, or the file cannot be made.
    pub fn take(path: &Path) -> Result<Self, StoreError> {
        let failed = DiskError::at(path, "the lock cannot be taken");
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(&failed)?;
        lock(&file, path)?;
        let mut text = String::new();
        // What is no number counts as none: versions come from the clock.
        let _ = (&mut file).take(LONGEST).read_to_string(&mut text);
        Ok(Self { file, last: text.trim().parse().unwrap_or_default() })
    }

    /// The number of the next write: the microseconds of the clock, or one more than the last.
    pub fn next(&mut self, now: OffsetDateTime) -> Version {
        let micros = Version::try_from(now.unix_timestamp_nanos() / 1000).unwrap_or_default();
        self.last = micros.max(self.last.saturating_add(1));
        self.last
    }

    /// The number of the last write.
    #[must_use]
    pub fn last(&self) -> Version {
        self.last
    }

    /// Raises the number to one that was seen in an object.
    pub fn raise(&mut self, seen: Version) {
        self.last = self.last.max(seen);
    }

    /// Keeps the number for the next writer. It is not synced: what a crash loses, the clock gives again.
    pub fn keep(&mut self) {
        let _ = self.file.rewind();
        let _ = write!(self.file, "{:<20}", self.last);
    }
}

/// Takes the lock on a file, waiting a while.
///
/// # Errors
/// When another process keeps it too long.
pub fn lock(file: &File, path: &Path) -> Result<(), StoreError> {
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => {
                return Err(DiskError::at(path, "the lock cannot be taken")(error).into());
            }
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => sleep(Duration::from_millis(1)),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Held(path.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn versions_only_grow() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(".lock");
        let now = datetime!(2026-11-22 12:00 UTC);
        let mut counter = Counter::take(&path).unwrap();
        let first = counter.next(now);
        assert_eq!(first, 1_795_348_800_000_000);
        assert_eq!(counter.next(now), first + 1);
        counter.keep();
        drop(counter);
        let mut counter = Counter::take(&path).unwrap();
        assert_eq!(counter.next(now - Duration::from_secs(3600)), first + 2, "the clock was put back");
        counter.raise(first + 10);
        assert_eq!(counter.next(now), first + 11);
    }
}
