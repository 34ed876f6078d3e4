//! `kubepki inspect`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;
use walkdir::WalkDir;
use zeroize::Zeroizing;

use super::workspace::moment_arg;
use super::{Exit, Format, Outside};
use crate::disk::read::{self, MAX_SIZE};
use crate::disk::{Content, OWN};
use crate::error::Error;
use crate::report::inspection::Inspection;
use crate::system::reason;

/// Say what is in certificates, chains, keys, requests and kubeconfigs, and draw who signed whom
#[derive(Debug, Args)]
pub struct Inspect {
    /// Files, in PEM, DER or as kubeconfig; directories with such files; `-` for standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Judge as of this day or moment.
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Inspect {
    /// Reads the files and reports them; ends with 1 if one of them makes no sense.
    ///
    /// # Errors
    /// When standard output fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut files = Vec::new();
        for path in &self.files {
            if path == Path::new("-") {
                files.push(("-".to_owned(), standard_input()));
            } else if path.is_dir() {
                files.extend(directory(path));
            } else {
                files.push((path.display().to_string(), file(path)));
            }
        }
        let inspection = Inspection::new(&files, self.at.unwrap_or(outside.now));
        outside.print(&inspection, self.output)?;
        Ok(if inspection.broken { Exit::Attention } else { Exit::Done })
    }
}

fn file(path: &Path) -> Result<Content, String> {
    let bytes = read::bytes(path).map_err(|error| error.to_string())?;
    Ok(Content::parse(&bytes.bytes))
}

/// Every file below a directory, in the order of their names; symlinks are not followed.
fn directory(path: &Path) -> Vec<(String, Result<Content, String>)> {
    let walk = WalkDir::new(path).sort_by_file_name().into_iter();
    let entries = walk.filter_entry(|entry| entry.file_name() != OWN);
    entries
        .filter_map(|entry| match entry {
            Ok(entry) if entry.file_type().is_dir() => None,
            Ok(entry) => Some((entry.path().display().to_string(), file(entry.path()))),
            Err(error) => {
                let path = error.path().unwrap_or(path).display().to_string();
                let why =
                    error.into_io_error().map_or_else(|| "cannot be read".to_owned(), |error| reason(&error));
                Some((path, Err(why)))
            }
        })
        .collect()
}

fn standard_input() -> Result<Content, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::io::stdin().take(MAX_SIZE + 1).read_to_end(&mut bytes);
    match read {
        Err(error) => Err(reason(&error)),
        Ok(length) if length as u64 > MAX_SIZE => Err(read::ReadError::TooLarge(MAX_SIZE).to_string()),
        Ok(_) => Ok(Content::parse(&bytes)),
    }
}
