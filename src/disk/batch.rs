//! Many files of one directory at once, each of them whole or not there.

use std::io;
use std::path::Path;

use tempfile::TempPath;

use super::DiskError;
use super::durable::{in_threads, is_large, make_directory, sync_directories, sync_directory, temporary};
use super::error::NOT_IN_PLACE;

/// A file to be put into the directory.
#[derive(Clone, Debug)]
pub struct Put {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether nothing may have the name yet.
    pub fresh: bool,
}

/// Makes the directory where there is none, so that only its owner writes to it.
///
/// # Errors
/// When it cannot be made.
pub fn prepare(directory: &Path) -> Result<(), DiskError> {
    make_directory(directory, 0o755).map(drop)
}

/// The same, and nobody else may enter what is made.
///
/// # Errors
/// When it cannot be made.
pub fn prepare_private(directory: &Path) -> Result<(), DiskError> {
    make_directory(directory, 0o700).map(drop)
}

/// Makes the names in a directory durable.
///
/// # Errors
/// When it cannot be synced.
pub fn sync(directory: &Path) -> Result<(), DiskError> {
    sync_directory(directory)
}

/// Puts files, readable to their owner alone, into the directory and takes others away. Says of each whether it was put: a
/// fresh one is not where something has its name. The caller holds the directory's lock.
///
/// # Errors
/// When the files cannot be made ready, nothing has changed; later, some are in place and others are as they were.
pub fn change(directory: &Path, puts: &[Put], removals: &[String]) -> Result<Vec<bool>, DiskError> {
    let each = !is_large(puts.len());
    let stage = |put: &Put| stage(directory, put, each);
    // Names in one directory are made one after another, so that threads gain nothing where no sync is waited for: ten
    // thousand files by eight threads took six times the processor time (ext4).
    let ready =
        if each { in_threads(puts, stage)? } else { puts.iter().map(stage).collect::<Result<_, _>>()? };
    if !each {
        sync_directories(&[directory], true)?;
    }
    let mut done = Vec::with_capacity(puts.len());
    for (put, temporary) in puts.iter().zip(ready) {
        let place = directory.join(&put.name);
        let failed = DiskError::at(&place, NOT_IN_PLACE);
        let outcome = if put.fresh { temporary.persist_noclobber(&place) } else { temporary.persist(&place) };
        match outcome {
            Ok(()) => done.push(true),
            Err(error) if put.fresh && error.error.kind() == io::ErrorKind::AlreadyExists => done.push(false),
            Err(error) => return Err(failed(error.error)),
        }
    }
    for name in removals {
        let place = directory.join(name);
        match std::fs::remove_file(&place) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(DiskError::at(&place, "cannot be removed")(error));
            }
            _ => {}
        }
    }
    sync_directory(directory)?;
    Ok(done)
}

/// Removes what a killed run has left half written. The caller holds the directory's lock.
///
/// # Errors
/// When it cannot be removed.
pub fn sweep(directory: &Path) -> Result<(), DiskError> {
    super::write::sweep(directory)
}

fn stage(directory: &Path, put: &Put, sync: bool) -> Result<TempPath, DiskError> {
    let failed = DiskError::at(directory, "cannot be written to");
    let file = temporary(directory, &put.name, &put.bytes, 0o600).map_err(&failed)?;
    if sync {
        file.as_file().sync_all().map_err(failed)?;
    }
    Ok(file.into_temp_path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn put(name: &str, bytes: &str, fresh: bool) -> Put {
        Put { name: name.into(), bytes: bytes.into(), fresh }
    }

    #[test]
    fn files_are_put_replaced_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("store");
        prepare(&path).unwrap();
        assert_eq!(change(&path, &[put("a", "1", true), put("b", "1", true)], &[]).unwrap(), [true, true]);
        let puts = [put("a", "2", false), put("b", "2", true)];
        assert_eq!(change(&path, &puts, &["gone".into()]).unwrap(), [true, false]);
        assert_eq!(
            (fs::read(path.join("a")).unwrap(), fs::read(path.join("b")).unwrap()),
            (b"2".to_vec(), b"1".to_vec())
        );
        change(&path, &[], &["a".into()]).unwrap();
        fs::write(path.join(".b.xyz.kubepki-new"), "").unwrap();
        sweep(&path).unwrap();
        assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
    }
}
