//! What cfssl's commands read.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::cli::Outside;
use crate::disk::DiskError;
use crate::disk::read::{self, MAX_SIZE, ReadError};
use crate::error::Error;
use crate::spec::Period;
use crate::x509::cfssl::{CfsslError, Output};

/// The bytes of a file; `-` is standard input.
///
/// # Errors
/// When it cannot be read or is too large.
pub fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    if path != Path::new("-") {
        return Ok(read::bytes(path).map_err(failed)?.bytes);
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let input = std::io::stdin().take(MAX_SIZE + 1).read_to_end(&mut bytes);
    input.map_err(DiskError::at(Path::new("standard input"), "cannot be read"))?;
    if bytes.len() as u64 > MAX_SIZE { Err(failed(ReadError::TooLarge(MAX_SIZE))) } else { Ok(bytes) }
}

/// A document of JSON.
///
/// # Errors
/// When it cannot be read, is no JSON, or has other fields than are known.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let bytes = bytes(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Refused { path: path.to_owned(), why: error.to_string() })
}

/// A duration in Go's notation.
///
/// # Errors
/// When it is none.
pub fn period(path: &Path, text: &str) -> Result<time::Duration, Error> {
    let refused = |error| Error::Refused { path: path.to_owned(), why: format!("`{text}` is {error}") };
    Ok(Period::from_go(text).map_err(refused)?.duration())
}

/// Names the file of what cannot be had; made for `map_err`.
pub fn refused(path: &Path) -> impl Fn(CfsslError) -> Error {
    let path: PathBuf = path.to_owned();
    move |error| Error::Refused { path: path.clone(), why: error.to_string() }
}

/// Prints what cfssl prints: one line of JSON.
///
/// # Errors
/// When standard output fails.
pub fn print(output: &Output, outside: &mut Outside<'_>) -> Result<(), Error> {
    let text = serde_json::to_string(output)
        .map_err(|error| Error::Format { format: "JSON", problem: error.to_string() })?;
    let text = Zeroizing::new(text);
    outside.out.write_all(text.as_bytes())?;
    Ok(outside.out.write_all(b"\n")?)
}
