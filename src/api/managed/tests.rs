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

fn object(metadata: Value) -> Value {
    let mut object = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "x", "uid": "1"},
        "spec": {"request": "YQ==", "signerName": "example.com/a", "usages": ["any"]}, "status": {},
    });
    for (name, value) in metadata.as_object().unwrap() {
        object["metadata"][name] = value.clone();
    }
    object
}

fn applied(current: Option<&Value>, manager: &str, metadata: Value, force: bool) -> Result<Value, Status> {
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
    let mut new = object(json!({"labels": {"a": "1"}}));
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
    track(Some(&new), &mut approved, kind(), &writer("kubectl", "approval"));
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
    track(Some(&approved), &mut same, kind(), &writer("other", ""));
    assert_eq!(same, approved);
    // One entry that is empty takes all away.
    let mut reset = approved.clone();
    reset["metadata"]["managedFields"] = json!([{}]);
    track(Some(&approved), &mut reset, kind(), &writer("other", ""));
    assert_eq!(reset["metadata"].get("managedFields"), None);
}

#[test]
fn an_apply_owns_what_it_says_and_takes_away_what_it_does_not_say_any_more() {
    let first = applied(None, "one", json!({"labels": {"a": "1", "b": "2"}}), false).unwrap();
    assert_eq!(first["spec"]["signerName"], "example.com/a");
    assert_eq!(
        first["metadata"]["managedFields"][0]["fieldsV1"],
        json!({"f:metadata": {"f:labels": {"f:a": {}, "f:b": {}}}})
    );
    let second = applied(Some(&first), "two", json!({"labels": {"b": "2", "c": "3"}}), false).unwrap();
    assert_eq!(second["metadata"]["labels"], json!({"a": "1", "b": "2", "c": "3"}));
    let third = applied(Some(&second), "one", json!({"finalizers": ["x.y/z"]}), false).unwrap();
    assert_eq!(third["metadata"]["labels"], json!({"b": "2", "c": "3"}), "b belongs to two as well");
    assert_eq!(third["metadata"]["finalizers"], json!(["x.y/z"]));
    let fourth = applied(Some(&third), "one", json!({}), false).unwrap();
    assert_eq!(fourth["metadata"].get("finalizers"), None);
    assert_eq!(applied(Some(&fourth), "one", json!({}), false).unwrap(), fourth);
}

#[test]
fn what_another_owns_is_a_conflict_unless_it_is_forced() {
    let first = applied(None, "one", json!({"labels": {"a": "1"}}), false).unwrap();
    let status = applied(Some(&first), "two", json!({"labels": {"a": "2"}}), false).unwrap_err();
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
    let forced = applied(Some(&first), "two", json!({"labels": {"a": "2"}}), true).unwrap();
    assert_eq!(forced["metadata"]["managedFields"].as_array().unwrap().len(), 1);
    let mut created = object(json!({"labels": {"a": "1", "b": "1"}}));
    track(None, &mut created, kind(), &writer("kubectl-create", ""));
    let status = applied(Some(&created), "two", json!({"labels": {"a": "2", "b": "2"}}), false).unwrap_err();
    assert_eq!(
        status.message,
        "Apply failed with 2 conflicts: conflicts with \"kubectl-create\" using certificates.k8s.io/v1 at \
         2026-11-22T05:13:14Z:\n- .metadata.labels.a\n- .metadata.labels.b"
    );
}

#[test]
fn kubectl_takes_over_what_it_has_applied_before() {
    let last = json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": "x", "labels": {"a": "1"}}, "spec": object(json!({}))["spec"]});
    let annotation = json!({"kubectl.kubernetes.io/last-applied-configuration": last.to_string()});
    let mut live = object(json!({"labels": {"a": "1"}, "annotations": annotation}));
    track(None, &mut live, kind(), &writer("kubectl-client-side-apply", ""));
    assert!(applied(Some(&live), "other", json!({"labels": {"a": "2"}}), false).is_err());
    let value = applied(Some(&live), "kubectl", json!({"labels": {"a": "2"}}), false).unwrap();
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
        (json!({"metadata": {"managedFields": [{"manager": "x"}]}}), "metadata.managedFields must be nil"),
    ] {
        let patch = patch.to_string();
        let status = apply(patch.as_bytes(), None, kind(), &options, &writer("a", "")).unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (400, message));
    }
    let yaml = b"apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: y}\n";
    assert_eq!(apply(yaml, None, kind(), &options, &writer("a", "")).unwrap().value["metadata"]["name"], "y");
}

#[test]
fn many_writers_come_to_one() {
    let mut current = object(json!({}));
    track(None, &mut current, kind(), &writer("first", ""));
    for number in 0..30 {
        let before = current.clone();
        current["metadata"]["labels"][format!("l{number}")] = json!("1");
        if number == 0 {
            track(None, &mut current, kind(), &writer("m0", ""));
        } else {
            track(Some(&before), &mut current, kind(), &writer(&format!("m{number}"), ""));
        }
    }
    let entries = current["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(entries.len(), 10);
    assert!(entries.iter().any(|entry| entry["manager"] == "ancient-changes"));
}
