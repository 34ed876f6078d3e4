//! What a write is refused with: the Status of Kubernetes, its reasons, codes and words.

use std::collections::HashSet;
use std::fmt;

pub(super) use crate::x509::go::quoted;

/// Why a write is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, which decides the HTTP code.
    pub reason: Reason,
    /// In words.
    pub message: String,
    /// The fields that are wrong.
    pub causes: Vec<FieldError>,
}

/// The reasons that occur here (`k8s.io/apimachinery/pkg/apis/meta/v1`, `StatusReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of Kubernetes")]
pub enum Reason {
    AlreadyExists,
    BadRequest,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    RequestEntityTooLarge,
    TooManyRequests,
}

/// A field that is wrong (`k8s.io/apimachinery/pkg/util/validation/field`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, such as `spec.usages[0]`.
    pub field: String,
    /// What kind of fault it is.
    pub kind: Fault,
    /// In words; empty where the kind says all.
    pub detail: String,
}

/// The kinds of faults, with the value where it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of Kubernetes")]
pub enum Fault {
    Duplicate(Value),
    Forbidden,
    Invalid(Value),
    NotSupported(Value),
    Required,
    TooLong,
}

/// The value of a field, written as Kubernetes writes it by its type in Go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string: in Go's quotes.
    Text(String),
    /// A string of a type of its own, such as a usage: as JSON.
    Typed(String),
    /// A number.
    Number(i64),
    /// Anything else, already as JSON.
    Json(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Typed(text) => f.write_str(&json(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Json(text) => f.write_str(text),
        }
    }
}

impl Reason {
    /// The HTTP code.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::AlreadyExists | Self::Conflict => 409,
            Self::RequestEntityTooLarge => 413,
            Self::Invalid => 422,
            Self::TooManyRequests => 429,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FieldError {
    /// A fault without a value.
    #[must_use]
    pub fn new(field: impl Into<String>, kind: Fault, detail: impl Into<String>) -> Self {
        Self { field: field.into(), kind, detail: detail.into() }
    }

    /// `FieldValueRequired` and its kin: the reason of a cause.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self.kind {
            Fault::Duplicate(_) => "FieldValueDuplicate",
            Fault::Forbidden => "FieldValueForbidden",
            Fault::Invalid(_) => "FieldValueInvalid",
            Fault::NotSupported(_) => "FieldValueNotSupported",
            Fault::Required => "FieldValueRequired",
            Fault::TooLong => "FieldValueTooLong",
        }
    }

    /// What stands after the field.
    #[must_use]
    pub fn body(&self) -> String {
        let (head, value) = match &self.kind {
            Fault::Duplicate(value) => ("Duplicate value", Some(value)),
            Fault::Forbidden => ("Forbidden", None),
            Fault::Invalid(value) => ("Invalid value", Some(value)),
            Fault::NotSupported(value) => ("Unsupported value", Some(value)),
            Fault::Required => ("Required value", None),
            Fault::TooLong => ("Too long", None),
        };
        let value = value.map(|value| format!(": {value}")).unwrap_or_default();
        let detail = if self.detail.is_empty() { String::new() } else { format!(": {}", self.detail) };
        format!("{head}{value}{detail}")
    }
}

/// `spec.usages[0]: Unsupported value: "cat": supported values: "any", …`
impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

/// A text as Go's `encoding/json` writes it: what HTML would take for its own is written out.
fn json(text: &str) -> String {
    let mut json = serde_json::Value::from(text).to_string();
    for (character, escaped) in [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        json = json.replace(character, escaped);
    }
    json
}

impl Refusal {
    /// An object that is not as it must be.
    #[must_use]
    pub fn invalid(name: &str, causes: Vec<FieldError>) -> Self {
        let mut texts: Vec<String> = Vec::with_capacity(causes.len());
        let mut seen = HashSet::with_capacity(causes.len());
        for text in causes.iter().map(ToString::to_string) {
            if seen.insert(text.clone()) {
                texts.push(text);
            }
        }
        let list = if let [one] = &texts[..] { one.clone() } else { format!("[{}]", texts.join(", ")) };
        let message =
            format!("CertificateSigningRequest.certificates.k8s.io {} is invalid: {list}", quoted(name));
        Self { reason: Reason::Invalid, message, causes }
    }

