//! Files that a CA works with: read once, with errors that name them.

use std::path::{Path, PathBuf};

use crate::cli::passphrase::Passphrases;
use crate::disk::Content;
use crate::disk::content::{ContentError, Item};
use crate::disk::read;
use crate::error::Error;
use crate::x509::token_uri::SCHEME;
use crate::x509::{self, Certificate, Issuer, PrivateKey, Request, TokenUri};

/// A certificate and the key that belongs to it, from two files.
pub struct Authority {
    /// The certificate's file.
    pub path: PathBuf,
    /// The certificates of that file: the CA's own, and those that lead on from it.
    pub chain: Vec<Certificate>,
    key: PrivateKeyFile,
}

/// A private key, from where it was read.
pub struct PrivateKeyFile {
    path: PathBuf,
    content: Content,
}

impl Authority {
    /// Reads a CA: the first certificate of its file, and its key, which is opened if it is under a passphrase.
    ///
    /// # Errors
    /// When one of them cannot be read, the certificate is no CA's, or the key is another's.
    pub fn load(certificate: &Path, key: &Path, passphrases: &mut Passphrases) -> Result<Self, Error> {
        let content = content(certificate)?;
        let chain = content.certificates().map_err(|source| unusable(certificate, source))?;
        let Some(&first) = chain.first() else { return Err(Error::NoCertificate(certificate.to_owned())) };
        if !first.is_ca() {
            return Err(Error::NoAuthority(certificate.to_owned()));
        }
        let key = PrivateKeyFile::load(key, passphrases)?;
        if Issuer::new(first, key.get()?).is_none() {
            return Err(Error::ForeignKey { key: key.path, certificate: certificate.to_owned() });
        }
        let chain = chain.into_iter().cloned().collect();
        Ok(Self { path: certificate.to_owned(), chain, key })
    }

    /// Who signs.
    ///
    /// # Errors
    /// Never: it was looked at when it was read.
    pub fn issuer(&self) -> Result<Issuer<'_>, Error> {
        let foreign = || Error::ForeignKey { key: self.key.path.clone(), certificate: self.path.clone() };
        let certificate = self.chain.first().ok_or_else(foreign)?;
        Issuer::new(certificate, self.key.get()?).ok_or_else(foreign)
    }
}

impl PrivateKeyFile {
    /// Reads a key, and opens it if it is under a passphrase or in a token.
    ///
    /// # Errors
    /// When it cannot be read or opened.
    pub fn load(path: &Path, passphrases: &mut Passphrases) -> Result<Self, Error> {
        let content = content(path)?;
        if let Some(key) = content.sealed_key() {
            passphrases.open(path, key)?;
        }
        let loaded = Self { path: path.to_owned(), content };
        loaded.get()?;
        Ok(loaded)
    }

    /// The key.
    ///
    /// # Errors
    /// Never: it was looked at when it was read.
    pub fn get(&self) -> Result<&PrivateKey, Error> {
        self.content.private_key().map_err(|source| unusable(&self.path, source))
    }
}

/// Where a CA's certificate and key are, by the place that a tree has for them (`pki/etcd/ca`): in the directory itself, or
/// where a fleet or a Kubernetes directory has them.
#[must_use]
pub fn place(directory: &Path, place: &str) -> [PathBuf; 2] {
    let below = place.strip_prefix("pki/").unwrap_or(place);
    let bases = ["", "authority", "pki"].map(|base| directory.join(base).join(below));
    let with = |base: &Path, suffix: &str| {
        let mut path = base.as_os_str().to_owned();
        path.push(suffix);
        PathBuf::from(path)
    };
    let base = bases.iter().find(|base| with(base, ".crt").exists()).unwrap_or(&bases[0]);
    [with(base, ".crt"), with(base, ".key")]
}

/// The one certificate request of a file.
///
/// # Errors
/// When there is none, or more than one, or it cannot be read.
pub fn read_request(path: &Path) -> Result<Request, Error> {
    request_in(path, &content(path)?)
}

/// The one certificate request of what was read at `path`.
///
/// # Errors
/// When there is none, or more than one, or it cannot be read.
pub fn request_in(path: &Path, content: &Content) -> Result<Request, Error> {
    let mut found = Vec::new();
    for item in &content.items {
        match item {
            Ok(Item::Request(request)) => found.push((**request).clone()),
            Ok(_) => {}
            Err(broken) => return Err(unusable(path, broken.error.clone())),
        }
    }
    match (found.pop(), found.is_empty()) {
        (Some(request), true) => Ok(request),
        (Some(_), false) => Err(Error::Refused {
            path: path.to_owned(),
            why: "holds more than one certificate request".to_owned(),
        }),
        (None, _) => Err(unusable(path, x509::Error::Missing("certificate request").into())),
    }
}

/// Whether what stands for the file of a key is the `pkcs11:` URI of one in a token.
#[must_use]
pub fn is_in_token(path: &Path) -> bool {
    path.to_str().is_some_and(TokenUri::is_one)
}

/// Everything that a file holds; of a `pkcs11:` URI the key that it names.
///
/// # Errors
/// When it cannot be read. A URI that is wrong is not told: it may hold a PIN.
pub fn content(path: &Path) -> Result<Content, Error> {
    if let Some(text) = path.to_str().filter(|text| TokenUri::is_one(text)) {
        let failed = |source| Error::Key { path: PathBuf::from(SCHEME), source };
        TokenUri::parse(text).map_err(failed)?;
        return Ok(Content::parse(text.as_bytes()));
    }
    let bytes = read::bytes(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    Ok(Content::parse(&bytes.bytes))
}

/// Says that a file does not hold what it should; made for `map_err`.
#[must_use]
pub fn unusable(path: &Path, source: ContentError) -> Error {
    match source {
        ContentError::X509(source) => Error::Key { path: path.to_owned(), source },
        source => Error::Content { path: path.to_owned(), source },
    }
}
