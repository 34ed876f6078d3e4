//! What is in the files now: those of every target, and those that no target has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::Content;
use super::inventory::{Directory, Inventory};
use super::layout::{File, Layout, Owner};
use super::read::{Bytes, Place, ReadError, Resolver};
use crate::target::{Site, Targets};

/// The files as they are.
#[derive(Debug, Default)]
pub struct Survey {
    targets: Vec<Vec<Entry>>,
    /// Files that no target has, in the order of their paths.
    pub strays: Vec<Stray>,
    /// The directories that hold files; paths as in [`File`].
    pub directories: Vec<Directory>,
    /// Whether there are more files than are looked at.
    pub overflow: bool,
}

/// A file that a target has, and what stands in its place.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file.
    pub file: File,
    /// Whether a symlink stands in its place.
    pub link: bool,
    /// What is there, or where the symlink leads.
    pub found: Arc<Found>,
}

/// A file that no target has.
#[derive(Clone, Debug)]
pub struct Stray {
    /// Its path: relative to the root, or absolute where it is kept apart.
    pub path: PathBuf,
    /// On which node it is, or with the authority; nowhere in a fleet's own directory.
    pub site: Option<Site>,
    /// What it leads to, if it is a symlink.
    pub link: Option<PathBuf>,
    /// What is there.
    pub found: Arc<Found>,
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
    /// Mode, owner and, for a target's file, bytes.
    pub file: Bytes,
    /// What the bytes mean.
    pub content: Content,
}

impl Survey {
    /// Finds the files of the targets in an inventory, and what is left over.
    #[must_use]
    pub fn of(layout: &Layout, targets: &Targets, inventory: &mut Inventory) -> Self {
        let mut resolver = Resolver::new(layout.roots());
        let resolved: Vec<Vec<(File, Result<Place, ReadError>)>> = targets
            .list
            .iter()
            .map(|target| {
                let files = layout.files(targets, target).into_iter();
                files
                    .map(|file| {
                        let place = resolver.resolve(&layout.absolute(&file.path));
                        (file, place)
                    })
                    .collect()
            })
            .collect();
        let exists = |place: &Place| place.exists || inventory.has(&place.path);
        let claimed: Vec<PathBuf> = resolved
            .iter()
            .flatten()
            .filter_map(|(_, place)| place.as_ref().ok().filter(|place| exists(place)))
            .map(|place| place.path.clone())
            .collect();
        inventory.read(&claimed);
        inventory.read_rest();
        let entry = |(file, place): (File, Result<Place, ReadError>)| {
            let link = place.as_ref().is_ok_and(|place| place.link);
            let found = match place {
                Ok(place) => inventory.get(&place.path).cloned().unwrap_or_else(|| Arc::new(Found::Missing)),
                Err(ReadError::Missing) => Arc::new(Found::Missing),
                Err(error) => Arc::new(Found::Unreadable(error)),
            };
            Entry { file, link, found }
        };
        let entries = resolved.into_iter().map(|files| files.into_iter().map(entry).collect());
        let mut survey = Self {
            targets: entries.collect(),
            strays: Vec::new(),
            directories: Vec::new(),
            overflow: inventory.overflow,
        };
        survey.gather(layout, targets, inventory, &claimed.into_iter().collect());
        survey
    }

    /// What no target has.
    fn gather(
        &mut self,
        layout: &Layout,
        targets: &Targets,
        inventory: &Inventory,
        claimed: &HashSet<PathBuf>,
    ) {
        let root = layout.root().canonicalize().unwrap_or_else(|_| layout.root().to_owned());
        let shown = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_owned();
        let only = targets.list.iter().find(|target| target.site != Site::Authority);
        let site = |path: &Path| match layout.owner(path) {
            Owner::Authority => Some(Site::Authority),
            Owner::Node(name) => Some(Site::Node(name)),
            Owner::OnlyNode => only.map(|target| target.site.clone()),
            Owner::Nobody => None,
        };
        for path in inventory.paths().filter(|path| !claimed.contains(*path)) {
            let Some(found) = inventory.get(path) else { continue };
            let path = shown(path);
            self.strays.push(Stray { site: site(&path), path, link: None, found: Arc::clone(found) });
        }
        let own: HashSet<&Path> =
            self.targets.iter().flatten().map(|entry| entry.file.path.as_path()).collect();
        for (path, target) in &inventory.links {
            let shown = shown(path);
            if own.contains(shown.as_path()) {
                continue;
            }
            let canonical = path.canonicalize().ok();
            let inside = |to: &PathBuf| inventory.directories.iter().any(|directory| directory.path == *to);
            if canonical.as_ref().is_some_and(inside) {
                // A directory of the tree under another name: its files are looked at where they are.
                continue;
            }
            let found = canonical.and_then(|to| inventory.get(&to).cloned());
            let found =
                found.unwrap_or_else(|| Arc::new(Found::Unreadable(ReadError::Outside(target.clone()))));
            self.strays.push(Stray { site: site(&shown), path: shown, link: Some(target.clone()), found });
        }
        self.strays.sort_by(|a, b| a.path.cmp(&b.path));
        let directories = inventory.directories.iter();
        self.directories = directories
            .map(|directory| Directory { path: shown(&directory.path), ..directory.clone() })
            .collect();
        self.directories.sort_by(|a, b| a.path.cmp(&b.path));
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
