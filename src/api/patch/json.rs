//! Lists of operations (RFC 6902), bounded: `copy` and `move` could otherwise make much, or something deep, out of little.

use json_patch::{Patch, PatchOperation};
use serde_json::Value;

use crate::api::codec::{self, MAX_BODY};
use crate::api::status::{Details, Status};

/// How many operations a patch may have (`maxJSONPatchOperations`).
const OPERATIONS: usize = 10_000;

/// How deep an object may get: as deep as JSON is read.
const DEPTH: usize = 128;

/// Carries out a patch.
pub(super) fn apply(patch: &[u8], value: &mut Value) -> Result<(), Status> {
    // A field that stands there twice is the last of them, as in any JSON.
    let operations = serde_json::from_slice(patch).and_then(serde_json::from_value::<Patch>);
    let Patch(operations) =
        operations.map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))?;
    if operations.len() > OPERATIONS {
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS}, got {}",
            operations.len()
        );
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    }
    // What upstream allows copies to come to; here moves count too.
    let mut budget = MAX_BODY;
    for operation in &operations {
        let from = match operation {
            PatchOperation::Copy(copy) => Some(&copy.from),
            PatchOperation::Move(moved) => Some(&moved.from),
            _ => None,
        };
        let own = match operation {
            PatchOperation::Add(add) => Some(&add.value),
            PatchOperation::Replace(replace) => Some(&replace.value),
            _ => None,
        };
        let moved = from.and_then(|from| value.pointer(from.as_str()));
        let above = operation.path().as_str().matches('/').count();
        if let Some(moved) = moved.or(own) {
            let room = DEPTH.checked_sub(above).ok_or_else(refused)?;
            let size = size(moved, room).ok_or_else(refused)?;
            if from.is_some() {
                budget = budget.checked_sub(size).ok_or_else(refused)?;
            }
        }
        json_patch::patch(value, std::slice::from_ref(operation)).map_err(|_| refused())?;
    }
    Ok(())
}

/// What strict decoding finds in a patch, in the words of upstream.
pub(super) fn faults(patch: &[u8]) -> Vec<String> {
    const KNOWN: [&str; 4] = ["op", "path", "from", "value"];
    let faults = codec::strict_faults(patch, Some(&KNOWN));
    faults.into_iter().map(|fault| format!("json patch {fault}")).collect()
}

/// It cannot be done (`NewGenericServerResponse`).
fn refused() -> Status {
    let message = "the server rejected our request due to an error in our request";
    Status::new(422, "Invalid", message).about(Details::default())
}

/// About how many bytes a value is, unless it is deeper than this.
fn size(value: &Value, room: usize) -> Option<usize> {
    let inner = room.checked_sub(1)?;
    match value {
        Value::Array(elements) => {
            elements.iter().try_fold(2, |sum: usize, element| sum.checked_add(size(element, inner)?))
        }
        Value::Object(fields) => fields
            .iter()
            .try_fold(2, |sum: usize, (name, value)| sum.checked_add(name.len() + 4 + size(value, inner)?)),
        Value::String(text) => Some(text.len() + 3),
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn much_cannot_be_made_of_little() {
        let double = json!({"op": "copy", "from": "/a", "path": "/a/-"});
        let patch = Value::from(vec![double; 100]).to_string();
        let mut value = json!({"a": ["x".repeat(1000)]});
        assert_eq!(apply(patch.as_bytes(), &mut value).unwrap_err().code, 422);
        let nothing = json!({"op": "test", "path": "/a", "value": 1});
        let patch = Value::from(vec![nothing; OPERATIONS + 1]).to_string();
        assert_eq!(apply(patch.as_bytes(), &mut json!({"a": 1})).unwrap_err().code, 413);
    }

    #[test]
    fn nothing_gets_deeper_than_json_is_read() {
        let mut operations = vec![json!({"op": "add", "path": "/a", "value": {}})];
        for _ in 0..200 {
            operations.push(json!({"op": "add", "path": "/b", "value": {}}));
            operations.push(json!({"op": "move", "from": "/a", "path": "/b/a"}));
            operations.push(json!({"op": "move", "from": "/b", "path": "/a"}));
        }
        let patch = Value::from(operations).to_string();
        assert_eq!(apply(patch.as_bytes(), &mut json!({})).unwrap_err().code, 422);
    }
}
