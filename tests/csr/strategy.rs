//! What a write may change, what the server fills in, and what is refused before anything is looked at.

use std::collections::BTreeMap;

use kubepki::csr::admission::Admission;
use kubepki::csr::object::{CertificateSigningRequest, Object};
use kubepki::csr::refusal::{Reason, Refusal};
use kubepki::csr::strategy::{self, remove};
use kubepki::csr::validate::Endpoint;
use kubepki::csr::{CertificateSigningRequest as Request, User};
use time::Duration;

use crate::bed::{CLIENT, Edit, NOW, ago, ask, authority, birth, condition, conditions, create, rbac, user};

/// An edit of what is stored, the endpoint, an edit of what comes, and what a test says of the outcome: `ok`, and what it
/// asked, or the refusal.
type Row = (&'static str, fn(&mut Request), Endpoint, fn(&mut Request), fn(&Request) -> String, &'static str);

fn admin() -> User {
    user("admin", &["system:masters"])
}

fn write(old: &Request, endpoint: Endpoint, edit: fn(&mut Request)) -> Result<Request, Refusal> {
    let rbac = rbac(&[]);
    strategy::update(old.clone().with(edit), old, endpoint, &admin(), &Admission { rbac: &rbac }, NOW)
}

/// Conditions with their messages and times, in short.
fn told(object: &Request) -> String {
    let one = |condition: &kubepki::csr::object::Condition| {
        let age = |time: &Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>| {
            time.as_ref().map_or("never".to_owned(), |time| {
                let moment = kubepki::csr::object::moment(time).unwrap();
                (NOW - moment).whole_hours().to_string()
            })
        };
        let message = condition.message.as_deref().unwrap_or_default();
        let (update, transition) = (age(&condition.last_update_time), age(&condition.last_transition_time));
        format!("{}:{message}:{update}:{transition}", condition.type_)
    };
    object.conditions().iter().map(one).collect::<Vec<_>>().join(" ")
}

fn old_approval(object: &mut Request) {
    let mut approved = condition("Approved", "True");
    approved.last_update_time = ago(Duration::hours(2));
    approved.last_transition_time = ago(Duration::hours(3));
    conditions(object).push(approved);
}

fn untimed(kind: &str, status: &str) -> kubepki::csr::object::Condition {
    let mut condition = condition(kind, status);
    (condition.last_update_time, condition.last_transition_time) = (None, None);
    condition
}

