//! Version 2 as protobuf, as kubectl before 1.29 asks for it
//! (`github.com/google/gnostic-models/openapiv2/OpenAPIv2.proto`). Only what the document has is here; a `oneof` is on the
//! wire what optional fields are.

use prost::Message;
use serde_json::Value;

#[derive(Clone, PartialEq, Message)]
struct Document {
    #[prost(string, tag = "1")]
    swagger: String,
    #[prost(message, optional, tag = "2")]
    info: Option<Info>,
    #[prost(message, optional, tag = "8")]
    paths: Option<Paths>,
    #[prost(message, optional, tag = "9")]
    definitions: Option<Named>,
}

#[derive(Clone, PartialEq, Message)]
struct Info {
    #[prost(string, tag = "1")]
    title: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
struct Paths {
    #[prost(message, repeated, tag = "2")]
    path: Vec<NamedPath>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedPath {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<PathItem>,
}

#[derive(Clone, PartialEq, Message)]
struct PathItem {
    #[prost(message, optional, tag = "2")]
    get: Option<Operation>,
    #[prost(message, optional, tag = "3")]
    put: Option<Operation>,
    #[prost(message, optional, tag = "4")]
    post: Option<Operation>,
    #[prost(message, optional, tag = "5")]
    delete: Option<Operation>,
    #[prost(message, optional, tag = "8")]
    patch: Option<Operation>,
    #[prost(message, repeated, tag = "9")]
    parameters: Vec<ParametersItem>,
}

#[derive(Clone, PartialEq, Message)]
struct Operation {
    #[prost(string, repeated, tag = "1")]
    tags: Vec<String>,
    #[prost(string, tag = "3")]
    description: String,
    #[prost(string, tag = "5")]
    id: String,
    #[prost(string, repeated, tag = "6")]
    produces: Vec<String>,
    #[prost(string, repeated, tag = "7")]
    consumes: Vec<String>,
    #[prost(message, repeated, tag = "8")]
    parameters: Vec<ParametersItem>,
    #[prost(message, optional, tag = "9")]
    responses: Option<Responses>,
    #[prost(message, repeated, tag = "13")]
    extensions: Vec<Extension>,
}

#[derive(Clone, PartialEq, Message)]
struct ParametersItem {
    #[prost(message, optional, tag = "1")]
    parameter: Option<Parameter>,
}

#[derive(Clone, PartialEq, Message)]
struct Parameter {
    #[prost(message, optional, tag = "1")]
    body: Option<Body>,
    #[prost(message, optional, tag = "2")]
    other: Option<NonBody>,
}

#[derive(Clone, PartialEq, Message)]
struct Body {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "3")]
    place: String,
    #[prost(bool, tag = "4")]
    required: bool,
    #[prost(message, optional, tag = "5")]
    schema: Option<Schema>,
}

#[derive(Clone, PartialEq, Message)]
struct NonBody {
    #[prost(message, optional, tag = "3")]
    query: Option<Plain>,
    #[prost(message, optional, tag = "4")]
    path: Option<PathPlain>,
}

/// `QueryParameterSubSchema`
#[derive(Clone, PartialEq, Message)]
struct Plain {
    #[prost(bool, tag = "1")]
    required: bool,
    #[prost(string, tag = "2")]
    place: String,
    #[prost(string, tag = "3")]
    description: String,
    #[prost(string, tag = "4")]
    name: String,
    #[prost(string, tag = "6")]
    kind: String,
}

/// `PathParameterSubSchema`
#[derive(Clone, PartialEq, Message)]
struct PathPlain {
    #[prost(bool, tag = "1")]
    required: bool,
    #[prost(string, tag = "2")]
    place: String,
    #[prost(string, tag = "3")]
    description: String,
    #[prost(string, tag = "4")]
    name: String,
    #[prost(string, tag = "5")]
    kind: String,
}

