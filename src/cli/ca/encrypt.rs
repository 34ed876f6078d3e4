//! `kubepki ca encrypt` and `kubepki ca decrypt`.

use std::path::{Path, PathBuf};

use clap::Args;
use walkdir::WalkDir;
use zeroize::Zeroizing;

use super::authority::{content, unusable};
use crate::cli::passphrase::{PassphraseArgs, Passphrases};
use crate::cli::{Exit, Outside, terminal};
use crate::disk::content::{Content, ContentError, Item, SealedKey};
use crate::disk::{OWN, durable};
use crate::error::Error;
use crate::x509;

/// Put the private keys of CAs under a passphrase, each in its place
///
/// `apply`, `renew`, `ca sign` and `ca crl` then ask for the passphrase when they sign. Note that kube-controller-manager
/// reads no encrypted key: a control plane that signs kubelets' certificates needs its own ca.key as it is.
#[derive(Debug, Args)]
pub struct Encrypt {
    #[command(flatten)]
    keys: KeyFiles,
}

/// Take the private keys of CAs out from under their passphrase, each in its place
#[derive(Debug, Args)]
pub struct Decrypt {
    #[command(flatten)]
    keys: KeyFiles,
}

#[derive(Debug, Args)]
struct KeyFiles {
    /// The key files.
    #[arg(value_name = "KEY", required_unless_present = "dir", conflicts_with = "dir")]
    files: Vec<PathBuf>,

    /// Every key below this directory that stands beside a CA's certificate: ca.key beside ca.crt.
    #[arg(short, long, value_name = "DIR")]
    dir: Option<PathBuf>,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// A key file that is to be written anew.
struct Rewritten {
    path: PathBuf,
    text: Zeroizing<String>,
}

impl Encrypt {
    /// Encrypts the keys; those that are encrypted already stay as they are.
    ///
    /// # Errors
    /// When a key cannot be read or written, or there is no passphrase. Nothing is written unless all can be read.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut passphrases = Passphrases::new(&self.keys.passphrase);
        let mut rewritten = Vec::new();
        for path in self.keys.paths()? {
            let content = only_a_key(&path)?;
            if content.encrypted_key().is_some() {
                writeln!(outside.out, "= {}: is encrypted already", path.display())?;
                continue;
            }
            let key = content.private_key().map_err(|source| unusable(&path, source))?;
            let passphrase = passphrases.fresh(&path)?;
            let text = key.to_encrypted_pem(&passphrase).map_err(failed(&path))?;
            rewritten.push(Rewritten { path, text: Zeroizing::new(text) });
        }
        write(&rewritten, "encrypted", outside)?;
        if !rewritten.is_empty() {
            terminal::note(
                "what the disk had before, and copies in backups and on nodes, are not encrypted by this",
            );
        }
        Ok(Exit::Done)
    }
}

impl Decrypt {
    /// Decrypts the keys; those that are not encrypted stay as they are.
    ///
    /// # Errors
    /// When a key cannot be read or written, or the passphrase is wrong. Nothing is written unless all can be opened.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut passphrases = Passphrases::new(&self.keys.passphrase);
        let mut rewritten = Vec::new();
        for path in self.keys.paths()? {
            let content = only_a_key(&path)?;
            let Some(encrypted) = content.encrypted_key() else {
                content.private_key().map_err(|source| unusable(&path, source))?;
                writeln!(outside.out, "= {}: is not encrypted", path.display())?;
                continue;
            };
            let text =
                passphrases.open(&path, SealedKey::Encrypted(encrypted))?.to_pem().map_err(failed(&path))?;
            rewritten.push(Rewritten { path, text });
        }
        write(&rewritten, "decrypted", outside)?;
        Ok(Exit::Done)
    }
}

impl KeyFiles {
    fn paths(&self) -> Result<Vec<PathBuf>, Error> {
        let Some(directory) = &self.dir else { return Ok(self.files.clone()) };
        let walk = WalkDir::new(directory).sort_by_file_name().into_iter();
        let files = walk.filter_entry(|entry| entry.file_name() != OWN).filter_map(Result::ok);
        let keys = files.map(walkdir::DirEntry::into_path).filter(|path| is_authority_key(path));
        let keys: Vec<PathBuf> = keys.collect();
        if keys.is_empty() {
            let message = format!("{}: no CA's key is below it", directory.display());
            let hint = "name the key files: `kubepki ca encrypt KEY`".to_owned();
            return Err(Error::Usage { message, hint });
        }
        Ok(keys)
    }
}

/// Whether it is the key beside a CA's certificate.
fn is_authority_key(path: &Path) -> bool {
    let certificate = path.with_extension("crt");
    path.extension().is_some_and(|extension| extension == "key")
        && certificate.is_file()
        && content(&certificate)
            .is_ok_and(|content| content.readable_certificates().next().is_some_and(x509::Certificate::is_ca))
}

/// The content of a file that is to be written anew: nothing else may be in it, or it would be lost.
fn only_a_key(path: &Path) -> Result<Content, Error> {
    let content = content(path)?;
    let parameters = |label: &str| label == "EC PARAMETERS";
    let mut keys = 0;
    for item in &content.items {
        match item {
            Ok(Item::PrivateKey(_) | Item::EncryptedKey(_)) => keys += 1,
            Ok(Item::TokenKey(_)) => return Err(unusable(path, ContentError::X509(x509::Error::InToken))),
            Ok(Item::Other(label)) if parameters(label) => {}
            Ok(_) => return Err(Error::MixedKeyFile(path.to_owned())),
            Err(broken) => return Err(unusable(path, broken.error.clone())),
        }
    }
    match keys {
        0 => Err(unusable(path, ContentError::X509(x509::Error::Missing("private key")))),
        1 => Ok(content),
        _ => Err(Error::MixedKeyFile(path.to_owned())),
    }
}

fn write(rewritten: &[Rewritten], word: &str, outside: &mut Outside<'_>) -> Result<(), Error> {
    for file in rewritten {
        durable::rewrite(&file.path, file.text.as_bytes(), 0o600)?;
        writeln!(outside.out, "~ {}: {word}", file.path.display())?;
    }
    Ok(())
}

fn failed(path: &Path) -> impl Fn(x509::Error) -> Error {
    move |source| Error::Key { path: path.to_owned(), source }
}
