//! What a write is refused with: the Status of Kubernetes, its reasons, codes and words.

use std::fmt;

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
    Duplicate(String),
    Forbidden,
    Invalid(String),
    NotSupported(String),
    Required,
    TooLong,
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
            Self::Invalid => 422,
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
        let value = value.map(|value| format!(": {}", quoted(value))).unwrap_or_default();
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

/// A text in double quotes, as Go's `%q` writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => quoted.push_str(&format!("\\x{:02x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

impl Refusal {
    /// An object that is not as it must be.
    #[must_use]
    pub fn invalid(name: &str, causes: Vec<FieldError>) -> Self {
        let texts: Vec<String> = causes.iter().map(ToString::to_string).collect();
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
