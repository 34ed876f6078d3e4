//! The table of types as JSON Schema.

use serde_json::{Map, Value, json};

use crate::api::schema::{Count, Field, Kind, Merge, Message, ObjectKind};

/// The extension that says which kind a type or a path is about.
pub(super) const KIND: &str = "x-kubernetes-group-version-kind";

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// Which OpenAPI it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    V2,
    V3,
}

impl Style {
    /// Leads to a type.
    pub(super) fn reference(self, name: &str) -> Value {
        match self {
            Self::V2 => json!({"$ref": format!("#/definitions/{name}")}),
            Self::V3 => json!({"$ref": format!("#/components/schemas/{name}")}),
        }
    }
}

pub(super) fn name(message: &Message) -> String {
    format!("{}.{}", message.package, message.name)
}

pub(super) fn kind(kind: &ObjectKind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

/// Adds a type, and those of its fields.
pub(super) fn add(message: &'static Message, style: Style, schemas: &mut Map<String, Value>) {
    let name = name(message);
    if schemas.contains_key(&name) {
        return;
    }
    schemas.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    if message.typed {
        let text = |about: &str| json!({"type": "string", "description": about});
        let version = "The version of the API that the object is written in.";
        properties.insert("apiVersion".to_owned(), text(version));
        properties.insert("kind".to_owned(), text("What the object is."));
    }
    for field in message.fields {
        properties.insert(field.name.to_owned(), property(field, style));
        if let Kind::Message(inner) = field.kind {
            add(inner, style, schemas);
        }
    }
    let required: Vec<&str> =
        message.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    let mut schema = json!({"description": message.about, "type": "object", "properties": properties});
    if let Some(schema) = schema.as_object_mut() {
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        if message.atomic {
            schema.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
        }
    }
    schemas.insert(name, schema);
}

/// Adds the types that are no messages.
pub(super) fn add_plain(schemas: &mut Map<String, Value>) {
    let time = json!({"description": "A moment (RFC 3339).", "type": "string", "format": "date-time"});
    schemas.insert(format!("{META}.Time"), time);
    let fields = json!({"description": "A set of fields.", "type": "object"});
    schemas.insert(format!("{META}.FieldsV1"), fields);
    let patch = json!({"description": "What is to change.", "type": "object"});
    schemas.insert(format!("{META}.Patch"), patch);
}

fn property(field: &Field, style: Style) -> Value {
    let one = one(field, style);
    let mut property = match field.count {
        // In version 3, nothing may stand beside a reference.
        Count::One | Count::Optional if style == Style::V3 && one.get("$ref").is_some() => {
            json!({"allOf": [one]})
        }
        Count::One | Count::Optional => one,
        Count::Map => json!({"type": "object", "additionalProperties": one}),
        Count::List(_) => json!({"type": "array", "items": one}),
    };
    let Some(fields) = property.as_object_mut() else { return property };
    fields.insert("description".to_owned(), Value::from(field.about));
    let mut say = |name: &str, value: Value| fields.insert(format!("x-kubernetes-{name}"), value);
    match field.count {
        Count::List(Merge::Atomic) => {
            say("list-type", json!("atomic"));
        }
        Count::List(Merge::Set) => {
            say("list-type", json!("set"));
            say("patch-strategy", json!("merge"));
        }
        Count::List(Merge::Keyed(key)) => {
            say("list-type", json!("map"));
            say("list-map-keys", json!([key]));
            say("patch-strategy", json!("merge"));
            say("patch-merge-key", json!(key));
        }
        Count::List(Merge::KeyedAtomic(key)) => {
            say("list-type", json!("map"));
            say("list-map-keys", json!([key]));
        }
        Count::One | Count::Optional | Count::Map => {}
    }
    property
}

fn one(field: &Field, style: Style) -> Value {
    match field.kind {
        Kind::Text(_) => json!({"type": "string"}),
        Kind::Bytes => json!({"type": "string", "format": "byte"}),
        Kind::Int32 => json!({"type": "integer", "format": "int32"}),
        Kind::Int64 => json!({"type": "integer", "format": "int64"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Time => style.reference(&format!("{META}.Time")),
        Kind::Fields => style.reference(&format!("{META}.FieldsV1")),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Message(message) => style.reference(&name(message)),
    }
}
