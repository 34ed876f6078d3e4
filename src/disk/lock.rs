//! One writer at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{DiskError, OWN};

/// The lock on a directory; released when dropped, or when the process ends in whatever way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why a directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The lock file cannot be made.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Somebody else has it.
    #[error("{} is held by another run: {holder}", directory.display())]
    Held {
        /// The directory.
        directory: PathBuf,
        /// Who, as the lock file says.
        holder: String,
    },
}

/// How long a second writer waits: an `apply` of one node takes a fraction of it.
pub const PATIENCE: Duration = Duration::from_secs(5);

impl Lock {
    /// Takes the lock, waiting up to `patience`; makes the directory if there is none. `me` tells others who has it.
    ///
    /// # Errors
    /// When somebody else keeps it, or the lock file cannot be made.
    pub fn take(root: &Path, me: &str, patience: Duration) -> Result<Self, LockError> {
        let own = own_directory(root)?;
        let path = own.join("lock");
        let failed = DiskError::at(&path, "the lock cannot be taken");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(&failed)?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(failed(error).into()),
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    // Best effort: the refusal stands without it.
                    let _ = file.read_to_string(&mut holder);
                    let holder = holder.lines().next().unwrap_or("it does not say who it is").to_owned();
                    return Err(LockError::Held { directory: root.to_owned(), holder });
                }
            }
        }
        let note = |file: &mut File| -> std::io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{me}")
        };
        note(&mut file).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Makes kubepki's own directory, which nobody else may enter: it keeps replaced keys.
pub(super) fn own_directory(root: &Path) -> Result<PathBuf, DiskError> {
    super::durable::make_directory(root, 0o755)?;
    let own = root.join(OWN);
    match fs::DirBuilder::new().mode(0o700).create(&own) {
        Ok(()) => Ok(own),
        Err(_) if own.is_dir() && !own.is_symlink() => Ok(own),
        Err(error) => Err(DiskError::at(&own, "cannot be made")(error)),
    }
}
