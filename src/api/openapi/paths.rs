//! The paths of the resources, with what can be done at each.

use serde_json::{Map, Value, json};

use super::types::{self, KIND, Style};
use crate::api::discovery::Resource;
use crate::api::patch::PatchType;
use crate::api::schema::find;

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";

/// What a write may say in the query, with its type.
const WRITE: [(&str, &str, &str); 3] = [
    ("dryRun", "string", "All: everything is done but nothing stored."),
    ("fieldManager", "string", "Who writes."),
    ("fieldValidation", "string", "What becomes of fields that no type has: Ignore, Warn or Strict."),
];

const LIST: [(&str, &str, &str); 8] = [
    ("allowWatchBookmarks", "boolean", "Whether a watch tells how far it has come."),
    ("continue", "string", "The token for the rest of a list."),
    ("fieldSelector", "string", "Only objects with these fields."),
    ("labelSelector", "string", "Only objects with these labels."),
    ("limit", "integer", "How many objects at most."),
    ("resourceVersion", "string", "From which version on."),
    ("timeoutSeconds", "integer", "When a watch ends."),
    ("watch", "boolean", "Whether changes are told as they come."),
];

/// All paths of resources.
pub(super) fn all(resources: impl Iterator<Item = &'static Resource>, style: Style) -> Value {
    let mut paths = Map::new();
    for resource in resources {
        let all = format!("/apis/{}/{}/{}", resource.group, resource.version, resource.name);
        let operation = |verb| Operation { resource, style, verb, part: "" };
        let mut item = Map::new();
        for (verb, method) in [("list", "get"), ("create", "post"), ("deletecollection", "delete")] {
            if resource.verbs.contains(&verb) {
                item.insert(method.to_owned(), operation(verb).describe());
            }
        }
        paths.insert(all.clone(), Value::Object(item));
        if !resource.verbs.contains(&"get") {
            continue;
        }
        for part in std::iter::once("").chain(resource.parts.iter().copied()) {
            let mut item = Map::new();
            for (verb, method) in
                [("get", "get"), ("update", "put"), ("patch", "patch"), ("delete", "delete")]
            {
                if part.is_empty() || verb != "delete" {
                    item.insert(method.to_owned(), Operation { part, ..operation(verb) }.describe());
                }
            }
            let name =
                json!({"name": "name", "in": "path", "required": true, "description": "The object's name."});
            item.insert("parameters".to_owned(), json!([typed(name, "string", style)]));
            let part = if part.is_empty() { String::new() } else { format!("/{part}") };
            paths.insert(format!("{all}/{{name}}{part}"), Value::Object(item));
        }
    }
    Value::Object(paths)
}

#[derive(Clone, Copy)]
struct Operation {
    resource: &'static Resource,
    style: Style,
    verb: &'static str,
    part: &'static str,
}

impl Operation {
    fn describe(self) -> Value {
        let Self { resource, style, verb, part } = self;
        let version = format!("{}/{}", resource.group, resource.version);
        let named = |name: &str| {
            let known = find(&version, name).or_else(|| find("v1", name));
            style.reference(&known.map(|known| types::name(known.message)).unwrap_or_default())
        };
        let query: &[(&str, &str, &str)] = match verb {
            "list" => &LIST,
            "create" | "update" | "patch" => &WRITE,
            _ => &[],
        };
        let mut parameters: Vec<Value> = query
            .iter()
            .map(|(name, kind, about)| {
                typed(json!({"name": name, "in": "query", "description": about}), kind, style)
            })
            .collect();
        if verb == "patch" {
            let about = "Whether a server-side apply takes fields from others.";
            parameters.push(typed(
                json!({"name": "force", "in": "query", "description": about}),
                "boolean",
                style,
            ));
        }
        let (answer, code) = match verb {
            "list" => (named(&format!("{}List", resource.kind)), "200"),
            "delete" | "deletecollection" => (named("Status"), "200"),
            "create" => (named(resource.kind), "201"),
            _ => (named(resource.kind), "200"),
        };
        let action = match verb {
            "update" => "put",
            "create" => "post",
            verb => verb,
        };
        let mut operation = json!({
            "operationId": format!("{verb}{}{part}", resource.kind),
            "description": format!("{verb} {} {part}", resource.name).trim_end(),
            "tags": [resource.group],
            "x-kubernetes-action": action,
            KIND: {"group": resource.group, "version": resource.version, "kind": resource.kind},
        });
        let body = match verb {
            "create" | "update" => Some((named(resource.kind), vec!["application/json"])),
            "patch" => Some((style.reference(&format!("{META}.Patch")), PatchType::MEDIA_TYPES.to_vec())),
            _ => None,
        };
        let Some(fields) = operation.as_object_mut() else { return operation };
        match style {
            Style::V2 => {
                if let Some((schema, media)) = body {
                    parameters
                        .push(json!({"name": "body", "in": "body", "required": true, "schema": schema}));
                    fields.insert("consumes".to_owned(), json!(media));
                }
                fields.insert("produces".to_owned(), json!(["application/json"]));
                fields.insert(
                    "responses".to_owned(),
                    json!({code: {"description": "Done.", "schema": answer}}),
                );
            }
            Style::V3 => {
                if let Some((schema, media)) = body {
                    let content: Map<String, Value> = media
                        .into_iter()
                        .map(|media| (media.to_owned(), json!({"schema": schema})))
                        .collect();
                    fields.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
                }
                let content = json!({"application/json": {"schema": answer}});
                fields.insert(
                    "responses".to_owned(),
                    json!({code: {"description": "Done.", "content": content}}),
                );
            }
        }
        fields.insert("parameters".to_owned(), Value::from(parameters));
        operation
    }
}

/// A parameter with its type.
fn typed(mut parameter: Value, kind: &str, style: Style) -> Value {
    if let Some(fields) = parameter.as_object_mut() {
        match style {
            Style::V2 => fields.insert("type".to_owned(), json!(kind)),
            Style::V3 => fields.insert("schema".to_owned(), json!({"type": kind})),
        };
    }
    parameter
}
