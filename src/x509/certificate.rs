//! A parsed certificate (RFC 5280 §4.1). What is judged elsewhere is only read here: an odd serial, a missing extension
//! or a long lifetime is not an error. What is written otherwise than it must be, but can be read, is noted as an
//! [`Anomaly`]; who wants only what a cluster's components read asks for it with [`Certificate::accepted`].

use std::collections::HashSet;
use std::fmt;
use std::mem;
use std::ops::Range;

use aws_lc_rs::digest::{SHA256, digest};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::asn1::BitStringRef;
use der::{Decode, Tag, TagNumber};
use time::OffsetDateTime;

use super::der::{children, elements, value};
pub use super::extension::{BasicConstraints, Extension};
use super::extension::{
    authority_key_identifier, basic_constraints, extensions, is_shortest, subject_key_identifier,
};
use super::hex::hex;
use super::signature::{SignatureAlgorithm, SignatureFault};
use super::usage::{decode_extended, decode_key_usage};
use super::validity::validity;
use super::{Anomaly, Error, Name, NameConstraints, PublicKey, SubjectAltName, Usages, alt_name, pem};

const WHAT: &str = "the certificate";

/// A certificate: its bytes, and what they say. Two are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// Where in `der` the signed part is.
    tbs: Range<usize>,
    /// Where in `der` the signature begins; it goes on to the end.
    signature: usize,
    /// 1, 2 or 3.
    pub version: u8,
    /// The content octets of the serial number, as they stand.
    pub serial: Vec<u8>,
    /// How it was signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Who signed it.
    pub issuer: Name,
    /// Whom it is about.
    pub subject: Name,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
    /// The subject's key.
    pub public_key: PublicKey,
    /// Every extension in the order of the certificate, also one that stands twice or does not decode.
    pub extensions: Vec<Extension>,
    /// keyUsage and extKeyUsage.
    pub usages: Usages,
    /// basicConstraints, if there are any.
    pub basic_constraints: Option<BasicConstraints>,
    /// subjectAltName; empty when absent.
    pub subject_alt_names: Vec<SubjectAltName>,
    /// subjectKeyIdentifier.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// The keyIdentifier of authorityKeyIdentifier.
    pub authority_key_identifier: Option<Vec<u8>>,
    /// nameConstraints.
    pub name_constraints: Option<Box<NameConstraints>>,
    /// What is otherwise than it must be: nothing, in nearly every certificate.
    pub anomalies: Vec<Anomaly>,
}

