//! `metadata` of a new object: what its name may be, and everything beside.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kubepki::csr::validate;

use crate::bed::{CLIENT, Edit, ask, texts};

type Row = (&'static str, fn(&mut ObjectMeta), Vec<&'static str>);

const QUALIFIED: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

fn name(metadata: &mut ObjectMeta, name: &str) {
    metadata.name = Some(name.to_owned());
}

fn map(key: &str, value: &str) -> Option<BTreeMap<String, String>> {
    Some(BTreeMap::from([(key.to_owned(), value.to_owned())]))
}

fn owner() -> OwnerReference {
    OwnerReference {
        api_version: "v1".into(),
        kind: "Node".into(),
        name: "n".into(),
        uid: "u".into(),
        controller: Some(true),
        block_owner_deletion: None,
    }
}

/// What the metadata is, and what is wrong with it.
pub fn rows() -> Vec<Row> {
    let leak = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    vec![
        ("any name", |it| name(it, "A b_c:ü"), vec![]),
        ("a name of a kilobyte", |it| name(it, &"x".repeat(1024)), vec![]),
        (
            "no name",
            |it| it.name = None,
            vec!["metadata.name: Required value: name or generateName is required"],
        ),
        (
            "an empty name",
            |it| name(it, ""),
            vec!["metadata.name: Required value: name or generateName is required"],
        ),
        ("a dot", |it| name(it, "."), vec![r#"metadata.name: Invalid value: ".": may not be '.'"#]),
        ("two dots", |it| name(it, ".."), vec![r#"metadata.name: Invalid value: "..": may not be '..'"#]),
        ("three dots", |it| name(it, "..."), vec![]),
        (
            "a slash",
            |it| name(it, "a/b"),
            vec![r#"metadata.name: Invalid value: "a/b": may not contain '/'"#],
        ),
        (
            "a percent sign",
            |it| name(it, "a%2f"),
            vec![r#"metadata.name: Invalid value: "a%2f": may not contain '%'"#],
        ),
        (
            "a slash and a percent sign",
            |it| name(it, "%/\u{200b}"),
            vec![
                r#"metadata.name: Invalid value: "%/\u200b": may not contain '/'"#,
                r#"metadata.name: Invalid value: "%/\u200b": may not contain '%'"#,
            ],
        ),
        (
            "a bad beginning of a name",
            |it| {
                it.generate_name = Some("a/".to_owned());
                name(it, "a/abcde");
            },
            vec![
                r#"metadata.generateName: Invalid value: "a/": may not contain '/'"#,
                r#"metadata.name: Invalid value: "a/abcde": may not contain '/'"#,
            ],
        ),
        (
            "a generation before the first",
            |it| it.generation = Some(-3),
            vec!["metadata.generation: Invalid value: -3: must be greater than or equal to 0"],
        ),
        ("a label", |it| it.labels = map("example.com/a", "b"), vec![]),
        ("a label without a value", |it| it.labels = map("a", ""), vec![]),
        (
            "a label's key",
            |it| it.labels = map("-a", "b"),
            vec![leak(format!(r#"metadata.labels: Invalid value: "-a": name part {QUALIFIED}"#))],
        ),
        (
            "a label's value",
            |it| it.labels = map("a", "b c"),
            vec![
                r#"metadata.labels: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"#,
            ],
        ),
        ("an annotation of any text", |it| it.annotations = map("Example.COM/A", "\0 any \u{1f512}"), vec![]),
        (
            "an annotation's key",
            |it| it.annotations = map("a b", ""),
            vec![leak(format!(r#"metadata.annotations: Invalid value: "a b": name part {QUALIFIED}"#))],
        ),
        ("annotations of 256 KiB", |it| it.annotations = map("a", &"x".repeat((256 << 10) - 1)), vec![]),
        (
            "annotations of a byte more",
            |it| it.annotations = map("a", &"x".repeat(256 << 10)),
            vec!["metadata.annotations: Too long: may not be more than 262144 bytes"],
        ),
        ("a finalizer", |it| it.finalizers = Some(vec!["example.com/a".into()]), vec![]),
        (
            "a finalizer that is no name",
            |it| it.finalizers = Some(vec!["/".into()]),
            vec![
                r#"metadata.finalizers: Invalid value: "/": prefix part must be non-empty"#,
                r#"metadata.finalizers: Invalid value: "/": name part must be non-empty"#,
                leak(format!(r#"metadata.finalizers: Invalid value: "/": name part {QUALIFIED}"#)),
            ],
        ),
        (
            "two finalizers of which one excludes the other",
            |it| it.finalizers = Some(vec!["orphan".into(), "foregroundDeletion".into()]),
            vec![
                r#"metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set"#,
            ],
        ),
        ("an owner", |it| it.owner_references = Some(vec![owner()]), vec![]),
        (
            "an owner without anything",
            |it| it.owner_references = Some(vec![OwnerReference::default()]),
            vec![
                r#"metadata.ownerReferences.apiVersion: Invalid value: "": version must not be empty"#,
                r#"metadata.ownerReferences.kind: Invalid value: "": kind must not be empty"#,
                r#"metadata.ownerReferences.name: Invalid value: "": name must not be empty"#,
                r#"metadata.ownerReferences.uid: Invalid value: "": uid must not be empty"#,
            ],
        ),
        (
            "two owners that control it",
            |it| it.owner_references = Some(vec![owner(), owner()]),
            vec![
                r#"metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","controller":true,"kind":"Node","name":"n","uid":"u"},{"apiVersion":"v1","controller":true,"kind":"Node","name":"n","uid":"u"}]: Only one reference can have Controller set to true. Found "true" in references for Node/n and Node/n"#,
            ],
        ),
    ]
}

#[test]
fn metadata_is_held_to_what_every_object_is_held_to() {
    for (what, edit, expected) in rows() {
        let object = ask(CLIENT, "c", "CN=a").with(|object| edit(&mut object.metadata));
        assert_eq!(texts(&validate::create(&object)), expected, "{what}");
    }
}

/// Upstream checks the name as part of a path only after its own validation has passed.
#[test]
fn that_a_name_is_no_segment_of_a_path_is_told_once_nothing_else_is_wrong() {
    let object = ask(CLIENT, "", "CN=a").with(|object| name(&mut object.metadata, "a/b"));
    assert_eq!(texts(&validate::create(&object)), ["spec.usages: Required value"]);
    let object = ask(CLIENT, "", "CN=a").with(|object| object.metadata.name = None);
    assert_eq!(
        texts(&validate::create(&object)),
        ["metadata.name: Required value: name or generateName is required", "spec.usages: Required value"]
    );
}
