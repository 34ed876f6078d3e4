//! A parsed certificate signing request (PKCS#10, RFC 2986).

use std::collections::HashSet;
use std::fmt;

use const_oid::db::{rfc5280, rfc5912};
use der::{Decode, Tag};
use x509_cert::attr::Attribute;

use super::certificate::bit_string;
use super::der::{children, value};
use super::extension::extensions;
use super::signature::{SignatureAlgorithm, SignatureFault};
use super::usage::{decode_extended, decode_key_usage};
use super::{Anomaly, Error, Extension, Name, PublicKey, SubjectAltName, Usages, alt_name};

const WHAT: &str = "the certificate request";

/// A request: its bytes, and what they ask for.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    der: Vec<u8>,
    info: Vec<u8>,
    signature: Vec<u8>,
    /// How it was signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Whom the certificate is to be about.
    pub subject: Name,
    /// The requester's key.
    pub public_key: PublicKey,
    /// Every extension that is asked for.
    pub extensions: Vec<Extension>,
    /// The usages that are asked for; Kubernetes' requests ask for none here.
    pub usages: Usages,
    /// The names that are asked for.
    pub subject_alt_names: Vec<SubjectAltName>,
}

impl Request {
    /// Reads one request.
    ///
    /// # Errors
    /// When the bytes are not exactly one request, the request for extensions stands twice, or an extension does.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |problem| Error::Malformed { what: WHAT, problem };
        let [info, algorithm, signature] = children(der, Tag::Sequence, WHAT)?[..] else {
            return Err(malformed("has not exactly three parts"));
        };
        let [version, subject, public_key, attributes] = children(info, Tag::Sequence, WHAT)?[..] else {
            return Err(malformed("has not exactly version, subject, key and attributes"));
        };
        if version != [0x02, 0x01, 0x00] {
            return Err(malformed("has an unknown version"));
        }
        let mut request = Self {
            der: der.to_vec(),
            info: info.to_vec(),
            signature: bit_string(signature, WHAT)?.to_vec(),
            signature_algorithm: SignatureAlgorithm::from_der(algorithm)?,
            subject: Name::from_der(subject)?,
            public_key: PublicKey::from_der(public_key)?,
            extensions: requested_extensions(attributes)?,
            usages: Usages::default(),
            subject_alt_names: Vec::new(),
        };
        let mut seen = HashSet::new();
        for extension in &request.extensions {
            if !seen.insert(extension.oid) {
                return Err(malformed("asks for an extension twice"));
            }
            match extension.oid {
                rfc5280::ID_CE_KEY_USAGE => request.usages.key = decode_key_usage(&extension.value)?,
                rfc5280::ID_CE_EXT_KEY_USAGE => request.usages.extended = decode_extended(&extension.value)?,
                rfc5280::ID_CE_SUBJECT_ALT_NAME => {
                    request.subject_alt_names = alt_name::decode(&extension.value)?;
                }
                _ => {}
            }
        }
        Ok(request)
    }

    /// The request's bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Checks that the requester holds the key.
    ///
    /// # Errors
    /// When the signature is not one of the key in the request, or is of a kind that is not checked here.
    pub fn verify_signature(&self) -> Result<(), SignatureFault> {
        self.signature_algorithm.verify(&self.public_key, &self.info, &self.signature)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.subject)
    }
}

/// The extensions inside the one extensionRequest attribute (RFC 2985 §5.4.2); other attributes are passed over.
fn requested_extensions(attributes: &[u8]) -> Result<Vec<Extension>, Error> {
    let tag = Tag::ContextSpecific { constructed: true, number: ::der::TagNumber(0) };
    // Read the [0] as the SET that it stands for: its elements are the attributes.
    let body = value(attributes, tag, WHAT)?;
    let set = ::der::Encode::to_der(&::der::asn1::Any::new(Tag::Sequence, body).map_err(Error::der(WHAT))?)
        .map_err(Error::der(WHAT))?;
    let mut found = None;
    for attribute in children(&set, Tag::Sequence, WHAT)? {
        let attribute = Attribute::from_der(attribute).map_err(Error::der(WHAT))?;
        if attribute.oid != rfc5912::ID_EXTENSION_REQ {
            continue;
        }
        let mut values = attribute.values.iter();
        let (Some(request), None, None) = (values.next(), values.next(), &found) else {
            return Err(Error::Malformed { what: WHAT, problem: "asks for extensions twice" });
        };
        let mut anomalies = Vec::new();
        found = Some(extensions(&::der::Encode::to_der(request).map_err(Error::der(WHAT))?, &mut anomalies)?);
        if let Some(anomaly) = anomalies.into_iter().find(Anomaly::go_refuses) {
            return Err(Error::Anomalous { what: WHAT, anomaly: Box::new(anomaly) });
        }
    }
    Ok(found.unwrap_or_default())
}
