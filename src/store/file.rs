//! The files of a directory store: what each held when it was read last, and which of them count.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::manifest::Manifest;
use super::name::escape;
use super::{Stored, Token, Version};
use crate::csr::Object;
use crate::disk::read::{self, ReadError};
use crate::disk::{Notation, Stamp};
use crate::moment::Clock;
use crate::spec::reader::quoted;
use crate::x509::sha256;

/// A file that was read.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// What tells it from the same file changed.
    pub stamp: Stamp,
    /// Whether the file was old enough when it was read: one that changes twice in a tick of the clock keeps its stamp.
    pub sure: bool,
    /// Its object, or why it has none.
    pub content: Result<Stored, String>,
}

/// A stamp that is not older than this when the file is read proves nothing. The clocks of file systems tick every 4 ms or
/// faster; those of network file systems may be a second apart.
const TICK: Duration = Duration::from_secs(2);

/// Looks at a file: `None` when it is not there.
pub(super) fn look(
    root: &Path,
    name: &str,
    notation: Notation,
    known: Option<&Seen>,
    clock: Clock,
) -> Option<Seen> {
    let path = root.join(name);
    let metadata = fs::symlink_metadata(&path).ok()?;
    let stamp = Stamp::of(&metadata);
    if let Some(known) = known.filter(|known| known.sure && known.stamp == stamp) {
        return Some(known.clone());
    }
    let sure = stamp.is_older_than(clock(), TICK);
    let content = if metadata.is_symlink() {
        Err("is a symlink, which is not followed".to_owned())
    } else {
        match read::bytes(&path) {
            Err(ReadError::Missing) => return None,
            Err(error) => Err(error.to_string()),
            Ok(file) => {
                let digest = sha256(&file.bytes);
                let same = known
                    .filter(|known| known.content.as_ref().is_ok_and(|known| known.token.digest == digest));
                match same {
                    Some(known) => known.content.clone(),
                    None => parse(name, &file.bytes, digest, notation),
                }
            }
        }
    };
    Some(Seen { stamp, sure, content })
}

fn parse(file: &str, bytes: &[u8], digest: Vec<u8>, notation: Notation) -> Result<Stored, String> {
    let Manifest { object, foreign } = Manifest::read(bytes, notation).map_err(|error| error.to_string())?;
    let generated = object.metadata.generate_name.as_deref().unwrap_or_default();
    if object.name().is_empty() && generated.is_empty() {
        return Err("has neither metadata.name nor metadata.generateName".to_owned());
    }
    let token = Token { file: file.to_owned(), digest, foreign: foreign.map(Arc::new) };
    Ok(Stored { object: Arc::new(object), token })
}

/// Which file counts for each name, which have no name yet, and which do not count.
pub(super) struct Index {
    /// The file of each name.
    pub names: BTreeMap<String, String>,
    /// The files of objects whose names are to be generated.
    pub nameless: Vec<String>,
    /// The files that do not count, and why.
    pub twice: Vec<(String, String)>,
}

impl Index {
    /// Of two files that name the same request the one with the right name counts, else the first.
    pub fn of(files: &HashMap<String, Seen>) -> Self {
        let mut index = Self { names: BTreeMap::new(), nameless: Vec::new(), twice: Vec::new() };
        let mut sorted: Vec<(&String, &Seen)> = files.iter().collect();
        sorted.sort_unstable_by_key(|(file, _)| *file);
        for (file, seen) in sorted {
            let Ok(stored) = &seen.content else { continue };
            let name = stored.name();
            if name.is_empty() {
                index.nameless.push(file.clone());
                continue;
            }
            let right = |file: &str| file.rsplit_once('.').is_some_and(|(stem, _)| stem == escape(name));
            match index.names.get(name) {
                None => {
                    index.names.insert(name.to_owned(), file.clone());
                }
                // `a.json` comes before `a.yaml`, which is what kubepki itself writes.
                Some(other) if right(file) && !(right(other) && file.ends_with(".json")) => {
                    index.twice.push((other.clone(), twice(name, file)));
                    index.names.insert(name.to_owned(), file.clone());
                }
                Some(other) => index.twice.push((file.clone(), twice(name, other))),
            }
        }
        index
    }
}

fn twice(name: &str, other: &str) -> String {
    format!("names the request {} as {} does, which counts", quoted(name), quoted(other))
}

/// The version of an object; what is no number has none.
pub(super) fn version(stored: &Stored) -> Option<Version> {
    stored.object.metadata.resource_version.as_ref()?.parse().ok()
}
