//! Certificates that say whatever a test wants them to say.

#[cfg(test)]
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::Encode;
use der::asn1::{Any, BitString};

use super::der::sequence;
use super::usage::{encode_extended, encode_key_usage};
use super::{
    Certificate, ExtendedKeyUsage, KeyAlgorithm, KeyUsage, Name, PrivateKey, PublicKey, SubjectAltName,
    alt_name,
};

/// `ecdsa-with-SHA256`, without parameters (RFC 5758 §3.2).
pub(super) const ECDSA_SHA256: [u8; 12] =
    [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// A certificate in parts, each of them DER.
#[derive(Clone)]
pub(super) struct Forge {
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub inner_algorithm: Vec<u8>,
    pub outer_algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub public_key: Vec<u8>,
    pub unique_ids: Vec<u8>,
    pub extensions: Vec<Vec<u8>>,
    pub more: Vec<u8>,
}

impl Forge {
    /// A leaf without extensions, valid from 2026 through 2030.
    pub fn new(subject: &str, issuer: &str, key: &PublicKey) -> Self {
        Self {
            version: vec![0xa0, 0x03, 0x02, 0x01, 0x02],
            serial: vec![0x02, 0x01, 0x05],
            inner_algorithm: ECDSA_SHA256.to_vec(),
            outer_algorithm: ECDSA_SHA256.to_vec(),
            issuer: name(issuer),
            validity: validity("260101000000Z", "301231235959Z"),
            subject: name(subject),
            public_key: key.as_der().to_vec(),
            unique_ids: Vec::new(),
            extensions: Vec::new(),
            more: Vec::new(),
        }
    }

    /// A CA with what it must have.
    pub fn ca(subject: &str, issuer: &str, key: &PublicKey) -> Self {
        Self::new(subject, issuer, key)
            .extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0xff])
            .key_usage(&[KeyUsage::CertSign])
            .subject_key_identifier(&key.identifier())
    }

    pub fn extension(mut self, oid: ObjectIdentifier, critical: bool, value: &[u8]) -> Self {
        let critical = if critical { &[0x01, 0x01, 0xff][..] } else { &[] };
        self.extensions
            .push(sequence(&[&oid.to_der().unwrap(), critical, &wrap(0x04, value)], "forge").unwrap());
        self
    }

    /// Drops every extension with this identifier.
    pub fn without(mut self, oid: ObjectIdentifier) -> Self {
        let oid = oid.to_der().unwrap();
        self.extensions.retain(|extension| !extension.windows(oid.len()).any(|window| window == oid));
        self
    }

    pub fn key_usage(self, usages: &[KeyUsage]) -> Self {
        self.extension(rfc5280::ID_CE_KEY_USAGE, true, &encode_key_usage(usages).unwrap())
    }

    pub fn extended(self, usages: &[ExtendedKeyUsage]) -> Self {
        self.extension(rfc5280::ID_CE_EXT_KEY_USAGE, false, &encode_extended(usages).unwrap())
    }

    pub fn alt_names(self, names: &[SubjectAltName]) -> Self {
        self.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, false, &alt_name::encode(names).unwrap())
    }

    pub fn dns(self, name: &str) -> Self {
        self.alt_names(&[SubjectAltName::Dns(name.to_owned())])
    }

    pub fn subject_key_identifier(self, identifier: &[u8]) -> Self {
        self.extension(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false, &wrap(0x04, identifier))
    }

    pub fn authority_key_identifier(self, identifier: &[u8]) -> Self {
        let value = wrap(0x30, &wrap(0x80, identifier));
        self.extension(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false, &value)
    }

    pub fn valid(mut self, from: &str, to: &str) -> Self {
        self.validity = validity(from, to);
        self
    }

    pub fn der(&self, key: &PrivateKey) -> Vec<u8> {
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            wrap(0xa3, &wrap(0x30, &self.extensions.concat()))
        };
        let parts: [&[u8]; 10] = [
            &self.version,
            &self.serial,
            &self.inner_algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.public_key,
            &self.unique_ids,
            &extensions,
            &self.more,
        ];
        let tbs = sequence(&parts, "forge").unwrap();
        let signature = BitString::from_bytes(&key.sign(&tbs).unwrap()).unwrap().to_der().unwrap();
        sequence(&[&tbs, &self.outer_algorithm, &signature], "forge").unwrap()
    }

    pub fn sign(&self, key: &PrivateKey) -> Certificate {
        Certificate::from_der(&self.der(key)).unwrap()
    }
}

/// A new P-256 key.
pub(super) fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

/// An element of any tag octet.
pub(super) fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Any::new(der::Tag::OctetString, content).unwrap().to_der().unwrap();
    der[0] = tag;
    der
}

fn name(common_name: &str) -> Vec<u8> {
    Name::new(common_name, &[]).unwrap().as_der().to_vec()
}

/// Two times, in `UTCTime` where they are as long as that.
pub(super) fn validity(from: &str, to: &str) -> Vec<u8> {
    let time = |text: &str| wrap(if text.len() > 13 { 0x18 } else { 0x17 }, text.as_bytes());
    sequence(&[&time(from), &time(to)], "forge").unwrap()
}
