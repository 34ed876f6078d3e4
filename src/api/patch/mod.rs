//! The four kinds of patches (`k8s.io/apiserver/pkg/endpoints/handlers/patch.go`).

mod json;
mod strategic;

use serde_json::Value;

use super::codec::{self, Decoded};
use super::managed::{self, Writer};
use super::options::{FieldValidation, WriteOptions};
use super::schema::ObjectKind;
use super::status::Status;
use crate::csr::refusal::{Fault, FieldError, Value as Told};

/// How a patch says what is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchType {
    /// A list of operations (RFC 6902).
    Json,
    /// The object as it is to be, as far as it is told; lists are replaced (RFC 7386).
    Merge,
    /// The same, but lists are merged where the type says so.
    Strategic,
    /// What the writer wants to own of the object: server-side apply.
    Apply,
}

impl PatchType {
    /// The media types, in the order in which Kubernetes names them.
    pub const MEDIA_TYPES: [&'static str; 4] = [
        Self::Json.media_type(),
        Self::Merge.media_type(),
        Self::Strategic.media_type(),
        Self::Apply.media_type(),
    ];

    /// The media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }

    /// The type of a patch, by its `Content-Type`.
    ///
    /// # Errors
    /// 415 when it is none.
    pub fn of_content_type(header: &str) -> Result<Self, Status> {
        let media = header.split(';').next().unwrap_or_default().trim();
        [Self::Json, Self::Merge, Self::Strategic, Self::Apply]
            .into_iter()
            .find(|kind| kind.media_type() == media)
            .ok_or_else(|| Status::unsupported_media_type(&Self::MEDIA_TYPES))
    }
}

/// The object that comes of a patch to a stored one. Only an apply may be to nothing: then it makes the object.
///
/// After an apply, `metadata.managedFields` tells who owns what; after any other patch, as after any other write,
/// [`managed::track`] does that.
///
/// # Errors
/// 400 when the patch does not parse; 404 when there is nothing to patch; 409 when an apply would take fields from others;
/// 413 when it does too much; 422 when it cannot be done, or what comes of it is no such object.
pub fn apply(
    patch_type: PatchType,
    patch: &[u8],
    current: Option<&Value>,
    kind: &'static ObjectKind,
    options: &WriteOptions,
    writer: &Writer<'_>,
) -> Result<Decoded, Status> {
    if patch.len() > codec::MAX_BODY {
        return Err(Status::too_large(codec::MAX_BODY));
    }
    if patch_type == PatchType::Apply {
        return managed::apply(patch, current, kind, options, writer);
    }
    let Some(current) = current else { return Err(Status::no_such_path()) };
    let mut value = current.clone();
    let mut written = match patch_type {
        _ if options.field_validation == FieldValidation::Ignore => Vec::new(),
        PatchType::Json => json::faults(patch),
        _ => codec::strict_faults(patch, None),
    };
    let told = match patch_type {
        PatchType::Json => {
            json::apply(patch, &mut value)?;
            None
        }
        PatchType::Merge => {
            let patch = object(patch)?;
            json_patch::merge(&mut value, &patch);
            None
        }
        PatchType::Strategic | PatchType::Apply => {
            let patch = object(patch)?;
            strategic::merge(&mut value, &patch, kind.message).map_err(Status::bad_request)?;
            Some(patch)
        }
    };
    let (conformed, faults) = match codec::hold(value.clone(), kind) {
        Ok(held) => held,
        Err(error) => return Err(invalid(told.as_ref().unwrap_or(&value), error)),
    };
    // First what is wrong with the patch, then what is wrong with what comes of it.
    written.extend(faults);
    let faults = written;
    match options.field_validation {
        FieldValidation::Strict if !faults.is_empty() => {
            let error = format!("strict decoding error: {}", faults.join(", "));
            Err(invalid(told.as_ref().unwrap_or(&value), error))
        }
        FieldValidation::Warn => Ok(Decoded { value: conformed, warnings: faults }),
        _ => Ok(Decoded { value: conformed, warnings: Vec::new() }),
    }
}

/// A patch that is an object.
fn object(patch: &[u8]) -> Result<Value, Status> {
    let value: Value = serde_json::from_slice(patch)
        .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(Status::bad_request("Invalid JSON Patch")) }
}

