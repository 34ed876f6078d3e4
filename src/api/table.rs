//! Objects as the table that kubectl prints (`pkg/printers/internalversion/printers.go`).

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::status::Status;
use super::{partial, with};
use crate::csr::object::moment;
use crate::csr::{CertificateSigningRequest, Object};
use crate::moment::residual;

/// What a row holds beside its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Include {
    /// Nothing.
    None,
    /// The object's metadata.
    #[default]
    Metadata,
    /// The object.
    Object,
}

/// The columns of a table: name, format and description.
pub type Columns = &'static [(&'static str, &'static str, &'static str)];

/// The columns of requests.
pub const REQUESTS: Columns = &[
    ("Name", "name", "The name, which no other object of this kind has."),
    ("Age", "", "How long ago the object was created."),
    ("SignerName", "", "Who is to sign."),
    ("Requestor", "", "Who asked."),
    ("RequestedDuration", "", "How long the certificate is to be valid."),
    ("Condition", "", "Whether the request is approved, denied or has failed, and whether it is signed."),
];

/// The columns of trust bundles.
pub const TRUST_BUNDLES: Columns = &[
    ("Name", "name", "The name, which no other object of this kind has."),
    ("SignerName", "", "The signer whose roots they are."),
];

impl Include {
    /// Reads `includeObject`.
    ///
    /// # Errors
    /// 422 when it is something else.
    pub fn read(text: &str) -> Result<Self, Status> {
        match text {
            "" | "Metadata" => Ok(Self::Metadata),
            "None" => Ok(Self::None),
            "Object" => Ok(Self::Object),
            other => {
                use crate::csr::refusal::{Fault, FieldError, Value};
                let fault = Fault::Invalid(Value::Text(other.to_owned()));
                let detail = "must be 'Metadata', 'Object', 'None', or empty";
                let error = FieldError::new("includeObject", fault, detail);
                Err(Status::invalid("TableOptions.meta.k8s.io", "", &[error]))
            }
        }
    }
}

/// A table of `meta.k8s.io` in a version. Only the first of a watch has columns. `metadata` is that of the list, or of the
/// one object: its `resourceVersion`, and the token for the rest.
#[must_use]
pub fn table(columns: Option<Columns>, version: &str, metadata: &Value, rows: Vec<Value>) -> Value {
    let column = |(name, format, description): &(&str, &str, &str)| json!({"name": name, "type": "string", "format": format, "description": description, "priority": 0});
    let columns = columns.map(|columns| columns.iter().map(column).collect::<Vec<Value>>());
    let table = json!({
        "kind": "Table",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": metadata,
        "columnDefinitions": columns,
    });
    with(table, "rows", Value::Array(rows))
}

/// The row of a request.
#[must_use]
pub fn request_row(
    object: &CertificateSigningRequest,
    include: Include,
    version: &str,
    now: OffsetDateTime,
) -> Value {
    let cells = request_cells(object, now);
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => {
            partial::of_metadata(serde_json::to_value(&object.metadata).unwrap_or_default(), version)
        }
        Include::Object => serde_json::to_value(object).unwrap_or_default(),
    };
    with(json!({ "cells": cells }), "object", object)
}

/// The cells of a request, in the order of [`REQUESTS`].
#[must_use]
pub fn request_cells(object: &CertificateSigningRequest, now: OffsetDateTime) -> [String; 6] {
    const NONE: &str = "<none>";
    let created = object.metadata.creation_timestamp.as_ref().and_then(moment);
    let age = created.map_or_else(|| "<unknown>".to_owned(), |then| residual((now - then).whole_seconds()));
    let duration = object.spec.expiration_seconds;
    let duration = duration.map_or_else(|| NONE.to_owned(), |seconds| residual(seconds.into()));
    let signer = Some(object.spec.signer_name.as_str()).filter(|name| !name.is_empty()).unwrap_or(NONE);
    let requester = object.spec.username.clone().unwrap_or_default();
    [object.name().to_owned(), age, signer.to_owned(), requester, duration, object.state()]
}

/// The row of a trust bundle.
#[must_use]
pub fn trust_bundle_row(object: &Value, include: Include, version: &str) -> Value {
    let text = |path| object.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    let cells = [text("/metadata/name").unwrap_or_default(), text("/spec/signerName").unwrap_or("<none>")];
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => partial::partial(object, version),
        Include::Object => object.clone(),
    };
    with(json!({ "cells": cells }), "object", object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::object::Object;
    use serde_json::json;

    fn request(value: Value) -> CertificateSigningRequest {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn cells_are_those_of_kubectl() {
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let base = json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {"name": "jane", "creationTimestamp": crate::moment::rfc3339(now - time::Duration::seconds(125))},
            "spec": {"request": "YQ==", "signerName": "example.com/a", "username": "u", "expirationSeconds": 86400},
            "status": {},
        });
        let mut object = request(base.clone());
        assert_eq!(request_cells(&object, now), ["jane", "2m5s", "example.com/a", "u", "24h", "Pending"]);
        object.add_condition("Approved", "r", "m");
        object.set_certificate(vec![1]);
        assert_eq!(request_cells(&object, now)[5], "Approved,Issued");
        let mut bare = base;
        bare["metadata"] = json!({"name": "x"});
        bare["spec"] = json!({"request": "", "signerName": ""});
        assert_eq!(request_cells(&request(bare), now), ["x", "<unknown>", "<none>", "", "<none>", "Pending"]);
    }

    #[test]
    fn a_table_is_what_clients_read() {
        let object = request(json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
            "metadata": {"name": "jane", "uid": "1"}, "spec": {"request": "YQ==", "signerName": "a.b/c"},
        }));
        let now = OffsetDateTime::UNIX_EPOCH;
        let row = request_row(&object, Include::Metadata, "v1", now);
        assert_eq!(
            row["object"],
            json!({
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"name": "jane", "uid": "1"},
            })
        );
        assert_eq!(request_row(&object, Include::Object, "v1", now)["object"]["spec"]["signerName"], "a.b/c");
        assert_eq!(request_row(&object, Include::None, "v1", now)["object"], Value::Null);
        let table = table(Some(REQUESTS), "v1", &json!({"resourceVersion": "7"}), vec![row]);
        assert_eq!(table["columnDefinitions"].as_array().unwrap().len(), 6);
        assert_eq!(table["columnDefinitions"][0]["format"], "name");
        assert_eq!(super::table(None, "v1", &json!({}), vec![])["columnDefinitions"], Value::Null);
        assert_eq!(Include::read("cat").unwrap_err().code, 422);
    }
}
