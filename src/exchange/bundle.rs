//! A bundle: a tar file of small regular files, whatever brought it. Nothing of it is ever unpacked: it is read into memory,
//! within bounds, so that no path in it can lead anywhere.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Component, Path};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, EntryType, Header};
use zeroize::Zeroizing;

use super::MANIFEST;
use crate::x509::hex::hex;
use crate::x509::sha256;

/// The files of a bundle by their names.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How much there may be in a tar file.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many files.
    pub files: usize,
    /// The largest file, in octets.
    pub file: u64,
    /// All of it together, in octets.
    pub all: u64,
}

/// More files than any fleet needs: twenty for each of 5,000 nodes. Requests and certificates have some kilobytes; the
/// manifest has half a kilobyte for each.
const LIMITS: Limits = Limits { files: 100_000, file: 64 << 20, all: 512 << 20 };

/// Why a bundle is not used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is no tar file, or a damaged one.
    #[error("is no tar file that can be read: {0}")]
    Tar(#[from] io::Error),
    /// Something in it may not be in a bundle.
    #[error("holds `{name}`, which {problem}")]
    Entry {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is larger than any that is needed.
    #[error("is larger than {} MiB, or has more than {} files, or one of more than {} MiB", .0.all >> 20, .0.files, .0.file >> 20)]
    Size(Limits),
    /// It has no manifest.
    #[error("has no {MANIFEST}")]
    NoManifest,
    /// Its manifest cannot be read.
    #[error("{MANIFEST}: {0}")]
    Manifest(String),
    /// A file that the manifest names is not there.
    #[error("has no `{0}`, which its manifest names")]
    Missing(String),
    /// A file is another than the manifest says.
    #[error("`{file}` has the SHA-256 {found}, not {wanted} as its manifest says")]
    Digest {
        /// The file.
        file: String,
        /// What it has.
        found: String,
        /// What it ought to have.
        wanted: String,
    },
}

/// Reads a bundle.
///
/// # Errors
/// When it is no tar file; when it holds anything but regular files and directories, a path that is absolute or goes up,
/// or a name twice; or when it is larger than any that is needed.
pub fn read(bytes: &[u8]) -> Result<Files, BundleError> {
    let found = members(bytes, &LIMITS)?;
    Ok(found.into_iter().map(|(name, mut contents)| (name, std::mem::take(&mut *contents))).collect())
}

/// Reads every file of a tar file; the contents may be keys, so they are wiped.
///
/// # Errors
/// As [`read`].
pub fn members(tar: impl Read, limits: &Limits) -> Result<BTreeMap<String, Zeroizing<Vec<u8>>>, BundleError> {
    let mut files = BTreeMap::new();
    let mut total: u64 = 0;
    for entry in Archive::new(tar).entries()? {
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let refused = |problem| BundleError::Entry { name: name.escape_debug().to_string(), problem };
        match entry.header().entry_type() {
            EntryType::Directory | EntryType::XGlobalHeader => continue,
            EntryType::Regular | EntryType::Continuous => {}
            _ => return Err(refused("is neither a file nor a directory")),
        }
        let path = entry.path().map_err(|_| refused("is not UTF-8"))?.into_owned();
        let path = path.to_str().ok_or_else(|| refused("is not UTF-8"))?;
        if Path::new(path).is_absolute() {
            return Err(refused("is an absolute path"));
        }
        if !is_plain(path) {
            return Err(refused("leads out of the bundle"));
        }
        let size = entry.size();
        total = total.saturating_add(size);
        if size > limits.file || total > limits.all || files.len() >= limits.files {
            return Err(BundleError::Size(*limits));
        }
        // What is only claimed takes no memory; what is there has room, so that no copy of a key is left behind.
        let room = usize::try_from(size.min(1 << 20)).unwrap_or_default();
        let mut contents = Zeroizing::new(Vec::with_capacity(room));
        entry.by_ref().take(limits.file).read_to_end(&mut contents)?;
        if contents.len() as u64 != size {
            return Err(refused("is cut off"));
        }
        // One file, one name: `./a//b` is `a/b`.
        let parts = path.split('/').filter(|part| !["", "."].contains(part)).collect::<Vec<_>>();
        if files.insert(parts.join("/"), contents).is_some() {
            return Err(refused("is in it twice"));
        }
    }
    Ok(files)
}

/// Whether a path stays below where it begins, and is one at all.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    let named = |part: Component<'_>| matches!(part, Component::Normal(_));
    Path::new(path).components().all(plain) && Path::new(path).components().any(named)
}

/// Writes a bundle: the same files make the same bytes. `time` is the time of every file, in seconds since 1970.
///
/// # Errors
/// When a name is too long for a tar file.
pub fn write(files: &Files, time: u64) -> io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for (name, contents) in files {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(time);
        header.set_size(contents.len() as u64);
        header.set_entry_type(EntryType::Regular);
        builder.append_data(&mut header, name, contents.as_slice())?;
    }
    builder.into_inner()
}

/// What a manifest says that it is.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    api_version: String,
    kind: String,
}

