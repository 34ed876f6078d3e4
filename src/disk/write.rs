//! All of a change or none of it.
//!
//! 1. Every new file is written beside its place under a temporary name, with its final mode and owner, and synced:
//!    each by itself, or where there are very many, all at once with their file system.
//! 2. What is to be replaced gets a second name in the backup.
//! 3. The list of renames is written and synced: from here on the change happens, whatever comes.
//! 4. The renames are done, and the directories synced.
//!
//! A run that is killed before step 3 has changed nothing; the next run sweeps up its temporary files. One that is killed
//! later is finished by the next run. So key and certificate of a pair are never left apart.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use zeroize::Zeroizing;

use super::durable::{SUFFIX, in_threads, is_large, make_directory, set_mode, sync_directories, temporary};
use super::journal::Journal;
use super::read::Resolver;
use super::{DiskError, Layout, OWN};

/// What is to be changed. Paths are the layout's.
#[derive(Default)]
pub struct Change {
    /// Files to be made or replaced.
    pub files: Vec<NewFile>,
    /// Modes to be set on files that stay.
    pub modes: Vec<(PathBuf, u32)>,
}

/// A file to be made or replaced.
pub struct NewFile {
    /// Its path.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Its mode; where a file is replaced that had a stricter one, that one is kept.
    pub mode: u32,
}

/// Makes the change and returns where replaced files are kept, if any were replaced. The caller holds the lock. `time`
/// names the backup.
///
/// # Errors
/// When anything cannot be done before the decision, nothing has changed. After it, the next run goes on.
pub fn commit(layout: &Layout, change: &Change, time: &str) -> Result<Option<PathBuf>, DiskError> {
    for (path, mode) in &change.modes {
        let path = layout.absolute(path);
        set_mode(&in_tree(&mut Resolver::new(layout.roots()), &path)?, *mode)?;
    }
    let mut made = Made::default();
    let outcome = prepare(layout, change, time, &mut made);
    let (renames, backup) = match outcome {
        Ok(prepared) => prepared,
        Err(error) => {
            made.remove();
            return Err(error);
        }
    };
    if renames.is_empty() {
        return Ok(None);
    }
    let (temporary, renames): (Vec<_>, Vec<_>) = renames
        .into_iter()
        .map(|(temporary, place)| {
            let from = temporary.to_path_buf();
            (temporary, (from, place))
        })
        .unzip();
    let journal = Journal::new(renames);
    if let Err(error) = journal.decide(layout.root()) {
        drop(temporary);
        made.remove();
        return Err(error);
    }
    for path in temporary {
        // The journal has taken them over: they must outlive this run.
        let kept = path.keep();
        drop(kept);
    }
    journal.finish(layout.root())?;
    Ok(backup)
}

/// What a failed change must take away again.
#[derive(Default)]
struct Made {
    directories: Vec<PathBuf>,
    links: Vec<PathBuf>,
}

impl Made {
    fn remove(self) {
        // What is not empty any more has become somebody else's.
        self.links.iter().for_each(|link| drop(fs::remove_file(link)));
        self.directories.iter().rev().for_each(|directory| drop(fs::remove_dir(directory)));
    }
}

type Prepared = (Vec<(TempPath, PathBuf)>, Option<PathBuf>);