    /// A write that the user may not do; `name` is empty where it has none yet.
    #[must_use]
    pub fn forbidden(name: &str, text: &str) -> Self {
        let name = if name.is_empty() { String::new() } else { format!("{} ", quoted(name)) };
        let message = format!("certificatesigningrequests.certificates.k8s.io {name}is forbidden: {text}");
        Self { reason: Reason::Forbidden, message, causes: Vec::new() }
    }

    /// Nothing has this name.
    #[must_use]
    pub fn not_found(name: &str) -> Self {
        let message = format!("certificatesigningrequests.certificates.k8s.io {} not found", quoted(name));
        Self { reason: Reason::NotFound, message, causes: Vec::new() }
    }

    /// It is larger than so many octets.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self { reason: Reason::RequestEntityTooLarge, message, causes: Vec::new() }
    }

    /// The name is taken.
    #[must_use]
    pub fn already_exists(name: &str) -> Self {
        let message =
            format!("certificatesigningrequests.certificates.k8s.io {} already exists", quoted(name));
        Self { reason: Reason::AlreadyExists, message, causes: Vec::new() }
    }

    /// Somebody else has written meanwhile.
    #[must_use]
    pub fn conflict(name: &str, text: &str) -> Self {
        let name = quoted(name);
        let message = format!(
            "Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io {name}: {text}"
        );
        Self { reason: Reason::Conflict, message, causes: Vec::new() }
    }

    /// A deletion of something else than what was meant; Kubernetes names the kind here, and not the resource.
    #[must_use]
    pub fn precondition(name: &str, text: &str) -> Self {
        let name = quoted(name);
        let message = format!(
            "Operation cannot be fulfilled on CertificateSigningRequest.certificates.k8s.io {name}: {text}"
        );
        Self { reason: Reason::Conflict, message, causes: Vec::new() }
    }

    /// The object is about another name than the path of the request.
    #[must_use]
    pub fn other_name(said: &str, at: &str) -> Self {
        Self::bad_request(format!(
            "the name of the object ({said}) does not match the name on the URL ({at})"
        ))
    }

    /// A body that is no such object.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self { reason: Reason::BadRequest, message: message.into(), causes: Vec::new() }
    }
}

/// What stands in a conflict when the resourceVersion is old.
pub const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

impl Refusal {
    /// Whether somebody else was quicker: it may go well with what is there now.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.reason == Reason::Conflict
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_go_writes_them() {
        for (value, written) in [
            (Value::Text("a\"b\\c'd".into()), r#""a\"b\\c'd""#),
            (Value::Text("\u{0}\u{7}\u{b}\u{1b}\n\t".into()), r#""\x00\a\v\x1b\n\t""#),
            (Value::Text("ü\u{200b}\u{202e}\u{a0}\u{e0001}".into()), r#""ü\u200b\u202e\u00a0\U000e0001""#),
            (Value::Typed("a<b>&\"\u{1}".into()), r#""a\u003cb\u003e\u0026\"\u0001""#),
            (Value::Number(599), "599"),
            (Value::Json("[]".into()), "[]"),
        ] {
            assert_eq!(value.to_string(), written);
        }
    }

    #[test]
    fn a_fault_that_stands_twice_is_told_once() {
        let fault = || FieldError::new("a", Fault::Required, "");
        let other = FieldError::new("b", Fault::TooLong, "may not be more than 3 bytes");
        let of = |causes| Refusal::invalid("x", causes).message;
        let head = "CertificateSigningRequest.certificates.k8s.io \"x\" is invalid: ";
        assert_eq!(of(vec![fault(), fault()]), format!("{head}a: Required value"));
        assert_eq!(
            of(vec![fault(), other]),
            format!("{head}[a: Required value, b: Too long: may not be more than 3 bytes]")
        );
    }
}
