//! What the bytes of a file mean: PEM, DER or a kubeconfig, told apart by their looks and not by their name.

use super::kubeconfig::{Kubeconfig, KubeconfigError};
use crate::x509::{self, Certificate, PrivateKey, PublicKey, Request, pem};

/// Everything that a file holds, in its order; what could not be read keeps its place as an error.
#[derive(Debug)]
pub struct Content {
    /// The items.
    pub items: Vec<Result<Item, ContentError>>,
}

/// One thing in a file.
#[derive(Debug)]
pub enum Item {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// A private key.
    PrivateKey(Box<PrivateKey>),
    /// A public key.
    PublicKey(PublicKey),
    /// A certificate signing request.
    Request(Box<Request>),
    /// A kubeconfig: the whole file.
    Kubeconfig(Box<Kubeconfig>),
    /// A PEM block that means nothing here, by its label.
    Other(String),
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
        let items = if bytes.iter().all(u8::is_ascii_whitespace) {
            vec![Err(ContentError::Empty)]
        } else if pem::is_pem(bytes) {
            match pem::blocks(bytes) {
                Ok(blocks) => blocks.iter().map(item).collect(),
                Err(error) => vec![Err(error.into())],
            }
        } else if bytes.first() == Some(&0x30) {
            vec![der(bytes)]
        } else {
            match std::str::from_utf8(bytes) {
                Ok(text) => {
                    vec![Kubeconfig::parse(text).map(Box::new).map(Item::Kubeconfig).map_err(Into::into)]
                }
                Err(_) => vec![Err(ContentError::Unknown)],
            }
        };
        Self { items }
    }

    /// The certificates. As in client-go, one that is broken makes all of them unusable.
    ///
    /// # Errors
    /// When one is broken, or there is none.
    pub fn certificates(&self) -> Result<Vec<&Certificate>, ContentError> {
        self.all("certificate", Item::certificate)
    }

    /// The first private key.
    ///
    /// # Errors
    /// When something in the file is broken, or there is none.
    pub fn private_key(&self) -> Result<&PrivateKey, ContentError> {
        self.all("private key", Item::private_key).map(|keys| keys[0])
    }

    /// The first public key.
    ///
    /// # Errors
    /// When something in the file is broken, or there is none.
    pub fn public_key(&self) -> Result<&PublicKey, ContentError> {
        self.all("public key", Item::public_key).map(|keys| keys[0])
    }

    /// The kubeconfig.
    ///
    /// # Errors
    /// When it is none.
    pub fn kubeconfig(&self) -> Result<&Kubeconfig, ContentError> {
        match &self.items[..] {
            [Err(error)] => Err(error.clone()),
            _ => self.all("kubeconfig", Item::kubeconfig).map(|kubeconfigs| kubeconfigs[0]),
        }
    }

    /// Everything of a kind: at least one.
    fn all<'a, T: ?Sized>(
        &'a self,
        what: &'static str,
        pick: fn(&'a Item) -> Option<&'a T>,
    ) -> Result<Vec<&'a T>, ContentError> {
        let missing = || ContentError::X509(x509::Error::Missing(what));
        let mut found = Vec::new();
        for item in &self.items {
            match item {
                Ok(item) => found.extend(pick(item)),
                // Text that is no PEM was tried as a kubeconfig, which is not what is wanted here.
                Err(ContentError::Kubeconfig(_) | ContentError::Unknown) => return Err(missing()),
                Err(error) => return Err(error.clone()),
            }
        }
        if found.is_empty() { Err(missing()) } else { Ok(found) }
    }
}

impl Item {
    fn certificate(&self) -> Option<&Certificate> {
        if let Self::Certificate(certificate) = self { Some(certificate) } else { None }
    }

    fn private_key(&self) -> Option<&PrivateKey> {
        if let Self::PrivateKey(key) = self { Some(key) } else { None }
    }

    fn public_key(&self) -> Option<&PublicKey> {
        if let Self::PublicKey(key) = self { Some(key) } else { None }
    }

    fn kubeconfig(&self) -> Option<&Kubeconfig> {
        if let Self::Kubeconfig(kubeconfig) = self { Some(kubeconfig) } else { None }
    }
}

fn item(block: &pem::Block) -> Result<Item, ContentError> {
    let der = &block.contents;
    if let Some(key) = PrivateKey::from_block(block) {
        return Ok(Item::PrivateKey(Box::new(key?)));
    }
    Ok(match block.label.as_str() {
        "CERTIFICATE" if !block.headers => Item::Certificate(Box::new(Certificate::from_der(der)?)),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Item::Request(Box::new(Request::from_der(der)?)),
        "PUBLIC KEY" => Item::PublicKey(PublicKey::from_der(der)?),
        other => Item::Other(other.chars().flat_map(char::escape_debug).collect()),
    })
}

/// DER says nothing of its kind: the first reading that succeeds is taken.
fn der(bytes: &[u8]) -> Result<Item, ContentError> {
    let certificate = match Certificate::from_der(bytes) {
        Ok(certificate) => return Ok(Item::Certificate(Box::new(certificate))),
        Err(error) => error,
    };
    if let Ok(request) = Request::from_der(bytes) {
        return Ok(Item::Request(Box::new(request)));
    }
    if let Ok(key) = PublicKey::from_der(bytes) {
        return Ok(Item::PublicKey(key));
    }
    match PrivateKey::from_der(bytes) {
        Some(key) => Ok(Item::PrivateKey(Box::new(key))),
        None => Err(certificate.into()),
    }
}
