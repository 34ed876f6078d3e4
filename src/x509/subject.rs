//! A subject as Go's `crypto/x509/pkix` reads and writes it, which is how Kubernetes sees who asks.
//!
//! Values are gathered by the type of their attribute, whatever their order; what has no field here is lost. A certificate
//! that is made from what was read therefore says nothing that was not looked at (Go, `pkix.Name`, `FillFromRDNSequence`
//! and `ToRDNSequence`).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use der::{Decode, Tag};

use super::der::{children, tagged};
use super::{Error, Name};

/// postalCode (RFC 4519 §2.23).
const POSTAL_CODE: ObjectIdentifier = rfc4519::POSTAL_CODE;

const WHAT: &str = "the subject";

/// The attributes of a subject that Go knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// C
    pub country: Vec<String>,
    /// ST
    pub province: Vec<String>,
    /// L
    pub locality: Vec<String>,
    /// street
    pub street_address: Vec<String>,
    /// postalCode
    pub postal_code: Vec<String>,
    /// O: Kubernetes' groups.
    pub organization: Vec<String>,
    /// OU
    pub organizational_unit: Vec<String>,
    /// CN, the last one where there are several: Kubernetes' user.
    pub common_name: String,
    /// serialNumber, the last one.
    pub serial_number: String,
}

impl Subject {
    /// Reads a name.
    ///
    /// # Errors
    /// When a value is not of its string type.
    pub fn read(name: &Name) -> Result<Self, Error> {
        let mut subject = Self::default();
        for set in children(name.as_der(), Tag::Sequence, WHAT)? {
            for attribute in children(set, Tag::Set, WHAT)? {
                let [oid, value] = children(attribute, Tag::Sequence, WHAT)?[..] else {
                    return Err(Error::Malformed { what: WHAT, problem: "has an attribute without a value" });
                };
                let oid = ObjectIdentifier::from_der(oid).map_err(Error::der(WHAT))?;
                if let Some(text) = text(value)? {
                    subject.take(oid, text);
                }
            }
        }
        Ok(subject)
    }

    fn take(&mut self, oid: ObjectIdentifier, text: String) {
        let list = match oid {
            rfc4519::C => &mut self.country,
            rfc4519::ST => &mut self.province,
            rfc4519::L => &mut self.locality,
            rfc4519::STREET => &mut self.street_address,
            POSTAL_CODE => &mut self.postal_code,
            rfc4519::O => &mut self.organization,
            rfc4519::OU => &mut self.organizational_unit,
            rfc4519::CN => {
                self.common_name = text;
                return;
            }
            rfc4519::SERIAL_NUMBER => {
                self.serial_number = text;
                return;
            }
            _ => return,
        };
        list.push(text);
    }

    /// The name that Go writes: the values of a type in one set, types in this order.
    ///
    /// # Errors
    /// When a value is longer than DER can say.
    pub fn to_name(&self) -> Result<Name, Error> {
        let one = |text: &String| if text.is_empty() { Vec::new() } else { vec![text.clone()] };
        Name::of_sets(&[
            (rfc4519::C, self.country.clone()),
            (rfc4519::ST, self.province.clone()),
            (rfc4519::L, self.locality.clone()),
            (rfc4519::STREET, self.street_address.clone()),
            (POSTAL_CODE, self.postal_code.clone()),
            (rfc4519::O, self.organization.clone()),
            (rfc4519::OU, self.organizational_unit.clone()),
            (rfc4519::CN, one(&self.common_name)),
            (rfc4519::SERIAL_NUMBER, one(&self.serial_number)),
        ])
    }
}

/// The text of a value, held to the characters of its type; `None` for what is no text (Go, `parseASN1String`).
fn text(value: &[u8]) -> Result<Option<String>, Error> {
    let (tag, content) = tagged(value, WHAT)?;
    let bad = |problem| Error::Malformed { what: WHAT, problem };
    let ascii = |allowed: fn(u8) -> bool, problem| {
        if content.iter().copied().all(allowed) {
            Ok(Some(String::from_utf8_lossy(content).into_owned()))
        } else {
            Err(bad(problem))
        }
    };
    match tag {
        // UTF8String
        0x0c => {
            let text = std::str::from_utf8(content).map_err(|_| bad("has a UTF8String that is none"))?;
            Ok(Some(text.to_owned()))
        }
        // NumericString
        0x12 => ascii(|byte| byte.is_ascii_digit() || byte == b' ', "has a NumericString that is none"),
        // PrintableString: `*` and `&` are let pass, as in Go.
        0x13 => ascii(
            |byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte),
            "has a PrintableString that is none",
        ),
        // T61String, read as Latin-1
        0x14 => Ok(Some(content.iter().map(|byte| char::from(*byte)).collect())),
        // IA5String
        0x16 => ascii(|byte| byte.is_ascii(), "has an IA5String that is none"),
        // BMPString
        0x1e => {
            let units: Vec<u16> = content
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            let text = String::from_utf16(&units).ok().filter(|_| content.len() % 2 == 0);
            text.map(|text| Some(text.trim_end_matches('\0').to_owned()))
                .ok_or_else(|| bad("has a BMPString that is none"))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written_in_gos_order() {
        let name = Name::of_sets(&[
            (rfc4519::CN, vec!["first".into()]),
            (rfc4519::O, vec!["b".into()]),
            (rfc4519::DC, vec!["example".into()]),
            (rfc4519::O, vec!["a".into(), "b".into()]),
            (rfc4519::C, vec!["DE".into()]),
            (rfc4519::CN, vec!["last".into()]),
        ])
        .unwrap();
        let subject = Subject::read(&name).unwrap();
        assert_eq!(subject.organization, ["b", "a", "b"]);
        assert_eq!(subject.common_name, "last");
        assert_eq!(subject.to_name().unwrap().to_string(), "C=DE, O=a+O=b+O=b, CN=last");
    }

    #[test]
    fn texts_are_held_to_their_types() {
        for (value, expected) in [
            (&[0x13, 2, b'a', b'*'][..], Some(Some("a*"))),
            (&[0x13, 2, b'a', b'@'], None),
            (&[0x0c, 2, 0xc3, 0xbc], Some(Some("ü"))),
            (&[0x0c, 1, 0xff], None),
            (&[0x16, 1, 0x80], None),
            (&[0x14, 1, 0xfc], Some(Some("ü"))),
            (&[0x1e, 2, 0x00, 0xfc], Some(Some("ü"))),
            (&[0x1e, 1, 0x00], None),
            (&[0x12, 2, b'1', b' '], Some(Some("1 "))),
            (&[0x02, 1, 5], Some(None)),
        ] {
            let read = text(value);
            assert_eq!(read.as_ref().ok().map(Option::as_deref), expected, "{value:02x?}");
        }
    }
}
