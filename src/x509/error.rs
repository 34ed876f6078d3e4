//! Why bytes could not be read as, or made into, what they should be.

use super::rsa::RsaFault;
use super::{Anomaly, PublicKey};

/// A fault in PEM, DER or key material. Its text never quotes the bytes: they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Something that can be read, but that a component of a cluster would refuse.
    #[error("{what} {anomaly}")]
    Anomalous {
        /// The structure that was being read.
        what: &'static str,
        /// What is wrong with it.
        anomaly: Box<Anomaly>,
    },
    /// DER that does not decode.
    #[error("{what} is not valid DER: {source}")]
    Der {
        /// The structure that was being read.
        what: &'static str,
        /// The decoder's reason, with the offset.
        source: ::der::Error,
    },
    /// A private key under a passphrase.
    #[error("the private key is encrypted")]
    EncryptedKey,
    /// A private key under a passphrase in the way of PKCS#1 and SEC 1, with a `Proc-Type` header: one round of MD5.
    #[error("the private key is encrypted in OpenSSL's traditional form, which is not read")]
    TraditionalEncryption,
    /// A private key that is encrypted in a way that is not read.
    #[error("the private key is encrypted {0}")]
    UnsupportedEncryption(&'static str),
    /// A passphrase that is not the key's.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// A key that the cryptographic library refuses.
    #[error("the {algorithm} private key is refused: {reason}")]
    KeyRejected {
        /// The key's kind as far as it could be told.
        algorithm: &'static str,
        /// The library's word for it.
        reason: String,
    },
    /// DER that decodes, but means nothing that RFC 5280 allows here.
    #[error("{what}: {problem}")]
    Malformed {
        /// The structure that was being read.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// No PEM block of the wanted kind.
    #[error("holds no {0}")]
    Missing(&'static str),
    /// PEM armour or base64 that does not parse.
    #[error("is not valid PEM: {0}")]
    Pem(&'static str),
    /// The cryptographic library failed.
    #[error("{0} could not be done by the cryptographic library")]
    Primitive(&'static str),
    /// An RSA key that the cryptographic library refuses, where its numbers tell why.
    #[error("the RSA private key {fault}")]
    RsaKey {
        /// What is wrong with it.
        fault: RsaFault,
        /// The public key that stands in it.
        public: Box<PublicKey>,
    },
    /// A private key that is in a token, and not in the file that names it.
    #[error("the private key is in a token")]
    InToken,
    /// A key in a token, and a program that speaks to none.
    #[error("the private key is in a token, and this kubepki was built without the feature `pkcs11`")]
    NoTokens,
    /// A key in a token, and nothing that says how to speak to it.
    #[error("no module is named that speaks to the token")]
    NoModule,
    /// A file that names a module to be loaded, and that others can have written.
    #[error("names a module to be loaded, and others than its reader may have written it")]
    ForeignModule,
    /// A token that does not do what was asked.
    #[error("{problem}")]
    Token {
        /// What is wrong, and with which.
        problem: String,
    },
    /// A `pkcs11:` URI that names no key. It is never quoted: it may hold a PIN.
    #[error("the pkcs11: URI {0}")]
    TokenUri(&'static str),
    /// A PIN that is not the token's.
    #[error("the PIN is wrong; after a few wrong ones a token locks itself")]
    WrongPin,
    /// A private key of a kind that Kubernetes components cannot use.
    #[error("the private key is {0}; kubernetes components take RSA and ECDSA keys")]
    UnsupportedKey(&'static str),
}

impl Error {
    /// Whether it is about a private key that is there, but under a passphrase.
    #[must_use]
    pub fn is_encryption(&self) -> bool {
        matches!(self, Self::EncryptedKey | Self::TraditionalEncryption | Self::UnsupportedEncryption(_))
    }

    /// Attaches the name of the structure to a decoder's error; made for `map_err`.
    pub fn der(what: &'static str) -> impl Fn(::der::Error) -> Self {
        move |source| Self::Der { what, source }
    }
}