/// What comes of the patch is no such object; upstream names no kind here, and shows what was read.
fn invalid(value: &Value, error: String) -> Status {
    let fault = Fault::Invalid(Told::Text(value.to_string()));
    Status::invalid("", "", &[FieldError::new("patch", fault, error)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema::find;
    use serde_json::json;

    fn current() -> Value {
        json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {"name": "x", "labels": {"a": "1", "b": "2"}, "finalizers": ["a", "b"],
                "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1"}]},
            "spec": {"request": "YQ==", "signerName": "example.com/a", "usages": ["client auth"]},
            "status": {"conditions": [{"type": "Approved", "status": "True"}]},
        })
    }

    fn patched(patch_type: PatchType, patch: &Value, validation: FieldValidation) -> Result<Decoded, Status> {
        patched_by(patch_type, &patch.to_string(), validation)
    }

    fn patched_by(
        patch_type: PatchType,
        patch: &str,
        validation: FieldValidation,
    ) -> Result<Decoded, Status> {
        let kind = find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap();
        let options = WriteOptions { field_validation: validation, ..WriteOptions::default() };
        let now = time::OffsetDateTime::UNIX_EPOCH;
        let writer = Writer { manager: "test", subresource: "", now };
        apply(patch_type, patch.as_bytes(), Some(&current()), kind, &options, &writer)
    }

    #[test]
    fn each_type_does_what_it_says() {
        use PatchType::{Json, Merge, Strategic};
        for (patch_type, patch, path, expected) in [
            (
                Json,
                json!([{"op": "add", "path": "/metadata/labels/c", "value": "3"}]),
                "/metadata/labels",
                json!({"a": "1", "b": "2", "c": "3"}),
            ),
            (
                Merge,
                json!({"metadata": {"labels": {"a": null, "c": "3"}}}),
                "/metadata/labels",
                json!({"b": "2", "c": "3"}),
            ),
            (Merge, json!({"metadata": {"finalizers": ["c"]}}), "/metadata/finalizers", json!(["c"])),
            (
                Strategic,
                json!({"metadata": {"labels": {"a": null, "c": "3"}}}),
                "/metadata/labels",
                json!({"b": "2", "c": "3"}),
            ),
            (
                Strategic,
                json!({"metadata": {"finalizers": ["c"]}}),
                "/metadata/finalizers",
                json!(["a", "b", "c"]),
            ),
            (Strategic, json!({"spec": {"usages": ["any"]}}), "/spec/usages", json!(["any"])),
            (Strategic, json!({"status": {"conditions": []}}), "/status", json!(null)),
        ] {
            let value = patched(patch_type, &patch, FieldValidation::Strict).unwrap().value;
            assert_eq!(value.pointer(path).cloned().unwrap_or_default(), expected, "{patch}");
        }
    }

    #[test]
    fn what_comes_of_it_must_be_such_an_object() {
        let patch = json!({"spec": {"bogus": 1}});
        let status = patched(PatchType::Merge, &patch, FieldValidation::Strict).unwrap_err();
        assert_eq!(status.code, 422);
        assert!(status.message.starts_with(" \"\" is invalid: patch: Invalid value: \"{"), "{status}");
        assert!(status.message.ends_with("strict decoding error: unknown field \"spec.bogus\""), "{status}");
        let warned = patched(PatchType::Strategic, &patch, FieldValidation::Warn).unwrap();
        assert_eq!(warned.warnings, ["unknown field \"spec.bogus\""]);
        assert_eq!(warned.value, current());
        for (patch_type, patch, code) in [
            (PatchType::Merge, json!([]), 400),
            (PatchType::Merge, json!({"spec": {"usages": "any"}}), 422),
            (PatchType::Merge, json!({"spec": "x"}), 422),
            (PatchType::Merge, json!({"kind": "Pod"}), 422),
            (PatchType::Json, json!({}), 400),
            (PatchType::Json, json!([{"op": "remove", "path": "/spec/none"}]), 422),
            (PatchType::Json, json!([{"op": "replace", "path": "", "value": 1}]), 422),
            (PatchType::Strategic, json!({"metadata": {"labels": {"$patch": "cat"}}}), 400),
        ] {
            let status = patched(patch_type, &patch, FieldValidation::Ignore).unwrap_err();
            assert_eq!(status.code, code, "{patch}: {status}");
        }
        assert_eq!(PatchType::of_content_type("application/json").unwrap_err().code, 415);
        assert_eq!(
            PatchType::of_content_type("application/merge-patch+json; charset=utf-8"),
            Ok(PatchType::Merge)
        );
    }

    #[test]
    fn what_stands_in_a_patch_twice_is_told() {
        use PatchType::{Json, Merge, Strategic};
        let object = r#"{"metadata": {"labels": {"a": "3", "a": "4"}}, "metadata": {"labels": {"c": "5"}}, "bogus": 1}"#;
        let operations = r#"[{"op": "add", "path": "/metadata/labels/a", "path": "/metadata/labels/c", "value": "5", "x": 1},
            {"op": "add", "path": "/bogus", "value": {"y": 1, "y": 2}}]"#;
        let of_object = [
            r#"duplicate field "metadata.labels.a""#,
            r#"duplicate field "metadata""#,
            r#"unknown field "bogus""#,
        ];
        let of_operations = [
            r#"json patch duplicate field "[0].path""#,
            r#"json patch unknown field "[0].x""#,
            r#"json patch duplicate field "[1].value.y""#,
            r#"unknown field "bogus""#,
        ];
        for (patch_type, patch, faults) in [
            (Json, operations, &of_operations[..]),
            (Merge, object, &of_object[..]),
            (Strategic, object, &of_object[..]),
        ] {
            let ignored = patched_by(patch_type, patch, FieldValidation::Ignore).unwrap();
            assert_eq!(ignored.warnings, [""; 0]);
            // The last one counts.
            assert_eq!(ignored.value["metadata"]["labels"], json!({"a": "1", "b": "2", "c": "5"}));
            let warned = patched_by(patch_type, patch, FieldValidation::Warn).unwrap();
            assert_eq!(warned.value, ignored.value);
            assert_eq!(warned.warnings, faults);
            let refused = patched_by(patch_type, patch, FieldValidation::Strict).unwrap_err();
            let end = format!("strict decoding error: {}", faults.join(", "));
            assert_eq!(refused.code, 422);
            assert!(refused.message.ends_with(&end), "{refused}");
        }
    }
}
