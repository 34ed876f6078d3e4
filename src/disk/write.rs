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
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};
use zeroize::Zeroizing;

use super::journal::{Journal, SUFFIX};
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

/// Threads that write and sync at the same time: the disk takes several syncs for little more than the price of one.
/// With eight, the 27 files of a control plane take 3.4 ms where one thread takes 8.2 ms (ext4).
const THREADS: usize = 8;

/// With more files than this, one `syncfs` takes the place of thousands of syncs: 0.04 s where a fleet of a thousand
/// nodes needs 0.9 s. It also waits for what others have just written to the same file system, so that few files are
/// better synced one by one.
const MANY: usize = 512;

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

/// A new file with exactly this mode, written but not synced; it vanishes if it is dropped.
pub(super) fn temporary(directory: &Path, name: &str, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let permissions = Permissions::from_mode(mode);
    let mut file = Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(SUFFIX)
        .permissions(permissions.clone())
        .tempfile_in(directory)?;
    // The umask may have taken bits away.
    file.as_file().set_permissions(permissions)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Replaces one file that stands for itself, such as an archive, unless it has these bytes already. Says whether it did.
///
/// # Errors
/// When it cannot be written; then the old one is still there.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<bool, DiskError> {
    let failed = DiskError::at(path, "cannot be written");
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let file = temporary(directory, &name, bytes, mode).map_err(&failed)?;
    file.as_file().sync_all().map_err(&failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_directory(directory)?;
    Ok(true)
}

/// Makes a directory and what is missing above it, each with exactly this mode, and says which were made.
pub(super) fn make_directory(path: &Path, mode: u32) -> Result<Vec<PathBuf>, DiskError> {
    let failed = DiskError::at(path, "cannot be made");
    let create = || DirBuilder::new().mode(mode).create(path);
    let mut made = Vec::new();
    let mut outcome = create();
    if let (Err(error), Some(parent)) =
        (&outcome, path.parent().filter(|parent| !parent.as_os_str().is_empty()))
        && error.kind() == io::ErrorKind::NotFound
    {
        made = make_directory(parent, mode)?;
        outcome = create();
    }
    match outcome {
        Ok(()) => {
            // The umask may have taken bits away.
            fs::set_permissions(path, Permissions::from_mode(mode)).map_err(failed)?;
            made.push(path.to_owned());
            Ok(made)
        }
        Err(_) if path.is_dir() => Ok(made),
        Err(error) => Err(failed(error)),
    }
}

/// Removes the temporary files that a killed run has left.
fn sweep(directory: &Path) -> Result<(), DiskError> {
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

/// Sets a file's mode without following a symlink that somebody may have put there.
fn set_mode(path: &Path, mode: u32) -> Result<(), DiskError> {
    let failed = DiskError::at(path, "its mode cannot be set");
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(&failed)?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(failed)
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), DiskError> {
    let sync = || File::open(path)?.sync_all();
    sync().map_err(DiskError::at(path, "cannot be synced"))
}

/// Makes the names in several directories durable: one by one, or with everything else on their file systems.
pub(super) fn sync_directories(paths: &[&Path], whole: bool) -> Result<(), DiskError> {
    if !whole {
        return in_threads(paths, |path| sync_directory(path)).map(drop);
    }
    let mut systems = HashSet::new();
    for path in paths {
        let failed = DiskError::at(path, "cannot be synced");
        if systems.insert(fs::metadata(path).map_err(&failed)?.dev()) {
            let directory = File::open(path).map_err(&failed)?;
            rustix::fs::syncfs(&directory).map_err(|error| failed(error.into()))?;
        }
    }
    Ok(())
}

/// Whether a change of so many files is synced as a whole.
pub(super) fn is_large(files: usize) -> bool {
    files > MANY
}

/// Does the same to every item, on several threads when there are several, and keeps their order.
fn in_threads<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, DiskError> + Sync,
) -> Result<Vec<R>, DiskError> {
    if items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let share = items.len().div_ceil(THREADS);
    std::thread::scope(|scope| {
        let work = &work;
        let handles: Vec<_> = items
            .chunks(share)
            .map(|chunk| scope.spawn(move || chunk.iter().map(work).collect::<Result<Vec<_>, _>>()))
            .collect();
        let mut all = Vec::with_capacity(items.len());
        for handle in handles {
            all.extend(handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    })
}
