//! What is in the files now, each read and parsed once.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::content::Content;
use super::journal::Journal;
use super::layout::{File, Layout};
use super::read::{self, Bytes, ReadError};
use crate::target::{Target, Targets};

/// The files of every target as they are.
#[derive(Debug, Default)]
pub struct Survey {
    targets: Vec<Vec<Entry>>,
}

/// A file that a target has, and what stands in its place.
#[derive(Debug)]
pub struct Entry {
    /// The file.
    pub file: File,
    /// What is there.
    pub found: Found,
}

/// What stands at a path.
#[derive(Debug)]
pub enum Found {
    /// Nothing.
    Missing,
    /// Something that could not be read.
    Unreadable(ReadError),
    /// A file.
    Present(Box<Present>),
}

/// A file that was read.
#[derive(Debug)]
pub struct Present {
    /// Mode, owner and bytes.
    pub file: Bytes,
    /// What the bytes mean.
    pub content: Content,
}

/// Below this many targets, starting threads costs more than they save.
const WORTH_THREADS: usize = 64;

impl Survey {
    /// Reads every file that the targets have. Files that an interrupted run has left ready to be put in place are seen
    /// as if they were there already: that is what the next `apply` begins with.
    #[must_use]
    pub fn of(layout: &Layout, targets: &Targets, pending: Option<&Journal>) -> Self {
        let roots: Vec<PathBuf> =
            layout.roots().map(|root| root.canonicalize().unwrap_or_else(|_| root.to_owned())).collect();
        let look = |target: &Target| {
            let files = layout.files(targets, target).into_iter();
            let entries = files.map(|file| {
                let place = layout.absolute(&file.path);
                let ready = pending.and_then(|journal| journal.ready(&place));
                let found = look(&place, ready, &roots);
                Entry { file, found }
            });
            entries.collect()
        };
        let targets = if targets.list.len() < WORTH_THREADS {
            targets.list.iter().map(look).collect()
        } else {
            targets.list.par_iter().map(look).collect()
        };
        Self { targets }
    }

    /// The files of the target at this position.
    #[must_use]
    pub fn of_target(&self, index: usize) -> &[Entry] {
        self.targets.get(index).map_or(&[], Vec::as_slice)
    }
}

impl Found {
    /// The file, if it could be read.
    #[must_use]
    pub fn present(&self) -> Option<&Present> {
        match self {
            Self::Present(present) => Some(present),
            _ => None,
        }
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

fn look(path: &Path, ready: Option<&Path>, roots: &[PathBuf]) -> Found {
    let bytes = match ready {
        Some(ready) => read::bytes(ready),
        None => read::resolve(path, roots).and_then(|resolved| read::bytes(&resolved)),
    };
    match bytes {
        Err(ReadError::Missing) => Found::Missing,
        Err(error) => Found::Unreadable(error),
        Ok(file) => {
            let content = Content::parse(&file.bytes);
            Found::Present(Box::new(Present { file, content }))
        }
    }
}
