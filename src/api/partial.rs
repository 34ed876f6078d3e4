//! Objects of which only the metadata is answered.

use serde_json::{Value, json};

use super::with;

/// The metadata of an object, as `meta.k8s.io` has it in a version.
#[must_use]
pub fn partial(object: &Value, version: &str) -> Value {
    of_metadata(object.get("metadata").cloned().unwrap_or_else(|| json!({})), version)
}

/// The same, of the metadata alone.
#[must_use]
pub fn of_metadata(metadata: Value, version: &str) -> Value {
    let kind = json!({"kind": "PartialObjectMetadata", "apiVersion": format!("meta.k8s.io/{version}")});
    with(kind, "metadata", metadata)
}

/// A list of them, from a list of objects.
#[must_use]
pub fn partial_list(list: &Value, version: &str) -> Value {
    let items = list.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let items: Vec<Value> = items.iter().map(|item| partial(item, version)).collect();
    let list = json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": format!("meta.k8s.io/{version}"),
        "metadata": list.get("metadata").cloned().unwrap_or_else(|| json!({})),
    });
    with(list, "items", Value::Array(items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_left_out() {
        let object = json!({"kind": "X", "metadata": {"name": "a"}, "spec": {"b": 1}});
        let expected = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}});
        assert_eq!(partial(&object, "v1"), expected);
        let list = json!({"metadata": {"resourceVersion": "7"}, "items": [object]});
        assert_eq!(
            partial_list(&list, "v1"),
            json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": "7"}, "items": [expected],
            })
        );
    }
}
