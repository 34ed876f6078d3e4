//! Objects and lists in the shape that a client asks for: as they are, as tables, or only their metadata.

use k8s_openapi::api::certificates::v1::{CertificateSigningRequestSpec, CertificateSigningRequestStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::api::accept::{Accept, Shape};
use crate::api::codec::Format;
use crate::api::status::Status;
use crate::api::table::{self, Columns, Include, table};
use crate::api::{partial, watch};
use crate::csr::object::{API_VERSION, KIND, RESOURCE};
use crate::csr::{CertificateSigningRequest, Object};

use super::answer::Answer;
use super::bundle;
use super::query::Query;

/// An object of one of the two kinds that are kept.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    /// A request.
    Request(&'a CertificateSigningRequest),
    /// A trust bundle.
    Bundle(&'a Value),
}

/// One of the two kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests.
    Request,
    /// Trust bundles.
    Bundle,
}

/// How objects are answered.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// The format and the shape.
    pub accept: Accept,
    /// What a table holds beside its cells.
    pub include: Include,
    /// Now: ages are told.
    pub now: OffsetDateTime,
}

impl<'a> Thing<'a> {
    /// The object as a value.
    #[must_use]
    pub fn value(self) -> Value {
        match self {
            Self::Request(object) => serde_json::to_value(object).unwrap_or_default(),
            Self::Bundle(value) => value.clone(),
        }
    }

    /// The object as JSON.
    fn json(self) -> Vec<u8> {
        match self {
            Self::Request(object) => {
                // Enough for most: text that grows is copied again and again.
                let mut text = Vec::with_capacity(4096);
                // What was read can be written.
                let _ = serde_json::to_writer(&mut text, object);
                text
            }
            Self::Bundle(value) => value.to_string().into_bytes(),
        }
    }

    /// Its `metadata.resourceVersion`.
    #[must_use]
    pub fn version(self) -> String {
        match self {
            Self::Request(object) => object.metadata.resource_version.clone().unwrap_or_default(),
            Self::Bundle(value) => {
                let version = value.pointer("/metadata/resourceVersion").and_then(Value::as_str);
                version.unwrap_or_default().to_owned()
            }
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Request(_) => Kind::Request,
            Self::Bundle(_) => Kind::Bundle,
        }
    }

    fn metadata(self) -> Value {
        match self {
            Self::Request(object) => serde_json::to_value(&object.metadata).unwrap_or_default(),
            Self::Bundle(value) => value.get("metadata").cloned().unwrap_or_default(),
        }
    }

    fn row(self, form: &Form, version: &str) -> Value {
        match self {
            Self::Request(object) => table::request_row(object, form.include, version, form.now),
            Self::Bundle(value) => table::trust_bundle_row(value, form.include, version),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'a str {
        match self {
            Self::Request(object) => object.name(),
            Self::Bundle(value) => bundle::name(value),
        }
    }
}

impl Kind {
    fn columns(self) -> Columns {
        match self {
            Self::Request => table::REQUESTS,
            Self::Bundle => table::TRUST_BUNDLES,
        }
    }

    /// The resource.
    #[must_use]
    pub fn resource(self) -> &'static str {
        match self {
            Self::Request => RESOURCE,
            Self::Bundle => bundle::RESOURCE,
        }
    }

    /// The `apiVersion` and the `kind`.
    #[must_use]
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Request => (API_VERSION, KIND),
            Self::Bundle => (bundle::API_VERSION, bundle::KIND),
        }
    }
}

impl Form {
    /// What a client asks for.
    ///
    /// # Errors
    /// 406 when there is no such form, 422 when the query is not as it must be.
    pub fn of(accept: Accept, query: &Query, now: OffsetDateTime) -> Result<Self, Status> {
        let include = Include::read(query.get("includeObject").unwrap_or_default())?;
        Ok(Self { accept, include, now })
    }

    /// One object. `columns` says whether a table names its columns.
    #[must_use]
    pub fn shaped(&self, thing: Thing<'_>, columns: bool) -> Value {
        match self.accept.shape {
            Shape::Object => thing.value(),
            Shape::Table { version } => {
                let columns = columns.then(|| thing.kind().columns());
                let metadata = json!({"resourceVersion": thing.version()});
                table(columns, version, &metadata, vec![thing.row(self, version)])
            }
            Shape::PartialMetadata { version, .. } => partial::of_metadata(thing.metadata(), version),
        }
    }

    /// One object as an answer.
    #[must_use]
    pub fn one(&self, code: u16, thing: Thing<'_>) -> Answer {
        if let Accept { shape: Shape::Object, format: Format::Json, .. } = self.accept {
            return Answer::bytes(code, Format::Json, thing.json());
        }
        Answer::object(code, self.accept.format, &self.shaped(thing, true))
    }

