//! A node's directory as a tar file, ready to be unpacked over its root.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use walkdir::WalkDir;
use zeroize::Zeroizing;

use super::durable::{self, SUFFIX};
use super::{DiskError, OWN};

/// A control plane packs to some 60 KiB. A buffer that need not grow leaves no copies of keys behind.
const USUAL_SIZE: usize = 256 << 10;

/// Packs what is below `directory` into `archive`, everything owned by root, modes and times as they are, names in
/// order: the same files make the same archive. `prefix` goes before every name. Says whether the archive changed.
///
/// # Errors
/// When something cannot be read or the archive cannot be written; then the old one is still there.
pub fn pack(directory: &Path, prefix: &Path, archive: &Path) -> Result<bool, DiskError> {
    let mut builder = Builder::new(Vec::with_capacity(USUAL_SIZE));
    for ancestor in
        prefix.ancestors().filter(|part| !part.as_os_str().is_empty()).collect::<Vec<_>>().iter().rev()
    {
        let metadata = fs::metadata(directory).map_err(DiskError::at(directory, "cannot be read"))?;
        append(&mut builder, ancestor, &metadata, &[]).map_err(DiskError::at(archive, "cannot be packed"))?;
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
        if metadata.is_dir() {
            append(&mut builder, &name, &metadata, &[]).map_err(failed)?;
        } else if metadata.is_file() {
            let bytes = fs::read(entry.path()).map(Zeroizing::new).map_err(&failed)?;
            append(&mut builder, &name, &metadata, &bytes).map_err(failed)?;
        } else {
            let other = io::Error::other("it is neither a file nor a directory");
            return Err(failed(other));
        }
    }
    let bytes =
        builder.into_inner().map(Zeroizing::new).map_err(DiskError::at(archive, "cannot be packed"))?;
    durable::replace(archive, &bytes, 0o600)
}

/// The archive of a node: beside the overlays of a fleet, beside the directory of a single node.
#[must_use]
pub fn place(overlay: &Path, node: &str) -> PathBuf {
    overlay.parent().unwrap_or(Path::new(".")).join(format!("{node}.tar"))
}

fn append(builder: &mut Builder<Vec<u8>>, name: &Path, metadata: &Metadata, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(metadata.mode() & 0o7777);
    header.set_uid(0);
    header.set_gid(0);
    header.set_username("root")?;
    header.set_groupname("root")?;
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or_default());
    header.set_size(bytes.len() as u64);
    header.set_entry_type(if metadata.is_dir() { EntryType::Directory } else { EntryType::Regular });
    builder.append_data(&mut header, name, bytes)
}
