//! An object's text: read with whatever a person has put beside its fields, and written back with it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::csr::CertificateSigningRequest;
use crate::csr::object::{API_VERSION, KIND};
use crate::disk::{Notation, NotationError};
use crate::spec::reader::quoted;

/// An object that was read, and what stands beside its fields.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The object.
    pub object: CertificateSigningRequest,
    /// What is no field of it.
    pub foreign: Option<Foreign>,
}

/// What stands in an object and is no field of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Foreign {
    /// All of a value.
    Whole(Value),
    /// Fields of a mapping.
    Fields(BTreeMap<String, Foreign>),
    /// Something in elements of a list, each known by what names it.
    Elements(Vec<(Value, Foreign)>),
}

/// Why a text is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It does not parse.
    #[error(transparent)]
    Notation(#[from] NotationError),
    /// Bytes that are no text.
    #[error("is not UTF-8 text")]
    Encoding,
    /// Another object, or none.
    #[error("is {found}, not a {KIND} of {API_VERSION}")]
    Kind {
        /// What it is.
        found: String,
    },
    /// A field is of another type.
    #[error("is not a {KIND}: {0}")]
    Field(String),
}

/// The fields by which an element of a list is known again.
const IDENTITIES: [&str; 5] = ["type", "uid", "manager", "name", "subresource"];

impl Manifest {
    /// Reads a text with one object.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8], notation: Notation) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ManifestError::Encoding)?;
        Self::of(&notation.read(text.strip_prefix('\u{feff}').unwrap_or(text))?)
    }

    /// Makes an object of a value.
    ///
    /// # Errors
    /// When it is none.
    pub fn of(value: &Value) -> Result<Self, ManifestError> {
        let text = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        if (version, kind) != (API_VERSION, KIND) {
            let found = if !value.is_object() {
                "no object".to_owned()
            } else if kind.is_empty() {
                "an object without a kind".to_owned()
            } else {
                format!("a {} of {}", quoted(kind), quoted(version))
            };
            return Err(ManifestError::Kind { found });
        }
        let field = |error: serde_json::Error| ManifestError::Field(plain(&error.to_string()));
        let object = <CertificateSigningRequest as serde::Deserialize>::deserialize(value).map_err(field)?;
        let known = serde_json::to_value(&object).map_err(field)?;
        Ok(Self { foreign: foreign(value, &known), object })
    }

    /// The text of the object as `kubectl get -o yaml`, or `-o json`, prints it, with what is no field of it.
    ///
    /// # Errors
    /// Never for an object that was read; the serialiser's error is passed on.
    pub fn write(
        object: &CertificateSigningRequest,
        foreign: Option<&Foreign>,
        notation: Notation,
    ) -> Result<String, NotationError> {
        notation.write(&Self::value(object, foreign)?)
    }

    /// The object as a value, with what is no field of it.
    ///
    /// # Errors
    /// Never for an object that was read; the serialiser's error is passed on.
    pub fn value(
        object: &CertificateSigningRequest,
        foreign: Option<&Foreign>,
    ) -> Result<Value, NotationError> {
        let mut value = serde_json::to_value(object).map_err(|_| NotationError::Write)?;
        if let Some(foreign) = foreign {
            merge(&mut value, foreign);
        }
        Ok(value)
    }
}

impl Foreign {
    /// The paths of what is no field, such as `spec.bogus`.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        match self {
            Self::Whole(_) => vec![String::new()],
            Self::Fields(fields) => {
                let below = |(name, foreign): (&String, &Self)| {
                    foreign.paths().into_iter().map(move |path| join(name, &path)).collect::<Vec<_>>()
                };
                fields.iter().flat_map(below).collect()
            }
            Self::Elements(elements) => elements
                .iter()
                .flat_map(|(_, foreign)| foreign.paths())
                .map(|path| join("[]", &path))
                .collect(),
        }
    }
}

fn join(name: &str, path: &str) -> String {
    match path {
        "" => name.to_owned(),
        path if path.starts_with('[') => format!("{name}{path}"),
        path => format!("{name}.{path}"),
    }
}

/// A serialiser's words without the characters that could draw on a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(300).collect()
}

/// What is in a value that was read and not in what was made of it.
fn foreign(read: &Value, known: &Value) -> Option<Foreign> {
    match (read, known) {
        (Value::Object(read), Value::Object(known)) => {
            let of = |(name, value): (&String, &Value)| {
                let foreign = match known.get(name) {
                    Some(known) => foreign(value, known)?,
                    None if value.is_null() => return None,
                    None => Foreign::Whole(value.clone()),
                };
                Some((name.clone(), foreign))
            };
            let fields: BTreeMap<_, _> = read.iter().filter_map(of).collect();
            (!fields.is_empty()).then_some(Foreign::Fields(fields))
        }
        (Value::Array(read), Value::Array(known)) if read.len() == known.len() => {
            let of = |(read, known)| Some((identity(known), foreign(read, known)?));
            let elements: Vec<_> = read.iter().zip(known).filter_map(of).collect();
            (!elements.is_empty()).then_some(Foreign::Elements(elements))
        }
        _ => None,
    }
}

