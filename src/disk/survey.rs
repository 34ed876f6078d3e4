//! What is in the files now, each read and parsed once.

use rayon::prelude::*;

use super::content::Content;
use super::journal::Journal;
use super::layout::{File, Layout};
use super::read::{self, Bytes, Place, ReadError, Resolver};
use crate::target::Targets;

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
        let mut resolver = Resolver::new(layout.roots());
        let places: Vec<Vec<_>> = targets
            .list
            .iter()
            .map(|target| {
                let files = layout.files(targets, target).into_iter();
                let places = files.map(|file| {
                    let path = layout.absolute(&file.path);
                    let place = resolver.resolve(&path).map(|place| {
                        match pending.and_then(|journal| journal.ready(&place.path)) {
                            Some(ready) => Place { path: ready.to_owned(), exists: true },
                            None => place,
                        }
                    });
                    (file, place)
                });
                places.collect()
            })
            .collect();
        let look = |files: Vec<(File, Result<Place, ReadError>)>| {
            let entry = |(file, place): (File, Result<Place, ReadError>)| Entry { file, found: look(place) };
            files.into_iter().map(entry).collect()
        };
        let targets = if places.len() < WORTH_THREADS {
            places.into_iter().map(look).collect()
        } else {
            places.into_par_iter().map(look).collect()
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

fn look(place: Result<Place, ReadError>) -> Found {
    let bytes = |place: Place| if place.exists { read::bytes(&place.path) } else { Err(ReadError::Missing) };
    match place.and_then(bytes) {
        Err(ReadError::Missing) => Found::Missing,
        Err(error) => Found::Unreadable(error),
        Ok(file) => {
            let content = Content::parse(&file.bytes);
            Found::Present(Box::new(Present { file, content }))
        }
    }
}
