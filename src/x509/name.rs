//! Distinguished names (RFC 5280 §4.1.2.4), kept byte for byte.

use std::fmt::{self, Write as _};

use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc4519};
use der::asn1::Any;
use der::{Decode, Encode, Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;

use super::Error;
use super::der::{children, sequence};

const WHAT: &str = "the distinguished name";

/// A distinguished name. Two names are equal when their bytes are: that is what chain building compares in Go and in
/// rustls, and why a name is copied and never re-encoded.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Vec<u8>,
    rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The attribute's type, such as 2.5.4.3 for the common name.
    pub oid: ObjectIdentifier,
    /// Its text; bytes that are no text in their string type show as U+FFFD.
    pub value: String,
}

impl Name {
    /// A name as Go's `crypto/x509/pkix` writes it: all organizations in one set, in DER order, then the common name;
    /// `PrintableString` where the characters allow, else `UTF8String`.
    ///
    /// # Errors
    /// When a value is longer than DER can say.
    pub fn new(common_name: &str, organizations: &[String]) -> Result<Self, Error> {
        let mut groups = organizations.to_vec();
        groups.sort_unstable();
        groups.dedup();
        let user = if common_name.is_empty() { Vec::new() } else { vec![common_name.to_owned()] };
        Self::of_sets(&[(rfc4519::O, groups), (rfc4519::CN, user)])
    }

    /// A name of these sets, the values of each in the order of DER; one without values is left out. Strings are written
    /// as Go writes them: `PrintableString` where the characters allow, else `UTF8String`.
    ///
    /// # Errors
    /// When a value is longer than DER can say.
    pub fn of_sets(sets: &[(ObjectIdentifier, Vec<String>)]) -> Result<Self, Error> {
        let mut encoded = Vec::with_capacity(sets.len());
        for (oid, values) in sets.iter().filter(|(_, values)| !values.is_empty()) {
            let attribute = |value: &String| {
                let value = Any::new(string_tag(value), value.as_bytes())?;
                AttributeTypeAndValue { oid: *oid, value }.to_der()
            };
            let mut attributes =
                values.iter().map(attribute).collect::<Result<Vec<_>, _>>().map_err(Error::der(WHAT))?;
            // SET OF is sorted by its octets, repeats included (X.690 §11.6).
            attributes.sort_unstable();
            let set = Any::new(Tag::Set, attributes.concat()).and_then(|set| set.to_der());
            encoded.push(set.map_err(Error::der(WHAT))?);
        }
        let sets: Vec<&[u8]> = encoded.iter().map(Vec::as_slice).collect();
        Self::from_der(&sequence(&sets, WHAT)?)
    }

    /// Reads a name and keeps its bytes.
    ///
    /// # Errors
    /// When the bytes are not exactly one name, or a relative name in it is empty.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let parts = children(der, Tag::Sequence, WHAT)?;
        let mut rdns = Vec::with_capacity(parts.len());
        for part in parts {
            rdns.push(relative_name(part)?);
        }
        Ok(Self { der: der.to_vec(), rdns })
    }

    /// The bytes as they stand in the certificate.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether the name says nothing at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The common name: the last one where there are several, as Go reads it.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.values(rfc4519::CN).last()
    }

    /// The first value of an attribute.
    #[must_use]
    pub fn first(&self, oid: ObjectIdentifier) -> Option<&str> {
        self.values(oid).next()
    }

    /// The organizations, which Kubernetes reads as groups, in the order in which they stand.
    #[must_use]
    pub fn organizations(&self) -> Vec<&str> {
        self.values(rfc4519::O).collect()
    }

    /// The relative names, each with its attributes.
    #[must_use]
    pub fn relative_names(&self) -> &[Vec<Attribute>] {
        &self.rdns
    }

    /// Whether both names say the same, whatever the order and string types: same attributes, same texts.
    #[must_use]
    pub fn means(&self, other: &Self) -> bool {
        let attributes = |name: &Self| {
            let mut all: Vec<_> = name.rdns.iter().flatten().cloned().collect();
            all.sort_unstable_by(|a, b| (a.oid, &a.value).cmp(&(b.oid, &b.value)));
            all
        };
        attributes(self) == attributes(other)
    }

    /// Whether it has an attribute of a type.
    #[must_use]
    pub fn has(&self, oid: ObjectIdentifier) -> bool {
        self.values(oid).next().is_some()
    }

    fn values(&self, oid: ObjectIdentifier) -> impl Iterator<Item = &str> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |attribute| attribute.oid == oid)
            .map(|attribute| attribute.value.as_str())
    }
}

