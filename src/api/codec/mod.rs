//! Bytes into values and back: JSON, YAML and protobuf.

mod conform;
mod json;
mod protobuf;
mod raw;
mod yaml;

use serde_json::Value;

use super::options::FieldValidation;
use super::schema::{self, ObjectKind};
use super::status::Status;
use crate::x509::go::quoted;
use crate::x509::hex::hex;

pub use protobuf::WireError;
pub(super) use protobuf::event;

/// The largest body that is read, in bytes (`k8s.io/apiserver`, `MaxRequestBodyBytes`).
pub const MAX_BODY: usize = 3 << 20;

/// In which bytes an object is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// Kubernetes' protobuf, in its envelope.
    Protobuf,
}

impl Format {
    /// The media types, in the order in which Kubernetes names them.
    pub const MEDIA_TYPES: [&'static str; 3] =
        [Self::Json.media_type(), Self::Yaml.media_type(), Self::Protobuf.media_type()];

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The format with a media type.
    #[must_use]
    pub fn of_media_type(media: &str) -> Option<Self> {
        [Self::Json, Self::Yaml, Self::Protobuf].into_iter().find(|format| format.media_type() == media)
    }

    /// The format of a body, by its `Content-Type`; without one it is JSON, as `kubectl replace --raw` sends it.
    ///
    /// # Errors
    /// 415 when it is none of them.
    pub fn of_content_type(header: &str) -> Result<Self, Status> {
        let media = header.split(';').next().unwrap_or_default().trim();
        if media.is_empty() {
            return Ok(Self::Json);
        }
        Self::of_media_type(&media.to_ascii_lowercase())
            .ok_or_else(|| Status::unsupported_media_type(&Self::MEDIA_TYPES))
    }
}

/// What a body says.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The object, with its `apiVersion` and `kind`, and without fields that no type has.
    pub value: Value,
    /// What the client is to be warned of, in `Warning: 299 - "…"` headers.
    pub warnings: Vec<String>,
}

/// Reads an object of a kind. Where the bytes do not say what they are, they are of this kind.
///
/// # Errors
/// 400 when they do not parse, are of another kind, or hold what no such object may hold; 413 when there are too many.
pub fn decode(
    format: Format,
    bytes: &[u8],
    kind: &ObjectKind,
    validation: FieldValidation,
) -> Result<Decoded, Status> {
    if bytes.len() > MAX_BODY {
        return Err(Status::too_large(MAX_BODY));
    }
    let (value, faults) = match format {
        Format::Json => {
            conform::object(json::read(bytes).map_err(|error| unreadable(bytes, kind, &error))?, kind)?
        }
        Format::Yaml => {
            conform::object(yaml::read(bytes).map_err(|error| unreadable(bytes, kind, &error))?, kind)?
        }
        Format::Protobuf => (protobuf::read(bytes, kind)?, Vec::new()),
    };
    match validation {
        FieldValidation::Strict if !faults.is_empty() => {
            let text = format!("strict decoding error: {}", faults.join(", "));
            Err(cannot_be_handled(kind.kind, kind, &text))
        }
        FieldValidation::Warn => Ok(Decoded { value, warnings: faults }),
        _ => Ok(Decoded { value, warnings: Vec::new() }),
    }
}

/// Holds a value, such as the outcome of a patch, to its type, as if it had come as JSON. Beside it: fields that no type
/// has.
///
/// # Errors
/// What such an object may not hold, in the words of Go.
pub fn hold(value: Value, kind: &ObjectKind) -> Result<(Value, Vec<String>), String> {
    let raw = raw::Raw::from(value);
    let said = |name| raw.text(name).unwrap_or_default();
    check_kind(said("apiVersion"), said("kind"), kind).map_err(|status| status.message)?;
    conform::typed(raw, kind)
}

/// Writes an object.
///
/// # Errors
/// When it is of no kind that has a protobuf, or a value of it is not of its type.
pub fn encode(format: Format, value: &Value) -> Result<Vec<u8>, WireError> {
    match format {
        Format::Json => Ok(value.to_string().into_bytes()),
        Format::Yaml => yaml::write(value),
        Format::Protobuf => protobuf::write(value),
    }
}

/// Bytes that do not even say what they are (`transformDecodeError`).
fn unreadable(bytes: &[u8], kind: &ObjectKind, error: &str) -> Status {
    /// How much of them is told.
    const TOLD: usize = 30;
    let begin = bytes.get(..TOLD).unwrap_or(bytes);
    let rest = if bytes.len() > TOLD { " ..." } else { "" };
    let told = match bytes {
        [] => "<empty>".to_owned(),
        [b'{', ..] => String::from_utf8_lossy(begin).into_owned() + rest,
        _ => hex(begin) + rest,
    };
    let kind = kind.kind;
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; {error} ({told})"
    ))
}

/// Bytes that say what they are, and are not (`transformDecodeError`).
fn cannot_be_handled(said: &str, kind: &ObjectKind, error: &str) -> Status {
    let version = quoted(kind.version);
    Status::bad_request(format!("{said} in version {version} cannot be handled as a {}: {error}", kind.kind))
}

/// Whether an object that says what it is may be of a kind.
fn check_kind(api_version: &str, said: &str, kind: &ObjectKind) -> Result<(), Status> {
    let expected = kind.api_version();
    if said == kind.kind && schema::find(api_version, said).is_some_and(|found| std::ptr::eq(found, kind)) {
        return Ok(());
    }
    if !said.is_empty() && said != kind.kind {
        let scheme = format!("no kind {} is registered for version {}", quoted(said), quoted(api_version));
        return Err(cannot_be_handled(said, kind, &scheme));
    }
    if !api_version.is_empty() && api_version != expected {
        return Err(Status::bad_request(format!(
            "the API version in the data ({api_version}) does not match the expected API version ({expected})"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
