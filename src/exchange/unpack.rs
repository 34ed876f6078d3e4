//! A node's archive, held to the list in it: what is put in place is all of what was packed, and nothing else.

use std::collections::HashSet;
use std::io::Read;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::bundle::{BundleError, Limits, digest, is_plain, members};
use crate::disk::OWN;
use crate::disk::parcel::{Member, PLACE, Parcel};
use crate::disk::write::NewFile;

/// What a node has is far below: some 40 files of some kilobytes.
const LIMITS: Limits = Limits { files: 10_000, file: 4 << 20, all: 64 << 20 };

/// Why nothing is unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It is no archive, or holds what none may hold.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It has no list of what is in it.
    #[error("has no {PLACE}: it was not packed by `kubepki apply --archive --recipient`")]
    NoList,
    /// Its list cannot be read.
    #[error("{PLACE}: {0}")]
    List(String),
    /// The list and the files do not fit.
    #[error("`{file}` {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// The list of an archive, and its files, each with the mode that the list says. Paths are below the node's root.
///
/// # Errors
/// When anything in the archive is not as its list says, or may not be in one: links, devices, paths that lead elsewhere,
/// modes that let others write, execute, or read a key.
pub fn unpack(plain: impl Read) -> Result<(Parcel, Vec<NewFile>), UnpackError> {
    let mut found = members(plain, &LIMITS)?;
    let list = found.remove(PLACE).ok_or(UnpackError::NoList)?;
    let parcel: Parcel =
        serde_json::from_slice(&list).map_err(|error| UnpackError::List(error.to_string()))?;
    if (parcel.api_version.as_str(), parcel.kind.as_str()) != (Parcel::API_VERSION, Parcel::KIND) {
        let found = format!("{} of {}", parcel.kind.escape_debug(), parcel.api_version.escape_debug());
        let wanted = format!("{} of {}", Parcel::KIND, Parcel::API_VERSION);
        return Err(UnpackError::List(format!("is `{found}`, not `{wanted}`")));
    }
    let wrong =
        |file: &str, problem: String| UnpackError::File { file: file.escape_debug().to_string(), problem };
    let mut known = HashSet::new();
    let mut files = Vec::with_capacity(parcel.files.len());
    for member in &parcel.files {
        let path = member.path.as_str();
        if !known.insert(path) {
            return Err(wrong(path, "is in the list twice".to_owned()));
        }
        let bytes =
            found.remove(path).ok_or_else(|| wrong(path, "is in the list, and not there".to_owned()))?;
        let mode = held(member, &bytes).map_err(|problem| wrong(path, problem))?;
        files.push(NewFile { path: PathBuf::from(path), bytes, mode });
    }
    if let Some(stranger) = found.keys().next() {
        return Err(wrong(stranger, "is not in the list".to_owned()));
    }
    Ok((parcel, files))
}

