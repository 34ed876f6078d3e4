//! `kubepki cfssl json`: cfssljson.

use std::path::{Path, PathBuf};

use clap::Args;

use super::input;
use crate::cli::{Exit, Outside};
use crate::disk::durable;
use crate::error::Error;
use crate::x509::cfssl::Input;

/// Write what cfssl printed to files: NAME.pem, NAME-key.pem and NAME.csr
#[derive(Debug, Args)]
pub struct Json {
    /// How the files' names begin.
    #[arg(value_name = "NAME", default_value = "cert")]
    name: PathBuf,

    /// What is read is what cfssl printed; a server's answer is understood with and without it.
    #[arg(long)]
    bare: bool,

    /// Where it is read; standard input, if it is not said.
    #[arg(short, long = "f", value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

impl Json {
    /// Writes the files, as cfssljson does also over what is there; a key is for its owner only.
    ///
    /// # Errors
    /// When what is read is not cfssl's, or a file cannot be written.
    pub fn run(self, _: &mut Outside<'_>) -> Result<Exit, Error> {
        let input: Input = input::json(&self.file)?;
        let input = input.result.map_or(Input { result: None, ..input }, |result| *result);
        let key = input.key.as_ref().map(|key| key.0.as_str());
        let parts = [
            ("-key.pem", key, 0o600),
            (".pem", input.cert.as_deref(), 0o644),
            (".csr", input.csr.as_deref(), 0o644),
        ];
        if parts.iter().all(|(_, text, _)| text.is_none()) {
            let why = "has neither cert, csr nor key in it".to_owned();
            return Err(Error::Refused { path: self.file, why });
        }
        for (ending, text, mode) in parts {
            if let Some(text) = text {
                durable::replace(&named(&self.name, ending), text.as_bytes(), mode)?;
            }
        }
        Ok(Exit::Done)
    }
}

fn named(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(ending);
    PathBuf::from(path)
}
