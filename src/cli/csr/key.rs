//! The key of a new request.

use std::path::Path;

use crate::disk::{DiskError, durable, read};
use crate::error::Error;
use crate::x509::PrivateKey;

/// The key in a file; `None` where there is no such file.
///
/// # Errors
/// When it cannot be read, or is no key.
pub fn at(path: &Path) -> Result<Option<PrivateKey>, Error> {
    match read::bytes(path) {
        Ok(file) => PrivateKey::from_pem(&file.bytes).map(Some).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Error::Usage {
                message,
                hint: "--key names the file of the key: a new one is made where there is none".to_owned(),
            }
        }),
        Err(read::ReadError::Missing) => Ok(None),
        Err(error) => {
            Err(DiskError::at(path, "cannot be used")(std::io::Error::other(error.to_string())).into())
        }
    }
}

/// Puts a key into a file that must not be there, readable to its owner alone.
///
/// # Errors
/// When it is there, or cannot be written.
pub fn keep(path: &Path, key: &PrivateKey) -> Result<(), Error> {
    if path.exists() {
        let message = format!("{} is there already, and would be replaced", path.display());
        let hint = format!("--key {} asks for a certificate for it; or move it away", path.display());
        return Err(Error::Usage { message, hint });
    }
    Ok(durable::create(path, key.to_pem()?.as_bytes(), 0o600)?)
}
