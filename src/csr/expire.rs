//! What is cleaned away, and when (`pkg/controller/certificates/cleaner/cleaner.go`): six cases, exactly.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::object::{APPROVED, CertificateSigningRequest, Condition, DENIED, FAILED, Object, moment};
use crate::moment::span;
use crate::x509::{Certificate, der, pem};

/// Why an object is cleaned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Approved and issued more than an hour ago.
    Issued,
    /// Denied more than an hour ago.
    Denied,
    /// Failed more than an hour ago.
    Failed,
    /// Without any condition for more than a day.
    Pending,
    /// Approved more than a day ago, and nobody has signed.
    Unsigned,
    /// Its certificate has ended.
    CertificateEnded,
}

/// How long each is kept: the row of a table.
const LIMITS: [(Expired, Duration); 5] = [
    (Expired::Issued, Duration::hours(1)),
    (Expired::Denied, Duration::hours(1)),
    (Expired::Failed, Duration::hours(1)),
    (Expired::Pending, Duration::hours(24)),
    (Expired::Unsigned, Duration::hours(24)),
];

/// Whether an object is to be cleaned away, and why. A time that is not there never counts as old.
#[must_use]
pub fn expired(object: &CertificateSigningRequest, now: OffsetDateTime) -> Option<Expired> {
    let ended = object.has(APPROVED) && certificate_ended(object, now);
    let old = LIMITS.iter().find(|(case, limit)| {
        let begun = match case {
            Expired::Issued if object.certificate().is_some() => since(object, APPROVED),
            Expired::Unsigned if object.certificate().is_none() => since(object, APPROVED),
            Expired::Denied => since(object, DENIED),
            Expired::Failed => since(object, FAILED),
            Expired::Pending if object.conditions().is_empty() => {
                object.metadata.creation_timestamp.as_ref().and_then(set)
            }
            _ => None,
        };
        begun.is_some_and(|begun| now - begun > *limit)
    });
    old.map(|(case, _)| *case).or(ended.then_some(Expired::CertificateEnded))
}

/// A time, unless it is the first of the first year: to Go that is none (`Time.IsZero`).
fn set(time: &Time) -> Option<OffsetDateTime> {
    const ZERO: OffsetDateTime = datetime!(0001-01-01 00:00 UTC);
    moment(time).filter(|moment| *moment != ZERO)
}

/// The last update of a condition.
fn since(object: &CertificateSigningRequest, kind: &str) -> Option<OffsetDateTime> {
    let old = |condition: &Condition| condition.last_update_time.as_ref().and_then(set);
    object.conditions().iter().filter(|condition| condition.type_ == kind).filter_map(old).min()
}

/// Whether the first certificate has ended; one that cannot be read has not.
fn certificate_ended(object: &CertificateSigningRequest, now: OffsetDateTime) -> bool {
    let Some(block) = object.certificate().and_then(pem::first_block) else { return false };
    // Several may stand one behind the other.
    let certificates = der::elements(&block.contents, "the block").unwrap_or_default();
    let certificates: Result<Vec<Certificate>, _> =
        certificates.into_iter().map(|der| Certificate::from_der(der)?.accepted()).collect();
    certificates.is_ok_and(|all| all.first().is_some_and(|first| first.not_after < now))
}

impl fmt::Display for Expired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = LIMITS.iter().find(|(case, _)| case == self).map(|(_, limit)| span(*limit));
        let what = match self {
            Self::Issued => "issued",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Unsigned => "approved and not issued",
            Self::CertificateEnded => "its certificate has ended",
        };
        match limit {
            Some(limit) => write!(f, "{what} for more than {limit}"),
            None => f.write_str(what),
        }
    }
}
