//! A parsed certificate (RFC 5280 §4.1). What is judged elsewhere is only read here: an odd serial, a missing extension
//! or a long lifetime is not an error.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::asn1::BitStringRef;
use der::{Decode, Tag};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use x509_cert::ext::pkix;

use super::der::{children, value};
use super::hex::hex;
use super::signature::{SignatureAlgorithm, SignatureFault};
use super::usage::{decode_extended, decode_key_usage};
use super::{Error, Name, PublicKey, SubjectAltName, Usages, alt_name, pem};

const WHAT: &str = "the certificate";

/// A certificate: its bytes, and what they say.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Vec<u8>,
    signature: Vec<u8>,
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
    /// Every extension, in the order of the certificate.
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
}

/// An extension as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its object identifier.
    pub oid: ObjectIdentifier,
    /// Whether who does not know it must refuse the certificate.
    pub critical: bool,
    /// Its content.
    pub value: Vec<u8>,
}

/// basicConstraints (RFC 5280 §4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a certificate authority.
    pub ca: bool,
    /// How many intermediate certificates may follow.
    pub path_len: Option<u8>,
}

impl Certificate {
    /// Reads one certificate.
    ///
    /// # Errors
    /// When the bytes are not exactly one certificate, an extension that is read here does not decode, or an extension
    /// stands twice (RFC 5280 §4.2; Go refuses it too).
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |problem| Error::Malformed { what: WHAT, problem };
        let [tbs, algorithm, signature] = children(der, Tag::Sequence, WHAT)?[..] else {
            return Err(malformed("has not exactly three parts"));
        };
        let mut fields = children(tbs, Tag::Sequence, WHAT)?.into_iter().peekable();
        // [0] EXPLICIT INTEGER DEFAULT v1: its content is 02 01 xx.
        let version = match fields.next_if(|field| field.first() == Some(&0xa0)) {
            Some([0xa0, 0x03, 0x02, 0x01, version @ 0..=2]) => version + 1,
            Some(_) => return Err(malformed("has an unknown version")),
            None => 1,
        };
        let mut next = || fields.next().ok_or_else(|| malformed("ends early"));
        let serial = value(next()?, Tag::Integer, "the serial number")?.to_vec();
        let inner_algorithm = next()?;
        let issuer = Name::from_der(next()?)?;
        let (not_before, not_after) = validity(next()?)?;
        let subject = Name::from_der(next()?)?;
        let public_key = PublicKey::from_der(next()?)?;
        if inner_algorithm != algorithm {
            return Err(malformed("names two different signature algorithms"));
        }
        let mut certificate = Self {
            der: der.to_vec(),
            tbs: tbs.to_vec(),
            signature: bit_string(signature, WHAT)?.to_vec(),
            version,
            serial,
            signature_algorithm: SignatureAlgorithm::from_der(algorithm)?,
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
        };
        for field in fields {
            match field.first() {
                Some(0x81 | 0x82) => {} // issuerUniqueID, subjectUniqueID
                Some(0xa3) => certificate.extensions = explicit_extensions(field)?,
                _ => return Err(malformed("has an unknown field")),
            }
        }
        certificate.decode_extensions()?;
        Ok(certificate)
    }

    /// Reads every `CERTIFICATE` block of a PEM file. Blocks with headers are passed over, as Go does.
    ///
    /// # Errors
    /// When the PEM is broken, one of the certificates is, or there is none.
    pub fn all_from_pem(text: &[u8]) -> Result<Vec<Self>, Error> {
        let certificates = pem::blocks(text)?
            .iter()
            .filter(|block| block.label == "CERTIFICATE" && !block.headers)
            .map(|block| Self::from_der(&block.contents))
            .collect::<Result<Vec<_>, _>>()?;
        if certificates.is_empty() {
            return Err(Error::Missing("certificate"));
        }
        Ok(certificates)
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
        self.signature_algorithm.verify(key, &self.tbs, &self.signature)
    }

    fn decode_extensions(&mut self) -> Result<(), Error> {
        for (index, extension) in self.extensions.iter().enumerate() {
            if self.extensions[..index].iter().any(|earlier| earlier.oid == extension.oid) {
                return Err(Error::Malformed { what: WHAT, problem: "has an extension twice" });
            }
            let value = &extension.value;
            match extension.oid {
                rfc5280::ID_CE_KEY_USAGE => self.usages.key = decode_key_usage(value)?,
                rfc5280::ID_CE_EXT_KEY_USAGE => self.usages.extended = decode_extended(value)?,
                rfc5280::ID_CE_SUBJECT_ALT_NAME => self.subject_alt_names = alt_name::decode(value)?,
                rfc5280::ID_CE_BASIC_CONSTRAINTS => {
                    let constraints =
                        pkix::BasicConstraints::from_der(value).map_err(Error::der("basicConstraints"))?;
                    self.basic_constraints = Some(BasicConstraints {
                        ca: constraints.ca,
                        path_len: constraints.path_len_constraint,
                    });
                }
                rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER => {
                    let identifier = pkix::SubjectKeyIdentifier::from_der(value)
                        .map_err(Error::der("subjectKeyIdentifier"))?;
                    self.subject_key_identifier = Some(identifier.0.as_bytes().to_vec());
                }
                rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER => {
                    let identifier = pkix::AuthorityKeyIdentifier::from_der(value)
                        .map_err(Error::der("authorityKeyIdentifier"))?;
                    self.authority_key_identifier =
                        identifier.key_identifier.map(|key| key.as_bytes().to_vec());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

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

/// The elements of an `Extensions` SEQUENCE.
pub(super) fn extensions(der: &[u8]) -> Result<Vec<Extension>, Error> {
    const WHAT: &str = "an extension";
    children(der, Tag::Sequence, WHAT)?
        .into_iter()
        .map(|extension| {
            let extension = x509_cert::ext::Extension::from_der(extension).map_err(Error::der(WHAT))?;
            Ok(Extension {
                oid: extension.extn_id,
                critical: extension.critical,
                value: extension.extn_value.into_bytes().into_vec(),
            })
        })
        .collect()
}

fn explicit_extensions(field: &[u8]) -> Result<Vec<Extension>, Error> {
    let tag = Tag::ContextSpecific { constructed: true, number: ::der::TagNumber(3) };
    extensions(value(field, tag, WHAT)?)
}

fn validity(der: &[u8]) -> Result<(OffsetDateTime, OffsetDateTime), Error> {
    const WHAT: &str = "the validity";
    let malformed = Error::Malformed { what: WHAT, problem: "is not two times" };
    match children(der, Tag::Sequence, WHAT)?[..] {
        [from, to] => Ok((moment(from)?, moment(to)?)),
        _ => Err(malformed),
    }
}

/// `UTCTime` or `GeneralizedTime` in the one form that RFC 5280 §4.1.2.5 allows: whole seconds, `Z`.
fn moment(der: &[u8]) -> Result<OffsetDateTime, Error> {
    const WHAT: &str = "the validity";
    const FORM: &[BorrowedFormatItem<'_>] = format_description!("[year][month][day][hour][minute][second]Z");
    let malformed =
        || Error::Malformed { what: WHAT, problem: "holds a time that is not whole seconds of UTC" };
    let text = match der.first() {
        Some(0x17) => {
            let text = std::str::from_utf8(value(der, Tag::UtcTime, WHAT)?).map_err(|_| malformed())?;
            // Two digits: 50 to 99 are of the last century (RFC 5280 §4.1.2.5.1).
            let century = if text < "50" { "20" } else { "19" };
            format!("{century}{text}")
        }
        Some(0x18) => String::from_utf8_lossy(value(der, Tag::GeneralizedTime, WHAT)?).into_owned(),
        _ => return Err(malformed()),
    };
    PrimitiveDateTime::parse(&text, FORM).map(PrimitiveDateTime::assume_utc).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn times_are_read_as_rfc_5280_writes_them() {
        let utc = |text: &str| [&[0x17, 13], text.as_bytes()].concat();
        let general = |text: &str| [&[0x18, 15], text.as_bytes()].concat();
        assert_eq!(moment(&utc("261122051314Z")).unwrap(), datetime!(2026-11-22 05:13:14 UTC));
        assert_eq!(moment(&utc("500101000000Z")).unwrap(), datetime!(1950-01-01 0:00 UTC));
        assert_eq!(moment(&general("20500101000000Z")).unwrap(), datetime!(2050-01-01 0:00 UTC));
        assert!(moment(&utc("261322051314Z")).is_err());
        assert!(moment(&[&[0x17, 11], &b"2611220513Z"[..]].concat()).is_err());
    }
}
