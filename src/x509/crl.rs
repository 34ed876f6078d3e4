//! A parsed certificate revocation list (RFC 5280 §5). As with certificates, what is judged elsewhere is only read
//! here.

use std::fmt;
use std::ops::Range;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::{Tag, TagNumber};
use time::OffsetDateTime;

use super::certificate::bit_string;
use super::der::{children, elements, value};
use super::extension::{Extension, authority_key_identifier, extensions};
use super::signature::{SignatureAlgorithm, SignatureFault};
use super::validity::moment;
use super::{Anomaly, Certificate, Error, Name, PublicKey};

const WHAT: &str = "the revocation list";

/// A revocation list: its bytes, and what they say.
#[derive(Clone, PartialEq, Eq)]
pub struct Crl {
    der: Vec<u8>,
    /// Where in `der` the signed part is.
    tbs: Range<usize>,
    /// Where in `der` the signature begins; it goes on to the end.
    signature: usize,
    /// 1 or 2.
    pub version: u8,
    /// How it was signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Who signed it.
    pub issuer: Name,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When the next one is due, if it says so; RFC 5280 §5.1.2.5 demands it.
    pub next_update: Option<OffsetDateTime>,
    /// Every extension in the order of the list.
    pub extensions: Vec<Extension>,
    /// The content octets of cRLNumber (RFC 5280 §5.2.3).
    pub number: Option<Vec<u8>>,
    /// The keyIdentifier of authorityKeyIdentifier (RFC 5280 §5.2.1).
    pub authority_key_identifier: Option<Vec<u8>>,
    /// What is revoked, in the order of the serial numbers' octets.
    pub revoked: Vec<Revoked>,
}

/// A certificate that is revoked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revoked {
    /// The octets of its serial number without leading zeros.
    pub serial: Vec<u8>,
    /// The reason code, where one is given.
    pub reason: Option<u8>,
    /// Since when.
    pub date: OffsetDateTime,
}

impl Crl {
    /// Reads one revocation list.
    ///
    /// # Errors
    /// When the bytes are not exactly one list, or an extension that is read here does not decode.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let body = value(der, Tag::Sequence, WHAT)?;
        let [tbs, outer_algorithm, signature] = elements(body, WHAT)?[..] else {
            return Err(malformed("has not exactly three parts"));
        };
        let signature = bit_string(signature, WHAT)?;
        let mut fields = children(tbs, Tag::Sequence, WHAT)?.into_iter().peekable();
        let version = match fields.next_if(|field| field.first() == Some(&0x02)) {
            Some([0x02, 0x01, 0x01]) => 2,
            Some(_) => return Err(malformed("has an unknown version")),
            None => 1,
        };
        let mut next = || fields.next().ok_or_else(|| malformed("ends early"));
        if next()? != outer_algorithm {
            return Err(malformed("names two different signature algorithms"));
        }
        let issuer = Name::from_der(next()?)?;
        let (this_update, _) = moment(next()?)?;
        let next_update = fields.next_if(|field| matches!(field.first(), Some(0x17 | 0x18)));
        let next_update = next_update.map(moment).transpose()?.map(|(moment, _)| moment);
        let revoked = match fields.next_if(|field| field.first() == Some(&0x30)) {
            Some(list) => revoked(list)?,
            None => Vec::new(),
        };
        let extensions = match fields.next() {
            Some(field) => {
                let number = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
                strict(value(field, number, WHAT)?)?
            }
            None => Vec::new(),
        };
        if fields.next().is_some() {
            return Err(malformed("has more parts than there are"));
        }
        let begin = der.len() - body.len();
        let mut crl = Self {
            der: der.to_vec(),
            tbs: begin..begin + tbs.len(),
            signature: der.len() - signature.len(),
            version,
            signature_algorithm: SignatureAlgorithm::from_der(outer_algorithm)?,
            issuer,
            this_update,
            next_update,
            extensions: Vec::new(),
            number: None,
            authority_key_identifier: None,
            revoked,
        };
        for extension in &extensions {
            match extension.oid {
                rfc5280::ID_CE_CRL_NUMBER => {
                    crl.number = Some(value(&extension.value, Tag::Integer, "cRLNumber")?.to_vec());
                }
                rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER => {
                    crl.authority_key_identifier = authority_key_identifier(&extension.value)?;
                }
                _ => {}
            }
        }
        crl.extensions = extensions;
        Ok(crl)
    }

    /// The list's bytes.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
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

    /// Whether `ca` has signed it: the name's bytes, then the signature.
    #[must_use]
    pub fn is_of(&self, ca: &Certificate) -> bool {
        self.issuer == ca.subject && self.verify_signature(&ca.public_key).is_ok()
    }

    /// The entry of a certificate, by its issuer and serial number. `removeFromCRL` is no revocation (§5.3.1).
    #[must_use]
    pub fn entry(&self, certificate: &Certificate) -> Option<&Revoked> {
        if certificate.issuer != self.issuer {
            return None;
        }
        let serial = without_zeros(&certificate.serial);
        let position = self.revoked.binary_search_by(|entry| entry.serial.as_slice().cmp(serial)).ok()?;
        self.revoked.get(position).filter(|entry| entry.reason != Some(REMOVE_FROM_CRL))
    }

    /// Whether it only says what has changed since another list (§5.2.4).
    #[must_use]
    pub fn is_delta(&self) -> bool {
        self.extensions.iter().any(|extension| extension.oid == rfc5280::ID_CE_DELTA_CRL_INDICATOR)
    }

    /// The first critical extension that this program, and Go, does not know (§5.2: then the list must not be used).
    #[must_use]
    pub fn unknown_critical(&self) -> Option<ObjectIdentifier> {
        let known = [rfc5280::ID_CE_CRL_NUMBER, rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER];
        let unknown = |extension: &&Extension| extension.critical && !known.contains(&extension.oid);
        self.extensions.iter().find(unknown).map(|extension| extension.oid)
    }
}

