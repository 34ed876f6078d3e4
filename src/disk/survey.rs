//! What is in the files now: those of every target, and those that no target has.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::content::{Content, Item};
use super::inventory::{Directory, Inventory};
use super::layout::{File, Layout, Owner};
use super::read::{self, Bytes, Place, ReadError, Resolver};
use crate::catalog::Base;
use crate::system::reason;
use crate::target::{Site, Target, Targets};

/// The files as they are.
#[derive(Debug, Default)]
pub struct Survey {
    targets: Vec<Vec<Entry>>,
    /// Files that no target has, in the order of their paths.
    pub strays: Vec<Stray>,
    /// The directories that hold files; paths as in [`File`].
    pub directories: Vec<Directory>,
    /// The directories above those that are looked at; paths are absolute.
    pub parents: Vec<Directory>,
    /// The data directories that etcd's manifests name, where they are on this machine; paths as in [`File`].
    pub data: Vec<Directory>,
    /// Whether there are more files than are looked at.
    pub overflow: bool,
    /// Directories that are links to others of the same tree: how they are called, and where they lead.
    aliases: Vec<(PathBuf, PathBuf)>,
    layout: Option<Layout>,
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
                        let place =
                            place.or_else(|error| as_on_the_node(layout, target, error, &mut resolver));
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
            overflow: inventory.overflow,
            layout: Some(layout.clone()),
            ..Self::default()
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
        let relative = |path: &Path| path.strip_prefix(&root).unwrap_or(path).to_owned();
        let only = targets.list.iter().find(|target| target.site != Site::Authority);
        let site = |path: &Path| match layout.owner(path) {
            Owner::Authority => Some(Site::Authority),
            Owner::Node(name) => Some(Site::Node(name)),
            Owner::OnlyNode => only.map(|target| target.site.clone()),
            Owner::Nobody => None,
        };
        for path in inventory.paths().filter(|path| !claimed.contains(*path)) {
            let Some(found) = inventory.get(path) else { continue };
            let path = relative(path);
            self.strays.push(Stray { site: site(&path), path, link: None, found: Arc::clone(found) });
        }
        let own: HashSet<&Path> =
            self.targets.iter().flatten().map(|entry| entry.file.path.as_path()).collect();
        for (path, target) in &inventory.links {
            let shown = relative(path);
            if own.contains(shown.as_path()) {
                continue;
            }
            let canonical = path.canonicalize();
            let inside = |to: &&PathBuf| inventory.directories.iter().any(|directory| directory.path == **to);
            if let Some(directory) = canonical.as_ref().ok().filter(inside) {
                // A directory of the tree under another name: its files are looked at where they are.
                self.aliases.push((shown, relative(directory)));
                continue;
            }
            let found = match canonical {
                Ok(to) => inventory.get(&to).cloned().ok_or_else(|| ReadError::Outside(target.clone())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    Err(ReadError::Outside(target.clone()))
                }
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                    Err(ReadError::NotAFile("a circle of symlinks"))
                }
                Err(error) => Err(ReadError::System(reason(&error))),
            };
            let found = found.unwrap_or_else(|error| Arc::new(Found::Unreadable(error)));
            self.strays.push(Stray { site: site(&shown), path: shown, link: Some(target.clone()), found });
        }
        self.strays.sort_by(|a, b| a.path.cmp(&b.path));
        let directories = inventory.directories.iter();
        self.directories = directories
            .map(|directory| {
                let path = relative(&directory.path);
                Directory { site: site(&path), path, ..directory.clone() }
            })
            .collect();
        self.directories.sort_by(|a, b| a.path.cmp(&b.path));
        let mut above: Vec<PathBuf> = layout
            .roots()
            .filter_map(|root| root.canonicalize().ok())
            .flat_map(|root| root.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>())
            .collect();
        above.sort();
        above.dedup();
        self.parents = above.iter().filter_map(|path| read::directory(path).ok()).collect();
        self.data = self.data_directories(layout);
    }

    /// The data directories that manifests of etcd name, as far as they are there.
    fn data_directories(&self, layout: &Layout) -> Vec<Directory> {
        let pods = self.strays.iter().flat_map(|stray| {
            let items = stray.found.present().into_iter().flat_map(|present| &present.content.items);
            items.filter_map(move |item| match item {
                Ok(Item::StaticPod(pod)) if pod.component == "etcd" => Some((stray, pod)),
                _ => None,
            })
        });
        let mut found: Vec<Directory> = pods
            .filter_map(|(stray, pod)| {
                let name = stray.site.as_ref().map(ToString::to_string).unwrap_or_default();
                let place = layout.host(&name, Path::new(pod.flag("data-dir")?))?;
                let directory = read::directory(&place).ok()?;
                let path = place.strip_prefix(layout.root()).unwrap_or(&place).to_owned();
                Some(Directory { path, site: stray.site.clone(), ..directory })
            })
            .collect();
        found.dedup_by(|a, b| a.path == b.path);
        found
    }

    /// Where a path of a node's own file system is, as paths are written here; `None` where that is not known.
    #[must_use]
    pub fn place(&self, site: &Site, path: &str) -> Option<PathBuf> {
        let layout = self.layout.as_ref()?;
        let place = layout.host(&site.to_string(), Path::new(path))?;
        let place = place.strip_prefix(layout.root()).unwrap_or(&place);
        let alias = self.aliases.iter().find_map(|(name, to)| Some(to.join(place.strip_prefix(name).ok()?)));
        Some(alias.unwrap_or_else(|| place.to_owned()))
    }

    /// The directory that is looked at and that a path is below.
    #[must_use]
    pub fn root_of(&self, path: &Path) -> Option<&Directory> {
        let above = self.directories.iter().filter(|directory| path.starts_with(&directory.path));
        let absolute = above.filter(|directory| directory.path.is_absolute() == path.is_absolute());
        absolute.min_by_key(|directory| directory.path.components().count())
    }

    /// Whose layout the directory has.
    #[must_use]
    pub fn layout(&self) -> &'static str {
        self.layout.as_ref().map_or("unknown", Layout::name)
    }

    /// The absolute path of one of the paths here.
    #[must_use]
    pub fn absolute(&self, path: &Path) -> PathBuf {
        match &self.layout {
            Some(layout) if path.as_os_str().is_empty() => layout.root().to_owned(),
            Some(layout) => layout.absolute(path),
            None => path.to_owned(),
        }
    }

    /// The file at a path that no target has.
    #[must_use]
    pub fn stray(&self, path: &Path) -> Option<&Stray> {
        let index = self.strays.binary_search_by(|stray| stray.path.as_path().cmp(path)).ok()?;
        self.strays.get(index)
    }

    /// The files of the target at this position.
    #[must_use]
    pub fn of_target(&self, index: usize) -> &[Entry] {
        self.targets.get(index).map_or(&[], Vec::as_slice)
    }
}

/// A kubelet links to its current certificate by the absolute path on its node, which in a copy of its directory leads
/// out of it, or to nothing: then the link is followed as on the node. Nothing is ever written there.
fn as_on_the_node(
    layout: &Layout,
    target: &Target,
    error: ReadError,
    resolver: &mut Resolver,
) -> Result<Place, ReadError> {
    let (Base::Kubelet, ReadError::Outside(to)) = (target.base, &error) else { return Err(error) };
    let there = layout.host(&target.site.to_string(), to).filter(|there| there != to);
    match there.map(|there| resolver.resolve(&there)) {
        Some(Ok(place)) if place.exists => Ok(Place { link: true, ..place }),
        _ => Err(error),
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
