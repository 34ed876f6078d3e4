//! Every file below the directories that are looked at, each read and parsed once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use walkdir::WalkDir;

use super::content::Content;
use super::durable::SUFFIX;
use super::journal::Journal;
use super::layout::Layout;
use super::read::{self, ReadError};
use super::survey::{Found, Present};
use super::{Acl, OWN};
use crate::target::Site;

/// More files than this are not looked at: ten thousand certificates in a directory are a large stock of them, and the
/// directory of a fleet of ten thousand nodes has some thirty thousand files.
const MAX_FILES: usize = 100_000;

/// More bytes than this are not read of files that no credential has: a hostile directory must not fill the memory.
const MAX_BYTES: u64 = 256 << 20;

/// Below this many files, starting threads costs more than they save.
const WORTH_THREADS: usize = 64;

/// The files and directories below the roots of a layout.
#[derive(Debug, Default)]
pub struct Inventory {
    files: BTreeMap<PathBuf, Option<Arc<Found>>>,
    /// The directories, the roots among them.
    pub directories: Vec<Directory>,
    /// Symlinks and where they lead, by the path at which they stand.
    pub links: BTreeMap<PathBuf, PathBuf>,
    /// Whether there was more than is looked at.
    pub overflow: bool,
    /// Files that an interrupted run has left ready, by the place where they belong.
    ready: HashMap<PathBuf, PathBuf>,
    budget: u64,
}

/// A directory as it is.
#[derive(Clone, Debug)]
pub struct Directory {
    /// Its path: in an inventory absolute and without symlinks, in a survey as in [`super::File`].
    pub path: PathBuf,
    /// To whom it belongs, where that is known.
    pub site: Option<Site>,
    /// The permission bits.
    pub mode: u32,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Who may do more than the mode says, if anyone.
    pub acl: Option<Box<Acl>>,
}

impl Inventory {
    /// Lists what is below the roots of a layout; nothing is read yet. Files that an interrupted run has left ready to
    /// be put in place count as if they were there already: that is what the next `apply` begins with.
    #[must_use]
    pub fn of(layout: &Layout, pending: Option<&Journal>) -> Self {
        let mut inventory = Self { budget: MAX_BYTES, ..Self::default() };
        for root in layout.roots() {
            // How the root itself is reached is the user's choice.
            if let Ok(root) = root.canonicalize() {
                inventory.walk(&root, layout);
            }
        }
        for (from, to) in pending.into_iter().flat_map(Journal::ready) {
            inventory.files.insert(to.to_owned(), None);
            inventory.ready.insert(to.to_owned(), from.to_owned());
        }
        inventory
    }

    fn walk(&mut self, root: &Path, layout: &Layout) {
        let ours = |name: &str| name == OWN || (name.starts_with('.') && name.ends_with(SUFFIX));
        let wanted = |entry: &walkdir::DirEntry| {
            let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
            entry.depth() == 0
                || !(ours(&entry.file_name().to_string_lossy()) || layout.passes_over(relative))
        };
        for entry in WalkDir::new(root).into_iter().filter_entry(wanted) {
            if self.files.len() >= MAX_FILES {
                self.overflow = true;
                return;
            }
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {
                    if let Ok(directory) = read::directory(entry.path()) {
                        self.directories.push(directory);
                    }
                }
                Ok(entry) if entry.path_is_symlink() => {
                    let target = std::fs::read_link(entry.path()).unwrap_or_default();
                    self.links.insert(entry.into_path(), target);
                }
                Ok(entry) => {
                    self.files.insert(entry.into_path(), None);
                }
                // What may not be entered is told by the files that are missed in it.
                Err(_) => {}
            }
        }
    }

    /// Reads files that credentials have, bytes and all, unless they were read before. Paths are absolute and without
    /// symlinks.
    pub fn read(&mut self, paths: &[PathBuf]) {
        let has_bytes = |found: &Found| found.present().is_none_or(|present| !present.file.bytes.is_empty());
        let known =
            |path: &&PathBuf| self.files.get(*path).and_then(Option::as_ref).is_some_and(|f| has_bytes(f));
        let wanted: Vec<(&PathBuf, &PathBuf)> = paths
            .iter()
            .filter(|path| !known(path))
            .map(|path| (path, self.ready.get(path).unwrap_or(path)))
            .collect();
        let look = |(path, from): (&PathBuf, &PathBuf)| (path.clone(), Some(Arc::new(look(from, true))));
        let read: Vec<_> = if wanted.len() < WORTH_THREADS {
            wanted.into_iter().map(look).collect()
        } else {
            wanted.into_par_iter().map(look).collect()
        };
        self.files.extend(read);
    }

    /// Reads the rest: what the files mean, without keeping their bytes.
    pub fn read_rest(&mut self) {
        let unread = self.files.iter().filter(|(_, found)| found.is_none());
        let mut wanted: Vec<(PathBuf, bool)> = Vec::new();
        for (path, _) in unread {
            let size = std::fs::symlink_metadata(path).map_or(0, |metadata| metadata.len());
            let affordable = size <= self.budget || size > read::MAX_SIZE;
            if affordable && size <= read::MAX_SIZE {
                self.budget -= size;
            }
            wanted.push((path.clone(), affordable));
        }
        let look = |(path, affordable): (PathBuf, bool)| {
            let found = if affordable { look(&path, false) } else { Found::Unreadable(ReadError::Budget) };
            (path, Some(Arc::new(found)))
        };
        let read: Vec<_> = if wanted.len() < WORTH_THREADS {
            wanted.into_iter().map(look).collect()
        } else {
            wanted.into_par_iter().map(look).collect()
        };
        self.files.extend(read);
    }

    /// What stands at a path that was read.
    #[must_use]
    pub fn get(&self, path: &Path) -> Option<&Arc<Found>> {
        self.files.get(path)?.as_ref()
    }

    /// Whether a path is among those that were listed.
    #[must_use]
    pub fn has(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }

    /// Every file that was listed, in the order of their paths.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.keys().map(PathBuf::as_path)
    }
}

fn look(path: &Path, keep: bool) -> Found {
    match read::bytes(path) {
        Err(ReadError::Missing) => Found::Missing,
        Err(error) => Found::Unreadable(error),
        Ok(mut file) => {
            let content = Content::parse(&file.bytes);
            if !keep {
                file.bytes = zeroize::Zeroizing::default();
            }
            Found::Present(Box::new(Present { file, content }))
        }
    }
}
