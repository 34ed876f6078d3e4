//! What is cleaned away: six cases at their limits, to the second.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kubepki::csr::CertificateSigningRequest;
use kubepki::csr::object::time;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::bed::{CLIENT, Edit, NOW, World, ago, ask, authority, condition, conditions};

type Row = (&'static str, &'static str, i64, &'static str);

/// Conditions in a word as `A` Approved, `D` Denied, `F` Failed, `X` another; `+` a certificate, `?` one that cannot be read,
/// `!` one that has ended, `*` two in a block of which the first has ended; the age in seconds of all of it, and what is done.
pub fn rows() -> Vec<Row> {
    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    const STAYS: &str = "rest";
    vec![
        ("A+", "issued", HOUR, STAYS),
        ("A+", "issued", HOUR + 1, "remove issued for more than 1 hour"),
        ("D", "denied", HOUR, STAYS),
        ("D", "denied", HOUR + 1, "remove denied for more than 1 hour"),
        ("F", "failed", HOUR, STAYS),
        ("F", "failed", HOUR + 1, "remove failed for more than 1 hour"),
        ("AF", "approved and failed", HOUR + 1, "remove failed for more than 1 hour"),
        ("", "pending", DAY, STAYS),
        ("", "pending", DAY + 1, "remove pending for more than 1 day"),
        ("A", "approved", DAY, STAYS),
        ("A", "approved", DAY + 1, "remove approved and not issued for more than 1 day"),
        ("A!", "ended", 0, "remove its certificate has ended"),
        ("A!", "ended", HOUR + 1, "remove issued for more than 1 hour"),
        ("A*", "the first has ended", 0, "remove its certificate has ended"),
        // What cannot be read falls back to the hour.
        ("A?", "unreadable", HOUR, STAYS),
        ("A?", "unreadable", HOUR + 1, "remove issued for more than 1 hour"),
        // Not approved, so never issued nor ended.
        ("!", "ended and not approved", 0, STAYS),
        ("+", "a certificate without approval", DAY, STAYS),
        // Without any condition and with a certificate it is still pending.
        ("+", "a certificate without approval", DAY + 1, "remove pending for more than 1 day"),
        ("D+", "issued and denied", HOUR + 1, "remove denied for more than 1 hour"),
        // Only a condition of nobody's: never.
        ("X", "custom", 400 * DAY, STAYS),
        ("X+", "custom, with a certificate", 400 * DAY, STAYS),
        ("AX", "approved and custom", DAY + 1, "remove approved and not issued for more than 1 day"),
        // The future postpones.
        ("D", "denied tomorrow", -DAY, STAYS),
        ("A+", "issued tomorrow", -DAY, STAYS),
    ]
}

fn object(words: &str, age: Duration) -> CertificateSigningRequest {
    let pem = authority().0.to_pem().unwrap();
    let object = ask(CLIENT, "c", "CN=a").with(|object| object.metadata.creation_timestamp = ago(age));
    words.chars().fold(object, |object, word| match word {
        'A' => object.has_condition("Approved"),
        'D' => object.has_condition("Denied"),
        'F' => object.has_condition("Failed"),
        'X' => object.has_condition("X"),
        '?' => object.has_certificate(b"junk"),
        '!' => object.has_certificate(ended().as_bytes()),
        '*' => {
            let der = kubepki::x509::pem::first_block(ended().as_bytes()).unwrap().contents.to_vec();
            let both = [&der[..], authority().0.as_der()].concat();
            object.has_certificate(kubepki::x509::pem::encode("CERTIFICATE", &both).unwrap().as_bytes())
        }
        _ => object.has_certificate(pem.as_bytes()),
    })
}

/// A certificate that ended a second ago.
fn ended() -> String {
    let mut world = World::new();
    world.now = NOW - Duration::minutes(10) - Duration::seconds(1);
    let request = ask(CLIENT, "c", "CN=a").has_condition("Approved");
    world.certificate(&request.with(|object| object.spec.expiration_seconds = Some(600))).to_pem().unwrap()
}

fn step(object: &CertificateSigningRequest) -> String {
    let step = World { clean: true, ..World::new() }.step(object);
    if step.starts_with("remove") { step } else { "rest".to_owned() }
}

#[test]
fn six_cases_at_their_limits() {
    for (words, what, age, expected) in rows() {
        let age = Duration::seconds(age);
        let object = object(words, age).with(|object| {
            if object.status.is_some() {
                for condition in conditions(object) {
                    condition.last_update_time = ago(age);
                }
            }
        });
        assert_eq!(step(&object), expected, "{what}, {age}");
    }
}

#[test]
fn a_certificate_that_ends_now_has_not_ended() {
    let mut world = World { clean: true, ..World::new() };
    world.now = NOW - Duration::seconds(1);
    assert!(!world.step(&object("A!", Duration::ZERO)).starts_with("remove"));
}

/// A time that is not there, or is Go's zero, never counts as old.
#[test]
fn no_time_is_never_old() {
    const ZERO: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
    let times: [Option<Time>; 2] = [None, Some(time(ZERO))];
    for missing in times {
        for words in ["A", "A+", "D", "F"] {
            let object = object(words, Duration::ZERO).with(|object| {
                for condition in conditions(object) {
                    condition.last_update_time.clone_from(&missing);
                }
            });
            assert_eq!(step(&object), "rest", "{words}");
        }
        let pending =
            object("", Duration::ZERO).with(|it| it.metadata.creation_timestamp.clone_from(&missing));
        assert_eq!(step(&pending), "rest");
    }
}

/// The oldest of several conditions of a type counts, and the status of none does.
#[test]
fn the_oldest_counts_and_no_status_does() {
    let twice = object("", Duration::ZERO).with(|object| {
        let mut old = condition("Denied", "False");
        old.last_update_time = ago(Duration::seconds(3601));
        *conditions(object) = vec![condition("Denied", "True"), old];
    });
    assert_eq!(step(&twice), "remove denied for more than 1 hour");
}

#[test]
fn nothing_is_cleaned_where_nobody_cleans() {
    let object =
        object("D", Duration::ZERO).with(|it| conditions(it)[0].last_update_time = ago(Duration::days(9)));
    assert_eq!(World::new().step(&object), "rest it is denied");
}
