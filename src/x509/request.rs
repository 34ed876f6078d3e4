//! Certificate signing requests (PKCS#10, RFC 2986): read as others wrote them, made as Go makes them.

use std::collections::HashSet;
use std::fmt;

use const_oid::db::{rfc5280, rfc5912};
use der::asn1::{Any, BitString, Null, OctetString, SetOfVec};
use der::{Decode, Encode, Tag, TagNumber};
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::certificate::bit_string;
use super::der::{children, elements, sequence, value};
use super::extension::extensions;
use super::public_key::PublicKeyKind;
use super::signature::{SignatureAlgorithm, SignatureFault};
use super::usage::{decode_extended, decode_key_usage};
use super::{Anomaly, Error, Extension, Name, PrivateKey, PublicKey, SubjectAltName, Usages, alt_name, pem};

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

    /// Makes a request as Go's `CreateCertificateRequest` does: of the extensions only subjectAltName, not critical; without
    /// names an empty list of attributes.
    ///
    /// # Errors
    /// When a name is not ASCII or the cryptographic library fails.
    pub fn make(subject: &Name, names: &[SubjectAltName], key: &PrivateKey) -> Result<Self, Error> {
        let extensions = if names.is_empty() { Vec::new() } else { extension_request(names)? };
        let attributes = Any::new(ATTRIBUTES, extensions).and_then(|any| any.to_der());
        let attributes = attributes.map_err(Error::der(WHAT))?;
        let version = [0x02, 0x01, 0x00];
        let info = [&version, subject.as_der(), key.public_key().as_der(), &attributes];
        let info = sequence(&info, WHAT)?;
        let algorithm = algorithm(key.public_key().kind()).to_der().map_err(Error::der(WHAT))?;
        let signature = BitString::from_bytes(&key.sign(&info)?).and_then(|bits| bits.to_der());
        let signature = signature.map_err(Error::der(WHAT))?;
        Self::from_der(&sequence(&[&info, &algorithm, &signature], WHAT)?)
    }

    /// The request as one PEM block.
    ///
    /// # Errors
    /// Never for a request; the encoder's error is passed on.
    pub fn to_pem(&self) -> Result<String, Error> {
        pem::encode("CERTIFICATE REQUEST", &self.der)
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

const ATTRIBUTES: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

/// The extensionRequest attribute (RFC 2985 §5.4.2) with the names.
fn extension_request(names: &[SubjectAltName]) -> Result<Vec<u8>, Error> {
    let failed = Error::der(WHAT);
    let extension = x509_cert::ext::Extension {
        extn_id: rfc5280::ID_CE_SUBJECT_ALT_NAME,
        critical: false,
        extn_value: OctetString::new(alt_name::encode(names)?).map_err(&failed)?,
    };
    let extensions = Any::encode_from(&vec![extension]).map_err(&failed)?;
    let values = SetOfVec::try_from(vec![extensions]).map_err(&failed)?;
    Attribute { oid: rfc5912::ID_EXTENSION_REQ, values }.to_der().map_err(&failed)
}

/// How a key of this kind signs: see [`PrivateKey::sign`].
fn algorithm(kind: PublicKeyKind) -> AlgorithmIdentifierOwned {
    let oid = match kind {
        PublicKeyKind::EcdsaP256 => rfc5912::ECDSA_WITH_SHA_256,
        PublicKeyKind::EcdsaP384 => rfc5912::ECDSA_WITH_SHA_384,
        PublicKeyKind::EcdsaP521 => rfc5912::ECDSA_WITH_SHA_512,
        _ => rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
    };
    // RSA has NULL for parameters, ECDSA none (RFC 4055 §5, RFC 5758 §3.2).
    let parameters = (oid == rfc5912::SHA_256_WITH_RSA_ENCRYPTION).then(|| Any::from(Null));
    AlgorithmIdentifierOwned { oid, parameters }
}

/// The extensions inside the one extensionRequest attribute (RFC 2985 §5.4.2); other attributes are passed over.
fn requested_extensions(attributes: &[u8]) -> Result<Vec<Extension>, Error> {
    // The [0] is the SET that it stands for: its elements are the attributes.
    let mut found = None;
    for attribute in elements(value(attributes, ATTRIBUTES, WHAT)?, WHAT)? {
        let attribute = Attribute::from_der(attribute).map_err(Error::der(WHAT))?;
        if attribute.oid != rfc5912::ID_EXTENSION_REQ {
            continue;
        }
        let mut values = attribute.values.iter();
        let (Some(request), None, None) = (values.next(), values.next(), &found) else {
            return Err(Error::Malformed { what: WHAT, problem: "asks for extensions twice" });
        };
        let mut anomalies = Vec::new();
        found = Some(extensions(&request.to_der().map_err(Error::der(WHAT))?, &mut anomalies)?);
        if let Some(anomaly) = anomalies.into_iter().find(Anomaly::go_refuses) {
            return Err(Error::Anomalous { what: WHAT, anomaly: Box::new(anomaly) });
        }
    }
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyAlgorithm;

    #[test]
    fn what_is_made_is_gos_form() {
        for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let subject = Name::new("jane", &["b".into(), "a".into()]).unwrap();
            let names = [
                SubjectAltName::Dns("a.example.com".into()),
                SubjectAltName::Email("jane@example.com".into()),
                SubjectAltName::ip("::ffff:192.0.2.1".parse().unwrap()),
                SubjectAltName::Uri("spiffe://x/y".into()),
            ];
            let request = Request::make(&subject, &names, &key).unwrap();
            request.verify_signature().unwrap();
            assert_eq!((&request.subject, &request.public_key), (&subject, key.public_key()));
            assert_eq!(request.subject_alt_names, names);
            assert!(request.extensions.len() == 1 && !request.extensions[0].critical);
            assert!(request.to_pem().unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
        }
    }

    #[test]
    fn without_names_there_are_no_attributes() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let request = Request::make(&Name::default(), &[], &key).unwrap();
        let info = children(request.as_der(), Tag::Sequence, "test").unwrap()[0];
        assert_eq!(children(info, Tag::Sequence, "test").unwrap()[3], [0xa0, 0x00]);
    }
}
