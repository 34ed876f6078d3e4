//! Bytes into values and back: JSON, YAML and protobuf.

mod conform;
mod json;
mod protobuf;
mod raw;
mod strict;
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

/// What strict decoding finds in JSON that is held to no type, such as a patch: fields that stand there twice. Where it is a
/// list whose elements have only the fields `known`, others are told too. Nothing where it does not parse.
#[must_use]
pub fn strict_faults(json: &[u8], known: Option<&[&str]>) -> Vec<String> {
    json::read(json).map(|raw| strict::faults(&raw, known)).unwrap_or_default()
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
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::api::schema::{Count, Field, KINDS, Kind, Message};

    fn request() -> &'static ObjectKind {
        schema::find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap()
    }

    /// Values of a type as Go would write them: nothing that is left out, times in whole seconds.
    fn values(message: &'static Message) -> BoxedStrategy<Value> {
        let mut fields: BoxedStrategy<Map<String, Value>> = Just(Map::new()).boxed();
        for field in message.fields {
            fields = (fields, prop::option::of(value(field)))
                .prop_map(|(mut fields, value)| {
                    if let Some(value) = value.filter(|value| raw::is_kept(field, value)) {
                        fields.insert(field.name.to_owned(), value);
                    }
                    fields
                })
                .boxed();
        }
        fields.prop_map(Value::Object).boxed()
    }

    fn value(field: &'static Field) -> BoxedStrategy<Value> {
        let one = match field.kind {
            Kind::Text(_) => "\\PC{0,12}".prop_map(Value::from).boxed(),
            Kind::Bytes => {
                use base64::Engine;
                let encode = |bytes: Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes);
                prop::collection::vec(any::<u8>(), 1..20)
                    .prop_map(move |bytes| Value::from(encode(bytes)))
                    .boxed()
            }
            Kind::Int32 => any::<i32>().prop_map(Value::from).boxed(),
            Kind::Int64 => any::<i64>().prop_map(Value::from).boxed(),
            Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
            Kind::Time => (1..4_000_000_000_i64)
                .prop_map(|seconds| {
                    let moment = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
                    Value::from(crate::moment::rfc3339(moment))
                })
                .boxed(),
            Kind::Texts => prop::collection::vec("\\PC{0,6}", 0..3).prop_map(Value::from).boxed(),
            Kind::Fields => Just(json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}})).boxed(),
            Kind::Message(message) => values(message),
        };
        match field.count {
            Count::One | Count::Optional => one,
            Count::List(_) => prop::collection::vec(one, 1..3).prop_map(Value::from).boxed(),
            Count::Map => prop::collection::btree_map("[a-z./]{1,8}", one, 1..3)
                .prop_map(|map| map.into_iter().collect::<Map<String, Value>>().into())
                .boxed(),
        }
    }

    /// An object of any kind.
    fn objects() -> impl Strategy<Value = (&'static ObjectKind, Value)> {
        (0..KINDS.len()).prop_flat_map(|index| {
            let kind = &KINDS[index];
            values(kind.message).prop_map(move |mut value| {
                value["apiVersion"] = Value::from(kind.api_version());
                value["kind"] = Value::from(kind.kind);
                (kind, value)
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// What is written in any format is read again as what it was.
        #[test]
        fn every_format_says_the_same((kind, value) in objects()) {
            for format in [Format::Json, Format::Yaml, Format::Protobuf] {
                let bytes = encode(format, &value).unwrap();
                let read = decode(format, &bytes, kind, FieldValidation::Strict).map_err(|status| status.message);
                let read = read.map(|decoded| decoded.value);
                // What is required and was not said is said after it was read from JSON, and may be missing in protobuf.
                prop_assert_eq!(read, Ok(value.clone()), "{:?}", format);
            }
        }

        /// Bytes that were changed are an object or refused.
        #[test]
        fn no_bytes_make_it_panic(
            (kind, value) in objects(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
            cut in any::<prop::sample::Index>(),
        ) {
            for format in [Format::Json, Format::Protobuf, Format::Yaml] {
                let mut bytes = encode(format, &value).unwrap();
                for (place, byte) in &changes {
                    let place = place.index(bytes.len());
                    bytes[place] = *byte;
                }
                let _ = decode(format, &bytes, kind, FieldValidation::Warn);
                bytes.truncate(cut.index(bytes.len()));
                let _ = decode(format, &bytes, kind, FieldValidation::Strict);
            }
        }
    }

    #[test]
    fn the_envelope_is_what_kubernetes_writes() {
        let value = json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {"name": "x"}, "spec": {"expirationSeconds": 600, "extra": {"k": ["v"]}},
        });
        let bytes = encode(Format::Protobuf, &value).unwrap();
        let mut expected =
            b"k8s\0\x0a\x33\x0a\x16certificates.k8s.io/v1\x12\x19CertificateSigningRequest".to_vec();
        expected.extend(b"\x12\x14\x0a\x03\x0a\x01x\x12\x0d\x32\x08\x0a\x01k\x12\x03\x0a\x01v\x40\xd8\x04");
        expected.extend(b"\x1a\x00\x22\x00");
        assert_eq!(bytes, expected, "{bytes:x?}");
        // What a newer client says beside it is skipped.
        let mut longer = bytes.clone();
        longer.extend(b"\xa2\x06\x03abc");
        for bytes in [bytes, longer] {
            let read = decode(Format::Protobuf, &bytes, request(), FieldValidation::Strict).unwrap();
            assert_eq!(read.value, value);
        }
    }

    /// What kubectl 1.32 sends for `kubectl certificate approve jane`, as it came over the wire.
    const APPROVAL: &str = "\
    6b3873000a330a166365727469666963617465732e6b38732e696f2f7631121943657274696669636174655369676e69\
    6e675265717565737412f4010a270a046a616e6512001a0022002a0275313201353800420808eaf389d80610005a060a\
    016112016212620a242d2d2d2d2d424547494e20434552544946494341544520524551554553542d2d2d2d2d0a120175\
    1a0022026731220267322a0b636c69656e742061757468320d0a016b12080a0276310a0276323a0d6578616d706c652e\
    636f6d2f614080a3051a650a630a08417070726f766564120e4b75626563746c417070726f76651a3554686973204353\
    522077617320617070726f766564206279206b75626563746c20636572746966696361746520617070726f76652e2208\
    08a18098d80610002a003204547275651a002200";

    #[test]
    fn what_kubectl_sends_is_understood() {
        let digit = |at| u8::from_str_radix(APPROVAL.get(at..at + 2).unwrap(), 16).unwrap();
        let bytes: Vec<u8> = (0..APPROVAL.len()).step_by(2).map(digit).collect();
        let read = decode(Format::Protobuf, &bytes, request(), FieldValidation::Strict).unwrap();
        let expected = json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {
                "name": "jane", "uid": "u1", "resourceVersion": "5", "creationTimestamp": "2026-11-22T05:13:14Z",
                "labels": {"a": "b"},
            },
            "spec": {
                "request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K", "signerName": "example.com/a",
                "expirationSeconds": 86400, "usages": ["client auth"], "username": "u", "groups": ["g1", "g2"],
                "extra": {"k": ["v1", "v2"]},
            },
            "status": {"conditions": [{
                "type": "Approved", "status": "True", "reason": "KubectlApprove",
                "message": "This CSR was approved by kubectl certificate approve.",
                "lastUpdateTime": "2026-11-24T21:22:41Z",
            }]},
        });
        assert_eq!(read.value, expected);
    }

    #[test]
    fn bytes_that_are_no_object_are_refused_with_a_status() {
        for (format, bytes, message) in [
            (
                Format::Json,
                &b""[..],
                "the object provided is unrecognized (must be of type CertificateSigningRequest): couldn't get \
             version/kind; json parse error: unexpected end of JSON input (<empty>)",
            ),
            (
                Format::Json,
                b"hello",
                "the object provided is unrecognized (must be of type CertificateSigningRequest): couldn't get \
             version/kind; json parse error: expected value at line 1 column 1 (68656c6c6f)",
            ),
            (
                Format::Protobuf,
                b"k8t\0",
                "the object provided is unrecognized (must be of type CertificateSigningRequest): couldn't get \
             version/kind; provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] \
             (6b387400)",
            ),
            (
                Format::Protobuf,
                b"k8s\0\x12\x01\x0a",
                "CertificateSigningRequest in version \"v1\" cannot be handled as a CertificateSigningRequest: proto: \
             failed to decode Protobuf message: invalid varint",
            ),
        ] {
            let status = decode(format, bytes, request(), FieldValidation::Warn).unwrap_err();
            assert_eq!((status.code, status.message.as_str()), (400, message));
        }
        let status =
            decode(Format::Json, &vec![b' '; MAX_BODY + 1], request(), FieldValidation::Warn).unwrap_err();
        assert_eq!(status.code, 413);
        let text = br#"{"spec": {"bogus": 1}}"#;
        let status = decode(Format::Json, text, request(), FieldValidation::Strict).unwrap_err();
        assert_eq!(
            status.message,
            "CertificateSigningRequest in version \"v1\" cannot be handled as a CertificateSigningRequest: strict \
         decoding error: unknown field \"spec.bogus\""
        );
        let warned = decode(Format::Json, text, request(), FieldValidation::Warn).unwrap();
        assert_eq!(warned.warnings, ["unknown field \"spec.bogus\""]);
        let ignored = decode(Format::Json, text, request(), FieldValidation::Ignore).unwrap();
        assert_eq!(
            (ignored.warnings.len(), ignored.value["apiVersion"].as_str()),
            (0, Some("certificates.k8s.io/v1"))
        );
        assert_eq!(Format::of_content_type("application/xml").unwrap_err().code, 415);
        assert_eq!(Format::of_content_type(""), Ok(Format::Json));
        assert!(encode(Format::Protobuf, &json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1"})).is_err());
    }
}
