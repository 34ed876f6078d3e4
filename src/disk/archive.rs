//! A node's directory as a tar file, ready to be unpacked over its root.

use std::fs::{self, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use walkdir::WalkDir;
use zeroize::Zeroizing;

use super::durable::{self, SUFFIX};
use super::{DiskError, OWN};

/// A control plane packs to some 60 KiB. A buffer that need not grow leaves no copies of keys behind.
const USUAL_SIZE: usize = 256 << 10;

/// A file or directory that is packed.
struct Packed {
    name: PathBuf,
    metadata: Metadata,
    bytes: Zeroizing<Vec<u8>>,
}

/// Packs what is below `directory` into `archive`, everything owned by root, modes and times as they are, names in
/// order: the same files make the same archive. `prefix` goes before every name. Says whether the archive changed.
///
/// # Errors
/// When something cannot be read or the archive cannot be written; then the old one is still there.
pub fn pack(directory: &Path, prefix: &Path, archive: &Path) -> Result<bool, DiskError> {
    let members = members(directory, prefix)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(USUAL_SIZE));
    write(&members, &mut *bytes).map_err(DiskError::at(archive, "cannot be packed"))?;
    durable::replace(archive, &bytes, 0o600)
}

/// The archive of a node: beside the overlays of a fleet, beside the directory of a single node.
#[must_use]
pub fn place(overlay: &Path, node: &str) -> PathBuf {
    overlay.parent().unwrap_or(Path::new(".")).join(format!("{node}.tar"))
}

/// What is packed, in the order in which it is.
fn members(directory: &Path, prefix: &Path) -> Result<Vec<Packed>, DiskError> {
    let mut members = Vec::new();
    let ancestors: Vec<&Path> = prefix.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
    for ancestor in ancestors.into_iter().rev() {
        let metadata = fs::metadata(directory).map_err(DiskError::at(directory, "cannot be read"))?;
        members.push(Packed { name: ancestor.to_owned(), metadata, bytes: Zeroizing::default() });
    }
    let walk = WalkDir::new(directory).min_depth(1).sort_by_file_name();
    let ours = |name: &str| name == OWN || name.ends_with(SUFFIX);
    for entry in walk.into_iter().filter_entry(|entry| !ours(&entry.file_name().to_string_lossy())) {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(directory).to_owned();
            DiskError::at(&path, "cannot be read")(error.into())
        })?;
        let failed = DiskError::at(entry.path(), "cannot be packed");
        let metadata = fs::symlink_metadata(entry.path()).map_err(&failed)?;
        let name = prefix.join(entry.path().strip_prefix(directory).unwrap_or(entry.path()));
        let bytes = if metadata.is_dir() {
            Zeroizing::default()
        } else if metadata.is_file() {
            fs::read(entry.path()).map(Zeroizing::new).map_err(&failed)?
        } else {
            let other = io::Error::other("it is neither a file nor a directory");
            return Err(failed(other));
        };
        members.push(Packed { name, metadata, bytes });
    }
    Ok(members)
}

fn write(members: &[Packed], out: impl Write) -> io::Result<()> {
    let mut builder = Builder::new(out);
    append_all(&mut builder, members)?;
    builder.finish()
}

fn append_all(builder: &mut Builder<impl Write>, members: &[Packed]) -> io::Result<()> {
    for member in members {
        let directory = member.metadata.is_dir();
        let mut header = header(member.metadata.mode(), member.metadata.mtime(), member.bytes.len())?;
        header.set_entry_type(if directory { EntryType::Directory } else { EntryType::Regular });
        builder.append_data(&mut header, &member.name, member.bytes.as_slice())?;
    }
    Ok(())
}

fn header(mode: u32, mtime: i64, size: usize) -> io::Result<Header> {
    let mut header = Header::new_gnu();
    header.set_mode(mode & 0o7777);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_mtime(u64::try_from(mtime).unwrap_or_default());
    header.set_size(size as u64);
    header.set_entry_type(EntryType::Regular);
    Ok(header)
}

/// Encrypted archives.
#[cfg(feature = "age")]
pub use sealed::seal;

#[cfg(feature = "age")]
mod sealed {
    use super::{Packed, append_all, header, members};
    use std::io::{self, BufWriter};
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use tar::Builder;

    use crate::disk::parcel::{Member, PLACE, Parcel};
    use crate::disk::seal::{self, Recipient};
    use crate::disk::{DiskError, durable, read};
    use crate::x509::hex::hex;
    use crate::x509::sha256;

    /// Packs as [`pack`](super::pack) does, with a list of what is in it before, encrypted to the recipients: no plain text
    /// of it is ever written. What was encrypted cannot be compared; `note` keeps the hash of what was, and to whom, so that
    /// the same files for the same recipients are not written again.
    ///
    /// # Errors
    /// When something cannot be read or the archive cannot be written; then the old one is still there.
    pub fn seal(
        directory: &Path,
        prefix: &Path,
        archive: &Path,
        node: &str,
        recipients: &[Recipient],
        note: &Path,
    ) -> Result<bool, DiskError> {
        let failed = DiskError::at(archive, "cannot be packed");
        let members = members(directory, prefix)?;
        let mut list = serde_json::to_vec_pretty(&parcel(node, &members).map_err(&failed)?)
            .map_err(|error| failed(error.into()))?;
        list.push(b'\n');
        let stamp = stamp(&list, &members, recipients);
        let known = read::bytes(note).is_ok_and(|known| *known.bytes == *stamp.as_bytes());
        if known && archive.exists() {
            return Ok(false);
        }
        let time = members.iter().map(|member| member.metadata.mtime()).max().unwrap_or_default();
        durable::replace_with(archive, 0o600, |file| {
            seal::seal(recipients, BufWriter::new(file), |plain| {
                let mut builder = Builder::new(plain);
                builder.append_data(&mut header(0o600, time, list.len())?, PLACE, list.as_slice())?;
                append_all(&mut builder, &members)?;
                builder.finish()
            })
        })?;
        durable::make_directory(note.parent().unwrap_or(Path::new(".")), 0o700)?;
        durable::replace(note, stamp.as_bytes(), 0o600)?;
        Ok(true)
    }

    fn parcel(node: &str, members: &[Packed]) -> io::Result<Parcel> {
        let files = members.iter().filter(|member| !member.metadata.is_dir());
        let files = files.map(|member| {
            let path = member.name.to_str().ok_or_else(|| io::Error::other("its name is not UTF-8"))?;
            Ok(Member {
                path: path.to_owned(),
                mode: format!("{:04o}", member.metadata.mode() & 0o7777),
                sha256: hex(&sha256(&member.bytes)),
            })
        });
        Ok(Parcel {
            api_version: Parcel::API_VERSION.to_owned(),
            kind: Parcel::KIND.to_owned(),
            node: node.to_owned(),
            files: files.collect::<io::Result<_>>()?,
        })
    }

    /// What an archive is known by.
    fn stamp(list: &[u8], members: &[Packed], recipients: &[Recipient]) -> String {
        let mut text = list.to_vec();
        for recipient in recipients {
            text.extend(format!("{recipient}\n").bytes());
        }
        for member in members {
            text.extend(member.metadata.mtime().to_be_bytes());
        }
        hex(&sha256(&text)) + "\n"
    }
}