/// The name that says nothing.
impl Default for Name {
    fn default() -> Self {
        // An empty SEQUENCE.
        Self { der: vec![0x30, 0x00], rdns: Vec::new() }
    }
}

/// `O=system:nodes, CN=system:node:cp1`: the order of the certificate; attributes of one set are joined by `+`.
/// Control characters are escaped, so that a hostile name cannot draw on a terminal.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rdns.is_empty() {
            return f.write_str("(empty)");
        }
        for (i, rdn) in self.rdns.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            for (j, attribute) in rdn.iter().enumerate() {
                f.write_str(if j == 0 { "" } else { "+" })?;
                // The table is searched from its beginning: not for what is in every name.
                match attribute.oid {
                    rfc4519::CN => f.write_str("CN=")?,
                    rfc4519::O => f.write_str("O=")?,
                    oid => match DB.find_names_for_oid(oid).min_by_key(|name| name.len()) {
                        Some(name) => write!(f, "{}=", name.to_uppercase())?,
                        None => write!(f, "{oid}=")?,
                    },
                }
                for character in attribute.value.chars() {
                    match character {
                        ',' | '+' | '\\' | '=' => write!(f, "\\{character}")?,
                        c if c.is_control() => write!(f, "{}", c.escape_default())?,
                        c => f.write_char(c)?,
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

fn relative_name(der: &[u8]) -> Result<Vec<Attribute>, Error> {
    let parts = children(der, Tag::Set, WHAT)?;
    if parts.is_empty() {
        return Err(Error::Malformed { what: WHAT, problem: "a relative name in it is empty" });
    }
    let mut attributes = Vec::with_capacity(parts.len());
    for part in parts {
        let AttributeTypeAndValue { oid, value } =
            AttributeTypeAndValue::from_der(part).map_err(Error::der(WHAT))?;
        attributes.push(Attribute { oid, value: text(&value) });
    }
    Ok(attributes)
}

fn text(value: &Any) -> String {
    match value.tag() {
        // BMPString: two octets a character (X.690 §8.23.6).
        Tag::BmpString => {
            let units: Vec<u16> = value
                .value()
                .chunks(2)
                .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
                .collect();
            String::from_utf16_lossy(&units)
        }
        // TeletexString is read as Latin-1, as OpenSSL and Go do.
        Tag::TeletexString => value.value().iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(value.value()).into_owned(),
    }
}

/// Go's choice (`encoding/asn1`): `*`, `&` and `@` are left out of `PrintableString` although readers tolerate them.
fn string_tag(value: &str) -> Tag {
    let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
    if value.chars().all(printable) { Tag::PrintableString } else { Tag::Utf8String }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organizations(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn organizations_share_one_sorted_set_before_the_common_name() {
        let name = Name::new("jane", &organizations(&["system:masters", "dev", "dev"])).unwrap();
        assert_eq!(name.to_string(), "O=dev+O=system:masters, CN=jane");
        assert_eq!(name.organizations(), ["dev", "system:masters"]);
        assert_eq!(name.common_name(), Some("jane"));
        let sets = children(name.as_der(), Tag::Sequence, "test").unwrap();
        assert_eq!(sets.len(), 2, "one set of organizations, one of the common name");
    }

    #[test]
    fn string_types_are_those_of_go() {
        for (value, tag) in [
            ("system:node:cp1", 0x13),
            ("kubernetes", 0x13),
            ("a_b", 0x0c),
            ("*.example.com", 0x0c),
            ("jane@example.com", 0x0c),
            ("müller", 0x0c),
        ] {
            let der = Name::new(value, &[]).unwrap().as_der().to_vec();
            assert_eq!(der[der.len() - value.len() - 2], tag, "{value}");
        }
    }

    #[test]
    fn an_empty_relative_name_and_trailing_bytes_are_refused() {
        assert!(Name::from_der(&[0x30, 0x02, 0x31, 0x00]).is_err());
        assert!(Name::from_der(&[0x30, 0x00, 0x00]).is_err());
        assert!(Name::from_der(&[0x30, 0x00]).unwrap().is_empty());
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let name = Name::new("a\u{1b}[31m,b", &[]).unwrap();
        assert_eq!(name.to_string(), "CN=a\\u{1b}[31m\\,b");
    }

    #[test]
    fn meaning_ignores_order_and_string_type() {
        let one = Name::new("a", &organizations(&["x", "y"])).unwrap();
        let other = Name::new("a", &organizations(&["y", "x"])).unwrap();
        assert!(one.means(&other));
        assert!(!one.means(&Name::new("a", &organizations(&["x"])).unwrap()));
    }
}
