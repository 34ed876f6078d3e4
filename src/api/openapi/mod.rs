//! What the server tells about its types: `kubectl explain` prints it, and `kubectl create`, `apply` and `replace` look in
//! it before they send anything. All of it is made of [`super::schema`] and [`super::discovery`].

mod gnostic;
mod paths;
mod types;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::discovery::{RESOURCES, Resource};
use super::schema::{ObjectKind, find};
use super::status::Status;
use crate::x509::hex::hex;
use crate::x509::sha256;
use types::Style;

/// The `Content-Type` of version 2 as protobuf (`k8s.io/kube-openapi/pkg/handler`).
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// What it is called in an `Accept` header, now and by older clients.
const PROTOBUFS: [&str; 2] = [PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"];

/// The documents of version 3, by group and version. They never change, so each is made once.
static DOCUMENTS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let mut documents = BTreeMap::new();
    for Resource { group, version, .. } in RESOURCES {
        documents.entry(format!("apis/{group}/{version}")).or_insert_with(|| v3(group, version));
    }
    documents
});

static INDEX: LazyLock<Value> = LazyLock::new(|| {
    let entry = |(path, document): (&String, &Value)| {
        let hash = hex(&sha256(document.to_string().as_bytes())).to_uppercase();
        (path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")}))
    };
    let paths: Map<String, Value> = DOCUMENTS.iter().map(entry).collect();
    json!({ "paths": paths })
});

/// Version 2, as JSON and as protobuf.
static V2: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let document = document();
    (document.to_string().into_bytes(), gnostic::encode(&document))
});

/// The index of version 3: a document for each group and version, with a hash of it.
#[must_use]
pub fn v3_index() -> &'static Value {
    &INDEX
}

/// The document of a group in a version.
#[must_use]
pub fn v3_group(group: &str, version: &str) -> Option<&'static Value> {
    DOCUMENTS.get(&format!("apis/{group}/{version}"))
}

fn v3(group: &str, version: &str) -> Value {
    let resources = || RESOURCES.iter().filter(|one| one.group == group && one.version == version);
    let mut schemas = Map::new();
    for resource in resources() {
        add_types(resource, Style::V3, &mut schemas);
    }
    json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths::all(resources(), Style::V3),
        "components": {"schemas": schemas},
    })
}

/// The one document of version 2, with its `Content-Type`: as protobuf where the `Accept` header asks for it, else as
/// JSON.
///
/// # Errors
/// 406 when it asks for something else.
pub fn v2(accept: &str) -> Result<(&'static str, Vec<u8>), Status> {
    const JSON: &str = "application/json";
    let media = accept.split(',').map(|clause| clause.split(';').next().unwrap_or_default().trim());
    for media in media {
        if PROTOBUFS.contains(&media) {
            return Ok((PROTOBUF, V2.1.clone()));
        }
        if ["", "*/*", "application/*", JSON].contains(&media) {
            return Ok((JSON, V2.0.clone()));
        }
    }
    Err(Status::not_acceptable(&[JSON, PROTOBUF]))
}

fn document() -> Value {
    let mut definitions = Map::new();
    for resource in RESOURCES {
        add_types(resource, Style::V2, &mut definitions);
    }
    json!({
        "swagger": "2.0",
        "info": info(),
        "paths": paths::all(RESOURCES.iter(), Style::V2),
        "definitions": definitions,
    })
}

fn info() -> Value {
    json!({"title": "kubepki", "version": concat!("v", env!("CARGO_PKG_VERSION"))})
}

/// The types that a resource's requests and answers are made of.
fn add_types(resource: &Resource, style: Style, schemas: &mut Map<String, Value>) {
    let version = format!("{}/{}", resource.group, resource.version);
    for name in [resource.kind, &format!("{}List", resource.kind)] {
        if let Some(kind) = find(&version, name) {
            types::add(kind.message, style, schemas);
            say_kind(kind, schemas);
        }
    }
    for (version, name) in [("v1", "Status"), ("v1", "DeleteOptions")] {
        if let Some(kind) = find(version, name) {
            types::add(kind.message, style, schemas);
        }
    }
    types::add_plain(schemas);
}

/// Says which kind a type is.
fn say_kind(kind: &ObjectKind, schemas: &mut Map<String, Value>) {
    if let Some(Value::Object(schema)) = schemas.get_mut(&types::name(kind.message)) {
        schema.insert(types::KIND.to_owned(), Value::from(vec![types::kind(kind)]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    for (name, value) in fields {
                        match value.as_str().filter(|_| name == "$ref") {
                            Some(reference) => found.push(reference.to_owned()),
                            None => references(value, found),
                        }
                    }
                }
                Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
                _ => {}
            }
        }
        let two = document();
        let mut documents = vec![&two];
        documents.extend(RESOURCES.iter().filter_map(|one| v3_group(one.group, one.version)));
        assert_eq!(documents.len(), RESOURCES.len() + 1);
        for document in documents {
            let mut found = Vec::new();
            references(document, &mut found);
            assert!(found.len() > 10);
            for reference in found {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
        }
    }

    #[test]
    fn what_kubectl_looks_for_is_there() {
        let document = v3_group("certificates.k8s.io", "v1").unwrap();
        let one = "/apis/certificates.k8s.io/v1/certificatesigningrequests/{name}";
        let patch = &document["paths"][one]["patch"];
        assert_eq!(patch[types::KIND]["kind"], "CertificateSigningRequest");
        let parameters = patch["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|one| one["name"] == "fieldValidation" && one["in"] == "query"));
        assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_some());
        let schemas = &document["components"]["schemas"];
        let request = &schemas["io.k8s.api.certificates.v1.CertificateSigningRequest"];
        assert_eq!(request[types::KIND][0]["group"], "certificates.k8s.io");
        let status = &schemas["io.k8s.api.certificates.v1.CertificateSigningRequestStatus"];
        assert_eq!(status["properties"]["conditions"]["x-kubernetes-list-map-keys"], json!(["type"]));
        let metadata = &schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"];
        assert_eq!(metadata["properties"]["ownerReferences"]["x-kubernetes-patch-merge-key"], "uid");
        let url = &v3_index()["paths"]["apis/certificates.k8s.io/v1"]["serverRelativeURL"];
        assert!(url.as_str().unwrap().starts_with("/openapi/v3/apis/certificates.k8s.io/v1?hash="));
        assert_eq!(v3_group("apps", "v1"), None);
    }

    #[test]
    fn version_two_is_given_in_both_forms() {
        let (media, bytes) = v2("application/com.github.proto-openapi.spec.v2@v1.0+protobuf").unwrap();
        assert_eq!((media, &bytes[..5]), (PROTOBUF, &b"\x0a\x032.0"[..]));
        let (media, bytes) = v2("application/json, */*").unwrap();
        assert_eq!((media, bytes[0]), ("application/json", b'{'));
        assert_eq!(v2("text/html").unwrap_err().code, 406);
    }
}
