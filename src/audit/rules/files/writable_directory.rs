//! `KP-FS007`: a directory in which others may exchange files.

use crate::audit::custody::is_live;
use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy};
use crate::disk::Directory;

rule! {
    /// A directory of the PKI, or one above it, may be written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// Who may write to a directory may rename what is in it and put something else there, whatever the modes of the
    /// files say.
    ///
    /// The directories above are looked at where a system has them in use (`/etc`, `/run`, `/srv`, `/usr`,
    /// `/var`), and not where the directory is somebody's working copy below a home or a temporary directory. One with
    /// the sticky bit is no fault there: only who owns a file may rename it.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` takes the permission away below the directory that it works on. Above it: `chmod go-w DIR`.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.19; rename(2).
    "KP-FS007" "writable-directory" High File "directories"
}

/// What the group and others need to change a directory.
const WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

fn applies(file: &File<'_>) -> bool {
    file.is_directory()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let (survey, path) = (file.view.survey, file.path());
    let own = file.mode().filter(|mode| mode & WRITE != 0).map(|mode| {
        let who = if mode & 0o002 == 0 { "its group" } else { "everyone" };
        let message = format!("has mode {mode:03o}: {who} may exchange what is in it");
        Fault::new(path.clone(), message, Remedy::Chmod(mode & !WRITE))
    });
    let is_root = survey.root_of(&path).is_some_and(|root| root.path == path);
    let absolute = survey.absolute(&path);
    let above = survey.parents.iter().filter(|parent| {
        is_root && is_live(&absolute) && absolute.starts_with(&parent.path) && is_open(parent)
    });
    let above = above.map(|parent| {
        let message = format!("has mode {:03o}, and the PKI is below it", parent.mode);
        let remedy = Remedy::by_hand(format!("chmod go-w {}", parent.path.display()));
        Fault::new(parent.path.clone(), message, remedy)
    });
    own.into_iter().chain(above).collect()
}

/// Whether others may rename what is in a directory and not theirs.
fn is_open(directory: &Directory) -> bool {
    directory.mode & WRITE != 0 && directory.mode & STICKY == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn a_sticky_directory_is_not_open() {
        for (mode, open) in [(0o755, false), (0o775, true), (0o777, true), (0o1777, false), (0o700, false)] {
            let directory =
                Directory { path: PathBuf::from("/srv"), site: None, mode, uid: 0, gid: 0, acl: None };
            assert_eq!(is_open(&directory), open, "{mode:o}");
        }
    }
}