/// Steps 1 and 2.
fn prepare(layout: &Layout, change: &Change, time: &str, made: &mut Made) -> Result<Prepared, DiskError> {
    for root in layout.roots() {
        made.directories.extend(make_directory(root, 0o755)?);
    }
    let mut resolver = Resolver::new(layout.roots());
    let files = change.files.iter().map(|file| in_tree(&mut resolver, &layout.absolute(&file.path)));
    let places = files.collect::<Result<Vec<_>, _>>()?;
    let mut directories: Vec<&Path> = places.iter().filter_map(|place| place.parent()).collect();
    directories.sort_unstable();
    directories.dedup();
    let before = made.directories.len();
    for directory in &directories {
        made.directories.extend(make_directory(directory, 0o755)?);
    }
    let fresh: HashSet<&Path> = made.directories[before..].iter().map(PathBuf::as_path).collect();
    for directory in directories.iter().filter(|directory| !fresh.contains(*directory)) {
        sweep(directory)?;
    }
    let pairs: Vec<(&NewFile, &PathBuf)> = change.files.iter().zip(&places).collect();
    let each = !is_large(pairs.len());
    let temporary = in_threads(&pairs, |(file, place)| stage(file, place, each))?;

    let kept = backup(layout, &change.files, &places, time, made)?;
    let mut entered: Vec<&Path> = made.directories.iter().filter_map(|made| made.parent()).collect();
    entered.extend(&directories);
    entered.sort_unstable();
    entered.dedup();
    sync_directories(&entered, !each)?;
    Ok((temporary.into_iter().zip(places).collect(), kept))
}

/// The place that a path leads to, if that is one that may be written to.
fn in_tree(resolver: &mut Resolver, path: &Path) -> Result<PathBuf, DiskError> {
    resolver.resolve(path).map(|place| place.path).map_err(|error| DiskError {
        path: path.to_owned(),
        what: "is not written to",
        source: io::Error::other(error.to_string()),
    })
}

/// Writes a file beside its place, with the mode and owner that it is to have.
fn stage(file: &NewFile, place: &Path, sync: bool) -> Result<TempPath, DiskError> {
    let failed = DiskError::at(place, "cannot be written");
    let existing = fs::metadata(place).ok();
    let mode = existing.as_ref().map_or(file.mode, |old| file.mode & old.mode());
    let directory = place.parent().unwrap_or(Path::new("/"));
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    let temporary = temporary(directory, &name, &file.bytes, mode).map_err(&failed)?;
    if let Some(old) = existing {
        let new = temporary.as_file().metadata().map_err(&failed)?;
        // etcd, for example, may run as a user of its own that owns its keys.
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            fchown(temporary.as_file(), Some(old.uid()), Some(old.gid()))
                .map_err(DiskError::at(place, "its owner cannot be kept"))?;
        }
    }
    if sync {
        temporary.as_file().sync_all().map_err(failed)?;
    }
    Ok(temporary.into_temp_path())
}

/// Gives what is to be replaced a second name below the backup directory.
fn backup(
    layout: &Layout,
    files: &[NewFile],
    places: &[PathBuf],
    time: &str,
    made: &mut Made,
) -> Result<Option<PathBuf>, DiskError> {
    let directory = layout.root().join(OWN).join("backup").join(time);
    let mut any = false;
    for (file, place) in files.iter().zip(places) {
        if !place.exists() {
            continue;
        }
        any = true;
        let link = directory.join(file.path.strip_prefix("/").unwrap_or(&file.path));
        let parent = link.parent().unwrap_or(&directory);
        made.directories.extend(make_directory(parent, 0o700)?);
        // Not every file system has hard links.
        let copy = |_| fs::copy(place, &link).and_then(|_| File::open(&link)?.sync_all());
        fs::hard_link(place, &link)
            .or_else(copy)
            .map_err(DiskError::at(&link, "the old file cannot be kept"))?;
        made.links.push(link);
    }
    let kept: Vec<&Path> = made.links.iter().filter_map(|link| link.parent()).collect();
    sync_directories(&kept, is_large(kept.len()))?;
    Ok(any.then_some(directory))
}

/// Removes the temporary files that a killed run has left.
pub(super) fn sweep(directory: &Path) -> Result<(), DiskError> {
    let failed = DiskError::at(directory, "cannot be listed");
    for entry in fs::read_dir(directory).map_err(&failed)? {
        let entry = entry.map_err(&failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(SUFFIX) {
            let path = entry.path();
            fs::remove_file(&path).map_err(DiskError::at(&path, "cannot be removed"))?;
        }
    }
    Ok(())
}
