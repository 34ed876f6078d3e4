//! The log of a resident store: what was written and is not in its file yet. One line for each write, durable before
//! anybody sees it; two files take turns, so that one can be emptied once what it holds is in the files.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::csr::CertificateSigningRequest;
use crate::disk::{DiskError, batch};
use crate::store::{StoreError, Version};

/// One write.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record<Object = CertificateSigningRequest> {
    /// The object's name.
    pub name: String,
    /// The number of the write.
    pub version: Version,
    /// The object; nothing where it was removed.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub object: Option<Object>,
}

fn none<Object>() -> Option<Object> {
    None
}

/// The two files, in a hidden directory in the store's: whoever is told of changes there is not told of every write.
#[derive(Debug)]
pub struct Log {
    files: [(PathBuf, File); 2],
    /// The one that is written to.
    current: usize,
    /// How long that is.
    length: u64,
    /// Up to where zeros stand behind it.
    ahead: u64,
}

const HOME: &str = ".log";
const NAMES: [&str; 2] = ["0", "1"];

/// The longest line: an object has at most three megabytes as it comes, a certificate and conditions beside.
const LONGEST: u64 = 32 << 20;

/// So many zeros are written ahead, and the more the longer the log is. What only overwrites is durable without the journal
/// of the file system: on ext4 a sync takes 0.19 ms, and 0.6 ms where the file grows.
const LEAST_AHEAD: u64 = 64 << 10;
const MOST_AHEAD: u64 = 1 << 20;

impl Log {
    /// Opens the log of a directory, and returns the last write of each name that may not be in its file yet. The caller
    /// has the lock.
    ///
    /// # Errors
    /// When it cannot be opened or read.
    pub fn open(directory: &Path) -> Result<(Self, HashMap<String, Record>), StoreError> {
        let mut last: HashMap<String, Record> = HashMap::new();
        let home = directory.join(HOME);
        batch::prepare(&home)?;
        let open = |name: &str| -> Result<(PathBuf, File), StoreError> {
            let path = home.join(name);
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let file = options.open(&path).map_err(DiskError::at(&path, "cannot be opened"))?;
            Ok((path, file))
        };
        let files = [open(NAMES[0])?, open(NAMES[1])?];
        for (path, file) in &files {
            for record in read(path, file)? {
                let newer = last.get(&record.name).is_none_or(|known| known.version < record.version);
                if newer {
                    last.insert(record.name.clone(), record);
                }
            }
        }
        batch::sync(&home)?;
        batch::sync(directory)?;
        Ok((Self { files, current: 0, length: 0, ahead: 0 }, last))
    }

    /// Whether a directory has writes that may not be in their files yet.
    #[must_use]
    pub fn is_left(directory: &Path) -> bool {
        let home = directory.join(HOME);
        let has = |name: &&str| std::fs::metadata(home.join(name)).is_ok_and(|data| data.len() > 0);
        NAMES.iter().any(has)
    }

    /// Adds lines, and returns when they are durable.
    ///
    /// # Errors
    /// When they cannot be written: then none of them counts.
    pub fn append(&mut self, text: &[u8]) -> Result<(), StoreError> {
        let Some((path, file)) = self.files.get(self.current) else { return Ok(()) };
        let end = self.length + text.len() as u64;
        let mut written = file.write_all_at(text, self.length);
        if written.is_ok() && end > self.ahead {
            let zeros = vec![0; usize::try_from(end.clamp(LEAST_AHEAD, MOST_AHEAD)).unwrap_or_default()];
            // Where there is no room for them, there is for what counts.
            let room = file.write_all_at(&zeros, end).map_or(0, |()| zeros.len() as u64);
            self.ahead = end + room;
        }
        written = written.and_then(|()| file.sync_data());
        if let Err(error) = written {
            // Half a group must not stand there.
            let _ = file.set_len(self.length).and_then(|()| file.sync_data());
            self.ahead = self.length;
            return Err(DiskError::at(path, "cannot be written")(error).into());
        }
        self.length = end;
        Ok(())
    }

    /// Goes on in the other file, which has been emptied before.
    pub fn turn(&mut self) {
        (self.current, self.length, self.ahead) = (1 - self.current, 0, 0);
    }

    /// Empties the file that is not written to: everything in it is in the files of its objects.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn empty(&self) -> Result<(), StoreError> {
        match self.files.get(1 - self.current) {
            Some(file) => empty(file),
            None => Ok(()),
        }
    }

    /// Empties both.
    ///
    /// # Errors
    /// When one cannot be.
    pub fn reset(&mut self) -> Result<(), StoreError> {
        (self.length, self.ahead) = (0, 0);
        self.files.iter().try_for_each(empty)
    }
}

fn empty((path, file): &(PathBuf, File)) -> Result<(), StoreError> {
    let failed = DiskError::at(path, "cannot be emptied");
    if file.metadata().map_err(&failed)?.len() == 0 {
        return Ok(());
    }
    Ok(file.set_len(0).and_then(|()| file.sync_data()).map_err(failed)?)
}

/// The records of a file, up to zeros, or to a line that a crash has cut: nobody was told of that one.
fn read(path: &Path, mut file: &File) -> Result<Vec<Record>, StoreError> {
    let failed = DiskError::at(path, "cannot be read");
    file.seek(SeekFrom::Start(0)).map_err(&failed)?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut records = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut reader).take(LONGEST).read_until(b'\n', &mut line).map_err(&failed)?;
        if line.last() != Some(&b'\n') {
            return Ok(records);
        }
        match serde_json::from_slice(&line) {
            Ok(record) => records.push(record),
            Err(_) => return Ok(records),
        }
    }
}

impl<Object: Serialize> Record<Object> {
    /// Its line.
    ///
    /// # Errors
    /// Never for an object that was read; the serialiser's error is passed on.
    pub fn write(&self, text: &mut Vec<u8>) -> Result<(), StoreError> {
        serde_json::to_writer(&mut *text, self).map_err(|_| crate::disk::NotationError::Write)?;
        text.push(b'\n');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, version: Version) -> Vec<u8> {
        let mut text = Vec::new();
        let object = Some(CertificateSigningRequest::default());
        Record { name: name.into(), version, object }.write(&mut text).unwrap();
        text
    }

    #[test]
    fn what_was_written_last_is_found_again_and_a_cut_line_is_not() {
        let home = tempfile::tempdir().unwrap();
        assert!(!Log::is_left(home.path()));
        let (mut log, last) = Log::open(home.path()).unwrap();
        assert!(last.is_empty());
        log.append(&line("a", 1)).unwrap();
        log.append(&line("b", 2)).unwrap();
        let first = log.files[0].1.metadata().unwrap().len();
        assert!(first > LEAST_AHEAD, "room for more is there already");
        log.append(&line("b", 2)).unwrap();
        assert_eq!(log.files[0].1.metadata().unwrap().len(), first);
        log.turn();
        log.append(&line("a", 3)).unwrap();
        log.append(b"{\"name\":\"b\",\"version\":4").unwrap();
        assert!(Log::is_left(home.path()));
        let (mut again, last) = Log::open(home.path()).unwrap();
        assert_eq!((last["a"].version, last["b"].version), (3, 2));
        log.empty().unwrap();
        let (_, last) = Log::open(home.path()).unwrap();
        assert_eq!((last.len(), last["a"].version), (1, 3));
        again.reset().unwrap();
        assert!(!Log::is_left(home.path()));
    }
}
