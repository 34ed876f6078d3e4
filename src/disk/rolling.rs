//! A file that is only added to, and put aside when it is large.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::DiskError;

/// The file, readable to its owner alone.
#[derive(Debug)]
pub struct Rolling {
    path: PathBuf,
    file: File,
    length: u64,
    largest: u64,
    kept: usize,
}

impl Rolling {
    /// Opens a file, which is made where there is none. Beyond `largest` octets it is put aside as `NAME.1`, the one before
    /// as `NAME.2`, and so on; `kept` of them stay.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path, largest: u64, kept: usize) -> Result<Self, DiskError> {
        let file = open(path)?;
        let length = file.metadata().map_err(DiskError::at(path, "cannot be opened"))?.len();
        Ok(Self { path: path.to_owned(), file, length, largest, kept })
    }

    /// Adds octets.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        if self.length > 0 && self.length + bytes.len() as u64 > self.largest {
            self.roll()?;
        }
        self.file.write_all(bytes).map_err(DiskError::at(&self.path, "cannot be written"))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn roll(&mut self) -> Result<(), DiskError> {
        let aside = |number: usize| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        for number in (1..self.kept).rev().filter(|number| aside(*number).exists()) {
            let from = aside(number);
            std::fs::rename(&from, aside(number + 1)).map_err(DiskError::at(&from, "cannot be put aside"))?;
        }
        std::fs::rename(&self.path, aside(1)).map_err(DiskError::at(&self.path, "cannot be put aside"))?;
        self.file = open(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, DiskError> {
    let mut options = OpenOptions::new();
    let options = options.append(true).create(true).mode(0o600);
    options.open(path).map_err(DiskError::at(path, "cannot be opened"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_put_aside_and_the_oldest_go() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        let mut rolling = Rolling::open(&path, 10, 2).unwrap();
        for word in ["aaaaaa", "bbbbbb", "cccccc", "dddddd"] {
            rolling.write(word.as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap_or_default();
        assert_eq!(["log", "log.1", "log.2", "log.3"].map(read), ["dddddd", "cccccc", "bbbbbb", ""]);
    }
}
