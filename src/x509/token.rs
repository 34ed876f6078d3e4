//! Private keys in a token (PKCS#11): they are used where they are, and never leave it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{Error, KeyAlgorithm, PrivateKey, TokenUri};

#[cfg(feature = "pkcs11")]
mod session;
#[cfg(feature = "pkcs11")]
pub use session::{Session, Token};

/// A private key in a token. Once it has been opened it can be used.
pub struct TokenKey {
    uri: TokenUri,
    opened: OnceLock<PrivateKey>,
}

impl TokenKey {
    /// The key that a URI names; nothing is looked for yet.
    #[must_use]
    pub fn new(uri: TokenUri) -> Self {
        Self { uri, opened: OnceLock::new() }
    }

    /// Which it is.
    #[must_use]
    pub fn uri(&self) -> &TokenUri {
        &self.uri
    }

    /// The key, if it has been opened.
    #[must_use]
    pub fn opened(&self) -> Option<&PrivateKey> {
        self.opened.get()
    }

    /// The key by itself, if it has been opened.
    #[must_use]
    pub fn into_opened(self) -> Option<PrivateKey> {
        self.opened.into_inner()
    }

    /// Looks for the token by the module that the URI names, or else by this one.
    ///
    /// # Errors
    /// When there is no module, it does not load, or not exactly one token is the one that is meant.
    pub fn reach(&self, module: Option<&Path>) -> Result<Token, Error> {
        let module: Option<PathBuf> = self.uri.module.clone().or(module.map(Path::to_owned));
        Token::find(&module.ok_or(Error::NoModule)?, &self.uri)
    }

    /// Opens it with the token's PIN; the key stays with it. With `make`, a key that is not in the token is made there.
    ///
    /// # Errors
    /// When the PIN is wrong, or not exactly one key is the one that is meant, or it is of a kind that cannot be used.
    pub fn open(
        &self,
        token: &Token,
        pin: Option<&[u8]>,
        make: Option<KeyAlgorithm>,
    ) -> Result<&PrivateKey, Error> {
        if let Some(key) = self.opened.get() {
            return Ok(key);
        }
        let key = token.open(&self.uri, pin, make)?;
        Ok(self.opened.get_or_init(|| key))
    }
}

/// Says which it is.
impl fmt::Display for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.uri)
    }
}

/// What a program without the feature has: nothing.
#[cfg(not(feature = "pkcs11"))]
#[derive(Debug)]
pub enum Token {}

#[cfg(not(feature = "pkcs11"))]
impl Token {
    fn find(_module: &Path, _uri: &TokenUri) -> Result<Self, Error> {
        Err(Error::NoTokens)
    }

    fn open(&self, _: &TokenUri, _: Option<&[u8]>, _: Option<KeyAlgorithm>) -> Result<PrivateKey, Error> {
        match *self {}
    }

    /// Whether it is opened with a PIN.
    #[must_use]
    pub fn wants_pin(&self) -> bool {
        match *self {}
    }

    /// What tells it from other tokens.
    #[must_use]
    pub fn name(&self) -> &str {
        match *self {}
    }
}
