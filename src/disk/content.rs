//! What the bytes of a file mean: PEM, DER or a kubeconfig, told apart by their looks and not by their name.

use super::form::TextForm;
use super::kubeconfig::{Kubeconfig, KubeconfigError, Source};
use super::manifest::{KubeletConfig, StaticPod};
use crate::x509::{
    self, Certificate, Crl, EncryptedKey, PrivateKey, PublicKey, Request, TokenKey, TokenUri, encrypted_key,
    pem,
};

/// Everything that a file holds, in its order; what could not be read keeps its place as an error.
#[derive(Debug)]
pub struct Content {
    /// The items.
    pub items: Vec<Result<Item, Broken>>,
    /// The line of each PEM block's BEGIN, counted from one; nothing where the file is not PEM.
    lines: Vec<usize>,
    /// In which form.
    pub encoding: Encoding,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// PEM, and how it is written.
    Pem(TextForm),
    /// DER.
    Der,
    /// Any other text, or nothing.
    Other,
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What it would have been; none where the whole file makes no sense.
    pub kind: Option<&'static str>,
    /// Why it could not be read.
    pub error: ContentError,
}

/// One thing in a file.
#[derive(Debug)]
pub enum Item {
    /// A certificate, perhaps with anomalies.
    Certificate(Box<Certificate>),
    /// A private key.
    PrivateKey(Box<PrivateKey>),
    /// A private key under a passphrase.
    EncryptedKey(Box<EncryptedKey>),
    /// A private key in a token, which the whole file names by a `pkcs11:` URI.
    TokenKey(Box<TokenKey>),
    /// A public key.
    PublicKey(PublicKey),
    /// A certificate signing request.
    Request(Box<Request>),
    /// A revocation list.
    Crl(Box<Crl>),
    /// A kubeconfig: the whole file.
    Kubeconfig(Box<Kubeconfig>),
    /// The manifest of a static pod: the whole file.
    StaticPod(Box<StaticPod>),
    /// A kubelet's configuration: the whole file.
    KubeletConfig(Box<KubeletConfig>),
    /// A PEM block that means nothing here, by its label, or another Kubernetes object, by its kind.
    Other(String),
}

