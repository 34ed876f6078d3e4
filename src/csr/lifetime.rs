//! From when until when (`pkg/controller/certificates/authority/policies.go`).

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

/// How early a certificate begins, so that a clock that is behind does not refuse it (`backdate`).
const BACKDATE: Duration = Duration::minutes(5);

/// From this lifetime on, the five minutes are taken from its end (`shortLifetime`): the whole is as long as was asked.
const LONG: Duration = Duration::hours(8);

/// The shortest lifetime that is given on request.
const LEAST: Duration = Duration::minutes(10);

/// The span of a certificate's validity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// Its beginning.
    pub not_before: OffsetDateTime,
    /// Its end.
    pub not_after: OffsetDateTime,
}

/// The validity of a certificate signed now. `longest` is what the signer gives at most, and where nothing is asked for.
///
/// # Errors
/// When the CA has ended, in the words of Kubernetes: nothing that it signed would be valid.
pub fn validity(
    longest: Duration,
    requested: Option<i32>,
    now: OffsetDateTime,
    authority_ends: OffsetDateTime,
) -> Result<Validity, String> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let lifetime = match requested.map(|seconds| Duration::seconds(seconds.into())) {
        None => longest,
        // In this order: a signer whose longest is shorter than ten minutes keeps to it.
        Some(requested) if requested > longest => longest,
        Some(requested) => requested.max(LEAST),
    };
    let not_before = now.saturating_sub(BACKDATE);
    let lifetime = if lifetime < LONG { lifetime } else { lifetime - BACKDATE };
    let not_after = now.saturating_add(lifetime);
    let ended = |what: &str| format!("{what}: NotAfter={}", go_time(authority_ends));
    if not_before >= authority_ends {
        return Err(ended("the signer has expired"));
    }
    if now >= authority_ends {
        return Err(ended("refusing to sign a certificate that expired in the past"));
    }
    Ok(Validity { not_before, not_after: not_after.min(authority_ends) })
}

/// A moment as Go prints it: `2026-11-22 11:59:00 +0000 UTC`.
fn go_time(moment: OffsetDateTime) -> String {
    const FORM: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    moment.to_offset(UtcOffset::UTC).format(FORM).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    /// Spans seen of kube-controller-manager 1.36.
    #[test]
    fn spans_are_kubernetes() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let ca = datetime!(2036-11-22 12:00 UTC);
        let year = Duration::hours(8760);
        for (longest, requested, span) in [
            (year, None, year),
            (year, Some(600), Duration::minutes(15)),
            (year, Some(3600), Duration::minutes(65)),
            (year, Some(28_799), Duration::seconds(28_799 + 300)),
            (year, Some(28_800), Duration::hours(8)),
            (year, Some(86_400), Duration::hours(24)),
            (year, Some(i32::MAX), year),
            (year, Some(1), Duration::minutes(15)),
            (Duration::minutes(2), None, Duration::minutes(7)),
            (Duration::minutes(2), Some(600), Duration::minutes(7)),
        ] {
            let Validity { not_before, not_after } = validity(longest, requested, now, ca).unwrap();
            assert_eq!((not_before, not_after - not_before), (now - BACKDATE, span), "{requested:?}");
        }
    }

    #[test]
    fn no_lifetime_is_too_long_to_be_cut() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let ca = datetime!(2036-11-22 12:00 UTC);
        assert_eq!(validity(Duration::MAX, None, now, ca).unwrap().not_after, ca);
        assert_eq!(validity(Duration::MAX, Some(600), now, ca).unwrap().not_after, now + LEAST);
    }

    #[test]
    fn a_ca_that_ends_cuts_and_one_that_has_ended_refuses() {
        let now = datetime!(2026-11-22 12:00 UTC);
        let year = Duration::hours(8760);
        let soon = now + Duration::seconds(40);
        assert_eq!(validity(year, None, now, soon).unwrap().not_after, soon);
        assert_eq!(
            validity(year, None, now, now - Duration::minutes(1)).unwrap_err(),
            "refusing to sign a certificate that expired in the past: NotAfter=2026-11-22 11:59:00 +0000 UTC"
        );
        assert_eq!(
            validity(year, None, now, now - Duration::minutes(5)).unwrap_err(),
            "the signer has expired: NotAfter=2026-11-22 11:55:00 +0000 UTC"
        );
    }
}
