//! What a Kubernetes release refuses, because of the Go that it is built with.

use super::{Fault, Remedy, Severity, Sighting, Terms};
use crate::version::{Go, Refusal};

/// What is said of something that Go refuses: severity and message. `what` is a clause such as "its serial number is
/// negative". None where no release is known that refuses it.
#[must_use]
pub fn verdict(terms: &Terms, refusal: Refusal, what: &str) -> Option<(Severity, String)> {
    let refusing = terms.release.filter(|release| refusal.holds_in(*release));
    if let Some((release, go)) = refusing.and_then(|release| Some((release, Go::of(release)?))) {
        return Some((Severity::High, format!("is refused by Kubernetes {release} ({go}): {what}")));
    }
    let first = refusal.first_release()?;
    let (major, minor) = (first.major, first.minor);
    let go = refusal.since;
    Some((Severity::Info, format!("is refused by Kubernetes v{major}.{minor} and later ({go}): {what}")))
}

/// The finding about a certificate: `remedy` cures it where the release that is meant refuses it; else it is only told
/// what will.
#[must_use]
pub fn refused(sighting: &Sighting<'_>, refusal: Refusal, what: &str, remedy: Remedy) -> Vec<Fault> {
    let Some((severity, message)) = verdict(&sighting.view.terms, refusal, what) else { return Vec::new() };
    let fault = sighting.graded(severity, message, remedy);
    vec![if severity == Severity::Info { fault.cured_by(later()) } else { fault }]
}

/// What can be done before the refusing release comes.
#[must_use]
pub fn later() -> Remedy {
    Remedy::advice("replace it before the cluster is upgraded to such a release")
}
