//! Kubernetes' protobuf: four bytes, an envelope that says what is in it, and the object
//! (`k8s.io/apimachinery/pkg/runtime/serializer/protobuf`). Numbers and types of fields are those of
//! [`crate::api::schema`].

mod read;
mod write;

use prost::encoding::WireType;
use serde_json::{Map, Value};

use super::{cannot_be_handled, check_kind, unreadable};
use crate::api::schema::{Count, Field, Kind, Message, ObjectKind, find};
use crate::api::status::Status;
use read::{Malformed, Reader};
use write::{message, text};

/// What the bytes begin with.
const MAGIC: &[u8] = b"k8s\0";

/// Fields of the envelope (`runtime.Unknown`, `runtime.TypeMeta`).
const TYPE_META: u32 = 1;
const RAW: u32 = 2;
const CONTENT_ENCODING: u32 = 3;
const API_VERSION: u32 = 1;
const KIND: u32 = 2;

/// Fields of an event of a watch (`metav1.WatchEvent`), and of the object in it (`runtime.RawExtension`).
const EVENT_TYPE: u32 = 1;
const EVENT_OBJECT: u32 = 2;
const EVENT_RAW: u32 = 1;

/// Why a value has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// No such kind is known here.
    #[error("a `{kind}` of `{api_version}` has no protobuf")]
    Kind {
        /// What it says.
        api_version: String,
        /// What it says.
        kind: String,
    },
    /// A field holds something else than its type.
    #[error("{message}.{field} is not of its type")]
    Field {
        /// The type.
        message: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The emitter refuses.
    #[error("cannot be written as YAML")]
    Yaml,
}

/// Reads an object of a kind.
pub(super) fn read(bytes: &[u8], kind: &ObjectKind) -> Result<Value, Status> {
    let Some(content) = bytes.strip_prefix(MAGIC) else {
        let error = if bytes.is_empty() {
            "empty data"
        } else {
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        };
        return Err(unreadable(bytes, kind, error));
    };
    let envelope = Envelope::read(content).map_err(|error| unreadable(bytes, kind, &error.to_string()))?;
    check_kind(&envelope.api_version, &envelope.kind, kind)?;
    if !envelope.encoding.is_empty() {
        let error =
            format!("the content encoding {} is not known", crate::x509::go::quoted(&envelope.encoding));
        return Err(unreadable(bytes, kind, &error));
    }
    let mut fields = Map::new();
    read::message(envelope.raw, kind.message, &mut fields)
        .map_err(|error| cannot_be_handled(kind.kind, kind, &error.to_string()))?;
    let said = Some(envelope.api_version).filter(|said| !said.is_empty());
    fields.insert("apiVersion".to_owned(), Value::from(said.unwrap_or_else(|| kind.api_version())));
    fields.insert("kind".to_owned(), Value::from(kind.kind));
    Ok(Value::Object(fields))
}

#[derive(Default)]
struct Envelope<'a> {
    api_version: String,
    kind: String,
    raw: &'a [u8],
    encoding: String,
}

impl<'a> Envelope<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut envelope = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next()? {
            match number {
                TYPE_META => {
                    let mut inner = Reader::new(reader.bytes(wire)?);
                    while let Some((number, wire)) = inner.next()? {
                        match number {
                            API_VERSION => envelope.api_version = inner.text(wire)?,
                            KIND => envelope.kind = inner.text(wire)?,
                            _ => inner.skip(wire, number)?,
                        }
                    }
                }
                RAW => envelope.raw = reader.bytes(wire)?,
                CONTENT_ENCODING => envelope.encoding = reader.text(wire)?,
                _ => reader.skip(wire, number)?,
            }
        }
        Ok(envelope)
    }
}

/// Writes an object.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, WireError> {
    let said = |name| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (said("apiVersion"), said("kind"));
    let known = find(api_version, kind)
        .ok_or_else(|| WireError::Kind { api_version: api_version.to_owned(), kind: kind.to_owned() })?;
    let mut raw = Vec::new();
    write::fields(value, known.message, &mut raw)?;
    let mut type_meta = Vec::new();
    text(API_VERSION, api_version, &mut type_meta);
    text(KIND, kind, &mut type_meta);
    let mut bytes = Vec::with_capacity(raw.len() + type_meta.len() + 24);
    bytes.extend_from_slice(MAGIC);
    message(TYPE_META, &type_meta, &mut bytes);
    message(RAW, &raw, &mut bytes);
    // Go writes both, empty.
    message(CONTENT_ENCODING, &[], &mut bytes);
    message(4, &[], &mut bytes);
    Ok(bytes)
}

/// An event of a watch, without a length in front.
pub(in crate::api) fn event(kind: &str, object: &[u8]) -> Vec<u8> {
    let mut raw = Vec::with_capacity(object.len() + 8);
    message(EVENT_RAW, object, &mut raw);
    let mut bytes = Vec::with_capacity(raw.len() + 24);
    text(EVENT_TYPE, kind, &mut bytes);
    message(EVENT_OBJECT, &raw, &mut bytes);
    bytes
}