/// Holds a file to its line in the list: its mode.
fn held(member: &Member, bytes: &Zeroizing<Vec<u8>>) -> Result<u32, String> {
    let parts: Vec<&str> = member.path.split('/').collect();
    // One file, one name: `a//b` and `a/./b` would be others than `a/b`.
    if !is_plain(&member.path) || parts.iter().any(|part| ["", "."].contains(part)) {
        return Err("leads elsewhere".to_owned());
    }
    if parts.contains(&OWN) {
        return Err("is where kubepki keeps what is its own".to_owned());
    }
    let sha256 = digest(bytes);
    if sha256 != member.sha256 {
        return Err(format!("has the SHA-256 {sha256}, the list {}", member.sha256.escape_debug()));
    }
    let mode =
        u32::from_str_radix(&member.mode, 8).ok().filter(|mode| mode & 0o400 != 0 && mode & !0o644 == 0);
    let mode = mode.ok_or_else(|| {
        format!("has the mode {} in the list, which is none of such a file", member.mode.escape_debug())
    })?;
    let has = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    if mode & 0o004 != 0 && (has(b"PRIVATE KEY-----") || has(b"client-key-data:")) {
        return Err(format!("holds a key, and everybody may read it with the mode {mode:04o} of the list"));
    }
    Ok(mode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::bundle::write;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    type Change = fn(&mut Value, &mut crate::exchange::bundle::Files);

    /// An archive with a list of these files, after both were changed.
    fn archive(change: impl FnOnce(&mut Value, &mut crate::exchange::bundle::Files)) -> Vec<u8> {
        let mut files = crate::exchange::bundle::Files::from([
            ("etc/kubernetes/pki/ca.crt".to_owned(), b"certificate".to_vec()),
            ("etc/kubernetes/pki/sa.key".to_owned(), b"-----BEGIN PRIVATE KEY-----".to_vec()),
        ]);
        let line = |(path, bytes): (&String, &Vec<u8>)| {
            let mode = if path.ends_with(".key") { "0600" } else { "0644" };
            json!({"path": path, "mode": mode, "sha256": digest(bytes)})
        };
        let lines: Vec<Value> = files.iter().map(line).collect();
        let mut list =
            json!({"apiVersion": "kubepki/v1", "kind": "NodeArchive", "node": "cp1", "files": lines});
        change(&mut list, &mut files);
        files.insert(PLACE.to_owned(), serde_json::to_vec(&list).unwrap());
        write(&files, 0).unwrap()
    }

    #[test]
    fn all_of_the_list_and_nothing_else() {
        let (parcel, files) = unpack(&archive(|_, _| {})[..]).unwrap();
        assert_eq!((parcel.node.as_str(), files.len()), ("cp1", 2));
        assert_eq!((files[0].mode, files[1].mode), (0o644, 0o600));
        let cases: [(Change, &str); 11] = [
            (|_, files| drop(files.insert("x".into(), vec![])), "`x` is not in the list"),
            (
                |_, files| drop(files.remove("etc/kubernetes/pki/ca.crt")),
                "`etc/kubernetes/pki/ca.crt` is in the list, and not",
            ),
            (
                |_, files| drop(files.insert("etc/kubernetes/pki/ca.crt".into(), vec![1])),
                "has the SHA-256 4bf5",
            ),
            (|list, _| list["files"][1] = list["files"][0].clone(), "is in the list twice"),
            (|list, _| list["files"][1]["mode"] = json!("0644"), "holds a key, and everybody may read it"),
            (|list, _| list["files"][0]["mode"] = json!("4755"), "has the mode 4755 in the list"),
            (|list, _| list["files"][0]["mode"] = json!("0200"), "has the mode 0200 in the list"),
            (
                |list, files| {
                    files.insert("a//b".into(), vec![]);
                    list["files"][0] = json!({"path": "a//b", "mode": "0644", "sha256": digest(b"")});
                },
                "`a//b` is in the list, and not there",
            ),
            (
                |list, files| {
                    files.insert("etc/kubernetes/.kubepki/journal".into(), vec![]);
                    list["files"][0] = json!({"path": "etc/kubernetes/.kubepki/journal", "mode": "0644", "sha256": digest(b"")});
                },
                "is where kubepki keeps what is its own",
            ),
            (|list, _| list["kind"] = json!("Other"), "is `Other of kubepki/v1`, not `NodeArchive"),
            (|list, _| list["more"] = json!(1), "unknown field `more`"),
        ];
        for (change, told) in cases {
            let error = unpack(&archive(change)[..]).err().unwrap().to_string();
            assert!(error.contains(told), "{told}: {error}");
        }
        let none = write(&crate::exchange::bundle::Files::new(), 0).unwrap();
        assert!(matches!(unpack(&none[..]), Err(UnpackError::NoList)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0_usize..3000, byte in any::<u8>()) {
            let mut bytes = archive(|_, _| {});
            let length = bytes.len();
            bytes[at % length] = byte;
            let _ = unpack(&bytes[..]);
        }
    }
}
