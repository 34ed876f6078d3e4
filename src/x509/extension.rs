//! Extensions of certificates and of requests for them (RFC 5280 §4.2), as they stand and as far as they are read here.

use const_oid::ObjectIdentifier;
use der::{Decode, Tag};

use super::der::{children, tagged, value};
use super::{Anomaly, Error};

const WHAT: &str = "an extension";

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
    /// How many intermediate certificates may follow; 255 where the certificate says more.
    pub path_len: Option<u8>,
}

/// The elements of an `Extensions` SEQUENCE.
pub(super) fn extensions(der: &[u8], anomalies: &mut Vec<Anomaly>) -> Result<Vec<Extension>, Error> {
    let parts = children(der, Tag::Sequence, WHAT)?;
    let mut extensions = Vec::with_capacity(parts.len());
    for part in parts {
        extensions.push(read(part, anomalies)?);
    }
    Ok(extensions)
}

/// `SEQUENCE { extnID, critical DEFAULT FALSE, extnValue }`
fn read(der: &[u8], anomalies: &mut Vec<Anomaly>) -> Result<Extension, Error> {
    let (oid, critical, content) = match children(der, Tag::Sequence, WHAT)?[..] {
        [oid, content] => (oid, false, content),
        [oid, critical, content] => (oid, boolean(critical, "critical", anomalies)?, content),
        _ => return Err(Error::Malformed { what: WHAT, problem: "has not two or three parts" }),
    };
    Ok(Extension {
        oid: ObjectIdentifier::from_der(oid).map_err(Error::der(WHAT))?,
        critical,
        value: value(content, Tag::OctetString, WHAT)?.to_vec(),
    })
}

/// `SEQUENCE { cA DEFAULT FALSE, pathLenConstraint OPTIONAL }`
pub(super) fn basic_constraints(der: &[u8], anomalies: &mut Vec<Anomaly>) -> Result<BasicConstraints, Error> {
    const WHAT: &str = "basicConstraints";
    let mut parts = children(der, Tag::Sequence, WHAT)?.into_iter().peekable();
    let ca = match parts.next_if(|part| part.first() == Some(&0x01)) {
        Some(ca) => boolean(ca, "cA", anomalies)?,
        None => false,
    };
    let path_len = parts.next().map(|part| path_length(part, anomalies)).transpose()?;
    match parts.next() {
        Some(_) => Err(Error::Malformed { what: WHAT, problem: "has more than two parts" }),
        None => Ok(BasicConstraints { ca, path_len }),
    }
}

/// The strictest reading of a number that cannot be.
fn path_length(der: &[u8], anomalies: &mut Vec<Anomaly>) -> Result<u8, Error> {
    const WHAT: &str = "basicConstraints";
    match integer(der, WHAT)? {
        [first, ..] if *first >= 0x80 => {
            anomalies.push(Anomaly::NegativePathLength);
            Ok(0)
        }
        [length] | [0, length] => Ok(*length),
        octets => {
            anomalies.push(Anomaly::LargePathLength { octets: octets.len() });
            Ok(u8::MAX)
        }
    }
}

/// The content octets of an integer in its shortest form (X.690 §8.3.2).
fn integer<'a>(der: &'a [u8], what: &'static str) -> Result<&'a [u8], Error> {
    let octets = value(der, Tag::Integer, what)?;
    if is_shortest(octets) {
        Ok(octets)
    } else {
        Err(Error::Malformed { what, problem: "has an integer that is not in its shortest form" })
    }
}

/// Whether these are the content octets of an integer, and no fewer would do.
pub(super) fn is_shortest(octets: &[u8]) -> bool {
    !matches!(octets, [] | [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..])
}

/// A boolean whose default is false: DER writes it only when it is true, as 0xff.
fn boolean(der: &[u8], what: &'static str, anomalies: &mut Vec<Anomaly>) -> Result<bool, Error> {
    match value(der, Tag::Boolean, WHAT)? {
        [0xff] => Ok(true),
        [0x00] => {
            let default = if what == "cA" { "cA FALSE" } else { "critical FALSE" };
            anomalies.push(Anomaly::ExplicitDefault(default));
            Ok(false)
        }
        [octet] => {
            anomalies.push(Anomaly::Boolean { what, octet: *octet });
            Ok(true)
        }
        _ => Err(Error::Malformed { what: WHAT, problem: "has a boolean of another length than one" }),
    }
}