impl Revoked {
    /// The code of a reason by its name.
    #[must_use]
    pub fn reason_of(name: &str) -> Option<u8> {
        REASONS.iter().find(|(_, own)| own.eq_ignore_ascii_case(name)).map(|(code, _)| *code)
    }

    /// The names of the reasons that a certificate can be revoked for.
    pub fn reason_names() -> impl Iterator<Item = &'static str> {
        REASONS.iter().filter(|(code, _)| *code != REMOVE_FROM_CRL).map(|(_, name)| *name)
    }

    /// The name of the reason (RFC 5280 §5.3.1); none without a reason, or where the code has no name.
    #[must_use]
    pub fn reason_name(&self) -> Option<&'static str> {
        let code = self.reason?;
        REASONS.iter().find(|(number, _)| *number == code).map(|(_, name)| *name)
    }
}

const REMOVE_FROM_CRL: u8 = 8;

/// CRLReason (RFC 5280 §5.3.1); 7 is not used.
const REASONS: [(u8, &str); 10] = [
    (0, "unspecified"),
    (1, "keyCompromise"),
    (2, "cACompromise"),
    (3, "affiliationChanged"),
    (4, "superseded"),
    (5, "cessationOfOperation"),
    (6, "certificateHold"),
    (REMOVE_FROM_CRL, "removeFromCRL"),
    (9, "privilegeWithdrawn"),
    (10, "aACompromise"),
];

impl fmt::Debug for Crl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crl(issuer {}, {} revoked)", self.issuer, self.revoked.len())
    }
}

fn malformed(problem: &'static str) -> Error {
    Error::Malformed { what: WHAT, problem }
}

/// `SEQUENCE OF SEQUENCE { userCertificate, revocationDate, crlEntryExtensions OPTIONAL }`
fn revoked(der: &[u8]) -> Result<Vec<Revoked>, Error> {
    let entries = children(der, Tag::Sequence, WHAT)?.into_iter();
    let mut all = entries.map(entry).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    Ok(all)
}

fn entry(der: &[u8]) -> Result<Revoked, Error> {
    let (serial, date, more) = match children(der, Tag::Sequence, WHAT)?[..] {
        [serial, date] => (serial, date, None),
        [serial, date, more] => (serial, date, Some(more)),
        _ => return Err(malformed("has an entry of not two or three parts")),
    };
    let (date, _) = moment(date)?;
    let mut reason = None;
    for extension in more.map(strict).transpose()?.into_iter().flatten() {
        if extension.oid == rfc5280::ID_CE_CRL_REASONS {
            match value(&extension.value, Tag::Enumerated, "reasonCode")? {
                [code] => reason = Some(*code),
                _ => return Err(malformed("has a reason code that is none")),
            }
        }
    }
    let serial = without_zeros(value(serial, Tag::Integer, "a revoked serial number")?).to_vec();
    Ok(Revoked { serial, reason, date })
}

