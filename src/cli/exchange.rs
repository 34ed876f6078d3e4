//! What `sign` and `import` have in common: a bundle is read, and what is wrong with it is told, all of it.

use std::path::Path;

use super::terminal;
use crate::disk::read;
use crate::error::Error;
use crate::exchange::Refusal;
use crate::exchange::bundle::{self, Files};

/// Reads a bundle.
///
/// # Errors
/// When the file cannot be read or is no bundle.
pub(super) fn read_bundle(path: &Path) -> Result<Files, Error> {
    bundle::read(&bytes(path)?).map_err(|error| Error::bundle(path, error))
}

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let file = read::large(path).map_err(|error| Error::Usage {
        message: format!("{}: {error}", path.display()),
        hint: "`kubepki request` makes a bundle of requests, `kubepki sign` one of certificates".to_owned(),
    })?;
    Ok(file)
}

/// Tells every refusal; if there is one, nothing goes on.
///
/// # Errors
/// When there is a refusal.
pub(super) fn refuse(refusals: &[Refusal], path: &Path) -> Result<(), Error> {
    if refusals.is_empty() {
        return Ok(());
    }
    for refusal in refusals {
        for reason in &refusal.reasons {
            terminal::error(&format!("{}: {reason}", refusal.name.escape_debug()));
        }
    }
    Err(Error::Deviates { path: path.to_owned(), count: refusals.len() })
}
