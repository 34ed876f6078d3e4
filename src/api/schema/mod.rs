//! The one table of types. What is read strictly, what stands in protobuf, what `kubectl explain` prints and how lists
//! merge all come from here.

mod certificates;
mod discovery;
mod meta;
mod review;

/// A type with fields: a struct of Go, a message of protobuf, an object of JSON.
#[derive(Debug)]
pub struct Message {
    /// Its name in Go and in protobuf.
    pub name: &'static str,
    /// Where OpenAPI has it, such as `io.k8s.api.certificates.v1`.
    pub package: &'static str,
    /// What it is.
    pub about: &'static str,
    /// Whether it says its own `apiVersion` and `kind`.
    pub typed: bool,
    /// Whether it is owned as a whole, and never in part.
    pub atomic: bool,
    /// Its fields, in the order of Go's struct.
    pub fields: &'static [Field],
}

/// A field of a [`Message`].
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its number in protobuf.
    pub number: u32,
    /// What it holds.
    pub kind: Kind,
    /// How many.
    pub count: Count,
    /// Whether the API demands it.
    pub required: bool,
    /// What it is.
    pub about: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text, and the name of its type in Go.
    Text(&'static str),
    /// Bytes: base64 in JSON.
    Bytes,
    /// A number of 32 bits.
    Int32,
    /// A number of 64 bits.
    Int64,
    /// Yes or no.
    Bool,
    /// A moment in whole seconds.
    Time,
    /// A list of texts that is a message of its own in protobuf.
    Texts,
    /// A set of fields (`FieldsV1`): JSON as it is, also inside protobuf.
    Fields,
    /// A type of its own.
    Message(&'static Message),
}

/// How many values a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One; nothing said and the zero value are the same.
    One,
    /// One or none: zero is another value than none.
    Optional,
    /// Any number, in order.
    List(Merge),
    /// One for each name.
    Map,
}

/// How two writers' lists come together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The last writer's list is the list.
    Atomic,
    /// Each value is a member; a strategic merge patch merges them too.
    Set,
    /// Each element is known by a field of it; a strategic merge patch merges them too.
    Keyed(&'static str),
    /// The same, but a strategic merge patch replaces the list.
    KeyedAtomic(&'static str),
}

impl Merge {
    /// The field that an element is known by.
    #[must_use]
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Keyed(key) | Self::KeyedAtomic(key) => Some(key),
            Self::Atomic | Self::Set => None,
        }
    }
}

impl Message {
    /// The field of this name; case counts.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

const fn field(number: u32, name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, number, kind, count: Count::One, required: false, about }
}

impl Field {
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn optional(self) -> Self {
        Self { count: Count::Optional, ..self }
    }

    const fn list(self, merge: Merge) -> Self {
        Self { count: Count::List(merge), ..self }
    }

    const fn map(self) -> Self {
        Self { count: Count::Map, ..self }
    }
}

/// Text of Go's own type.
const TEXT: Kind = Kind::Text("string");

/// A kind of object that is read and written here.
#[derive(Debug)]
pub struct ObjectKind {
    /// The API group; empty is the core.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Its fields.
    pub message: &'static Message,
}

impl ObjectKind {
    /// `certificates.k8s.io/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// Every kind.
pub const KINDS: &[ObjectKind] = &[
    kind("certificates.k8s.io", "v1", &certificates::REQUEST),
    kind("certificates.k8s.io", "v1", &certificates::REQUEST_LIST),
    kind("certificates.k8s.io", "v1beta1", &certificates::TRUST_BUNDLE),
    kind("certificates.k8s.io", "v1beta1", &certificates::TRUST_BUNDLE_LIST),
    kind("certificates.k8s.io", "v1alpha1", &certificates::TRUST_BUNDLE),
    kind("certificates.k8s.io", "v1alpha1", &certificates::TRUST_BUNDLE_LIST),
    kind("authentication.k8s.io", "v1", &review::SELF_SUBJECT_REVIEW),
    kind("authentication.k8s.io", "v1beta1", &review::SELF_SUBJECT_REVIEW),
    kind("authorization.k8s.io", "v1", &review::SELF_SUBJECT_ACCESS_REVIEW),
    kind("authorization.k8s.io", "v1", &review::SELF_SUBJECT_RULES_REVIEW),
    kind("", "v1", &meta::STATUS),
    kind("meta.k8s.io", "v1", &meta::DELETE_OPTIONS),
    kind("meta.k8s.io", "v1", &meta::PARTIAL_OBJECT),
    kind("meta.k8s.io", "v1", &meta::PARTIAL_OBJECT_LIST),
    kind("meta.k8s.io", "v1beta1", &meta::PARTIAL_OBJECT),
    kind("meta.k8s.io", "v1beta1", &meta::PARTIAL_OBJECT_LIST),
    kind("apidiscovery.k8s.io", "v2", &discovery::GROUP_LIST),
    kind("apidiscovery.k8s.io", "v2beta1", &discovery::GROUP_LIST),
];

const fn kind(group: &'static str, version: &'static str, message: &'static Message) -> ObjectKind {
    ObjectKind { group, version, kind: message.name, message }
}

/// The kind of this `apiVersion` and `kind`.
#[must_use]
pub fn find(api_version: &str, kind: &str) -> Option<&'static ObjectKind> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let named = |known: &&ObjectKind| known.kind == kind;
    let mut kinds = KINDS.iter().filter(named);
    // Every group has the options of a deletion as a kind of its own.
    if kind == meta::DELETE_OPTIONS.name {
        return kinds.next();
    }
    kinds.find(|known| known.group == group && known.version == version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_names_are_unique_and_everything_is_described() {
        fn check(message: &Message, depth: usize) {
            assert!(depth < 8, "{} is endless", message.name);
            let numbers: HashSet<u32> = message.fields.iter().map(|field| field.number).collect();
            let names: HashSet<&str> = message.fields.iter().map(|field| field.name).collect();
            assert_eq!((numbers.len(), names.len()), (message.fields.len(), message.fields.len()));
            assert!(!message.about.is_empty() && !message.package.is_empty(), "{}", message.name);
            for field in message.fields {
                assert!(field.about.ends_with('.'), "{}.{}", message.name, field.name);
                if let Kind::Message(message) = field.kind {
                    check(message, depth + 1);
                }
            }
        }
        for kind in KINDS {
            check(kind.message, 0);
            assert!(kind.message.typed, "{}", kind.kind);
        }
    }

    #[test]
    fn kinds_are_found_by_what_they_say() {
        for (version, name, found) in [
            ("certificates.k8s.io/v1", "CertificateSigningRequest", true),
            ("certificates.k8s.io/v1beta1", "CertificateSigningRequest", false),
            ("certificates.k8s.io/v1", "certificatesigningrequest", false),
            ("certificates.k8s.io/v1", "DeleteOptions", true),
            ("v1", "DeleteOptions", true),
            ("v1", "Status", true),
            ("", "", false),
        ] {
            assert_eq!(find(version, name).is_some(), found, "{version} {name}");
        }
    }
}
