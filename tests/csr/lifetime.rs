//! From when until when: the ten minutes, the five, the eight hours, the CA's end.

use kubepki::csr::object::CertificateSigningRequest;
use time::{Duration, OffsetDateTime};

use crate::bed::{CLIENT, Edit, NOW, World, ask, told};

type Row = (Duration, Option<i32>, Duration, &'static str);

/// The signer's longest, what is asked for, how long the CA has left, and from when to when in seconds from now, or why not.
pub fn rows() -> Vec<Row> {
    const YEAR: Duration = Duration::hours(8760);
    const LONG: Duration = Duration::hours(100_000);
    vec![
        (YEAR, None, LONG, "-300..31535700"),
        (YEAR, Some(600), LONG, "-300..600"),
        (YEAR, Some(3600), LONG, "-300..3600"),
        (YEAR, Some(28_799), LONG, "-300..28799"),
        (YEAR, Some(28_800), LONG, "-300..28500"),
        (YEAR, Some(28_801), LONG, "-300..28501"),
        (YEAR, Some(86_400), LONG, "-300..86100"),
        (YEAR, Some(31_535_999), LONG, "-300..31535699"),
        (YEAR, Some(31_536_000), LONG, "-300..31535700"),
        (YEAR, Some(31_536_001), LONG, "-300..31535700"),
        (YEAR, Some(i32::MAX), LONG, "-300..31535700"),
        // A signer's longest is not held to ten minutes.
        (Duration::minutes(2), None, LONG, "-300..120"),
        (Duration::minutes(2), Some(600), LONG, "-300..120"),
        (Duration::minutes(10), Some(600), LONG, "-300..600"),
        (Duration::hours(8), None, LONG, "-300..28500"),
        (Duration::seconds(28_799), None, LONG, "-300..28799"),
        (Duration::days(400_000_000), None, LONG, "-300..360000000"),
        // The CA ends first.
        (YEAR, None, Duration::seconds(40), "-300..40"),
        (YEAR, Some(600), Duration::seconds(600), "-300..600"),
        (YEAR, Some(600), Duration::seconds(599), "-300..599"),
        (YEAR, Some(600), Duration::seconds(1), "-300..1"),
        (
            YEAR,
            None,
            Duration::ZERO,
            "retry refusing to sign a certificate that expired in the past: NotAfter=2026-11-22 12:00:00 +0000 UTC",
        ),
        (
            YEAR,
            None,
            Duration::seconds(-299),
            "retry refusing to sign a certificate that expired in the past: NotAfter=2026-11-22 11:55:01 +0000 UTC",
        ),
        (
            YEAR,
            None,
            Duration::seconds(-300),
            "retry the signer has expired: NotAfter=2026-11-22 11:55:00 +0000 UTC",
        ),
        (
            YEAR,
            None,
            Duration::days(-30),
            "retry the signer has expired: NotAfter=2026-10-23 12:00:00 +0000 UTC",
        ),
    ]
}

fn approved(seconds: Option<i32>) -> CertificateSigningRequest {
    ask(CLIENT, "c", "CN=a").has_condition("Approved").with(|object| object.spec.expiration_seconds = seconds)
}

#[test]
fn lifetimes_are_kubernetes() {
    for (longest, asked, left, expected) in rows() {
        let mut world = World::new();
        world.signers.iter_mut().for_each(|signer| signer.longest = longest);
        world.authorities = vec![("ca".to_owned(), NOW + left)];
        let decision = world.decide(&approved(asked));
        let outcome = match decision.step {
            kubepki::csr::Step::Sign(order) => {
                let from = |moment: OffsetDateTime| (moment - NOW).whole_seconds();
                format!("{}..{}", from(order.profile.not_before), from(order.profile.not_after))
            }
            other => told(&other),
        };
        assert_eq!(outcome, expected, "{longest} {asked:?} {left}");
    }
}

#[test]
fn fractions_of_a_second_are_cut() {
    let mut world = World::new();
    world.now = NOW + Duration::milliseconds(999);
    let order = world.order(&approved(Some(600)));
    assert_eq!(order.profile.not_after, NOW + Duration::minutes(10));
}
