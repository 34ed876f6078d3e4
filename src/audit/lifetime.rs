//! How long a certificate lives from its first moment to its last, and is that too long?

use time::Duration;

use super::links::Signer;
use super::{Remedy, Severity, Sighting};
use crate::x509::Certificate;
use crate::x509::profile::BACKDATE;

/// The longest life that is no finding: what browsers grant a server since 2020 (Apple, "About upcoming limits on trusted
/// certificates"; CA/Browser Forum ballot SC31). kubeadm's year and five minutes are less.
pub const LONGEST: Duration = Duration::days(398);

/// A life that nobody renews in practice.
const NEVER_RENEWED: Duration = Duration::days(5 * 365 + 2);

/// How a certificate of a server or client lives too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlong {
    /// It was issued for longer than [`LONGEST`].
    Policy,
    /// It was issued for more than five years.
    Years,
    /// It begins when its CA did, long before it was issued.
    SinceItsAuthority,
}

/// How long a certificate lives.
#[must_use]
pub fn lifetime(certificate: &Certificate) -> Duration {
    certificate.not_after - certificate.not_before
}

/// How a certificate that is no CA's lives too long, if it does.
#[must_use]
pub fn overlong(sighting: &Sighting<'_>) -> Option<Overlong> {
    let certificate = sighting.certificate();
    if certificate.is_ca() || lifetime(certificate) <= LONGEST {
        return None;
    }
    let begins_with = |ca: &Certificate| ca != certificate && ca.not_before == certificate.not_before;
    Some(match sighting.signer() {
        Signer::Known(ca) if begins_with(ca) && !is_meant(sighting) => Overlong::SinceItsAuthority,
        _ if lifetime(certificate) > NEVER_RENEWED => Overlong::Years,
        _ => Overlong::Policy,
    })
}

/// Whether a certificate that begins with its CA was issued then, for as long as it lives: the spec says so, or it lives for
/// whole hours, as nothing does that was issued at some later time.
fn is_meant(sighting: &Sighting<'_>) -> bool {
    let life = lifetime(sighting.certificate());
    let blueprint =
        sighting.own_case().and_then(|case| case.blueprint()).filter(|_| sighting.view.terms.given);
    let is_whole = |life: Duration| life.whole_seconds() % 3600 == 0;
    blueprint.is_some_and(|blueprint| blueprint.lifetime + BACKDATE >= life)
        || is_whole(life)
        || is_whole(life - BACKDATE)
}

/// What is done about it: a new certificate, where the spec gives it a shorter life.
#[must_use]
pub fn remedy(sighting: &Sighting<'_>) -> Remedy {
    match sighting.own_case() {
        Some(case) if !case.is_leaf() => Remedy::advice("give it a shorter life when it is replaced"),
        Some(case) if case.blueprint().is_some_and(|blueprint| blueprint.lifetime > LONGEST) => {
            Remedy::advice(
                "set `certificateValidityPeriod` to 9552h or less in the spec; `kubepki apply` then issues a shorter one",
            )
        }
        Some(_) => Remedy::Reissue,
        None => Remedy::advice("give it a shorter life when it is replaced"),
    }
}

/// How bad it is: what the user's own spec asks for is only worth a word.
#[must_use]
pub fn severity(sighting: &Sighting<'_>) -> Severity {
    let blueprint = sighting.own_case().and_then(|case| case.blueprint());
    let asked = sighting.view.terms.given && blueprint.is_some_and(|blueprint| blueprint.lifetime > LONGEST);
    if asked { Severity::Low } else { Severity::Medium }
}
