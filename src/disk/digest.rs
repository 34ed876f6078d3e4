//! What was looked at, as one number: an auditor can tell later whether a report was about the same files.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::inventory::Inventory;
use crate::x509::hex::hex;
use crate::x509::sha256;

/// What makes the same number with the tools of any system, in the directory that was looked at.
pub const COMMAND: &str =
    "find . -type f ! -path '*/.kubepki/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";

/// The files below a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// The directory, absolute and without symlinks.
    pub root: PathBuf,
    /// The SHA-256, in hexadecimal, of a list with the SHA-256 and path of every file: what [`COMMAND`] prints.
    pub sha256: String,
    /// How many files that are.
    pub files: usize,
    /// How many others there are, which could not be read or are none: they are not in it.
    pub unread: usize,
}

impl Digest {
    /// The digest of what an inventory has read below a directory.
    #[must_use]
    pub fn of(inventory: &Inventory, root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let mut lines: Vec<(&[u8], &[u8])> = Vec::new();
        let mut unread = 0;
        for path in inventory.paths() {
            let Ok(below) = path.strip_prefix(&root) else { continue };
            match inventory.get(path).and_then(|found| found.present()) {
                Some(present) => lines.push((below.as_os_str().as_bytes(), &present.file.sha256)),
                None => unread += 1,
            }
        }
        lines.sort_unstable();
        let mut list = Vec::new();
        for (path, sum) in &lines {
            line(&mut list, path, sum);
        }
        Self { root, sha256: hex(&sha256(&list)), files: lines.len(), unread }
    }
}

/// A line as `sha256sum` writes it. A name with a backslash or a line break is escaped, and the line begins with a
/// backslash to say so.
fn line(list: &mut Vec<u8>, path: &[u8], sum: &[u8]) {
    if path.iter().any(|byte| b"\\\n\r".contains(byte)) {
        list.push(b'\\');
    }
    list.extend(hex(sum).bytes());
    list.extend(b"  ./");
    for byte in path {
        match byte {
            b'\\' => list.extend(b"\\\\"),
            b'\n' => list.extend(b"\\n"),
            b'\r' => list.extend(b"\\r"),
            byte => list.push(*byte),
        }
    }
    list.push(b'\n');
}
