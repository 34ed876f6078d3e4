//! Passphrases: the one place where they are obtained. Never from an argument, which every user of the machine can read.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::{Zeroize as _, Zeroizing};

use crate::disk::DiskError;
use crate::error::Error;
use crate::x509::{self, EncryptedKey, PrivateKey};

/// The environment variable that may hold the passphrase.
const VARIABLE: &str = "KUBEPKI_PASSPHRASE";

/// The longest passphrase that is read; OpenSSL takes 1,024 octets.
const LONGEST: u64 = 4096;

/// Where the passphrase of encrypted keys comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct PassphraseArgs {
    /// The passphrase of encrypted keys is the first line of this file. Else KUBEPKI_PASSPHRASE, else the terminal.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,

    /// The same, of this open file descriptor.
    #[arg(long, value_name = "N")]
    passphrase_fd: Option<u32>,
}

/// The passphrases of a run: asked for when the first key needs one.
pub struct Passphrases {
    args: PassphraseArgs,
    known: Vec<Passphrase>,
}

type Passphrase = Zeroizing<Vec<u8>>;

impl Passphrases {
    /// None yet.
    #[must_use]
    pub fn new(args: &PassphraseArgs) -> Self {
        Self { args: args.clone(), known: Vec::new() }
    }

    /// Opens a key: with what opened others, else with what the user gives.
    ///
    /// # Errors
    /// When there is no passphrase, or it is wrong.
    pub fn open<'k>(&mut self, path: &Path, key: &'k EncryptedKey) -> Result<&'k PrivateKey, Error> {
        let failed = |source| Error::Key { path: path.to_owned(), source };
        for passphrase in &self.known {
            match key.open(passphrase) {
                Err(x509::Error::WrongPassphrase) => {}
                other => return other.map_err(failed),
            }
        }
        let given = self.given()?;
        let passphrase = match given {
            // There is only one: it has just been tried.
            Some(_) if !self.known.is_empty() => return Err(failed(x509::Error::WrongPassphrase)),
            Some(passphrase) => passphrase,
            None => ask(&format!("Passphrase of {}: ", path.display()))?
                .ok_or_else(|| Error::NeedsPassphrase(path.to_owned()))?,
        };
        let opened = key.open(&passphrase).map_err(failed)?;
        self.known.push(passphrase);
        Ok(opened)
    }

    /// A passphrase to encrypt with: on a terminal it is asked for twice.
    ///
    /// # Errors
    /// When there is none, it is empty, or was typed in two ways.
    pub fn fresh(&mut self, path: &Path) -> Result<Passphrase, Error> {
        let passphrase = match (self.known.first(), self.given()?) {
            (Some(known), _) => known.clone(),
            (None, Some(given)) => given,
            (None, None) => {
                let first =
                    ask("New passphrase: ")?.ok_or_else(|| Error::NeedsPassphrase(path.to_owned()))?;
                if ask("Once more: ")?.is_none_or(|second| second != first) {
                    return Err(misuse("the two passphrases differ", "run it again"));
                }
                first
            }
        };
        if passphrase.is_empty() {
            return Err(misuse("the passphrase is empty", "give one that is hard to guess"));
        }
        self.known = vec![passphrase.clone()];
        Ok(passphrase)
    }

    /// What the user has given without being asked.
    fn given(&self) -> Result<Option<Passphrase>, Error> {
        if let Some(path) = &self.args.passphrase_file {
            return first_line(path).map(Some);
        }
        if let Some(number) = self.args.passphrase_fd {
            if let Some(known) = self.known.first() {
                // A pipe can be read once.
                return Ok(Some(known.clone()));
            }
            return first_line(Path::new(&format!("/dev/fd/{number}"))).map(Some);
        }
        Ok(std::env::var_os(VARIABLE).map(OsString::into_vec).map(Zeroizing::new))
    }
}

fn first_line(path: &Path) -> Result<Passphrase, Error> {
    let failed = DiskError::at(path, "cannot be read");
    // Room for the whole at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or_default() + 1));
    File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)).map_err(failed)?;
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    bytes.truncate(end);
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    Ok(bytes)
}

/// Asks the terminal; `None` where nobody can be asked.
fn ask(question: &str) -> Result<Option<Passphrase>, Error> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut answer = rpassword::prompt_password(question)
        .map_err(DiskError::at(Path::new("the terminal"), "cannot be asked for a passphrase"))?;
    let passphrase = Zeroizing::new(answer.as_bytes().to_vec());
    answer.zeroize();
    Ok(Some(passphrase))
}

fn misuse(message: &str, hint: &str) -> Error {
    Error::Usage { message: message.to_owned(), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_first_line_is_the_passphrase() {
        for (text, expected) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\nother", "secret"),
            (" two words \n", " two words "),
            ("", ""),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert_eq!(*first_line(file.path()).unwrap(), expected.as_bytes());
        }
        assert!(first_line(Path::new("/nonexistent")).is_err());
    }
}