/// The manifest of a bundle, if it has one.
///
/// # Errors
/// When it is none of this kind; with the line and column where it goes wrong.
pub fn manifest<T: DeserializeOwned>(files: &Files, kind: &str) -> Result<T, BundleError> {
    let text = files.get(MANIFEST).ok_or(BundleError::NoManifest)?;
    let unfit = |error: serde_json::Error| BundleError::Manifest(error.to_string());
    let Head { api_version, kind: said } = serde_json::from_slice(text).map_err(unfit)?;
    if (api_version.as_str(), said.as_str()) != (super::API_VERSION, kind) {
        return Err(BundleError::Manifest(format!(
            "is `{}` of `{}`, not `{kind}` of `{}`",
            said.escape_debug(),
            api_version.escape_debug(),
            super::API_VERSION
        )));
    }
    serde_json::from_slice(text).map_err(unfit)
}

/// Adds a manifest.
///
/// # Errors
/// Never for one of this module; the encoder's error is passed on.
pub fn add_manifest(files: &mut Files, manifest: &impl Serialize) -> Result<(), BundleError> {
    let mut text =
        serde_json::to_vec_pretty(manifest).map_err(|error| BundleError::Manifest(error.to_string()))?;
    text.push(b'\n');
    files.insert(MANIFEST.to_owned(), text);
    Ok(())
}

/// A file that a manifest names, if it is the one that it means.
///
/// # Errors
/// When it is not there or has another digest.
pub fn named<'a>(files: &'a Files, file: &str, wanted: &str) -> Result<&'a [u8], BundleError> {
    let contents = files.get(file).ok_or_else(|| BundleError::Missing(file.escape_debug().to_string()))?;
    let found = digest(contents);
    if found != wanted.to_lowercase() {
        let (file, wanted) = (file.to_owned(), wanted.escape_debug().to_string());
        return Err(BundleError::Digest { file, found, wanted });
    }
    Ok(contents)
}

/// The SHA-256 of a file, in hexadecimal.
#[must_use]
pub fn digest(contents: &[u8]) -> String {
    hex(&sha256(contents))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tar(make: impl FnOnce(&mut Builder<Vec<u8>>)) -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        make(&mut builder);
        builder.into_inner().unwrap()
    }

    /// A header as no honest program writes it: the name is set as it is.
    fn raw(name: &str, kind: EntryType) -> Vec<u8> {
        tar(|builder| {
            let mut header = Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(0);
            header.set_entry_type(kind);
            if kind == EntryType::Symlink {
                header.set_link_name("/etc/passwd").unwrap();
            }
            header.set_cksum();
            builder.append(&header, &[][..]).unwrap();
        })
    }

    #[test]
    fn what_may_not_be_in_a_bundle_is_named() {
        let cases = [
            (raw("/etc/passwd", EntryType::Regular), "holds `/etc/passwd`, which is an absolute path"),
            (raw("../x", EntryType::Regular), "holds `../x`, which leads out of the bundle"),
            (raw("a/../../x", EntryType::Regular), "holds `a/../../x`, which leads out of the bundle"),
            (raw("a", EntryType::Symlink), "holds `a`, which is neither a file nor a directory"),
            (raw("a", EntryType::Link), "holds `a`, which is neither a file nor a directory"),
            (raw("a", EntryType::Fifo), "holds `a`, which is neither a file nor a directory"),
            (
                [raw("a", EntryType::Regular)[..512].to_vec(), raw("./a", EntryType::Regular)].concat(),
                "holds `./a`, which is in it twice",
            ),
            (
                [raw("a/b", EntryType::Regular)[..512].to_vec(), raw("a//./b", EntryType::Regular)].concat(),
                "holds `a//./b`, which is in it twice",
            ),
            (raw(".", EntryType::Regular), "holds `.`, which leads out of the bundle"),
        ];
        for (bytes, problem) in cases {
            assert_eq!(read(&bytes).unwrap_err().to_string(), problem);
        }
        assert!(
            read(b"no tar file at all, although it is long enough to be looked at").is_err()
                || read(&[7; 1024]).is_err()
        );
    }

    #[test]
    fn a_size_that_is_only_claimed_takes_no_memory() {
        let bytes = tar(|builder| {
            let mut header = Header::new_gnu();
            header.set_path("a").unwrap();
            header.set_size(1 << 40);
            header.set_cksum();
            builder.append(&header, &[][..]).unwrap();
        });
        assert!(matches!(read(&bytes), Err(BundleError::Size(_))));
    }

    #[test]
    fn a_manifest_is_of_its_kind_and_files_are_what_it_says() {
        let mut files = Files::from([("a".to_owned(), b"1".to_vec())]);
        assert!(matches!(manifest::<serde_json::Value>(&files, "X"), Err(BundleError::NoManifest)));
        add_manifest(&mut files, &serde_json::json!({"apiVersion": super::super::API_VERSION, "kind": "Y"}))
            .unwrap();
        let error = manifest::<serde_json::Value>(&files, "X").unwrap_err().to_string();
        assert_eq!(error, "manifest.json: is `Y` of `kubepki/v1`, not `X` of `kubepki/v1`");
        assert_eq!(named(&files, "a", &digest(b"1")).unwrap(), b"1");
        assert!(matches!(named(&files, "a", &digest(b"2")), Err(BundleError::Digest { .. })));
        assert!(matches!(named(&files, "b", ""), Err(BundleError::Missing(_))));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(files in prop::collection::btree_map("[a-z]{1,20}(/[a-z.]{1,200}[a-z])?", prop::collection::vec(any::<u8>(), 0..2000), 0..8)) {
            let bytes = write(&files, 7).unwrap();
            prop_assert_eq!(read(&bytes).unwrap(), files);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
            let _ = read(&bytes);
        }
    }
}
