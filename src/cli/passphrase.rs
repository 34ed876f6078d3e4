//! Passphrases: the one place where they are obtained. Never from an argument, which every user of the machine can read.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::{Zeroize as _, Zeroizing};

use crate::disk::DiskError;
use crate::disk::content::SealedKey;
use crate::disk::read;
use crate::error::Error;
use crate::x509::{self, EncryptedKey, KeyAlgorithm, PrivateKey, TokenKey, TokenUri};

/// The environment variable that may hold the passphrase.
const VARIABLE: &str = "KUBEPKI_PASSPHRASE";

/// The environment variable that may name the module of tokens, where a URI does not.
const MODULE: &str = "KUBEPKI_PKCS11_MODULE";

/// The longest passphrase that is read; OpenSSL takes 1,024 octets.
const LONGEST: u64 = 4096;

/// Where the passphrase of encrypted keys comes from.
#[derive(Clone, Debug, Default, Args)]
pub struct PassphraseArgs {
    /// The passphrase of encrypted keys, or the PIN of their token, is the first line of this file. Else
    /// KUBEPKI_PASSPHRASE, else the terminal.
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
    /// What a file descriptor gave: it can be read once.
    piped: Option<Passphrase>,
    /// What opened a token: a token locks itself after a few wrong ones, so that no other is ever tried.
    pins: Vec<(String, Passphrase)>,
}

type Passphrase = Zeroizing<Vec<u8>>;

impl Passphrases {
    /// None yet.
    #[must_use]
    pub fn new(args: &PassphraseArgs) -> Self {
        Self { args: args.clone(), known: Vec::new(), piped: None, pins: Vec::new() }
    }

    /// Opens a key: with what opened others, else with what the user gives.
    ///
    /// # Errors
    /// When there is no passphrase, or it is wrong; or when the token of the key does not do what is asked.
    pub fn open<'k>(&mut self, path: &Path, key: SealedKey<'k>) -> Result<&'k PrivateKey, Error> {
        match key {
            SealedKey::Encrypted(key) => self.encrypted(path, key),
            SealedKey::Token(key) => {
                let named = path.to_str().is_some_and(TokenUri::is_one);
                if key.uri().module.is_some()
                    && !named
                    && !read::bytes(path).is_ok_and(|file| file.is_only_ours())
                {
                    return Err(Error::Key { path: path.to_owned(), source: x509::Error::ForeignModule });
                }
                self.token(key, None)
            }
        }
    }

    /// Opens a key in a token; with `make`, it is made there if it is not there yet.
    ///
    /// # Errors
    /// When the token is not there, there is no PIN or it is wrong, or there is no such key.
    pub fn token<'k>(
        &mut self,
        key: &'k TokenKey,
        make: Option<KeyAlgorithm>,
    ) -> Result<&'k PrivateKey, Error> {
        if let Some(opened) = key.opened() {
            return Ok(opened);
        }
        let path = PathBuf::from(key.to_string());
        let failed = |source| Error::Key { path: path.clone(), source };
        let module = std::env::var_os(MODULE).map(PathBuf::from);
        let token = key.reach(module.as_deref()).map_err(failed)?;
        let pin = if token.wants_pin() { Some(self.pin(&path, key, token.name())?) } else { None };
        let opened = key.open(&token, pin.as_deref().map(Vec::as_slice), make).map_err(failed)?;
        self.pins.extend(pin.map(|pin| (token.name().to_owned(), pin)));
        Ok(opened)
    }

    fn pin(&mut self, path: &Path, key: &TokenKey, token: &str) -> Result<Passphrase, Error> {
        if let Some((_, pin)) = self.pins.iter().find(|(known, _)| known == token) {
            return Ok(pin.clone());
        }
        if let Some(source) = &key.uri().pin_source {
            return first_line(source);
        }
        match self.given()? {
            Some(given) => Ok(given),
            None => ask(&format!("PIN of the token {}: ", token.escape_debug()))?
                .ok_or_else(|| Error::NeedsPin(path.to_owned())),
        }
    }

    fn encrypted<'k>(&mut self, path: &Path, key: &'k EncryptedKey) -> Result<&'k PrivateKey, Error> {
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
        let given = self.given()?;
        let passphrase = match (self.known.first(), given) {
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
    fn given(&mut self) -> Result<Option<Passphrase>, Error> {
        if let Some(path) = &self.args.passphrase_file {
            return first_line(path).map(Some);
        }
        if let Some(number) = self.args.passphrase_fd {
            if self.piped.is_none() {
                self.piped = Some(first_line(Path::new(&format!("/dev/fd/{number}")))?);
            }
            return Ok(self.piped.clone());
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