#[derive(Clone, PartialEq, Message)]
struct Responses {
    #[prost(message, repeated, tag = "1")]
    codes: Vec<NamedResponse>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedResponse {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<ResponseValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ResponseValue {
    #[prost(message, optional, tag = "1")]
    response: Option<Response>,
}

#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(string, tag = "1")]
    description: String,
    #[prost(message, optional, tag = "2")]
    schema: Option<OneSchema>,
}

/// `SchemaItem`, `AdditionalPropertiesItem`, `ItemsItem`: one type.
#[derive(Clone, PartialEq, Message)]
struct OneSchema {
    #[prost(message, optional, boxed, tag = "1")]
    schema: Option<Box<Schema>>,
}

/// `Definitions`, `Properties`: types with names.
#[derive(Clone, PartialEq, Message)]
struct Named {
    #[prost(message, repeated, tag = "1")]
    schemas: Vec<NamedSchema>,
}

#[derive(Clone, PartialEq, Message)]
struct NamedSchema {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Schema>,
}

#[derive(Clone, PartialEq, Message)]
struct Schema {
    #[prost(string, tag = "1")]
    reference: String,
    #[prost(string, tag = "2")]
    format: String,
    #[prost(string, tag = "4")]
    description: String,
    #[prost(string, repeated, tag = "19")]
    required: Vec<String>,
    #[prost(message, optional, boxed, tag = "21")]
    additional: Option<Box<OneSchema>>,
    #[prost(message, optional, tag = "22")]
    kind: Option<Types>,
    #[prost(message, optional, boxed, tag = "23")]
    items: Option<Box<OneSchema>>,
    #[prost(message, optional, tag = "25")]
    properties: Option<Named>,
    #[prost(message, repeated, tag = "31")]
    extensions: Vec<Extension>,
}

#[derive(Clone, PartialEq, Message)]
struct Types {
    #[prost(string, repeated, tag = "1")]
    value: Vec<String>,
}

/// `NamedAny`: what begins with `x-`.
#[derive(Clone, PartialEq, Message)]
struct Extension {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "2")]
    yaml: String,
}

/// The document as protobuf.
pub(super) fn encode(document: &Value) -> Vec<u8> {
    let info = document.get("info");
    let of_info = |name| info.map(|info| text(info, name)).unwrap_or_default();
    let message = Document {
        swagger: text(document, "swagger"),
        info: Some(Info { title: of_info("title"), version: of_info("version") }),
        paths: document.get("paths").map(|paths| Paths {
            path: entries(paths)
                .map(|(name, item)| NamedPath { name: name.clone(), value: Some(path(item)) })
                .collect(),
        }),
        definitions: document.get("definitions").map(named),
    };
    message.encode_to_vec()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    let list = value.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn extensions(value: &Value) -> Vec<Extension> {
    // JSON is YAML.
    let extension = |(name, value): (&String, &Value)| Extension {
        name: name.clone(),
        value: Some(Any { yaml: value.to_string() }),
    };
    entries(value).filter(|(name, _)| name.starts_with("x-")).map(extension).collect()
}

fn path(item: &Value) -> PathItem {
    let of = |method| item.get(method).map(operation);
    PathItem {
        get: of("get"),
        put: of("put"),
        post: of("post"),
        delete: of("delete"),
        patch: of("patch"),
        parameters: parameters(item),
    }
}

fn operation(value: &Value) -> Operation {
    let response = |(code, value): (&String, &Value)| NamedResponse {
        name: code.clone(),
        value: Some(ResponseValue {
            response: Some(Response {
                description: text(value, "description"),
                schema: value.get("schema").map(one),
            }),
        }),
    };
    Operation {
        tags: texts(value, "tags"),
        description: text(value, "description"),
        id: text(value, "operationId"),
        produces: texts(value, "produces"),
        consumes: texts(value, "consumes"),
        parameters: parameters(value),
        responses: value
            .get("responses")
            .map(|list| Responses { codes: entries(list).map(response).collect() }),
        extensions: extensions(value),
    }
}

fn parameters(value: &Value) -> Vec<ParametersItem> {
    let list = value.get("parameters").and_then(Value::as_array);
    list.into_iter().flatten().map(|one| ParametersItem { parameter: Some(parameter(one)) }).collect()
}

fn parameter(value: &Value) -> Parameter {
    let required = value.get("required").and_then(Value::as_bool).unwrap_or_default();
    let (name, place) = (text(value, "name"), text(value, "in"));
    let (description, kind) = (text(value, "description"), text(value, "type"));
    let (mut body, mut other) = (None, None);
    match place.as_str() {
        "body" => {
            body = Some(Body { name, place, required, schema: value.get("schema").map(schema) });
        }
        "path" => {
            let path = Some(PathPlain { required, place, description, name, kind });
            other = Some(NonBody { query: None, path });
        }
        _ => {
            let query = Some(Plain { required, place, description, name, kind });
            other = Some(NonBody { query, path: None });
        }
    }
    Parameter { body, other }
}

fn named(value: &Value) -> Named {
    let named =
        |(name, value): (&String, &Value)| NamedSchema { name: name.clone(), value: Some(schema(value)) };
    Named { schemas: entries(value).map(named).collect() }
}

fn one(value: &Value) -> OneSchema {
    OneSchema { schema: Some(Box::new(schema(value))) }
}

fn schema(value: &Value) -> Schema {
    Schema {
        reference: text(value, "$ref"),
        format: text(value, "format"),
        description: text(value, "description"),
        required: texts(value, "required"),
        additional: value.get("additionalProperties").map(|inner| Box::new(one(inner))),
        kind: value.get("type").and_then(Value::as_str).map(|kind| Types { value: vec![kind.to_owned()] }),
        items: value.get("items").map(|inner| Box::new(one(inner))),
        properties: value.get("properties").map(named),
        extensions: extensions(value),
    }
}