/// The table.
pub fn rows() -> Vec<Row> {
    use Endpoint::{Approval, Main, Status};
    const NOTHING: fn(&mut Request) = |_| {};
    vec![
        // Silently as before.
        (
            "the main resource keeps spec",
            NOTHING,
            Main,
            |it| it.spec.signer_name = "garbage".into(),
            |it| it.spec.signer_name.clone(),
            CLIENT,
        ),
        (
            "the main resource keeps status",
            NOTHING,
            Main,
            |it| *it = it.clone().has_condition("Approved"),
            told,
            "",
        ),
        (
            "the main resource fills no times",
            |it| conditions(it).push(untimed("Approved", "True")),
            Main,
            NOTHING,
            told,
            "Approved:m:never:never",
        ),
        (
            "a body without a spec",
            NOTHING,
            Main,
            |it| it.spec = Default::default(),
            |it| it.spec.signer_name.clone(),
            CLIENT,
        ),
        (
            "approval keeps spec",
            NOTHING,
            Approval,
            |it| it.spec.usages = None,
            |it| format!("{:?}", it.spec.usages),
            r#"Some(["client auth"])"#,
        ),
        (
            "approval keeps the certificate",
            NOTHING,
            Approval,
            |it| *it = it.clone().has_certificate(b"x"),
            |it| format!("{:?}", it.certificate()),
            "None",
        ),
        (
            "approval keeps that there is one",
            |it| *it = it.clone().has_certificate(&authority().0.to_pem().unwrap().into_bytes()),
            Approval,
            |it| it.status = None,
            |it| it.certificate().is_some().to_string(),
            "true",
        ),
        (
            "status keeps spec",
            NOTHING,
            Status,
            |it| it.spec.expiration_seconds = Some(1),
            |it| format!("{:?}", it.spec.expiration_seconds),
            "None",
        ),
        (
            "status keeps an approval's message",
            old_approval,
            Status,
            |it| conditions(it)[0].message = Some("mine".into()),
            told,
            "Approved:m:2:3",
        ),
        (
            "status keeps an approval's times",
            old_approval,
            Status,
            |it| conditions(it)[0] = untimed("Approved", "True"),
            told,
            "Approved:m:2:3",
        ),
        (
            "status keeps what it was asked to deny",
            |it| *it = it.clone().has_condition("Denied"),
            Status,
            |it| conditions(it)[0].reason = Some("mine".into()),
            |it| it.conditions()[0].reason.clone().unwrap(),
            "r",
        ),
        // What is written.
        (
            "labels at the main resource",
            NOTHING,
            Main,
            |it| it.metadata.labels = Some(BTreeMap::from([("a".into(), "b".into())])),
            |it| format!("{:?}", it.metadata.labels),
            r#"Some({"a": "b"})"#,
        ),
        (
            "labels at approval",
            NOTHING,
            Approval,
            |it| it.metadata.labels = Some(BTreeMap::new()),
            |it| format!("{:?}", it.metadata.labels),
            "Some({})",
        ),
        (
            "labels at status",
            NOTHING,
            Status,
            |it| it.metadata.labels = Some(BTreeMap::new()),
            |it| format!("{:?}", it.metadata.labels),
            "Some({})",
        ),
        (
            "approval",
            NOTHING,
            Approval,
            |it| conditions(it).push(untimed("Approved", "True")),
            told,
            "Approved:m:0:0",
        ),
        (
            "approval's message, later",
            old_approval,
            Approval,
            |it| conditions(it)[0].message = Some("mine".into()),
            told,
            "Approved:mine:2:3",
        ),
        (
            "approval's times, taken away",
            old_approval,
            Approval,
            |it| conditions(it)[0] = untimed("Approved", "True"),
            told,
            "Approved:m:0:3",
        ),
        (
            "times that the client gives",
            NOTHING,
            Approval,
            |it| {
                conditions(it).push(condition("Denied", "True"));
                conditions(it)[0].last_update_time = ago(Duration::hours(-500));
            },
            told,
            "Denied:m:-500:0",
        ),
        (
            "the transition of another status",
            |it| {
                let mut it2 = condition("X", "True");
                it2.last_transition_time = ago(Duration::hours(9));
                conditions(it).push(it2);
            },
            Status,
            |it| conditions(it)[0] = untimed("X", "False"),
            told,
            "X:m:0:0",
        ),
        (
            "the transition of the same status",
            |it| {
                let mut it2 = condition("X", "True");
                it2.last_transition_time = ago(Duration::hours(9));
                conditions(it).push(it2);
            },
            Status,
            |it| conditions(it)[0] = untimed("X", "True"),
            told,
            "X:m:0:9",
        ),
        (
            "the first transition that there is",
            |it| {
                let mut two = vec![untimed("X", "True"), condition("X", "True")];
                two[1].last_transition_time = ago(Duration::hours(9));
                *conditions(it) = two;
            },
            Status,
            |it| conditions(it)[0] = untimed("X", "True"),
            told,
            "X:m:0:9 X:m:0:9",
        ),
        (
            "a certificate at status",
            NOTHING,
            Status,
            |it| *it = it.clone().has_certificate(&authority().0.to_pem().unwrap().into_bytes()),
            |it| it.certificate().is_some().to_string(),
            "true",
        ),
        (
            "failure at status",
            old_approval,
            Status,
            |it| conditions(it).push(untimed("Failed", "True")),
            told,
            "Approved:m:2:3 Failed:m:0:0",
        ),
        // System fields.
        ("a uid is put back", NOTHING, Main, |it| it.metadata.uid = None, |it| it.uid().to_owned(), "u1"),
        (
            "a creation time is put back",
            NOTHING,
            Main,
            |it| it.metadata.creation_timestamp = ago(Duration::hours(7)),
            |it| (it.metadata.creation_timestamp == ago(Duration::ZERO)).to_string(),
            "true",
        ),
        (
            "a generation is put back",
            NOTHING,
            Main,
            |it| it.metadata.generation = Some(9),
            |it| format!("{:?}", it.metadata.generation),
            "None",
        ),
        (
            "a namespace is dropped",
            NOTHING,
            Main,
            |it| it.metadata.namespace = Some("a".into()),
            |it| format!("{:?}", it.metadata.namespace),
            "None",
        ),
        (
            "no version is any version",
            NOTHING,
            Main,
            |it| it.metadata.resource_version = None,
            |it| it.metadata.resource_version.clone().unwrap(),
            "7",
        ),
        (
            "an empty version is any version",
            NOTHING,
            Main,
            |it| it.metadata.resource_version = Some(String::new()),
            |it| it.metadata.resource_version.clone().unwrap(),
            "7",
        ),
        (
            "a deletion that has begun goes on",
            |it| it.metadata.deletion_timestamp = ago(Duration::ZERO),
            Main,
            |it| it.metadata.deletion_timestamp = None,
            |it| it.metadata.deletion_timestamp.is_some().to_string(),
            "true",
        ),
        // Refusals.
        (
            "another uid",
            NOTHING,
            Main,
            |it| it.metadata.uid = Some("u2".into()),
            told,
            r#"409 Conflict: Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "x": Precondition failed: UID in precondition: u2, UID in object meta: u1"#,
        ),
        (
            "another uid at status",
            NOTHING,
            Status,
            |it| it.metadata.uid = Some("u2".into()),
            told,
            r#"409 Conflict: Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "x": Precondition failed: UID in precondition: u2, UID in object meta: u1"#,
        ),
        (
            "an old version",
            NOTHING,
            Approval,
            |it| it.metadata.resource_version = Some("6".into()),
            told,
            r#"409 Conflict: Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "x": the object has been modified; please apply your changes to the latest version and try again"#,
        ),
        (
            "another name",
            NOTHING,
            Main,
            |it| it.metadata.name = Some("y".into()),
            told,
            "400 BadRequest: the name of the object (y) does not match the name on the URL (x)",
        ),
        (
            "no name",
            NOTHING,
            Main,
            |it| it.metadata.name = None,
            told,
            "400 BadRequest: the name of the object (x based on URL) was undeterminable: name must be provided",
        ),
        (
            "another name beats another uid",
            NOTHING,
            Main,
            |it| {
                it.metadata.name = Some("y".into());
                it.metadata.uid = Some("u2".into());
            },
            told,
            "400 BadRequest: the name of the object (y) does not match the name on the URL (x)",
        ),
        (
            "a deletion that nobody has begun",
            NOTHING,
            Main,
            |it| it.metadata.deletion_timestamp = ago(Duration::ZERO),
            told,
            r#"422 Invalid: CertificateSigningRequest.certificates.k8s.io "x" is invalid: metadata.deletionTimestamp: Invalid value: "2026-11-22T12:00:00Z": field is immutable"#,
        ),
        (
            "a finalizer on what is being deleted",
            |it| it.metadata.deletion_timestamp = ago(Duration::ZERO),
            Main,
            |it| it.metadata.finalizers = Some(vec!["a/b".into()]),
            told,
            r#"422 Invalid: CertificateSigningRequest.certificates.k8s.io "x" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/b"}"#,
        ),
        (
            "approval and denial",
            NOTHING,
            Approval,
            |it| *it = it.clone().has_condition("Approved").has_condition("Denied"),
            told,
            r#"422 Invalid: CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive"#,
        ),
        (
            "denial after approval",
            old_approval,
            Approval,
            |it| conditions(it)[0].type_ = "Denied".into(),
            told,
            r#"422 Invalid: CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions: Forbidden: updates may not remove a condition of type "Approved""#,
        ),
        (
            "approval at status",
            NOTHING,
            Status,
            |it| *it = it.clone().has_condition("Approved"),
            told,
            r#"422 Invalid: CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions: Forbidden: updates may not add a condition of type "Approved""#,
        ),
        (
            "an approval taken away at status",
            old_approval,
            Status,
            |it| it.status = None,
            told,
            r#"422 Invalid: CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions: Forbidden: updates may not remove a condition of type "Approved""#,
        ),
    ]
}

