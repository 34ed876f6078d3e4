//! A file's bytes, whatever the file may be: a device, a pipe, a gigabyte, a symlink to somewhere else.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::Acl;
use super::inventory::Directory;
use crate::system::reason;
use crate::x509::sha256;

/// The largest file that is read. The largest trust bundle of a public distribution has some 250 KiB; etcd and the API
/// server would read anything.
pub const MAX_SIZE: u64 = 4 << 20;

/// The largest bundle: some 5 KiB for each of 100,000 certificates.
const LARGEST: u64 = 512 << 20;

/// A file that could be read.
#[derive(Debug)]
pub struct Bytes {
    /// The permission bits.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The SHA-256 of what was read.
    pub sha256: Vec<u8>,
    /// Who may do more than the mode says, if anyone.
    pub acl: Option<Box<Acl>>,
    /// The bytes, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Why there are no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// So much else is there that it was not looked at.
    #[error("was not looked at: the files beside it are too large")]
    Budget,
    /// Nothing is there.
    #[error("is missing")]
    Missing,
    /// Something else than a file.
    #[error("is {0}, not a file")]
    NotAFile(&'static str),
    /// The path leads out of the directories that are worked on.
    #[error("is a symlink that leads out of the directory, to {}", .0.display())]
    Outside(PathBuf),
    /// The system refuses.
    #[error("cannot be read: {0}")]
    System(String),
    /// More bytes than any such file has.
    #[error("has more than {} MiB", .0 >> 20)]
    TooLarge(u64),
}

/// Reads a regular file. It is opened without waiting, so that a pipe cannot hold us, and looked at before it is read.
///
/// # Errors
/// When there is none, it is too large, or the system refuses.
pub fn bytes(path: &Path) -> Result<Bytes, ReadError> {
    let flags = (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits();
    let flags = i32::try_from(flags).unwrap_or_default();
    // A device or socket may do something when it is merely opened: look first.
    kind(&fs::metadata(path).map_err(|error| system(&error))?, MAX_SIZE)?;
    let file =
        OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(|error| system(&error))?;
    let metadata = file.metadata().map_err(|error| system(&error))?;
    kind(&metadata, MAX_SIZE)?;
    let acl = Acl::of(&file);
    let bytes = contents(file, metadata.len()).map_err(|error| system(&error))?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(ReadError::TooLarge(MAX_SIZE));
    }
    let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    Ok(Bytes { mode, uid, gid, sha256: sha256(&bytes), acl, bytes })
}

/// The bytes of a file that the user names and that may be larger than any of a directory, such as a bundle.
///
/// # Errors
/// When there is none, it is too large, or the system refuses.
pub fn large(path: &Path) -> Result<Vec<u8>, ReadError> {
    kind(&fs::metadata(path).map_err(|error| system(&error))?, LARGEST)?;
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| system(&error))?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| system(&error))?;
    if bytes.len() as u64 > LARGEST { Err(ReadError::TooLarge(LARGEST)) } else { Ok(bytes) }
}

/// Looks at a directory.
///
/// # Errors
/// When it is none, or the system refuses.
pub fn directory(path: &Path) -> io::Result<Directory> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    let (mode, uid, gid) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    // Whatever has come to stand there in the meantime is not opened.
    let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let acl = OpenOptions::new().read(true).custom_flags(flags).open(path).ok().and_then(Acl::of);
    Ok(Directory { path: path.to_owned(), site: None, mode, uid, gid, acl })
}

/// Follows symlinks, and remembers where directories lead: the files of a tree share few of them.
#[derive(Debug)]
pub struct Resolver {
    roots: Vec<PathBuf>,
    known: HashMap<PathBuf, Result<Place, ReadError>>,
}

/// Where a path leads.
#[derive(Clone, Debug)]
pub struct Place {
    /// The path without symlinks.
    pub path: PathBuf,
    /// Whether something is there.
    pub exists: bool,
    /// Whether what stands there is a symlink to it.
    pub link: bool,
}

impl Bytes {
    /// Whether nobody but root and whoever runs this can have written it: a file that says what is to be loaded and run.
    #[must_use]
    pub fn is_only_ours(&self) -> bool {
        let ours = self.uid == 0 || self.uid == rustix::process::geteuid().as_raw();
        ours && self.mode & 0o022 == 0
    }
}

impl Resolver {
    /// A resolver that allows nothing to lead out of these directories. How they themselves are reached is the user's
    /// choice.
    pub fn new<'a>(roots: impl Iterator<Item = &'a Path>) -> Self {
        let place = |root: &Path| match root.canonicalize() {
            Ok(path) => Place { path, exists: true, link: false },
            Err(_) => Place { path: root.to_owned(), exists: false, link: false },
        };
        let known: HashMap<_, _> = roots.map(|root| (root.to_owned(), Ok(place(root)))).collect();
        let roots = known.values().flatten().map(|place| place.path.clone()).collect();
        Self { roots, known }
    }

    /// Where a path leads, if that is below one of the roots. The last parts of the path need not exist.
    ///
    /// # Errors
    /// When it leads elsewhere, runs in circles, or the system refuses.
    pub fn resolve(&mut self, path: &Path) -> Result<Place, ReadError> {
        if let Some(known) = self.known.get(path) {
            return known.clone();
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.inside(path.to_owned());
        };
        let parent = if let Some(known) = self.known.get(parent) {
            known.clone()
        } else {
            let resolved = self.resolve(parent);
            self.known.insert(parent.to_owned(), resolved.clone());
            resolved
        }?;
        let path = parent.path.join(name);
        if !parent.exists {
            return Ok(Place { path, exists: false, link: false });
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => match path.canonicalize() {
                Ok(target) => Ok(Place { link: true, ..self.inside(target)? }),
                // A symlink to nothing: where it would lead is told, not followed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(ReadError::Outside(fs::read_link(&path).unwrap_or_default()))
                }
                Err(error) => Err(system(&error)),
            },
            Ok(_) => self.inside(path),
            Err(error) => match system(&error) {
                ReadError::Missing => Ok(Place { path, exists: false, link: false }),
                refused => Err(refused),
            },
        }
    }

    fn inside(&self, path: PathBuf) -> Result<Place, ReadError> {
        let inside = self.roots.iter().any(|root| path.starts_with(root));
        if inside { Ok(Place { path, exists: true, link: false }) } else { Err(ReadError::Outside(path)) }
    }
}

fn contents(file: File, length: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for the whole at once: a buffer that grows leaves copies of a key behind.
    let capacity = usize::try_from(length.min(MAX_SIZE) + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn kind(metadata: &Metadata, most: u64) -> Result<(), ReadError> {
    let kind = metadata.file_type();
    let other = if kind.is_file() {
        return if metadata.len() > most { Err(ReadError::TooLarge(most)) } else { Ok(()) };
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(ReadError::NotAFile(other))
}

fn system(error: &io::Error) -> ReadError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadError::Missing,
        _ => ReadError::System(reason(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_may_be_larger_than_a_file_of_a_tree() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MAX_SIZE + 1).unwrap();
        assert_eq!(bytes(file.path()).unwrap_err().to_string(), "has more than 4 MiB");
        assert_eq!(large(file.path()).unwrap().len() as u64, MAX_SIZE + 1);
        // Sparse: it takes no room.
        file.as_file().set_len(LARGEST + 1).unwrap();
        assert_eq!(large(file.path()).unwrap_err().to_string(), "has more than 512 MiB");
        assert!(matches!(large(Path::new("/dev/zero")), Err(ReadError::NotAFile("a device"))));
    }
}
