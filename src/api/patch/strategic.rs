//! Strategic merge patches (`k8s.io/apimachinery/pkg/util/strategicpatch`): a merge that knows the type, so that lists
//! can be merged, and directives that say more than values can: `$patch`, `$retainKeys`, `$setElementOrder/…`,
//! `$deleteFromPrimitiveList/…`.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::api::schema::{Count, Kind, Merge, Message};

type Object = Map<String, Value>;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

/// Merges a patch into an object of a type.
pub(super) fn merge(value: &mut Value, patch: &Value, message: &'static Message) -> Result<(), String> {
    match (value, patch) {
        (Value::Object(original), Value::Object(patch)) => object(original, patch, Some(message)),
        _ => Err("Invalid JSON Patch".to_owned()),
    }
}

/// Merges a patch into an object; without a type, lists are replaced.
fn object(original: &mut Object, patch: &Object, message: Option<&'static Message>) -> Result<(), String> {
    match patch.get(DIRECTIVE).map(Value::as_str) {
        Some(Some("replace")) => {
            original.clone_from(patch);
            original.remove(DIRECTIVE);
            return Ok(());
        }
        Some(Some("delete")) => {
            original.clear();
            return Ok(());
        }
        Some(other) => {
            let patch = Value::Object(patch.clone());
            return Err(format!("unknown patch type [{}] in map [{patch}]", other.unwrap_or_default()));
        }
        None => {}
    }
    retain_keys(original, patch)?;
    for (name, value) in patch {
        if name == RETAIN_KEYS || name.starts_with(ELEMENT_ORDER) {
            continue;
        }
        if let Some(name) = name.strip_prefix(DELETE_FROM) {
            let gone: HashSet<String> = list(value)?.iter().map(Value::to_string).collect();
            if let Some(Value::Array(original)) = original.get_mut(name) {
                original.retain(|element| !gone.contains(&element.to_string()));
            }
            continue;
        }
        let field = message.and_then(|message| message.field(name));
        match (original.get_mut(name), value) {
            (_, Value::Null) => {
                original.remove(name);
            }
            (Some(Value::Object(original)), Value::Object(patch)) => {
                let message = field.and_then(|field| match field.kind {
                    Kind::Message(message) => Some(message),
                    _ => None,
                });
                object(original, patch, message)?;
            }
            (Some(Value::Array(original)), Value::Array(patch)) => {
                match field.map(|field| (field.count, field.kind)) {
                    Some((Count::List(Merge::Set), _)) => scalars(original, patch),
                    Some((Count::List(Merge::Keyed(key)), Kind::Message(message))) => {
                        keyed(original, patch, key, message)?;
                    }
                    _ => original.clone_from(patch),
                }
            }
            (_, value) => match without_directives(value) {
                Some(value) => {
                    original.insert(name.clone(), value);
                }
                None => {
                    original.remove(name);
                }
            },
        }
    }
    for (name, order) in patch {
        if let Some(name) = name.strip_prefix(ELEMENT_ORDER)
            && let Some(Value::Array(original)) = original.get_mut(name)
        {
            let merge = message.and_then(|message| message.field(name)).map(|field| field.count);
            let key = match merge {
                Some(Count::List(merge)) => merge.key(),
                _ => None,
            };
            put_in_order(original, list(order)?, key);
        }
    }
    Ok(())
}

fn list(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("expected a list, but received {value}"))
}

/// Only these fields stay.
fn retain_keys(original: &mut Object, patch: &Object) -> Result<(), String> {
    let Some(kept) = patch.get(RETAIN_KEYS) else { return Ok(()) };
    let kept: HashSet<&str> = list(kept)?.iter().filter_map(Value::as_str).collect();
    if patch.keys().any(|name| name != RETAIN_KEYS && !kept.contains(name.as_str())) {
        return Err("invalid patch format of retainKeys".to_owned());
    }
    original.retain(|name, _| kept.contains(name.as_str()));
    Ok(())
}

/// Values without what only directs the merge; one that is to be deleted is none.
fn without_directives(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Object(fields) if fields.contains_key(DIRECTIVE) => return None,
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .filter(|(name, value)| !value.is_null() && !name.starts_with('$'))
                .filter_map(|(name, value)| Some((name.clone(), without_directives(value)?)))
                .collect(),
        ),
        Value::Array(elements) => Value::Array(elements.iter().filter_map(without_directives).collect()),
        other => other.clone(),
    })
}

/// What is not there yet is added.
fn scalars(original: &mut Vec<Value>, patch: &[Value]) {
    let mut seen: HashSet<String> = original.iter().map(Value::to_string).collect();
    original.extend(patch.iter().filter(|element| seen.insert(element.to_string())).cloned());
}