#[test]
fn an_update_changes_what_its_endpoint_is_for_and_nothing_else() {
    for (what, stored, endpoint, edit, ask_of, expected) in rows() {
        let old = ask(CLIENT, "c", "CN=a").with(stored);
        let outcome = match write(&old, endpoint, edit) {
            Ok(new) => {
                assert_eq!(new.spec, old.spec, "{what}");
                ask_of(&new)
            }
            Err(refusal) => format!("{} {}: {refusal}", refusal.reason.code(), refusal.reason),
        };
        assert_eq!(outcome, expected, "{what}");
    }
}

#[test]
fn what_a_client_says_of_itself_at_creation_is_not_kept() {
    let mut object: CertificateSigningRequest = ask(CLIENT, "c", "CN=a")
        .asked_by("root", &["system:masters"])
        .has_condition("Approved")
        .has_certificate(b"x");
    object.spec.uid = Some("1".into());
    object.spec.extra = Some(BTreeMap::from([("a".into(), vec!["b".into()])]));
    let metadata = &mut object.metadata;
    metadata.creation_timestamp = ago(Duration::hours(99));
    metadata.deletion_timestamp = ago(Duration::hours(99));
    metadata.deletion_grace_period_seconds = Some(1);
    metadata.self_link = Some("a".into());
    metadata.namespace = Some("default".into());
    metadata.generation = Some(5);
    metadata.finalizers = Some(vec!["a/b".into()]);
    let mut jane = user("jane", &["dev"]);
    jane.uid = "42".into();
    jane.extra.insert("k".into(), vec!["v".into()]);
    let made = create(object, &jane).unwrap();
    assert_eq!(made.status, Some(Default::default()));
    let spec = &made.spec;
    assert_eq!((spec.username.as_deref(), spec.uid.as_deref()), (Some("jane"), Some("42")));
    assert_eq!(spec.groups.as_deref(), Some(&["dev".to_owned(), "system:authenticated".to_owned()][..]));
    assert_eq!(spec.extra, Some(BTreeMap::from([("k".into(), vec!["v".into()])])));
    let metadata = &made.metadata;
    assert_eq!(
        (metadata.uid.as_deref(), &metadata.creation_timestamp),
        (Some("new-uid"), &ago(Duration::ZERO))
    );
    assert!(metadata.deletion_timestamp.is_none() && metadata.deletion_grace_period_seconds.is_none());
    assert!(
        metadata.self_link.is_none() && metadata.namespace.is_none() && metadata.resource_version.is_none()
    );
    assert_eq!((metadata.generation, metadata.finalizers.as_ref().map(Vec::len)), (Some(5), Some(1)));
}