/// A private key that has to be opened before it can be used.
#[derive(Clone, Copy, Debug)]
pub enum SealedKey<'a> {
    /// It is under a passphrase.
    Encrypted(&'a EncryptedKey),
    /// It is in a token.
    Token(&'a TokenKey),
}

/// Why an item could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// PEM or DER that does not hold what it should.
    #[error(transparent)]
    X509(#[from] x509::Error),
    /// A kubeconfig that is none.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// Bytes that look like nothing known.
    #[error("is neither PEM nor DER nor a kubeconfig")]
    Unknown,
    /// No bytes.
    #[error("is empty")]
    Empty,
}

impl Content {
    /// Reads the bytes of a file.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut lines = Vec::new();
        let (items, encoding) = if bytes.iter().all(u8::is_ascii_whitespace) {
            (vec![Err(whole(ContentError::Empty))], Encoding::Other)
        } else if pem::is_pem(bytes) {
            let items = match pem::blocks(bytes) {
                Ok(blocks) => {
                    lines = blocks.iter().map(|block| block.line).collect();
                    blocks.iter().map(item).collect()
                }
                Err(error) => vec![Err(whole(error))],
            };
            (items, Encoding::Pem(TextForm::of(bytes)))
        } else if bytes.first() == Some(&0x30) {
            (vec![der(bytes)], Encoding::Der)
        } else {
            let item = std::str::from_utf8(bytes).map_or_else(|_| Err(whole(ContentError::Unknown)), object);
            (vec![item], Encoding::Other)
        };
        Self { items, lines, encoding }
    }

    /// The line of the PEM block that holds a key, or a certificate of it, by the SHA-256 of the public key in
    /// hexadecimal.
    #[must_use]
    pub fn line_of(&self, fingerprint: &str) -> Option<usize> {
        let holds = |item: &Item| match item {
            Item::Certificate(certificate) => certificate.public_key.fingerprint() == fingerprint,
            Item::PrivateKey(key) => key.public_key().fingerprint() == fingerprint,
            Item::PublicKey(key) => key.fingerprint() == fingerprint,
            _ => false,
        };
        let mut items = self.items.iter().zip(&self.lines);
        items.find(|(item, _)| item.as_ref().is_ok_and(holds)).map(|(_, line)| *line)
    }

    /// The certificates. As in client-go, one that is broken, or that Go refuses to read, makes all of them unusable.
    ///
    /// # Errors
    /// When one is broken or has an anomaly for which Go refuses it, or there is none.
    pub fn certificates(&self) -> Result<Vec<&Certificate>, ContentError> {
        let certificates = self.all(CERTIFICATE, Item::certificate)?;
        match certificates.iter().find_map(|certificate| certificate.refusal()) {
            Some(error) => Err(error.into()),
            None => Ok(certificates),
        }
    }

    /// The certificates that can be read, whatever else is there.
    pub fn readable_certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.items.iter().filter_map(|item| item.as_ref().ok()?.certificate())
    }

    /// The first private key; of those under a passphrase or in a token only one that has been opened.
    ///
    /// # Errors
    /// When a private key is broken, or still to be opened, or there is none.
    pub fn private_key(&self) -> Result<&PrivateKey, ContentError> {
        let keys = self.all(PRIVATE_KEY, Item::private_key);
        match (keys, self.sealed_key()) {
            (Err(ContentError::X509(x509::Error::Missing(_))), Some(SealedKey::Encrypted(_))) => {
                Err(x509::Error::EncryptedKey.into())
            }
            (Err(ContentError::X509(x509::Error::Missing(_))), Some(SealedKey::Token(_))) => {
                Err(x509::Error::InToken.into())
            }
            (keys, _) => keys.map(|keys| keys[0]),
        }
    }

    /// The first private key under a passphrase, whether it has been opened or not.
    #[must_use]
    pub fn encrypted_key(&self) -> Option<&EncryptedKey> {
        self.items.iter().flatten().find_map(|item| match item {
            Item::EncryptedKey(key) => Some(&**key),
            _ => None,
        })
    }

    /// The first private key that has to be opened, whether it has been or not.
    #[must_use]
    pub fn sealed_key(&self) -> Option<SealedKey<'_>> {
        self.items.iter().flatten().find_map(|item| match item {
            Item::EncryptedKey(key) => Some(SealedKey::Encrypted(key)),
            Item::TokenKey(key) => Some(SealedKey::Token(key)),
            _ => None,
        })
    }

    /// The public keys.
    ///
    /// # Errors
    /// When one is broken, or there is none.
    pub fn public_keys(&self) -> Result<Vec<&PublicKey>, ContentError> {
        self.all(PUBLIC_KEY, Item::public_key)
    }

    /// The kubeconfig.
    ///
    /// # Errors
    /// When it is none.
    pub fn kubeconfig(&self) -> Result<&Kubeconfig, ContentError> {
        self.all(KUBECONFIG, Item::kubeconfig).map(|kubeconfigs| kubeconfigs[0])
    }

    /// The revocation lists that could be read.
    pub fn crls(&self) -> impl Iterator<Item = &Crl> {
        self.items.iter().flatten().filter_map(|item| match item {
            Item::Crl(crl) => Some(&**crl),
            _ => None,
        })
    }

    /// The private keys that could be read.
    pub fn private_keys(&self) -> impl Iterator<Item = &PrivateKey> {
        self.items.iter().flatten().filter_map(Item::private_key)
    }

    /// Whether a private key is in it: one that can be read, one that cannot, or one inside a kubeconfig.
    #[must_use]
    pub fn has_private_key(&self) -> bool {
        self.items.iter().any(|item| match item {
            Ok(Item::PrivateKey(_) | Item::EncryptedKey(_)) => true,
            Ok(Item::Kubeconfig(kubeconfig)) => matches!(kubeconfig.key, Source::Embedded(_)),
            Ok(_) => false,
            Err(broken) => broken.kind == Some(PRIVATE_KEY),
        })
    }

    /// Everything of a kind: at least one. What is broken but of another kind is passed over, as client-go does.
    fn all<'a, T>(
        &'a self,
        kind: &'static str,
        pick: fn(&'a Item) -> Option<&'a T>,
    ) -> Result<Vec<&'a T>, ContentError> {
        let mut found = Vec::new();
        for item in &self.items {
            match item {
                Ok(item) => found.extend(pick(item)),
                Err(broken) if broken.kind.is_none_or(|other| other == kind) => {
                    return Err(broken.error.clone());
                }
                Err(_) => {}
            }
        }
        if found.is_empty() { Err(x509::Error::Missing(kind).into()) } else { Ok(found) }
    }
}

impl Item {
    fn certificate(&self) -> Option<&Certificate> {
        if let Self::Certificate(certificate) = self { Some(certificate) } else { None }
    }