    /// A bookmark in the shape of what is watched.
    #[must_use]
    pub fn bookmark(&self, kind: Kind, version: u64, end: bool, columns: bool) -> Value {
        let (api_version, name) = kind.names();
        let Some(known) = crate::api::schema::find(api_version, name) else { return Value::Null };
        let object = watch::bookmark(known, &version.to_string(), end);
        match self.accept.shape {
            Shape::Object => object,
            Shape::Table { version: of } => {
                let row = json!({"cells": [], "object": partial::partial(&object, of)});
                let metadata = json!({"resourceVersion": version.to_string()});
                table(columns.then(|| kind.columns()), of, &metadata, vec![row])
            }
            Shape::PartialMetadata { version, .. } => partial::partial(&object, version),
        }
    }

    /// A list as an answer.
    #[must_use]
    pub fn list<'a>(&self, kind: Kind, things: impl Iterator<Item = Thing<'a>>, metadata: &Value) -> Answer {
        let (api_version, name) = kind.names();
        if let Accept { shape: Shape::Object, format: Format::Json, .. } = self.accept {
            // Ten thousand objects as values take ten times the memory of their text.
            let items = things.map(Item::of).collect();
            let list = List { kind: format!("{name}List"), api_version, metadata, items };
            return Answer::bytes(200, Format::Json, serde_json::to_vec(&list).unwrap_or_default());
        }
        let value = match self.accept.shape {
            Shape::Table { version } => table(
                Some(kind.columns()),
                version,
                metadata,
                things.map(|thing| thing.row(self, version)).collect(),
            ),
            Shape::Object => {
                let items: Vec<Value> = things.map(|thing| anonymous(thing.value())).collect();
                json!({"kind": format!("{name}List"), "apiVersion": api_version, "metadata": metadata, "items": items})
            }
            Shape::PartialMetadata { version, .. } => {
                let items = things.map(|thing| partial::of_metadata(thing.metadata(), version));
                json!({
                    "kind": "PartialObjectMetadataList", "apiVersion": format!("meta.k8s.io/{version}"),
                    "metadata": metadata, "items": items.collect::<Vec<_>>(),
                })
            }
        };
        Answer::object(200, self.accept.format, &value)
    }
}

/// A list as it is written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    kind: String,
    api_version: &'a str,
    metadata: &'a Value,
    items: Vec<Item<'a>>,
}

/// An object in a list: it does not say what it is.
#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Request {
        metadata: &'a ObjectMeta,
        spec: &'a CertificateSigningRequestSpec,
        #[serde(skip_serializing_if = "Option::is_none")]
        status: Option<&'a CertificateSigningRequestStatus>,
    },
    Bundle(Value),
}

impl<'a> Item<'a> {
    fn of(thing: Thing<'a>) -> Self {
        match thing {
            Thing::Request(object) => Self::Request {
                metadata: &object.metadata,
                spec: &object.spec,
                status: object.status.as_ref(),
            },
            Thing::Bundle(value) => Self::Bundle(anonymous(value.clone())),
        }
    }
}

/// What is in a list does not say what it is.
fn anonymous(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.remove("kind");
        fields.remove("apiVersion");
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_the_same_whether_it_is_written_at_once_or_as_a_value() {
        let object: CertificateSigningRequest = serde_json::from_value(json!({
            "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": "jane", "labels": {"a": "b"}},
            "spec": {"request": "YQ==", "signerName": "a.b/c", "usages": ["client auth"]},
        }))
        .unwrap();
        let bundle =
            json!({"apiVersion": bundle::API_VERSION, "kind": bundle::KIND, "metadata": {"name": "x"}});
        let metadata = json!({"resourceVersion": "7", "continue": "YQ"});
        let form = |header: &str| {
            Form::of(Accept::of(header).unwrap(), &Query::read(""), OffsetDateTime::UNIX_EPOCH).unwrap()
        };
        for (kind, thing) in
            [(Kind::Request, Thing::Request(&object)), (Kind::Bundle, Thing::Bundle(&bundle))]
        {
            let read = |header: &str| {
                let answer = form(header).list(kind, [thing, thing].into_iter(), &metadata);
                let super::super::answer::Content::Whole(bytes) = answer.body else { panic!("a watch") };
                serde_yaml::from_slice::<Value>(&bytes).unwrap()
            };
            let json = read("application/json");
            assert_eq!(json, read("application/yaml"));
            assert_eq!(
                (&json["items"][1]["metadata"]["name"], &json["items"][0]["kind"]),
                (&Value::from(thing.name()), &Value::Null)
            );
        }
    }
}
