//! The PKCS#10 inside an object, read as Go reads it: PEM, subject and names.

use std::net::IpAddr;

use crate::x509::go::{Fault, GoRequest};
use crate::x509::signature::RequestFault;
use crate::x509::{PublicKey, Subject, SubjectAltName, pem};

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

/// Why the bytes are no request, in the words of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// There is no PEM block, or the first is of another type.
    #[error("PEM block type must be CERTIFICATE REQUEST")]
    BlockType,
    /// It does not parse.
    #[error(transparent)]
    Content(#[from] Fault),
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
        let request = parse(bytes)?;
        request.verify_signature()?;
        Ok(Self::from(request))
    }

    /// Reads `spec.request` without checking its signature.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn unverified(bytes: &[u8]) -> Result<Self, RequestError> {
        parse(bytes).map(Self::from)
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

impl From<GoRequest> for Wanted {
    fn from(request: GoRequest) -> Self {
        let GoRequest { subject, public_key, dns_names, email_addresses, ip_addresses, uris, .. } = request;
        Self { subject, dns_names, email_addresses, ip_addresses, uris, public_key }
    }
}

/// The first PEM block counts; what follows it is not looked at (`certificates.ParseCSR`).
fn parse(bytes: &[u8]) -> Result<GoRequest, RequestError> {
    let block = pem::first_block(bytes).filter(|block| block.label == "CERTIFICATE REQUEST");
    let block = block.ok_or(RequestError::BlockType)?;
    Ok(GoRequest::from_der(&block.contents)?)
}