impl Certificate {
    /// Reads one certificate, also one with anomalies.
    ///
    /// # Errors
    /// When the bytes are not exactly one certificate, or its structure cannot be known: a name, key or extension that
    /// does not come apart, a relative name without attributes, a time that names no moment.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |problem| Error::Malformed { what: WHAT, problem };
        let body = value(der, Tag::Sequence, WHAT)?;
        let [tbs, outer_algorithm, signature] = elements(body, WHAT)?[..] else {
            return Err(malformed("has not exactly three parts"));
        };
        let signature = bit_string(signature, WHAT)?;
        let mut fields = children(tbs, Tag::Sequence, WHAT)?.into_iter().peekable();
        let mut anomalies = Vec::new();
        // [0] EXPLICIT INTEGER DEFAULT v1: its content is 02 01 xx.
        let version = match fields.next_if(|field| field.first() == Some(&0xa0)) {
            Some([0xa0, 0x03, 0x02, 0x01, version @ 0..=2]) => {
                anomalies.extend((*version == 0).then_some(Anomaly::ExplicitDefault("version 1")));
                version + 1
            }
            Some(_) => return Err(malformed("has an unknown version")),
            None => 1,
        };
        let mut next = || fields.next().ok_or_else(|| malformed("ends early"));
        let serial = value(next()?, Tag::Integer, "the serial number")?.to_vec();
        anomalies.extend((!is_shortest(&serial)).then_some(Anomaly::SerialNumber));
        let inner_algorithm = next()?;
        let issuer = Name::from_der(next()?)?;
        let (not_before, not_after) = validity(next()?, &mut anomalies)?;
        let subject = Name::from_der(next()?)?;
        let public_key = PublicKey::from_der(next()?)?;
        let signature_algorithm = SignatureAlgorithm::from_der(outer_algorithm)?;
        if inner_algorithm != outer_algorithm {
            let inner = Box::new(SignatureAlgorithm::from_der(inner_algorithm)?);
            let outer = Box::new(signature_algorithm.clone());
            anomalies.push(Anomaly::SignatureAlgorithms { inner, outer });
        }
        let begin = der.len() - body.len();
        let mut certificate = Self {
            der: der.to_vec(),
            tbs: begin..begin + tbs.len(),
            signature: der.len() - signature.len(),
            version,
            serial,
            signature_algorithm,
            issuer,
            subject,
            not_before,
            not_after,
            public_key,
            extensions: Vec::new(),
            usages: Usages::default(),
            basic_constraints: None,
            subject_alt_names: Vec::new(),
            subject_key_identifier: None,
            authority_key_identifier: None,
            name_constraints: None,
            anomalies,
        };
        certificate.read_optional(fields)?;
        certificate.decode_extensions();
        Ok(certificate)
    }

    /// Reads every `CERTIFICATE` block of a PEM file. Blocks with headers are passed over, as Go does.
    ///
    /// # Errors
    /// When the PEM is broken, one of the certificates is or would not be accepted, or there is none.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, Error> {
        let certificates = pem::blocks(text)?
            .iter()
            .filter(|block| block.label == "CERTIFICATE" && !block.headers)
            .map(|block| Self::from_der(&block.contents)?.accepted())
            .collect::<Result<Vec<_>, _>>()?;
        if certificates.is_empty() {
            return Err(Error::Missing("certificate"));
        }
        Ok(certificates)
    }

    /// The certificate, if the components of a cluster can read it.
    ///
    /// # Errors
    /// When it has an anomaly for which Go refuses it.
    pub fn accepted(self) -> Result<Self, Error> {
        match self.refusal() {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }

    /// Why the components of a cluster cannot read it, if they cannot: the first anomaly for which Go refuses it.
    #[must_use]
    pub fn refusal(&self) -> Option<Error> {
        let anomaly = self.anomalies.iter().find(|anomaly| anomaly.go_refuses())?;
        Some(Error::Anomalous { what: WHAT, anomaly: Box::new(anomaly.clone()) })
    }

    /// Whether everything in it is written as RFC 5280 and DER have it.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        self.anomalies.is_empty()
    }

    /// The certificate's bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as one PEM block.
    ///
    /// # Errors
    /// Never for a certificate; the encoder's error is passed on.
    pub fn to_pem(&self) -> Result<String, Error> {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// The SHA-256 of the bytes, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(digest(&SHA256, &self.der).as_ref())
    }

    /// Whether the subject may sign certificates at all.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|constraints| constraints.ca)
    }

    /// Whether issuer and subject are one.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// The extension with this object identifier.
    #[must_use]
    pub fn extension(&self, oid: ObjectIdentifier) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.oid == oid)
    }

    /// Checks the signature with `key`.
    ///
    /// # Errors
    /// When it does not hold, or is of a kind that is not checked here.
    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        let tbs = self.der.get(self.tbs.clone()).unwrap_or_default();
        let signature = self.der.get(self.signature..).unwrap_or_default();
        self.signature_algorithm.verify(key, tbs, signature)
    }

    /// The fields after the key: unique identifiers and extensions, in this order.
    fn read_optional<'a>(&mut self, fields: impl Iterator<Item = &'a [u8]>) -> Result<(), Error> {
        let mut last = 0;
        for field in fields {
            let tag = field.first().copied().unwrap_or_default();
            match tag {
                0x81 if last < tag => self.anomalies.push(Anomaly::UniqueIdentifier("issuerUniqueID")),
                0x82 if last < tag => self.anomalies.push(Anomaly::UniqueIdentifier("subjectUniqueID")),
                0xa3 if last < tag => {
                    let number = Tag::ContextSpecific { constructed: true, number: TagNumber(3) };
                    self.extensions = extensions(value(field, number, WHAT)?, &mut self.anomalies)?;
                    if self.version != 3 {
                        self.anomalies.push(Anomaly::Version(self.version));
                    }
                }
                // What follows is not read, as in Go: nobody can know what it means.
                _ => {
                    self.anomalies.push(Anomaly::UnknownField { tag });
                    break;
                }
            }
            last = tag;
        }
        Ok(())
    }

    fn decode_extensions(&mut self) {
        let mut seen = HashSet::with_capacity(self.extensions.len());
        let mut repeated = HashSet::new();
        let extensions = mem::take(&mut self.extensions);
        for extension in &extensions {
            let oid = extension.oid;
            if !seen.insert(oid) {
                if repeated.insert(oid) {
                    self.anomalies.push(Anomaly::DuplicateExtension(oid));
                }
                continue;
            }
            if extension.critical && NEVER_CRITICAL.contains(&oid) {
                self.anomalies.push(Anomaly::MarkedCritical(oid));
            }
            if let Err(reason) = self.decode_extension(oid, &extension.value) {
                self.anomalies.push(Anomaly::Undecodable { extension: oid, reason: Box::new(reason) });
            }
        }
        self.extensions = extensions;
    }

    fn decode_extension(&mut self, oid: ObjectIdentifier, value: &[u8]) -> Result<(), Error> {
        match oid {
            rfc5280::ID_CE_KEY_USAGE => self.usages.key = decode_key_usage(value)?,
            rfc5280::ID_CE_EXT_KEY_USAGE => self.usages.extended = decode_extended(value)?,
            rfc5280::ID_CE_SUBJECT_ALT_NAME => {
                let (names, faults) = alt_name::read(value)?;
                self.subject_alt_names = names;
                self.anomalies.extend(faults.into_iter().map(Anomaly::AltName));
            }
            rfc5280::ID_CE_BASIC_CONSTRAINTS => {
                self.basic_constraints = Some(basic_constraints(value, &mut self.anomalies)?);
            }
            rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_identifier = Some(subject_key_identifier(value)?);
            }
            rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER => {
                self.authority_key_identifier = authority_key_identifier(value)?;
            }
            rfc5280::ID_CE_NAME_CONSTRAINTS => {
                self.name_constraints = Some(Box::new(NameConstraints::from_der(value)?));
            }
            _ => {}
        }
        Ok(())
    }
}

