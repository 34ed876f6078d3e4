//! Who owns which field: `metadata.managedFields`, and server-side apply
//! (`k8s.io/apimachinery/pkg/util/managedfields`, `sigs.k8s.io/structured-merge-diff/merge`).

mod entry;
mod set;
mod walk;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::codec::{self, Decoded, Format};
use super::options::{FieldValidation, WriteOptions};
use super::schema::ObjectKind;
use super::status::{Cause, Details, Status};
use entry::{Entries, Operation};
use set::Set;

/// Who writes, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// The part of the object that is written to, or nothing.
    pub subresource: &'a str,
    /// Now.
    pub now: OffsetDateTime,
}

/// What a write to a part of a request cannot change, and so nobody comes to own by it
/// (`pkg/registry/certificates/certificates/strategy.go`, `GetResetFields`).
fn reset(kind: &ObjectKind, subresource: &str) -> &'static [&'static [&'static str]] {
    match (kind.kind, subresource) {
        ("CertificateSigningRequest", "") => &[&["spec"], &["status"]],
        ("CertificateSigningRequest", "status") => &[&["spec"], &["status", "conditions"]],
        ("CertificateSigningRequest", "approval") => &[&["spec"], &["status", "certificate"]],
        _ => &[],
    }
}

/// What the server says about an object; nobody owns it (`stripMetaManager`).
const SERVERS: [&str; 8] = [
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// Notes in `new` who owns what, now that the writer has made `new` out of `old`, or out of nothing. It is called with what
/// the client wants to be stored, before the server fills anything in.
pub fn track(old: Option<Value>, new: &mut Value, kind: &'static ObjectKind, writer: &Writer<'_>) {
    let before = old.as_ref().map(Entries::of).unwrap_or_default();
    let said = Entries::said(new);
    let mut entries = match said {
        // A client may take it all away, or put it right; but not where it writes to a part.
        Some(said) if writer.subresource.is_empty() => said,
        _ => before,
    };
    take(new);
    // Nobody has owned anything yet, and nobody does by an update.
    if entries.is_empty() && old.is_some() {
        return;
    }
    let empty = Value::Object(Map::new());
    let mut old = old.unwrap_or(empty);
    take(&mut old);
    let mut changes = walk::changes(&old, new, kind.message);
    for path in reset(kind, writer.subresource) {
        changes.added.remove(path);
        changes.modified.remove(path);
        changes.removed.remove(path);
    }
    let mut changed = changes.added.union(&changes.modified);
    entries.lose(&changed, None);
    entries.lose(&changes.removed, None);
    strip(&mut changed);
    let operation = Operation::Update;
    if !changed.is_empty() {
        let entry = entries.entry(writer, operation, kind);
        entry.set = std::mem::take(&mut entry.set).union(&changed);
        entry.time = Some(crate::moment::rfc3339(writer.now));
    }
    entries.cap();
    entries.put(new);
}

/// Server-side apply: the writer owns what the patch says, and what it has said before and does not say now is gone, unless
/// another owns it too.
///
/// # Errors
/// 400 when the patch is no such object; 409 when another owns what it would change, unless it is forced.
pub(super) fn apply(
    patch: &[u8],
    current: Option<&Value>,
    kind: &'static ObjectKind,
    options: &WriteOptions,
    writer: &Writer<'_>,
) -> Result<Decoded, Status> {
    let format = if patch.trim_ascii_start().starts_with(b"{") { Format::Json } else { Format::Yaml };
    let decoded = codec::decode(format, patch, kind, FieldValidation::Warn)?;
    let (applied, faults) = (decoded.value, decoded.warnings);
    refuse_unknown(&applied, &faults, kind)?;
    let warnings = match options.field_validation {
        FieldValidation::Strict if !faults.is_empty() => {
            let message = format!("error strict decoding patch: {}", faults.join(", "));
            return Err(Status::bad_request(message));
        }
        FieldValidation::Warn => faults,
        _ => Vec::new(),
    };
    if applied.pointer("/metadata/managedFields").is_some() {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let mut live =
        current.cloned().unwrap_or_else(|| json!({"apiVersion": kind.api_version(), "kind": kind.kind}));
    let mut entries = Entries::of(&live);
    take(&mut live);
    if entries.is_empty() && current.is_some() {
        let all = walk::changes(&Value::Object(Map::new()), &live, kind.message).added;
        entries.before_first_apply(all, writer, kind);
    }
    let mut value = live.clone();
    walk::merge(&mut value, &applied, kind.message);
    let mut set = walk::said(&applied, kind.message);
    for path in reset(kind, writer.subresource) {
        set.remove(path);
    }
    strip(&mut set);
    let entry = entries.entry(writer, Operation::Apply, kind);
    let before = std::mem::replace(&mut entry.set, set);
    let changed_set = before != entry.set;
    walk::prune(&mut value, &before, &entries.union(), kind.message);
    let mut changes = walk::changes(&live, &value, kind.message);
    for path in reset(kind, writer.subresource) {
        changes.added.remove(path);
        changes.modified.remove(path);
        changes.removed.remove(path);
    }
    let changed = changes.added.union(&changes.modified);
    let conflicts = entries.conflicts(&changed, writer);
    let own = |conflicts: &[(String, Vec<String>)]| {
        writer.manager == "kubectl" && entry::from_last_applied(conflicts, &live, kind)
    };
    if !conflicts.is_empty() && !options.force && !own(&conflicts) {
        return Err(conflict(&conflicts));
    }
    let me = Some((writer, Operation::Apply));
    entries.lose(&changed, me);
    entries.lose(&changes.removed, me);
    if changed_set || value != live {
        entries.entry(writer, Operation::Apply, kind).time = Some(crate::moment::rfc3339(writer.now));
    }
    entries.put(&mut value);
    // What was left empty is written as if it had never been there.
    let (value, _) = codec::hold(value, kind).map_err(Status::bad_request)?;
    Ok(Decoded { value, warnings })
}

/// What is in no type cannot be owned.
fn refuse_unknown(applied: &Value, faults: &[String], kind: &ObjectKind) -> Result<(), Status> {
    let unknown: Vec<String> = faults
        .iter()
        .filter_map(|fault| fault.strip_prefix("unknown field "))
        .map(|path| format!(".{}: field not declared in schema", path.trim_matches('"')))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let name = applied.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let list = match &unknown[..] {
        [one] => one.clone(),
        _ => format!("errors:\n  {}", unknown.join("\n  ")),
    };
    Err(Status::bad_request(format!(
        "failed to create typed patch object (/{name}; {}, Kind={}): {list}",
        kind.api_version(),
        kind.kind
    )))
}

/// Others own what would change (`NewConflictError`).
fn conflict(conflicts: &[(String, Vec<String>)]) -> Status {
    let causes: Vec<Cause> = conflicts
        .iter()
        .flat_map(|(manager, paths)| paths.iter().map(move |path| (manager, path)))
        .map(|(manager, path)| Cause {
            reason: "FieldManagerConflict".to_owned(),
            message: format!("conflict with {manager}"),
            field: path.clone(),
        })
        .collect();
    let message = if let ([(manager, _)], [cause]) = (conflicts, &causes[..]) {
        format!("Apply failed with 1 conflict: conflict with {manager}: {}", cause.field)
    } else {
        let told = |(manager, paths): &(String, Vec<String>)| {
            let paths: String = paths.iter().map(|path| format!("\n- {path}")).collect();
            format!("conflicts with {manager}:{paths}")
        };
        let list: Vec<String> = conflicts.iter().map(told).collect();
        format!("Apply failed with {} conflicts: {}", causes.len(), list.join("\n"))
    };
    Status::new(409, "Conflict", message).about(Details { causes, ..Details::default() })
}

/// Takes the list of owners out of an object.
fn take(value: &mut Value) {
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
}

/// Nobody owns what the server says.
fn strip(set: &mut Set) {
    for name in SERVERS {
        set.remove(&["metadata", name]);
    }
    set.below.remove("f:apiVersion");
    set.below.remove("f:kind");
    set.own = false;
    if let Some(metadata) = set.below.get_mut("f:metadata") {
        metadata.own = false;
        if metadata.is_empty() {
            set.below.remove("f:metadata");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::*;
    use crate::api::patch::{self, PatchType};
    use crate::api::schema::find;

    fn kind() -> &'static ObjectKind {
        find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap()
    }

    fn writer<'a>(manager: &'a str, subresource: &'a str) -> Writer<'a> {
        Writer { manager, subresource, now: datetime!(2026-11-22 05:13:14 UTC) }
    }

    fn object(metadata: &Value) -> Value {
        let mut object = json!({
            "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "x", "uid": "1"},
            "spec": {"request": "YQ==", "signerName": "example.com/a", "usages": ["any"]}, "status": {},
        });
        for (name, value) in metadata.as_object().unwrap() {
            object["metadata"][name] = value.clone();
        }
        object
    }

    fn applied(
        current: Option<&Value>,
        manager: &str,
        metadata: &Value,
        force: bool,
    ) -> Result<Value, Status> {
        let mut patch = object(metadata);
        patch["metadata"].as_object_mut().unwrap().remove("uid");
        patch.as_object_mut().unwrap().remove("status");
        let options = WriteOptions { force, ..WriteOptions::default() };
        let bytes = patch.to_string();
        let writer = writer(manager, "");
        patch::apply(PatchType::Apply, bytes.as_bytes(), current, kind(), &options, &writer)
            .map(|decoded| decoded.value)
    }

    #[test]
    fn an_update_owns_what_it_changes() {
        let mut new = object(&json!({"labels": {"a": "1"}}));
        track(None, &mut new, kind(), &writer("kubectl-create", ""));
        assert_eq!(
            new["metadata"]["managedFields"],
            json!([{
                "manager": "kubectl-create", "operation": "Update", "apiVersion": "certificates.k8s.io/v1",
                "time": "2026-11-22T05:13:14Z", "fieldsType": "FieldsV1",
                "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:a": {}}}},
            }])
        );
        let mut approved = new.clone();
        approved["status"]["conditions"] = json!([{"type": "Approved", "status": "True"}]);
        approved["metadata"]["labels"]["a"] = json!("2");
        track(Some(new.clone()), &mut approved, kind(), &writer("kubectl", "approval"));
        let entries = approved["metadata"]["managedFields"].as_array().unwrap();
        assert_eq!(
            entries[0]["fieldsV1"],
            json!({"f:metadata": {"f:labels": {"f:a": {}}}, "f:status": {"f:conditions":
        {".": {}, "k:{\"type\":\"Approved\"}": {".": {}, "f:status": {}, "f:type": {}}}}})
        );
        assert_eq!(entries[0]["subresource"], "approval");
        assert_eq!(entries[1]["fieldsV1"], json!({"f:metadata": {"f:labels": {}}}));
        // An update that changes nothing changes no owner.
        let mut same = approved.clone();
        track(Some(approved.clone()), &mut same, kind(), &writer("other", ""));
        assert_eq!(same, approved);
        // One entry that is empty takes all away.
        let mut reset = approved.clone();
        reset["metadata"]["managedFields"] = json!([{}]);
        track(Some(approved.clone()), &mut reset, kind(), &writer("other", ""));
        assert_eq!(reset["metadata"].get("managedFields"), None);
    }

    #[test]
    fn an_apply_owns_what_it_says_and_takes_away_what_it_does_not_say_any_more() {
        let first = applied(None, "one", &json!({"labels": {"a": "1", "b": "2"}}), false).unwrap();
        assert_eq!(first["spec"]["signerName"], "example.com/a");
        assert_eq!(
            first["metadata"]["managedFields"][0]["fieldsV1"],
            json!({"f:metadata": {"f:labels": {"f:a": {}, "f:b": {}}}})
        );
        let second = applied(Some(&first), "two", &json!({"labels": {"b": "2", "c": "3"}}), false).unwrap();
        assert_eq!(second["metadata"]["labels"], json!({"a": "1", "b": "2", "c": "3"}));
        let third = applied(Some(&second), "one", &json!({"finalizers": ["x.y/z"]}), false).unwrap();
        assert_eq!(third["metadata"]["labels"], json!({"b": "2", "c": "3"}), "b belongs to two as well");
        assert_eq!(third["metadata"]["finalizers"], json!(["x.y/z"]));
        let fourth = applied(Some(&third), "one", &json!({}), false).unwrap();
        assert_eq!(fourth["metadata"].get("finalizers"), None);
        assert_eq!(applied(Some(&fourth), "one", &json!({}), false).unwrap(), fourth);
    }

    #[test]
    fn what_another_owns_is_a_conflict_unless_it_is_forced() {
        let first = applied(None, "one", &json!({"labels": {"a": "1"}}), false).unwrap();
        let status = applied(Some(&first), "two", &json!({"labels": {"a": "2"}}), false).unwrap_err();
        assert_eq!(
            (status.code, status.message.as_str()),
            (409, "Apply failed with 1 conflict: conflict with \"one\": .metadata.labels.a")
        );
        assert_eq!(
            status.details.unwrap().causes,
            [Cause {
                reason: "FieldManagerConflict".to_owned(),
                message: "conflict with \"one\"".to_owned(),
                field: ".metadata.labels.a".to_owned(),
            }]
        );
        let forced = applied(Some(&first), "two", &json!({"labels": {"a": "2"}}), true).unwrap();
        assert_eq!(forced["metadata"]["managedFields"].as_array().unwrap().len(), 1);
        let mut created = object(&json!({"labels": {"a": "1", "b": "1"}}));
        track(None, &mut created, kind(), &writer("kubectl-create", ""));
        let status =
            applied(Some(&created), "two", &json!({"labels": {"a": "2", "b": "2"}}), false).unwrap_err();
        assert_eq!(
            status.message,
            "Apply failed with 2 conflicts: conflicts with \"kubectl-create\" using certificates.k8s.io/v1 at \
         2026-11-22T05:13:14Z:\n- .metadata.labels.a\n- .metadata.labels.b"
        );
    }

    #[test]
    fn kubectl_takes_over_what_it_has_applied_before() {
        let last = json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": "x", "labels": {"a": "1"}}, "spec": object(&json!({}))["spec"]});
        let annotation = json!({"kubectl.kubernetes.io/last-applied-configuration": last.to_string()});
        let mut live = object(&json!({"labels": {"a": "1"}, "annotations": annotation}));
        track(None, &mut live, kind(), &writer("kubectl-client-side-apply", ""));
        assert!(applied(Some(&live), "other", &json!({"labels": {"a": "2"}}), false).is_err());
        let value = applied(Some(&live), "kubectl", &json!({"labels": {"a": "2"}}), false).unwrap();
        assert_eq!(value["metadata"]["labels"]["a"], "2");
    }

    #[test]
    fn a_patch_must_say_what_it_is_and_nothing_else() {
        let options = WriteOptions::default();
        for (patch, message) in [
            (
                json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                "metadata": {"name": "x"}, "spec": {"bogus": 1}}),
                "failed to create typed patch object (/x; certificates.k8s.io/v1, Kind=CertificateSigningRequest): \
             .spec.bogus: field not declared in schema",
            ),
            (
                json!({"metadata": {"managedFields": [{"manager": "x"}]}}),
                "metadata.managedFields must be nil",
            ),
        ] {
            let patch = patch.to_string();
            let status = apply(patch.as_bytes(), None, kind(), &options, &writer("a", "")).unwrap_err();
            assert_eq!((status.code, status.message.as_str()), (400, message));
        }
        let yaml =
            b"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: y}\n";
        assert_eq!(
            apply(yaml, None, kind(), &options, &writer("a", "")).unwrap().value["metadata"]["name"],
            "y"
        );
    }

    #[test]
    fn many_writers_come_to_one() {
        let mut current = object(&json!({}));
        track(None, &mut current, kind(), &writer("first", ""));
        for number in 0..30 {
            let before = current.clone();
            current["metadata"]["labels"][format!("l{number}")] = json!("1");
            if number == 0 {
                track(None, &mut current, kind(), &writer("m0", ""));
            } else {
                track(Some(before.clone()), &mut current, kind(), &writer(&format!("m{number}"), ""));
            }
        }
        let entries = current["metadata"]["managedFields"].as_array().unwrap();
        assert_eq!(entries.len(), 10);
        assert!(entries.iter().any(|entry| entry["manager"] == "ancient-changes"));
    }
}