    fn private_key(&self) -> Option<&PrivateKey> {
        match self {
            Self::PrivateKey(key) => Some(key),
            Self::EncryptedKey(key) => key.opened(),
            Self::TokenKey(key) => key.opened(),
            _ => None,
        }
    }

    fn public_key(&self) -> Option<&PublicKey> {
        if let Self::PublicKey(key) = self { Some(key) } else { None }
    }

    fn kubeconfig(&self) -> Option<&Kubeconfig> {
        if let Self::Kubeconfig(kubeconfig) = self { Some(kubeconfig) } else { None }
    }
}

const CERTIFICATE: &str = "certificate";
const KUBECONFIG: &str = "kubeconfig";
const PRIVATE_KEY: &str = "private key";
const PUBLIC_KEY: &str = "public key";
const REQUEST: &str = "certificate request";
const CRL: &str = "revocation list";

/// The whole file makes no sense.
fn whole(error: impl Into<ContentError>) -> Broken {
    Broken { kind: None, error: error.into() }
}

fn item(block: &pem::Block) -> Result<Item, Broken> {
    let der = &block.contents;
    let broken = |kind| move |error: x509::Error| Broken { kind: Some(kind), error: error.into() };
    if block.label == encrypted_key::LABEL {
        let key = EncryptedKey::from_der(der).map(Box::new).map(Item::EncryptedKey);
        return key.map_err(broken(PRIVATE_KEY));
    }
    if let Some(key) = PrivateKey::from_block(block) {
        return key.map(Box::new).map(Item::PrivateKey).map_err(broken(PRIVATE_KEY));
    }
    match block.label.as_str() {
        "CERTIFICATE" if !block.headers => {
            Certificate::from_der(der).map(Box::new).map(Item::Certificate).map_err(broken(CERTIFICATE))
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            Request::from_der(der).map(Box::new).map(Item::Request).map_err(broken(REQUEST))
        }
        "X509 CRL" => Crl::from_der(der).map(Box::new).map(Item::Crl).map_err(broken(CRL)),
        "PUBLIC KEY" => PublicKey::from_der(der).map(Item::PublicKey).map_err(broken(PUBLIC_KEY)),
        other => Ok(Item::Other(other.chars().flat_map(char::escape_debug).collect())),
    }
}

/// A Kubernetes object; what does not say its kind is taken for a kubeconfig.
fn object(text: &str) -> Result<Item, Broken> {
    if TokenUri::is_one(text.trim_start()) {
        let key = TokenUri::parse(text).map(TokenKey::new).map(Box::new).map(Item::TokenKey);
        return key.map_err(|error| Broken { kind: Some(PRIVATE_KEY), error: error.into() });
    }
    match kind(text) {
        Some("Pod") => StaticPod::parse(text).map(Box::new).map(Item::StaticPod),
        Some("KubeletConfiguration") => KubeletConfig::parse(text).map(Box::new).map(Item::KubeletConfig),
        Some("Config") | None => None,
        Some(other) => Some(Item::Other(other.chars().take(64).flat_map(char::escape_debug).collect())),
    }
    .map_or_else(
        || {
            let kubeconfig = Kubeconfig::parse(text).map(Box::new).map(Item::Kubeconfig);
            kubeconfig.map_err(|error| Broken { kind: Some(KUBECONFIG), error: error.into() })
        },
        Ok,
    )
}

/// The `kind` of an object in block notation, found without parsing it: a kubeconfig of a fleet is parsed once.
fn kind(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("kind:"))?;
    Some(line.trim().trim_matches(['"', '\'']))
}

/// DER says nothing of its kind: the first reading that succeeds is taken.
fn der(bytes: &[u8]) -> Result<Item, Broken> {
    let certificate = match Certificate::from_der(bytes) {
        Ok(certificate) => return Ok(Item::Certificate(Box::new(certificate))),
        Err(error) => error,
    };
    if let Ok(request) = Request::from_der(bytes) {
        return Ok(Item::Request(Box::new(request)));
    }
    if let Ok(crl) = Crl::from_der(bytes) {
        return Ok(Item::Crl(Box::new(crl)));
    }
    if let Ok(key) = EncryptedKey::from_der(bytes) {
        return Ok(Item::EncryptedKey(Box::new(key)));
    }
    if let Ok(key) = PublicKey::from_der(bytes) {
        return Ok(Item::PublicKey(key));
    }
    let key = PrivateKey::from_der(bytes).map(|key| Item::PrivateKey(Box::new(key)));
    key.ok_or_else(|| whole(certificate))
}
