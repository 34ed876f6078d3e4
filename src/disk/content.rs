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
        let mut found = Vec::new();
        for item in &self.items {
            match item {
                Ok(Item::Certificate(certificate)) => found.push(&**certificate),
                Ok(_) => {}
                Err(error) => return Err(error.clone()),
            }
        }
        if found.is_empty() { Err(x509::Error::Missing("certificate").into()) } else { Ok(found) }
    }

    /// The first private key.
    ///
    /// # Errors
    /// When something before it is broken, or there is none.
    pub fn private_key(&self) -> Result<&PrivateKey, ContentError> {
        self.first("private key", |item| match item {
            Item::PrivateKey(key) => Some(&**key),
            _ => None,
        })
    }

    /// The first public key.
    ///
    /// # Errors
    /// When something before it is broken, or there is none.
    pub fn public_key(&self) -> Result<&PublicKey, ContentError> {
        self.first("public key", |item| match item {
            Item::PublicKey(key) => Some(key),
            _ => None,
        })
    }

    /// The kubeconfig.
    ///
    /// # Errors
    /// When it is none.
    pub fn kubeconfig(&self) -> Result<&Kubeconfig, ContentError> {
        self.first("kubeconfig", |item| match item {
            Item::Kubeconfig(kubeconfig) => Some(&**kubeconfig),
            _ => None,
        })
    }

    fn first<'a, T>(
        &'a self,
        what: &'static str,
        pick: impl Fn(&'a Item) -> Option<T>,
    ) -> Result<T, ContentError> {
        for item in &self.items {
            match item {
                Ok(item) => {
                    if let Some(found) = pick(item) {
                        return Ok(found);
                    }
                }
                Err(error) => return Err(error.clone()),
            }
        }
        Err(x509::Error::Missing(what).into())
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
