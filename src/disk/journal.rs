//! The list of renames that an `apply` has decided on. Once it is on disk the change happens, by this run or by the next;
//! before, nothing has changed.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::durable::{self, SUFFIX};
use super::error::NOT_IN_PLACE;
use super::{DiskError, OWN};

/// The renames of one change: each from a file that is ready to where it belongs, beside it. Absolute paths without
/// symlinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    renames: Vec<(PathBuf, PathBuf)>,
}

/// The journal as it is written: paths below the root are relative to it, so that the directory may be moved.
#[derive(Serialize, Deserialize)]
struct Written {
    renames: Vec<(PathBuf, PathBuf)>,
}

impl Journal {
    /// A journal of these renames.
    #[must_use]
    pub fn new(renames: Vec<(PathBuf, PathBuf)>) -> Self {
        Self { renames }
    }

    /// The journal that an interrupted run has left, if there is one that this user may see: who may not cannot go on with
    /// it either.
    ///
    /// # Errors
    /// When there is one that cannot be read or is not one of ours: only renames of our temporary files to their
    /// neighbours are.
    pub fn pending(root: &Path) -> Result<Option<Self>, DiskError> {
        let path = path(root);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied => {
                    return Ok(None);
                }
                _ => return Err(DiskError::at(&path, "cannot be read")(error)),
            },
        };
        let foreign = DiskError::at(&path, "is not a journal");
        let written: Written = serde_json::from_slice(&text).map_err(|error| foreign(error.into()))?;
        let ours = |(from, to): &(PathBuf, PathBuf)| {
            let temporary = from.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX));
            let plain = |path: &Path| !path.components().any(|part| part == Component::ParentDir);
            temporary && plain(from) && from.parent() == to.parent() && to.file_name().is_some()
        };
        if !written.renames.iter().all(ours) {
            return Err(foreign(io::Error::other("it names files that are not kubepki's")));
        }
        let root = canonical(root)?;
        let renames = written.renames.into_iter().map(|(from, to)| (root.join(from), root.join(to)));
        Ok(Some(Self { renames: renames.collect() }))
    }

    /// Each file that is ready and has not been put in place yet, with where it belongs.
    pub fn ready(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let renames = self.renames.iter().map(|(from, to)| (from.as_path(), to.as_path()));
        renames.filter(|(from, _)| from.exists())
    }

    /// How many files are still to be put in place.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.ready().count()
    }

    /// Makes the decision durable.
    ///
    /// # Errors
    /// When it cannot be written; then nothing has been decided.
    pub fn decide(&self, root: &Path) -> Result<(), DiskError> {
        let path = path(root);
        let failed = DiskError::at(&path, "cannot be written");
        let root = canonical(root)?;
        let relative = |path: &PathBuf| path.strip_prefix(&root).unwrap_or(path).to_owned();
        let renames = self.renames.iter().map(|(from, to)| (relative(from), relative(to))).collect();
        let text = serde_json::to_vec(&Written { renames }).map_err(|error| failed(error.into()))?;
        let own = root.join(OWN);
        let file = durable::temporary(&own, "journal", &text, 0o600).map_err(&failed)?;
        file.as_file().sync_all().map_err(&failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        durable::sync_directory(&own)
    }

    /// Does every rename that is left, makes them durable, and forgets the journal.
    ///
    /// # Errors
    /// When one cannot be done: the journal stays, and the next run goes on with it.
    pub fn finish(&self, root: &Path) -> Result<(), DiskError> {
        for (from, to) in &self.renames {
            match fs::rename(from, to) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound && to.exists() => {}
                Err(error) => return Err(DiskError::at(to, NOT_IN_PLACE)(error)),
            }
        }
        let mut directories: Vec<&Path> = self.renames.iter().filter_map(|(_, to)| to.parent()).collect();
        directories.sort_unstable();
        directories.dedup();
        durable::sync_directories(&directories, durable::is_large(self.renames.len()))?;
        let path = path(root);
        fs::remove_file(&path).map_err(DiskError::at(&path, "cannot be removed"))
    }
}

fn canonical(root: &Path) -> Result<PathBuf, DiskError> {
    root.canonicalize().map_err(DiskError::at(root, "cannot be entered"))
}

fn path(root: &Path) -> PathBuf {
    root.join(OWN).join("journal")
}
