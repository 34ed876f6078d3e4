//! The frames of a watch (`k8s.io/apiserver/pkg/endpoints/handlers/watch.go`).

use serde_json::{Value, json};

use super::codec::{Format, WireError, encode, event};
use super::schema::ObjectKind;

/// What has happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is there, or it is one of those that are watched now.
    Added,
    /// It has changed.
    Modified,
    /// It is gone, or it is none of those that are watched any more.
    Deleted,
    /// Nothing: this is how far the watch has come.
    Bookmark,
    /// The watch is over; the object is a Status.
    Error,
}

/// The annotation of the bookmark after which everything is new.
pub const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

impl Event {
    /// `ADDED` and its kin.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
            Self::Bookmark => "BOOKMARK",
            Self::Error => "ERROR",
        }
    }
}

/// The `Content-Type` of a watch.
#[must_use]
pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::Json => "application/json",
        Format::Yaml => "application/yaml;stream=watch",
        Format::Protobuf => "application/vnd.kubernetes.protobuf;stream=watch",
    }
}

/// One event, as it is written.
///
/// # Errors
/// When the object has no bytes in this format.
pub fn frame(format: Format, event: Event, object: &Value) -> Result<Vec<u8>, WireError> {
    Ok(frame_of_bytes(format, event, &encode(inner(format), object)?))
}

/// The same, of an object that is written already in the format of [`inner`]: many may watch one object.
#[must_use]
pub fn frame_of_bytes(format: Format, kind: Event, object: &[u8]) -> Vec<u8> {
    match format {
        Format::Json | Format::Yaml => {
            let head = format!("{{\"type\":\"{}\",\"object\":", kind.name());
            let mut bytes = Vec::with_capacity(head.len() + object.len() + 8);
            if format == Format::Yaml {
                // Every JSON is YAML.
                bytes.extend_from_slice(b"---\n");
            }
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(object);
            bytes.extend_from_slice(b"}\n");
            bytes
        }
        Format::Protobuf => {
            let event = event(kind.name(), object);
            let length = u32::try_from(event.len()).unwrap_or(u32::MAX);
            let mut bytes = length.to_be_bytes().to_vec();
            bytes.extend_from_slice(&event);
            bytes
        }
    }
}

/// In which format the object inside a frame is written.
#[must_use]
pub fn inner(format: Format) -> Format {
    match format {
        Format::Json | Format::Yaml => Format::Json,
        Format::Protobuf => Format::Protobuf,
    }
}

/// The object of a bookmark: how far the watch has come, and whether everything that was there before has been told.
#[must_use]
pub fn bookmark(kind: &ObjectKind, resource_version: &str, initial_events_end: bool) -> Value {
    let mut metadata = json!({"resourceVersion": resource_version});
    if initial_events_end && let Some(metadata) = metadata.as_object_mut() {
        metadata.insert("annotations".to_owned(), json!({INITIAL_EVENTS_END: "true"}));
    }
    json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": metadata, "spec": {}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema::find;

    #[test]
    fn frames_are_what_clients_read() {
        let kind = find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap();
        let object = bookmark(kind, "7", true);
        let frame_of = |format| frame(format, Event::Bookmark, &object).unwrap();
        let json = frame_of(Format::Json);
        assert_eq!(json.iter().position(|byte| *byte == b'\n'), Some(json.len() - 1));
        let read: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(read["type"], "BOOKMARK");
        assert_eq!(read["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
        let bytes = frame_of(Format::Protobuf);
        let (length, event) = bytes.split_at(4);
        assert_eq!(u32::from_be_bytes(length.try_into().unwrap()) as usize, event.len());
        // 1: "BOOKMARK", 2: {1: the object in its envelope}
        assert_eq!(&event[..11], b"\x0a\x08BOOKMARK\x12");
        let object = event.windows(4).position(|window| window == b"k8s\0").unwrap();
        assert_eq!(event[object - 2], 0x0a);
    }
}
