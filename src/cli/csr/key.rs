//! The key of a new request.

use std::path::Path;

use crate::disk::{DiskError, durable, read};
use crate::error::Error;
use crate::x509::{KeyAlgorithm, PrivateKey};

/// Reads the key in a file, or makes one and puts it there, readable to its owner alone. A file that is there is never
/// replaced.
///
/// # Errors
/// When it cannot be read, or is no key, or cannot be written.
pub fn at(path: &Path, algorithm: KeyAlgorithm) -> Result<PrivateKey, Error> {
    match read::bytes(path) {
        Ok(file) => PrivateKey::from_pem(&file.bytes).map_err(|error| {
            let message = format!("{}: {error}", path.display());
            Error::Usage {
                message,
                hint: "--key names the file of the key: a new one is made where there is none".to_owned(),
            }
        }),
        Err(read::ReadError::Missing) => make(path, algorithm),
        Err(error) => {
            Err(DiskError::at(path, "cannot be used")(std::io::Error::other(error.to_string())).into())
        }
    }
}

/// Makes a key and puts it into a file that must not be there.
///
/// # Errors
/// When it is there, or cannot be written.
pub fn make(path: &Path, algorithm: KeyAlgorithm) -> Result<PrivateKey, Error> {
    let key = PrivateKey::generate(algorithm)?;
    durable::create(path, key.to_pem()?.as_bytes(), 0o600)?;
    Ok(key)
}