/// The content of subjectKeyIdentifier (RFC 5280 §4.2.1.2).
pub(super) fn subject_key_identifier(der: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(value(der, Tag::OctetString, "subjectKeyIdentifier")?.to_vec())
}

/// The keyIdentifier of authorityKeyIdentifier (RFC 5280 §4.2.1.1), whose other parts name the issuer's issuer and its
/// serial number.
pub(super) fn authority_key_identifier(der: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    const WHAT: &str = "authorityKeyIdentifier";
    let mut identifier = None;
    let mut last = None;
    for part in children(der, Tag::Sequence, WHAT)? {
        let (tag, content) = tagged(part, WHAT)?;
        match tag {
            0x80 | 0xa1 | 0x82 if last.is_none_or(|last| last & 0x1f < tag & 0x1f) => {}
            _ => return Err(Error::Malformed { what: WHAT, problem: "has an unknown part" }),
        }
        if tag == 0x80 {
            identifier = Some(content.to_vec());
        }
        last = Some(tag);
    }
    Ok(identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_constraints_are_read_and_their_oddities_noted() {
        let oversized = [&[0x30, 0x0e, 0x01, 0x01, 0xff, 0x02, 0x09][..], &[0x01; 9]].concat();
        for (der, ca, path_len, noted) in [
            (&[0x30, 0x00][..], false, None, None),
            (&[0x30, 0x03, 0x01, 0x01, 0xff], true, None, None),
            (&[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00], true, Some(0), None),
            (&[0x30, 0x07, 0x01, 0x01, 0xff, 0x02, 0x02, 0x00, 0xff], true, Some(255), None),
            (&[0x30, 0x03, 0x02, 0x01, 0x03], false, Some(3), None),
            (&[0x30, 0x03, 0x01, 0x01, 0x00], false, None, Some(Anomaly::ExplicitDefault("cA FALSE"))),
            (&[0x30, 0x03, 0x01, 0x01, 0x01], true, None, Some(Anomaly::Boolean { what: "cA", octet: 1 })),
            (
                &[0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0xff],
                true,
                Some(0),
                Some(Anomaly::NegativePathLength),
            ),
            (
                &[0x30, 0x07, 0x01, 0x01, 0xff, 0x02, 0x02, 0x01, 0x00],
                true,
                Some(255),
                Some(Anomaly::LargePathLength { octets: 2 }),
            ),
            (&oversized, true, Some(255), Some(Anomaly::LargePathLength { octets: 9 })),
        ] {
            let mut anomalies = Vec::new();
            let read = basic_constraints(der, &mut anomalies).unwrap();
            assert_eq!(read, BasicConstraints { ca, path_len }, "{der:02x?}");
            assert_eq!(anomalies, Vec::from_iter(noted), "{der:02x?}");
        }
        for der in [
            &[0x30, 0x04, 0x02, 0x02, 0x00, 0x03][..], // not the shortest form
            &[0x30, 0x02, 0x02, 0x00],
            &[0x30, 0x02, 0x01, 0x00],
            &[0x30, 0x03, 0x04, 0x01, 0x00],
            &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00],
            &[0x01, 0x01, 0xff],
        ] {
            assert!(basic_constraints(der, &mut Vec::new()).is_err(), "{der:02x?}");
        }
    }

    #[test]
    fn key_identifiers_are_read_whatever_stands_beside_them() {
        assert_eq!(subject_key_identifier(&[0x04, 0x01, 0x07]).unwrap(), [7]);
        for (der, identifier) in [
            (&[0x30, 0x03, 0x80, 0x01, 0x07][..], Some(vec![7])),
            (&[0x30, 0x00], None),
            (&[0x30, 0x05, 0xa1, 0x00, 0x82, 0x01, 0x05], None),
        ] {
            assert_eq!(authority_key_identifier(der).unwrap(), identifier);
        }
        for der in [
            &[0x30, 0x03, 0x83, 0x01, 0x07][..],
            &[0x30, 0x06, 0x80, 0x01, 0x07, 0x80, 0x01, 0x07],
            &[0x04, 0x00],
        ] {
            assert!(authority_key_identifier(der).is_err(), "{der:02x?}");
        }
    }
}