/// Puts back what is no field, where its surroundings are still there.
fn merge(value: &mut Value, foreign: &Foreign) {
    match (value, foreign) {
        (Value::Object(fields), Foreign::Fields(foreign)) => {
            for (name, foreign) in foreign {
                match (fields.get_mut(name), foreign) {
                    (Some(value), foreign) => merge(value, foreign),
                    (None, Foreign::Whole(whole)) => {
                        fields.insert(name.clone(), whole.clone());
                    }
                    (None, _) => {}
                }
            }
        }
        (Value::Array(elements), Foreign::Elements(foreign)) => {
            for (name, foreign) in foreign {
                if let Some(element) = elements.iter_mut().find(|element| identity(element) == *name) {
                    merge(element, foreign);
                }
            }
        }
        _ => {}
    }
}

fn identity(element: &Value) -> Value {
    IDENTITIES.iter().filter_map(|name| element.get(name)).cloned().collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::csr::Object;
    use proptest::prelude::*;
    use serde_json::json;

    /// An object with everything that a person may add.
    pub fn value() -> Value {
        json!({
            "apiVersion": API_VERSION, "kind": KIND,
            "metadata": {"name": "jane", "labels": {"a": "1"}, "x-note": {"b": [1, 2]}},
            "spec": {"request": "YQ==", "signerName": "example.com/a", "usages": ["client auth"], "bogus": true},
            "status": {"conditions": [
                {"type": "A", "status": "True", "seen": "by hand"},
                {"type": "B", "status": "True", "lastUpdateTime": "2026-11-22T05:13:14Z"},
            ]},
            "more": "of it",
        })
    }

    #[test]
    fn what_a_person_has_added_survives() {
        let read = Manifest::of(&value()).unwrap();
        let paths = read.foreign.as_ref().unwrap().paths();
        assert_eq!(paths, ["metadata.x-note", "more", "spec.bogus", "status.conditions[].seen"]);
        let mut object = read.object;
        object.add_condition("Approved", "r", "m");
        object.status.as_mut().unwrap().conditions.as_mut().unwrap().swap(0, 2);
        let written = Manifest::value(&object, read.foreign.as_ref()).unwrap();
        assert_eq!(written["status"]["conditions"][2]["seen"], "by hand");
        assert_eq!(written["metadata"]["x-note"], json!({"b": [1, 2]}));
        assert_eq!((&written["more"], &written["spec"]["bogus"]), (&json!("of it"), &json!(true)));
        object.status = None;
        let written = Manifest::value(&object, read.foreign.as_ref()).unwrap();
        assert_eq!(written.get("status"), None, "what was part of something goes with it");
    }

    #[test]
    fn what_is_no_request_is_named() {
        for (text, expected) in [
            ("[", "does not parse, line 2"),
            ("hello", "is no object, not a CertificateSigningRequest of certificates.k8s.io/v1"),
            ("a: b", "is an object without a kind, not"),
            ("kind: List\napiVersion: v1", "is a `List` of `v1`, not"),
            ("kind: CertificateSigningRequest\napiVersion: certificates.k8s.io/v1beta1", "is a `Certifi"),
            (
                "kind: CertificateSigningRequest\napiVersion: certificates.k8s.io/v1\nspec: {usages: cat}",
                "is not a CertificateSigningRequest: ",
            ),
        ] {
            let error = Manifest::read(text.as_bytes(), Notation::Yaml).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
        assert_eq!(Manifest::read(b"\xff", Notation::Yaml).unwrap_err(), ManifestError::Encoding);
    }

    proptest! {
        /// Any object with any additions, in either notation, is what it was after a rewrite.
        #[test]
        fn a_rewrite_keeps_everything(
            name in "\\PC{1,30}",
            additions in prop::collection::btree_map("x-[a-z]{1,6}", "\\PC{0,20}", 0..4),
            place in 0..4_usize,
        ) {
            let mut value = value();
            value["metadata"]["name"] = Value::from(name);
            let parent = match place {
                0 => &mut value,
                1 => &mut value["metadata"],
                2 => &mut value["spec"],
                _ => &mut value["status"]["conditions"][1],
            };
            for (name, text) in additions {
                parent[name] = Value::from(text);
            }
            for notation in [Notation::Yaml, Notation::Json] {
                let text = notation.write(&value).unwrap();
                let read = Manifest::read(text.as_bytes(), notation).unwrap();
                let written = Manifest::write(&read.object, read.foreign.as_ref(), notation).unwrap();
                prop_assert_eq!(notation.read(&written).unwrap(), value.clone());
                prop_assert_eq!(written, text);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (Manifest::read(&bytes, Notation::Yaml), Manifest::read(&bytes, Notation::Json));
        }
    }
}
