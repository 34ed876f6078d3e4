//! What clients send to the API: the first byte chooses the form, the rest is a body, a patch or a selector. What is read
//! must say the same in every format; what is not must be refused with a Status.
#![no_main]

use std::sync::OnceLock;

use kubepki::api::accept::Accept;
use kubepki::api::codec::{self, Format};
use kubepki::api::managed::{self, Writer};
use kubepki::api::options::{FieldValidation, WriteOptions};
use kubepki::api::patch::{self, PatchType};
use kubepki::api::pretty::pretty;
use kubepki::api::schema::{KINDS, find};
use kubepki::api::selector::Selector;
use kubepki::api::{discovery, openapi, review, trust_bundle, trust_file};
use kubepki::csr::User;
use kubepki::csr::load::permissions;
use serde_json::Value;
use time::macros::datetime;

const VERSION: &str = "certificates.k8s.io/v1";

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((form, body)) = bytes.split_first() else { return };
    match form % 10 {
        0 => read(Format::Json, body),
        1 => read(Format::Yaml, body),
        2 => read(Format::Protobuf, body),
        3 => apply(PatchType::Json, body),
        4 => apply(PatchType::Merge, body),
        5 => apply(PatchType::Strategic, body),
        6 => apply(PatchType::Apply, body),
        7 => text(&String::from_utf8_lossy(body)),
        8 => rights(&String::from_utf8_lossy(body)),
        _ => file(&String::from_utf8_lossy(body)),
    }
});

fn read(format: Format, body: &[u8]) {
    for kind in KINDS {
        let Ok(decoded) = codec::decode(format, body, kind, FieldValidation::Ignore) else { continue };
        let value = decoded.value;
        for format in [Format::Json, Format::Yaml, Format::Protobuf] {
            let bytes = codec::encode(format, &value).unwrap();
            if format == Format::Json {
                assert_eq!(serde_json::from_slice::<Value>(&pretty(&bytes)).unwrap(), value);
            }
            let again = codec::decode(format, &bytes, kind, FieldValidation::Strict).unwrap();
            assert_eq!(again.value, value, "{format:?}");
        }
        let _ = (trust_bundle::create(&value), trust_bundle::update(&value, &value));
    }
}

fn apply(patch_type: PatchType, body: &[u8]) {
    static STORED: OnceLock<Value> = OnceLock::new();
    let kind = find(VERSION, "CertificateSigningRequest").unwrap();
    let writer = |manager| Writer { manager, subresource: "", now: datetime!(2026-11-22 12:00 UTC) };
    let stored = STORED.get_or_init(|| {
        let mut object = serde_json::json!({
            "apiVersion": VERSION, "kind": kind.kind,
            "metadata": {"name": "x", "uid": "1", "labels": {"a": "1", "b": "2"}, "finalizers": ["a", "b"],
                "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "1"}]},
            "spec": {"request": "YQ==", "signerName": "example.com/a", "usages": ["client auth"]},
            "status": {"conditions": [{"type": "Approved", "status": "True"}]},
        });
        managed::track(None, &mut object, kind, &writer("kubectl"));
        object
    });
    let options = WriteOptions { force: body.len() % 2 == 0, ..WriteOptions::default() };
    let Ok(patched) = patch::apply(patch_type, body, Some(stored), kind, &options, &writer("me")) else {
        return;
    };
    // How strictly it is read changes nothing but what is told.
    for field_validation in [FieldValidation::Ignore, FieldValidation::Strict] {
        let options = WriteOptions { field_validation, ..options.clone() };
        let again = patch::apply(patch_type, body, Some(stored), kind, &options, &writer("me"));
        let told = field_validation == FieldValidation::Strict && !patched.warnings.is_empty();
        assert_eq!(
            again.map(|again| (again.value, again.warnings)).ok(),
            (!told).then(|| (patched.value.clone(), Vec::new()))
        );
    }
    let mut value = patched.value;
    let (held, faults) = codec::hold(value.clone(), kind).unwrap();
    assert!(held == value && faults.is_empty());
    if patch_type == PatchType::Apply {
        // Once more, and nothing is left to do.
        let again = patch::apply(patch_type, body, Some(&value), kind, &options, &writer("me")).unwrap();
        assert_eq!(again.value, value);
    } else {
        managed::track(Some(stored), &mut value, kind, &writer("me"));
    }
}

fn text(text: &str) {
    let (one, other) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(selector) = Selector::read(one, other, VERSION, "certificatesigningrequests") {
        let _ = selector.matches(None, one, other);
    }
    let _ = (Accept::of(text), discovery::Form::of(text), openapi::v2(one).is_ok());
    let _ = (Format::of_content_type(text), PatchType::of_content_type(text));
    for kind in ["CreateOptions", "PatchOptions"] {
        let query = [("fieldManager", one), ("fieldValidation", other), ("dryRun", other), ("force", one)];
        let _ = WriteOptions::read(kind, false, query);
    }
    let _ = trust_bundle::bundle_faults(text);
}

/// Manifests of roles, and what two users may by them.
fn rights(text: &str) {
    let Ok((rbac, _)) = permissions(text) else { return };
    let kind = find("authorization.k8s.io/v1", "SelfSubjectRulesReview").unwrap();
    for (name, groups) in [("jane", &["dev".to_owned()][..]), ("system:serviceaccount:a:b", &[])] {
        let user = User::known(name, groups);
        let asked = serde_json::json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {}});
        let answer = review::rules(&asked, &rbac.rights(&user, "a"));
        let (_, faults) = codec::hold(answer.clone(), kind).unwrap();
        assert!(faults.is_empty(), "{faults:?}");
        let again = |value: &Value| {
            let bytes = codec::encode(Format::Protobuf, value).unwrap();
            codec::decode(Format::Protobuf, &bytes, kind, FieldValidation::Strict).unwrap().value
        };
        // In protobuf an empty list and none are the same; all else stays, however often it is sent.
        let told = again(&answer);
        assert_eq!(again(&told), told);
        for list in ["/status/resourceRules", "/status/nonResourceRules"] {
            let count = |value: &Value| value.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
            assert_eq!(count(&told), count(&answer));
        }
    }
}

/// A file with trust bundles, or any other text: what becomes pretty says the same.
fn file(text: &str) {
    let _ = trust_file::bundles(text);
    let pretty = pretty(text.as_bytes());
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    if let Some(value) = read(text.as_bytes()) {
        assert_eq!(read(&pretty), Some(value));
    }
    let _ =
        (codec::strict_faults(text.as_bytes(), None), codec::strict_faults(text.as_bytes(), Some(&["op"])));
}