/// Extensions, where none may deviate from DER.
fn strict(der: &[u8]) -> Result<Vec<Extension>, Error> {
    let mut anomalies = Vec::new();
    let all = extensions(der, &mut anomalies)?;
    match anomalies.into_iter().find(Anomaly::go_refuses) {
        Some(anomaly) => Err(Error::Anomalous { what: WHAT, anomaly: Box::new(anomaly) }),
        None => Ok(all),
    }
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::forge::{ECDSA_SHA256, Forge, wrap};
    use super::*;
    use crate::x509::{KeyAlgorithm, PrivateKey};
    use time::macros::datetime;

    /// A list in which serial 5 is revoked for `reason`, with the parts that a test wants otherwise.
    fn list(key: &PrivateKey, version: &[u8], next: &[u8], reason: u8, more: &[u8]) -> Vec<u8> {
        let reason = wrap(0x0a, &[reason]);
        let extension = [&[0x06, 0x03, 0x55, 0x1d, 0x15][..], &wrap(0x04, &reason)].concat();
        let extensions = wrap(0x30, &wrap(0x30, &extension));
        let date = wrap(0x17, b"260101000000Z");
        let entry = wrap(0x30, &[&[0x02, 0x01, 0x05][..], &date, &extensions].concat());
        let issuer = Name::new("ca", &[]).unwrap();
        let tbs = [version, &ECDSA_SHA256, issuer.as_der(), &date, next, &wrap(0x30, &entry), more].concat();
        let tbs = wrap(0x30, &tbs);
        let signature = [&[0][..], &key.sign(&tbs).unwrap()].concat();
        wrap(0x30, &[&tbs[..], &ECDSA_SHA256, &wrap(0x03, &signature)].concat())
    }

    #[test]
    fn a_list_says_what_is_revoked_and_why() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let number = wrap(0x30, &[0x06, 0x03, 0x55, 0x1d, 0x14, 0x04, 0x03, 0x02, 0x01, 0x07]);
        let more = wrap(0xa0, &wrap(0x30, &number));
        let der = list(&key, &[0x02, 0x01, 0x01], &wrap(0x17, b"260201000000Z"), 1, &more);
        let crl = Crl::from_der(&der).unwrap();
        assert_eq!((crl.as_der(), crl.version), (&der[..], 2));
        assert_eq!(crl.this_update, datetime!(2026-01-01 0:00 UTC));
        assert_eq!(crl.next_update, Some(datetime!(2026-02-01 0:00 UTC)));
        assert_eq!((crl.number.as_deref(), crl.is_delta()), (Some(&[7][..]), false));
        assert_eq!(crl.unknown_critical(), None);
        assert!(crl.verify_signature(key.public_key()).is_ok());
        let certificate = Forge::new("leaf", "ca", key.public_key()).sign(&key);
        assert_eq!(crl.entry(&certificate).unwrap().reason_name(), Some("keyCompromise"));
        let other = Forge::new("leaf", "cb", key.public_key()).sign(&key);
        assert_eq!(crl.entry(&other), None, "another issuer's");
        let date = der.windows(6).position(|window| window == b"260201").unwrap();
        let mut forged = der.clone();
        forged[date] = b'3';
        let forged = Crl::from_der(&forged).unwrap();
        assert_eq!(forged.verify_signature(key.public_key()), Err(SignatureFault::Bad));
    }

    #[test]
    fn removal_from_a_list_is_no_revocation() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let crl = Crl::from_der(&list(&key, &[], &[], 8, &[])).unwrap();
        let certificate = Forge::new("leaf", "ca", key.public_key()).sign(&key);
        assert_eq!((crl.entry(&certificate), crl.version, crl.next_update), (None, 1, None));
    }

    #[test]
    fn bytes_that_are_no_list_are_refused() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        for der in [
            list(&key, &[0x02, 0x01, 0x00], &[], 1, &[]),
            list(&key, &[], &[], 1, &[0x02, 0x01, 0x01]),
            [list(&key, &[], &[], 1, &[]), vec![0]].concat(),
            vec![0x30, 0x00],
            Vec::new(),
        ] {
            assert!(Crl::from_der(&der).is_err(), "{der:02x?}");
        }
    }
}