/// What conforming CAs mark as not critical, and Go refuses otherwise (RFC 5280 §4.2.1.1, §4.2.1.2, §4.2.2.1).
const NEVER_CRITICAL: [ObjectIdentifier; 3] = [
    rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
    rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
    rfc5280::ID_PE_AUTHORITY_INFO_ACCESS,
];

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, issuer {})", self.subject, self.issuer)
    }
}

/// The content of a bit string of whole octets.
pub(super) fn bit_string<'a>(der: &'a [u8], what: &'static str) -> Result<&'a [u8], Error> {
    BitStringRef::from_der(der)
        .map_err(Error::der(what))?
        .as_bytes()
        .ok_or(Error::Malformed { what, problem: "its signature is not a whole number of octets" })
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::x509::anomaly::{AltNameFault, TimeForm};
    use crate::x509::forge::{Forge, key, validity, wrap};
    use crate::x509::{Issuer, KeyUsage};

    const NULL_PARAMETERS: [u8; 14] =
        [0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x05, 0x00];

    fn forge() -> Forge {
        let key = key();
        Forge::ca("ca", "ca", key.public_key())
    }

    #[test]
    fn what_can_be_read_is_kept_and_noted() {
        let with = |change: fn(&mut Forge)| {
            let mut forge = forge();
            change(&mut forge);
            forge
        };
        let extension = |oid, critical, value: &[u8]| forge().without(oid).extension(oid, critical, value);
        for (forge, noted, refused) in [
            (forge(), "", false),
            (
                with(|forge| forge.inner_algorithm = NULL_PARAMETERS.to_vec()),
                "names ecdsa-with-SHA256 twice, with different parameters",
                true,
            ),
            (
                with(|forge| forge.inner_algorithm[11] = 3),
                "names two different signature algorithms, ecdsa-with-SHA384 and ecdsa-with-SHA256",
                true,
            ),
            (
                with(|forge| forge.serial = vec![0x02, 0x02, 0x00, 0x05]),
                "has a serial number that is not the shortest form of an integer",
                true,
            ),
            (
                with(|forge| forge.validity = validity("2601010000Z", "301231235959Z")),
                "has a notBefore that is written without seconds",
                false,
            ),
            (
                with(|forge| forge.validity = validity("260101000000Z", "20301231235959Z")),
                "has a notAfter that is written as GeneralizedTime although its year is before 2050",
                false,
            ),
            (with(|forge| forge.unique_ids = vec![0x81, 0x02, 0x00, 0x01]), "has an issuerUniqueID", false),
            (with(|forge| forge.more = vec![0x84, 0x00]), "has an unknown field of tag 0x84", false),
            (with(|forge| forge.more = vec![0x82, 0x01, 0x00]), "has an unknown field of tag 0x82", false),
            (
                with(|forge| forge.version = vec![0xa0, 0x03, 0x02, 0x01, 0x01]),
                "has extensions although its version is 2",
                false,
            ),
            (
                forge().extension(rfc5280::ID_CE_KEY_USAGE, true, &[0x03, 0x02, 0x07, 0x80]),
                "has the extension keyUsage (2.5.29.15) twice",
                true,
            ),
            (
                extension(rfc5280::ID_CE_KEY_USAGE, true, &[0x04, 0x00]),
                "has an extension keyUsage (2.5.29.15) that does not decode: keyUsage is not valid DER: unexpected \
                 ASN.1 DER tag: expected BIT STRING, got OCTET STRING",
                true,
            ),
            (
                extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0x00]),
                "writes cA FALSE although it is the default",
                false,
            ),
            (
                extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &[0x30, 0x03, 0x01, 0x01, 0x01]),
                "writes cA as 0x01 and not as 0xff",
                true,
            ),
            (
                extension(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, true, &[0x04, 0x01, 0x01]),
                "has a critical subjectKeyIdentifier (2.5.29.14)",
                true,
            ),
            (
                extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, false, &[0x30, 0x05, 0x87, 0x03, 1, 2, 3]),
                "has an alternative name that is an address of 3 octets, which are neither 4 nor 16",
                true,
            ),
            (
                extension(rfc5280::ID_CE_NAME_CONSTRAINTS, true, &[0x30, 0x00]),
                "has an extension nameConstraints (2.5.29.30) that does not decode: nameConstraints: is empty",
                true,
            ),
        ] {
            let key = key();
            let mut forge = forge;
            forge.public_key = key.public_key().as_der().to_vec();
            let certificate = forge.sign(&key);
            let shown: Vec<String> = certificate.anomalies.iter().map(ToString::to_string).collect();
            assert_eq!(shown.join("; "), noted);
            assert_eq!(certificate.is_well_formed(), noted.is_empty());
            assert_eq!(certificate.refusal().is_some(), refused, "{noted}");
            assert_eq!(Issuer::new(&certificate, &key).is_none(), refused, "{noted}");
            let read = Certificate::all_from_pem(certificate.to_pem().unwrap().as_bytes());
            assert_eq!(read.is_err(), refused, "{noted}");
            assert!(certificate.verify_signature(key.public_key()).is_ok(), "{noted}");
        }
    }

    #[test]
    fn what_leaves_the_structure_unknown_is_an_error() {
        let key = key();
        let good = forge().der(&key);
        assert!(Certificate::from_der(&[&good[..], &[0]].concat()).is_err(), "trailing bytes");
        let with = |change: fn(&mut Forge)| {
            let mut forge = forge();
            change(&mut forge);
            forge.der(&key)
        };
        for (der, what) in [
            (with(|forge| forge.subject = vec![0x30, 0x02, 0x31, 0x00]), "an empty relative name"),
            (with(|forge| forge.version = vec![0xa0, 0x03, 0x02, 0x01, 0x03]), "version 4"),
            (with(|forge| forge.validity = validity("260101000000", "301231235959Z")), "local time"),
            (with(|forge| forge.public_key = vec![0x30, 0x00]), "no key"),
            (with(|forge| forge.extensions = vec![vec![0x30, 0x00]]), "an empty extension"),
            (with(|forge| forge.more = vec![0x84, 0x05]), "a cut field"),
        ] {
            assert!(Certificate::from_der(&der).is_err(), "{what}");
        }
    }

    #[test]
    fn fields_that_do_not_decode_stay_empty_and_others_do_not() {
        let names = [&[0x87, 0x05, 1, 2, 3, 4, 5][..], &[0x82, 0x01, b'a']].concat();
        let certificate = forge()
            .extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, false, &wrap(0x30, &names))
            .extension(rfc5280::ID_CE_EXT_KEY_USAGE, false, &[0x30, 0x01])
            .sign(&key());
        assert_eq!(certificate.subject_alt_names, [SubjectAltName::Dns("a".to_owned())]);
        assert_eq!(certificate.usages.key, [KeyUsage::CertSign]);
        assert!(certificate.usages.extended.is_empty() && certificate.is_ca());
        assert_eq!(certificate.anomalies.len(), 2);
        assert_eq!(certificate.anomalies[0], Anomaly::AltName(AltNameFault::AddressLength(5)));
        assert_eq!(certificate.extensions.len(), 5);
    }

    #[test]
    fn several_oddities_of_a_time_are_all_noted() {
        let mut forge = forge();
        forge.validity = validity("20260101000000.5+0100", "301231235959Z");
        let field = "notBefore";
        let expected = [TimeForm::Offset, TimeForm::Fraction, TimeForm::Generalized];
        assert_eq!(forge.sign(&key()).anomalies, expected.map(|form| Anomaly::Time { field, form }));
    }

    /// Some 100,000 extensions with one identifier, which are as many comparisons squared where each is compared with each.
    #[test]
    fn a_multitude_of_extensions_is_read_and_told_once() {
        let mut forge = forge();
        let extension = [0x30, 0x07, 0x06, 0x03, 0x55, 0x1d, 0x7f, 0x04, 0x00];
        forge.extensions.push(extension.repeat(100_000));
        let der = forge.der(&key());
        let certificate = Certificate::from_der(&der).unwrap();
        assert_eq!((certificate.extensions.len(), certificate.anomalies.len()), (100_003, 1));
    }
}