/// Elements that are known by a field are merged, others added; `$patch: delete` takes one away, `$patch: replace` all that
/// were there.
fn keyed(
    original: &mut Vec<Value>,
    patch: &[Value],
    key: &'static str,
    message: &'static Message,
) -> Result<(), String> {
    let of = |element: &Value| element.get(key).map(Value::to_string);
    let missing = |element: &Value| format!("map: {element} does not contain declared merge key: {key}");
    let directive = |element: &Value| element.get(DIRECTIVE).and_then(Value::as_str).map(str::to_owned);
    if patch.iter().any(|element| directive(element).as_deref() == Some("replace")) {
        original.clear();
    }
    let mut gone = HashSet::new();
    for element in patch {
        match directive(element).as_deref() {
            Some("delete") => {
                gone.insert(of(element).ok_or_else(|| missing(element))?);
            }
            None | Some("replace") => {}
            Some("merge") => return Err("merging lists cannot yet be specified in the patch".to_owned()),
            Some(other) => return Err(format!("unknown patch type [{other}] in map [{element}]")),
        }
    }
    original.retain(|element| of(element).is_none_or(|key| !gone.contains(&key)));
    let mut places: HashMap<String, usize> =
        original.iter().enumerate().filter_map(|(place, element)| Some((of(element)?, place))).collect();
    for element in patch.iter().filter(|element| directive(element).is_none()) {
        let name = of(element).ok_or_else(|| missing(element))?;
        let place = places.get(&name).copied().and_then(|place| original.get_mut(place));
        if let (Some(Value::Object(original)), Value::Object(patch)) = (place, element) {
            object(original, patch, Some(message))?;
        } else {
            places.insert(name, original.len());
            original.extend(without_directives(element));
        }
    }
    Ok(())
}

/// Elements that the client knows stand in its order; those that only the server knows stay before what they stood before
/// (`normalizeElementOrder`).
fn put_in_order(elements: &mut Vec<Value>, order: &[Value], key: Option<&str>) {
    let name = |element: &Value| match key {
        Some(key) => element.get(key).map(Value::to_string).unwrap_or_default(),
        None => element.to_string(),
    };
    let wanted: HashMap<String, usize> =
        order.iter().enumerate().map(|(place, element)| (name(element), place)).collect();
    let before: HashMap<String, usize> =
        elements.iter().enumerate().map(|(place, element)| (name(element), place)).collect();
    let (mut known, others): (Vec<Value>, Vec<Value>) =
        std::mem::take(elements).into_iter().partition(|element| wanted.contains_key(&name(element)));
    known.sort_by_key(|element| wanted.get(&name(element)).copied());
    let mut others = others.into_iter().peekable();
    for element in known {
        let place = before.get(&name(&element));
        while others.peek().is_some_and(|other| before.get(&name(other)) < place) {
            elements.extend(others.next());
        }
        elements.push(element);
    }
    elements.extend(others);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::schema::find;
    use serde_json::json;

    fn merged(metadata: &Value, patch: &Value) -> Result<Value, String> {
        let mut value = json!({ "metadata": metadata });
        let kind = find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap();
        merge(&mut value, &json!({ "metadata": patch }), kind.message)?;
        Ok(value["metadata"].take())
    }

    #[test]
    fn directives_are_followed() {
        let owner = |uid: &str, name: &str| json!({"uid": uid, "name": name});
        for (original, patch, expected) in [
            (
                json!({"labels": {"a": "1"}}),
                json!({"labels": {"$patch": "replace", "b": "2"}}),
                json!({"labels": {"b": "2"}}),
            ),
            (json!({"labels": {"a": "1"}}), json!({"labels": {"$patch": "delete"}}), json!({"labels": {}})),
            (
                json!({"labels": {"a": "1", "b": "2"}}),
                json!({"labels": {"$retainKeys": ["b", "c"], "c": "3"}}),
                json!({"labels": {"b": "2", "c": "3"}}),
            ),
            (json!({}), json!({"labels": {"a": null, "b": "2"}}), json!({"labels": {"b": "2"}})),
            (
                json!({"finalizers": ["a", "b", "c"]}),
                json!({"$deleteFromPrimitiveList/finalizers": ["b"], "finalizers": ["d"],
                    "$setElementOrder/finalizers": ["d", "c", "a"]}),
                json!({"finalizers": ["d", "c", "a"]}),
            ),
            (
                json!({"finalizers": ["server", "a", "b"]}),
                json!({"$setElementOrder/finalizers": ["b", "a"]}),
                json!({"finalizers": ["server", "b", "a"]}),
            ),
            (
                json!({"ownerReferences": [owner("1", "a"), owner("2", "b")]}),
                json!({"ownerReferences": [owner("2", "c"), owner("3", "d"), {"uid": "1", "$patch": "delete"}]}),
                json!({"ownerReferences": [owner("2", "c"), owner("3", "d")]}),
            ),
            (
                json!({"ownerReferences": [owner("1", "a")]}),
                json!({"ownerReferences": [{"$patch": "replace"}, owner("2", "b")]}),
                json!({"ownerReferences": [owner("2", "b")]}),
            ),
            (json!({"generateName": "a"}), json!({"generateName": {"$patch": "delete"}}), json!({})),
        ] {
            assert_eq!(merged(&original, &patch), Ok(expected), "{patch}");
        }
        assert!(
            merged(&json!({"ownerReferences": []}), &json!({"ownerReferences": [{"name": "x"}]})).is_err()
        );
        assert!(
            merged(&json!({"labels": {}}), &json!({"labels": {"$retainKeys": ["b"], "c": "3"}})).is_err()
        );
        assert!(merged(&json!({}), &json!({"$deleteFromPrimitiveList/finalizers": "x"})).is_err());
    }
}
