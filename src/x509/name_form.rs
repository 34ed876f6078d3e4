//! How a distinguished name is written: string types, lengths and characters (RFC 5280 §4.1.2.4 and appendix A.1).

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc3280, rfc4519};
use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};

use super::Name;
use super::der::children;

/// A deviation of one attribute of a name. It shows as a fragment that follows "the name".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// A string type that conforming CAs no longer use. (A name with a UniversalString is not read at all.)
    Type {
        /// The attribute.
        attribute: ObjectIdentifier,
        /// The string type.
        kind: &'static str,
    },
    /// More characters than the attribute's upper bound.
    Long {
        /// The attribute.
        attribute: ObjectIdentifier,
        /// How many characters it has.
        length: usize,
        /// How many it may have.
        bound: usize,
    },
    /// Bytes that the string type does not have, so that Go refuses the certificate.
    Characters {
        /// The attribute.
        attribute: ObjectIdentifier,
        /// The string type.
        kind: &'static str,
        /// Whether Go refuses it only since 1.25: code points of a BMPString that are no characters.
        recent: bool,
    },
}

/// RFC 5280 appendix A.1, `ub-…`, in characters.
const BOUNDS: [(ObjectIdentifier, usize); 10] = [
    (rfc4519::CN, 64),
    (rfc4519::SERIAL_NUMBER, 64),
    (rfc4519::C, 2),
    (rfc4519::L, 128),
    (rfc4519::ST, 128),
    (rfc4519::O, 64),
    (rfc4519::OU, 64),
    (rfc4519::TITLE, 64),
    (rfc3280::PSEUDONYM, 128),
    (rfc3280::EMAIL_ADDRESS, 255),
];

impl Name {
    /// What is written otherwise than it ought to be, in the order of the name.
    #[must_use]
    pub fn faults(&self) -> Vec<NameFault> {
        let sets = children(self.as_der(), Tag::Sequence, "the name").unwrap_or_default();
        let attributes = sets.iter().flat_map(|set| children(set, Tag::Set, "the name").unwrap_or_default());
        attributes.flat_map(attribute_faults).collect()
    }
}

fn attribute_faults(der: &[u8]) -> Vec<NameFault> {
    let parts = children(der, Tag::Sequence, "the name").unwrap_or_default();
    let [oid, value] = parts[..] else { return Vec::new() };
    let (Ok(oid), Ok(value)) = (ObjectIdentifier::from_der(oid), AnyRef::from_der(value)) else {
        return Vec::new();
    };
    let (tag, value) = (value.tag(), value.value());
    let mut faults = Vec::new();
    let (kind, old, characters, length) = match tag {
        Tag::Utf8String => {
            let text = std::str::from_utf8(value);
            let length = text.map_or(value.len(), |text| text.chars().count());
            ("UTF8String", false, Characters::of(text.is_ok()), length)
        }
        Tag::PrintableString => (
            "PrintableString",
            false,
            Characters::of(value.iter().all(|byte| is_printable(*byte))),
            value.len(),
        ),
        Tag::Ia5String => ("IA5String", false, Characters::of(value.is_ascii()), value.len()),
        Tag::NumericString => {
            let digits = value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ');
            ("NumericString", false, Characters::of(digits), value.len())
        }
        Tag::TeletexString => ("TeletexString", true, Characters::Right, value.len()),
        Tag::BmpString => ("BMPString", true, bmp(value), value.len() / 2),
        _ => return faults,
    };
    match characters {
        Characters::Right if old => faults.push(NameFault::Type { attribute: oid, kind }),
        Characters::Right => {}
        Characters::Wrong => faults.push(NameFault::Characters { attribute: oid, kind, recent: false }),
        Characters::Unassigned => faults.push(NameFault::Characters { attribute: oid, kind, recent: true }),
    }
    let bound = BOUNDS.iter().find(|(bounded, _)| *bounded == oid).map(|(_, bound)| *bound);
    if let Some(bound) = bound.filter(|bound| length > *bound) {
        faults.push(NameFault::Long { attribute: oid, length, bound });
    }
    faults
}