#[test]
fn a_name_is_made_of_its_beginning_and_five_characters() {
    let made = |base: &str| {
        let object = ask(CLIENT, "c", "CN=a").with(|object| {
            object.metadata.name = None;
            object.metadata.generate_name = Some(base.to_owned());
        });
        create(object, &User::anonymous())
    };
    for (base, name) in [
        ("csr-", "csr-abcde".to_owned()),
        (&"x".repeat(100), format!("{}abcde", "x".repeat(58))),
        // Whole characters only: 57 octets and half of one.
        (&format!("{}ü", "x".repeat(57)), format!("{}abcde", "x".repeat(57))),
    ] {
        let made = made(base).unwrap();
        assert_eq!((made.name(), made.metadata.generate_name.as_deref()), (name.as_str(), Some(base)));
    }
    assert_eq!(
        made("a/").unwrap_err().message,
        "CertificateSigningRequest.certificates.k8s.io \"a/abcde\" is invalid: [metadata.generateName: Invalid value: \
         \"a/\": may not contain '/', metadata.name: Invalid value: \"a/abcde\": may not contain '/']"
    );
    let both = ask(CLIENT, "c", "CN=a").with(|object| object.metadata.generate_name = Some("b-".into()));
    assert_eq!(create(both, &User::anonymous()).unwrap().name(), "x");
}

/// Upstream answers 500; the fault is the client's.
#[test]
fn a_new_object_has_no_version() {
    let rbac = rbac(&[]);
    let object = ask(CLIENT, "c", "CN=a");
    let refusal = strategy::create(object, &admin(), &Admission { rbac: &rbac }, &birth()).unwrap_err();
    assert_eq!(refusal.reason, Reason::BadRequest);
    assert_eq!(refusal.message, "resourceVersion should not be set on objects to be created");
}

#[test]
fn a_deletion_is_of_what_was_meant() {
    let object = ask(CLIENT, "c", "CN=a");
    assert_eq!(remove(&object, None, None), Ok(()));
    assert_eq!(remove(&object, Some("u1"), Some("7")), Ok(()));
    assert_eq!(
        remove(&object, Some("u2"), None).unwrap_err().message,
        "Operation cannot be fulfilled on CertificateSigningRequest.certificates.k8s.io \"x\": the UID in the \
         precondition (u2) does not match the UID in record (u1). The object might have been deleted and then recreated"
    );
    assert_eq!(
        remove(&object, None, Some("6")).unwrap_err().message,
        "Operation cannot be fulfilled on CertificateSigningRequest.certificates.k8s.io \"x\": the ResourceVersion in the \
         precondition (6) does not match the ResourceVersion in record (7). The object might have been modified"
    );
}

#[test]
fn refusals_have_the_words_of_the_api() {
    for (refusal, code, message) in [
        (Refusal::not_found("x"), 404, r#"certificatesigningrequests.certificates.k8s.io "x" not found"#),
        (
            Refusal::already_exists("x"),
            409,
            r#"certificatesigningrequests.certificates.k8s.io "x" already exists"#,
        ),
        (
            Refusal::forbidden("x", "no"),
            403,
            r#"certificatesigningrequests.certificates.k8s.io "x" is forbidden: no"#,
        ),
        (
            Refusal::forbidden("", "no"),
            403,
            "certificatesigningrequests.certificates.k8s.io is forbidden: no",
        ),
        (
            Refusal::conflict("x", "no"),
            409,
            r#"Operation cannot be fulfilled on certificatesigningrequests.certificates.k8s.io "x": no"#,
        ),
    ] {
        assert_eq!((refusal.reason.code(), refusal.message.as_str()), (code, message));
    }
}
