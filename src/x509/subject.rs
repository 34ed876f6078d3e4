//! A subject as Go's `crypto/x509/pkix` reads and writes it, which is how Kubernetes sees who asks.
//!
//! Values are gathered by the type of their attribute, whatever their order; what has no field here is lost. A certificate
//! that is made from what was read therefore says nothing that was not looked at (Go, `pkix.Name`, `FillFromRDNSequence`
//! and `ToRDNSequence`).

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;

use super::{Error, Name};

/// postalCode (RFC 4519 §2.23).
const POSTAL_CODE: ObjectIdentifier = rfc4519::POSTAL_CODE;

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

/// The attributes that a person may write, by their short names (RFC 4514 §3).
const ATTRIBUTES: [(&str, ObjectIdentifier); 7] = [
    ("C", rfc4519::C),
    ("ST", rfc4519::ST),
    ("L", rfc4519::L),
    ("O", rfc4519::O),
    ("OU", rfc4519::OU),
    ("CN", rfc4519::CN),
    ("serialNumber", rfc4519::SERIAL_NUMBER),
];

/// The text is no subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write it as `CN=name,O=organization`; there are {}", names().join(", "))]
pub struct NotASubject;

impl Subject {
    /// One that consists of a common name.
    #[must_use]
    pub fn named(common_name: &str) -> Self {
        Self { common_name: common_name.to_owned(), ..Self::default() }
    }

    /// Adds a value of an attribute by its short name, unless it is there or empty. Says whether there is such an
    /// attribute.
    pub fn add(&mut self, attribute: &str, value: &str) -> bool {
        let Some((_, oid)) = ATTRIBUTES.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)) else {
            return false;
        };
        if !value.is_empty() {
            self.take(*oid, value.to_owned());
            for values in [&mut self.organization, &mut self.organizational_unit] {
                let mut seen = HashSet::new();
                values.retain(|value| seen.insert(value.clone()));
            }
        }
        true
    }

    /// Takes a value in by the type of its attribute.
    pub(super) fn take(&mut self, oid: ObjectIdentifier, text: String) {
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

/// `CN=kubernetes,O=one,O=two`; `\,` is a comma and `\\` a backslash.
impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, NotASubject> {
        let mut parts = vec![String::new()];
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            let current = parts.last_mut().ok_or(NotASubject)?;
            match character {
                '\\' => current.push(characters.next().ok_or(NotASubject)?),
                ',' => parts.push(String::new()),
                other => current.push(other),
            }
        }
        let mut subject = Self::default();
        for part in parts {
            let (attribute, value) = part.split_once('=').ok_or(NotASubject)?;
            if value.is_empty() || !subject.add(attribute.trim(), value) {
                return Err(NotASubject);
            }
        }
        Ok(subject)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_name().map_err(|_| fmt::Error)?.fmt(f)
    }
}

fn names() -> Vec<&'static str> {
    ATTRIBUTES.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_in_is_written_in_gos_order() {
        let mut subject = Subject::default();
        for (oid, text) in [
            (rfc4519::CN, "first"),
            (rfc4519::O, "b"),
            (rfc4519::DC, "example"),
            (rfc4519::O, "a"),
            (rfc4519::O, "b"),
            (rfc4519::C, "DE"),
            (rfc4519::CN, "last"),
        ] {
            subject.take(oid, text.to_owned());
        }
        assert_eq!(subject.organization, ["b", "a", "b"]);
        assert_eq!(subject.common_name, "last");
        assert_eq!(subject.to_name().unwrap().to_string(), "C=DE, O=a+O=b+O=b, CN=last");
    }

    #[test]
    fn attributes_stand_in_cfssls_order() {
        let subject: Subject = "CN=a\\, b,O=two,O=one,C=DE,O=two".parse().unwrap();
        let name = subject.to_name().unwrap();
        assert_eq!(name.common_name(), Some("a, b"));
        assert_eq!(name.organizations(), ["one", "two"]);
        let counts: Vec<_> = name.relative_names().iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 2, 1]);
        assert_eq!(Subject::named("x").to_name().unwrap(), Name::new("x", &[]).unwrap());
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for text in ["", "name", "CN=", "X=y", "CN=a,,O=b", "CN=a\\"] {
            assert_eq!(text.parse::<Subject>(), Err(NotASubject), "{text}");
        }
    }
}