enum Characters {
    Right,
    Wrong,
    Unassigned,
}

impl Characters {
    fn of(right: bool) -> Self {
        if right { Self::Right } else { Self::Wrong }
    }
}

/// Go's reading (`crypto/x509`, `isPrintable`): X.680's characters, and `*` and `&`, which are in old certificates.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

/// Two octets a character; a terminator is passed over. Surrogates and code points that are no characters are refused by
/// Go since 1.25 (`parseASN1String`).
fn bmp(value: &[u8]) -> Characters {
    if !value.len().is_multiple_of(2) {
        return Characters::Wrong;
    }
    let value = value.strip_suffix(&[0, 0]).unwrap_or(value);
    let mut points =
        value.chunks(2).map(|pair| pair.iter().fold(0u16, |unit, byte| unit << 8 | u16::from(*byte)));
    let odd = points.any(|point| matches!(point, 0xd800..=0xdfff | 0xfdd0..=0xfdef | 0xfffe | 0xffff));
    if odd { Characters::Unassigned } else { Characters::Right }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { attribute, kind } => write!(f, "has its {} as {kind}", Called(*attribute)),
            Self::Long { attribute, length, bound } => {
                write!(f, "has {} with {length} characters, more than {bound}", Called(*attribute))
            }
            Self::Characters { attribute, kind, .. } => {
                write!(f, "has bytes in its {} that a {kind} does not have", Called(*attribute))
            }
        }
    }
}

/// `CN`, `O`, or an object identifier.
struct Called(ObjectIdentifier);

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DB.find_names_for_oid(self.0).min_by_key(|name| name.len()) {
            Some(name) => f.write_str(&name.to_uppercase()),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::wrap;

    fn name(oid: ObjectIdentifier, tag: u8, value: &[u8]) -> Name {
        use der::Encode;
        let attribute = wrap(0x30, &[oid.to_der().unwrap(), wrap(tag, value)].concat());
        Name::from_der(&wrap(0x30, &wrap(0x31, &attribute))).unwrap()
    }

    #[test]
    fn every_deviation_of_a_string_is_told() {
        let long = "x".repeat(65);
        for (oid, tag, value, told) in [
            (rfc4519::CN, 0x0c, "müller".as_bytes(), ""),
            (rfc4519::CN, 0x13, b"system:node:cp1", ""),
            (rfc4519::CN, 0x13, b"*.example.com", ""),
            (rfc4519::CN, 0x13, b"a_b", "has bytes in its CN that a PrintableString does not have"),
            (rfc4519::CN, 0x0c, &[0xff], "has bytes in its CN that a UTF8String does not have"),
            (rfc4519::CN, 0x16, &[0xe9], "has bytes in its CN that a IA5String does not have"),
            (rfc4519::CN, 0x12, b"1a", "has bytes in its CN that a NumericString does not have"),
            (rfc4519::O, 0x14, b"a", "has its O as TeletexString"),
            (rfc4519::O, 0x1e, &[0, b'a'], "has its O as BMPString"),
            (rfc4519::O, 0x1e, b"a", "has bytes in its O that a BMPString does not have"),
            (rfc4519::O, 0x1e, &[0xd8, 0], "has bytes in its O that a BMPString does not have"),
            (rfc4519::O, 0x0c, long.as_bytes(), "has O with 65 characters, more than 64"),
            (rfc4519::C, 0x13, b"DEU", "has C with 3 characters, more than 2"),
            (rfc4519::CN, 0x04, &[0xff], ""),
        ] {
            let faults = name(oid, tag, value).faults();
            let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
            assert_eq!(shown.join("; "), told, "{tag:02x} {value:02x?}");
        }
        let surrogate = name(rfc4519::O, 0x1e, &[0xd8, 0]).faults();
        assert!(matches!(surrogate[..], [NameFault::Characters { recent: true, .. }]));
    }
}
