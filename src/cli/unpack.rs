//! `kubepki unpack`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::Args;

use super::workspace::me;
use super::{Exit, Format, Outside, terminal};
use crate::disk::journal::Journal;
use crate::disk::lock::{Lock, PATIENCE};
use crate::disk::read::ReadError;
use crate::disk::seal::{Identity, SealError, open};
use crate::disk::write::{self, Change, NewFile};
use crate::disk::{DiskError, Layout, durable, read};
use crate::error::Error;
use crate::exchange::bundle::BundleError;
use crate::exchange::unpack::{UnpackError, unpack};
use crate::moment::compact;
use crate::report::Table;
use crate::report::unpacked::{Fate, Unpacked};

/// Unpack a node's encrypted archive on the node: all of it, or nothing
///
/// Opens what `kubepki apply --archive --recipient` has packed, holds it to the list in it, and puts each file in its
/// place with its mode; what it replaces is kept. age hides what is in an archive and does not say who packed it: let it come
/// from where you trust.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Unpack {
    /// The archive: NODE.tar.age.
    #[arg(value_name = "FILE", required_unless_present = "new_identity")]
    file: Option<PathBuf>,

    /// The node's age key, as age-keygen writes it.
    #[arg(long, value_name = "KEYFILE", required_unless_present = "new_identity")]
    identity: Option<PathBuf>,

    /// Make a key for this node, and print for whom to encrypt: `age1…`.
    #[arg(long, value_name = "KEYFILE", conflicts_with_all = ["file", "identity", "yes"])]
    new_identity: Option<PathBuf>,

    /// The root of the node's file system: files go to etc/kubernetes and its kin below it.
    #[arg(short, long, value_name = "DIR", default_value = "/")]
    dir: PathBuf,

    /// Replace what is there without asking.
    #[arg(short, long)]
    yes: bool,

    /// How to print what was done.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

const SESSION: &str = "\
A session:
  kubepki unpack --new-identity node.key                                                  on cp1
  kubepki apply -f cluster.yaml -d out --archive --recipient cp1=age1… --recipient cp2=age1…
  kubepki unpack cp1.tar.age --identity node.key                                          on cp1";

impl Unpack {
    /// Opens, holds, asks, writes.
    ///
    /// # Errors
    /// When the archive is not for this node, not as its list says, or cannot be written; then nothing has changed.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        if let Some(path) = &self.new_identity {
            let identity = Identity::generate();
            if path.symlink_metadata().is_ok() {
                return Err(Error::IsThere(path.clone()));
            }
            durable::create(path, identity.text().as_bytes(), 0o600)?;
            writeln!(outside.out, "{}", identity.recipient())?;
            return Ok(Exit::Done);
        }
        let (Some(file), Some(identity)) = (&self.file, &self.identity) else { return Ok(Exit::Done) };
        let refused = |why: String| Error::Refused { path: file.clone(), why };
        let identities = identities(identity)?;
        let sealed = read::large(file).map_err(|source| Error::Read { path: file.clone(), source })?;
        let plain = open(sealed.as_slice(), &identities).map_err(|error| refused(error.to_string()))?;
        let (parcel, files) = unpack(plain).map_err(|error| refused(told(&error)))?;

        let dir = std::path::absolute(&self.dir).map_err(DiskError::at(&self.dir, "cannot be found"))?;
        let root = dir.join("etc/kubernetes");
        // What lies beside the Kubernetes directory is below the node's root.
        let layout = Layout::new(&root, Some(&dir), "/etc/kubernetes/pki", false);
        let shown = fates(&dir, &files)?;
        let mut report = Unpacked::new(&parcel.node, &dir, &shown);
        let replaced = report.replaced();
        if replaced > 0 && !self.yes {
            report.table(&mut anstream::stderr(), outside.width)?;
            match terminal::confirm(&format!("Replace {replaced} files?")) {
                Some(true) => {}
                Some(false) => return Err(Error::Declined),
                None => {
                    let message = format!("{replaced} files would be replaced");
                    return Err(Error::Usage { message, hint: "--yes replaces them".to_owned() });
                }
            }
        }
        if shown.iter().any(|(_, fate)| *fate != Fate::Kept) {
            let _lock = Lock::take(&root, &me("Unpack", outside.now), PATIENCE)?;
            if let Some(journal) = Journal::pending(&root)? {
                journal.finish(&root)?;
            }
            // Nothing is replaced that was not shown.
            let now = fates(&dir, &files)?;
            if now != shown {
                return Err(Error::Changed(dir));
            }
            let change = change(&dir, files, &now);
            let backup = write::commit(&layout, &change, &compact(outside.now))?;
            report.kept_in(backup.as_deref());
        }
        outside.print(&report, self.output)?;
        Ok(Exit::Done)
    }
}

/// The node's keys.
fn identities(path: &Path) -> Result<Vec<Identity>, Error> {
    let file = read::bytes(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    if file.mode & 0o077 != 0 {
        terminal::warning(&format!("{} has mode {:o}: others can read the key", path.display(), file.mode));
    }
    let text = std::str::from_utf8(&file.bytes).unwrap_or_default();
    Identity::all(text).map_err(|error| Error::Refused { path: path.to_owned(), why: error.to_string() })
}

/// What becomes of each file. Something else than a file in its place is not replaced, and then nothing is.
fn fates(dir: &Path, files: &[NewFile]) -> Result<Vec<(String, Fate)>, Error> {
    let fate = |file: &NewFile| {
        let path = dir.join(&file.path);
        let fate = match read::bytes(&path) {
            Err(ReadError::Missing) => Fate::Created,
            Err(ReadError::TooLarge(_)) => Fate::Replaced,
            Err(source) => return Err(Error::Read { path, source }),
            Ok(there) if *there.bytes != *file.bytes => Fate::Replaced,
            Ok(there) if there.mode & !file.mode != 0 => Fate::Tightened,
            Ok(_) => Fate::Kept,
        };
        Ok((file.path.display().to_string(), fate))
    };
    files.iter().map(fate).collect()
}

/// What is written: paths become those of this machine.
fn change(dir: &Path, files: Vec<NewFile>, fates: &[(String, Fate)]) -> Change {
    let mut change = Change::default();
    for (file, (_, fate)) in files.into_iter().zip(fates) {
        let path = dir.join(&file.path);
        match fate {
            Fate::Created | Fate::Replaced => change.files.push(NewFile { path, ..file }),
            Fate::Tightened => {
                let there = fs::metadata(&path).map_or(0, |metadata| metadata.permissions().mode());
                change.modes.push((path, there & file.mode));
            }
            Fate::Kept => {}
        }
    }
    change
}

/// An archive that was changed shows while it is read.
fn told(error: &UnpackError) -> String {
    match error {
        UnpackError::Bundle(BundleError::Tar(source)) if source.get_ref().is_some() => {
            format!("{}: {source}", SealError::Format("it has been changed or cut off"))
        }
        other => other.to_string(),
    }
}
