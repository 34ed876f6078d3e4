//! What is tolerated in an update because the stored object has it already, and what is not.

use kubepki::csr::CertificateSigningRequest;
use kubepki::csr::validate::{Endpoint, update};

use crate::bed::{CLIENT, Edit, LEGACY, ask, condition, conditions, texts};
use crate::forge::Forge;

type Row = (&'static str, fn(&mut CertificateSigningRequest), usize);

/// What is wrong with the object before and after, and how many faults an update tells then.
pub fn rows() -> Vec<Row> {
    vec![
        ("nothing", |_| {}, 0),
        (
            "approved and denied",
            |it| *conditions(it) = vec![condition("Approved", "True"), condition("Denied", "True")],
            0,
        ),
        ("the legacy signer", |it| it.spec.signer_name = LEGACY.into(), 0),
        (
            "two conditions of a type",
            |it| *conditions(it) = vec![condition("X", "True"), condition("X", "True")],
            0,
        ),
        ("a condition without a type", |it| *conditions(it) = vec![condition("", "True")], 0),
        ("an unknown usage", |it| it.spec.usages = Some(vec!["cat".into()]), 0),
        ("a usage twice", |it| it.spec.usages = Some(vec!["any".into(), "any".into()]), 0),
        ("a certificate that is none", |it| *it = it.clone().has_certificate(b"junk"), 0),
        (
            "a spoilt signature",
            |it| it.spec.request.0 = Forge { spoilt: true, ..Forge::new("CN=a") }.pem(),
            1,
        ),
        ("a lifetime that is too short", |it| it.spec.expiration_seconds = Some(599), 1),
        ("no usages", |it| it.spec.usages = None, 1),
        ("a bad signer", |it| it.spec.signer_name = "a".into(), 1),
        ("a status that is none", |it| *conditions(it) = vec![condition("X", "maybe")], 1),
        ("Approved that is False", |it| *conditions(it) = vec![condition("Approved", "False")], 1),
        ("a label that is none", |it| it.metadata.labels = Some([("-".to_owned(), String::new())].into()), 1),
    ]
}

#[test]
fn what_came_in_under_older_rules_is_let_be() {
    for (what, edit, faults) in rows() {
        let object = ask(CLIENT, "c", "CN=a").with(edit);
        for endpoint in [Endpoint::Main, Endpoint::Approval, Endpoint::Status] {
            let errors = texts(&update(&object, &object, endpoint));
            assert_eq!(errors.len(), faults, "{what}: {errors:?}");
        }
    }
}

/// One fault in the stored object does not excuse another in the new one.
#[test]
fn a_tolerance_is_for_its_own_fault() {
    let old = ask(CLIENT, "c", "CN=a")
        .with(|it| *conditions(it) = vec![condition("X", "True"), condition("X", "True")]);
    let new = old.clone().with(|it| conditions(it).extend([condition("", "True"), condition("X", "True")]));
    assert_eq!(texts(&update(&new, &old, Endpoint::Status)), ["status.conditions[2].type: Required value"]);
}
