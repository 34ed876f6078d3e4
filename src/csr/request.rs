//! The PKCS#10 inside an object, read as Go reads it: PEM, subject and names.

use std::net::IpAddr;

use crate::x509::signature::RequestFault;
use crate::x509::{Error, PublicKey, Request, Subject, SubjectAltName, pem};

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whom the certificate is to be about, as Go reads the name: what it does not know is lost.
    pub subject: Subject,
    /// The DNS names, in their order.
    pub dns_names: Vec<String>,
    /// The e-mail addresses.
    pub email_addresses: Vec<String>,
    /// The IP addresses.
    pub ip_addresses: Vec<IpAddr>,
    /// The URIs.
    pub uris: Vec<String>,
    /// The key.
    pub public_key: PublicKey,
}

/// Why the bytes are no request, in the words of Kubernetes where it has some.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no PEM block, or the first is of another type.
    #[error("PEM block type must be CERTIFICATE REQUEST")]
    BlockType,
    /// More bytes than the request itself.
    #[error("asn1: syntax error: trailing data")]
    TrailingData,
    /// It does not parse.
    #[error("asn1: structure error: {0}")]
    Structure(#[from] Error),
    /// The signature is not one of the key in it.
    #[error(transparent)]
    Signature(#[from] RequestFault),
}

impl Wanted {
    /// Reads `spec.request` and checks that the requester holds the key.
    ///
    /// # Errors
    /// When it does not parse, or the signature does not hold.
    pub fn read(bytes: &[u8]) -> Result<Self, RequestError> {
        let wanted = Self::parse(bytes)?;
        wanted.1.verify_as_go()?;
        Ok(wanted.0)
    }

    /// Reads `spec.request` without checking its signature.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn unverified(bytes: &[u8]) -> Result<Self, RequestError> {
        Self::parse(bytes).map(|(wanted, _)| wanted)
    }

    fn parse(bytes: &[u8]) -> Result<(Self, Request), RequestError> {
        let block = pem::first_block(bytes).filter(|block| block.label == "CERTIFICATE REQUEST");
        let block = block.ok_or(RequestError::BlockType)?;
        if crate::x509::der::has_trailing_data(&block.contents) {
            return Err(RequestError::TrailingData);
        }
        let request = Request::from_der(&block.contents)?;
        let mut wanted = Self {
            subject: Subject::read(&request.subject)?,
            dns_names: Vec::new(),
            email_addresses: Vec::new(),
            ip_addresses: Vec::new(),
            uris: Vec::new(),
            public_key: request.public_key.clone(),
        };
        for name in &request.subject_alt_names {
            match name {
                SubjectAltName::Dns(name) => wanted.dns_names.push(name.clone()),
                SubjectAltName::Email(address) => wanted.email_addresses.push(address.clone()),
                SubjectAltName::Ip(address) => wanted.ip_addresses.push(*address),
                SubjectAltName::Uri(uri) => wanted.uris.push(uri.clone()),
                // Go does not see these; they are never copied.
                SubjectAltName::Other(_) => {}
            }
        }
        Ok((wanted, request))
    }

    /// The names that a certificate speaks for, grouped as Go writes them: DNS, e-mail, address, URI.
    #[must_use]
    pub fn subject_alt_names(&self) -> Vec<SubjectAltName> {
        let dns = self.dns_names.iter().cloned().map(SubjectAltName::Dns);
        let emails = self.email_addresses.iter().cloned().map(SubjectAltName::Email);
        let addresses = self.ip_addresses.iter().copied().map(SubjectAltName::Ip);
        let uris = self.uris.iter().cloned().map(SubjectAltName::Uri);
        dns.chain(emails).chain(addresses).chain(uris).collect()
    }
}
