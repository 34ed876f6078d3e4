//! Subjects by their attributes, as cfssl has them.

use std::fmt;
use std::str::FromStr;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;

use super::{Error, Name};

/// What a name is made of: several values of one attribute stand in one set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    attributes: Vec<(ObjectIdentifier, Vec<String>)>,
}

/// The attributes in the order in which cfssl writes them, and kubeadm those that it has.
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
        let mut subject = Self::default();
        subject.add("CN", common_name);
        subject
    }

    /// Adds a value of an attribute by its short name, unless it is there or empty. Says whether there is such an
    /// attribute.
    pub fn add(&mut self, attribute: &str, value: &str) -> bool {
        let Some((_, oid)) = ATTRIBUTES.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute)) else {
            return false;
        };
        if value.is_empty() {
            return true;
        }
        match self.attributes.iter_mut().find(|(own, _)| own == oid) {
            Some((_, values)) if values.iter().any(|own| own == value) => {}
            Some((_, values)) => values.push(value.to_owned()),
            None => self.attributes.push((*oid, vec![value.to_owned()])),
        }
        true
    }

    /// The name that it makes.
    ///
    /// # Errors
    /// When a value is longer than DER can say.
    pub fn name(&self) -> Result<Name, Error> {
        let sets =
            ATTRIBUTES.iter().filter_map(|(_, oid)| self.attributes.iter().find(|(own, _)| own == oid));
        Name::of(sets.map(|(oid, values)| (*oid, values.as_slice())))
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
        self.name().map_err(|_| fmt::Error)?.fmt(f)
    }
}

fn names() -> Vec<&'static str> {
    ATTRIBUTES.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_stand_in_cfssls_order() {
        let subject: Subject = "CN=a\\, b,O=two,O=one,C=DE,O=two".parse().unwrap();
        let name = subject.name().unwrap();
        assert_eq!(name.common_name(), Some("a, b"));
        assert_eq!(name.organizations(), ["one", "two"]);
        let counts: Vec<_> = name.relative_names().iter().map(Vec::len).collect();
        assert_eq!(counts, [1, 2, 1]);
        assert_eq!(Subject::named("x").name().unwrap(), Name::new("x", &[]).unwrap());
    }

    #[test]
    fn what_is_no_subject_is_refused() {
        for text in ["", "name", "CN=", "X=y", "CN=a,,O=b", "CN=a\\"] {
            assert_eq!(text.parse::<Subject>(), Err(NotASubject), "{text}");
        }
    }
}
