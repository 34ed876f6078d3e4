//! `KP-KY010`: a key that outlived its certificates.

use std::collections::HashMap;

use crate::audit::lifetime::LONGEST;
use crate::audit::links::Signer;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene, Sighting};
use crate::moment::{date, span};

rule! {
    /// A certificate was renewed for a key that is in use for more than 398 days.
    ///
    /// ## Why it matters
    ///
    /// A certificate ends so that a stolen key loses its worth. If the next one is for the same key, it does not.
    ///
    /// The age of a key shows only where an earlier certificate of it is still there, put aside under another name for
    /// example: then it is at least as old as that.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 part 1 §5.3.6: a key that signs for authentication is used for one to two years.
    "KP-KY010" "kept-key" Medium Scene "clusters with an earlier certificate of a credential"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.views.iter().any(|view| view.survey.strays.iter().any(|stray| stray.found.present().is_some()))
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut earliest: HashMap<&[u8], Sighting<'_>> = HashMap::new();
    for sighting in
        scene.sightings().filter(|sighting| !sighting.certificate().is_ca() && tells_its_age(sighting))
    {
        let key = sighting.certificate().public_key.as_der();
        let first = earliest.entry(key).or_insert(sighting);
        if sighting.certificate().not_before < first.certificate().not_before {
            *first = sighting;
        }
    }
    let old = |sighting: Sighting<'_>| {
        let case = sighting.own_case().filter(Case::is_leaf)?;
        let certificate = sighting.certificate();
        let first = earliest.get(certificate.public_key.as_der())?;
        let (begin, path) = (first.certificate().not_before, first.path());
        let age = sighting.view.now() - begin;
        let other = !first.certificate().subject.means(&certificate.subject);
        if begin >= certificate.not_before || other || age <= LONGEST {
            return None;
        }
        let message = format!(
            "its key is {} old: {} is of {} and has the same",
            span(age),
            path.display(),
            date(begin)
        );
        Some(Fault::new(sighting.path(), message, Remedy::Rekey).about(&case))
    };
    scene.sightings().filter_map(old).collect()
}

/// Whether a certificate begins when it was issued, and not when its CA did.
fn tells_its_age(sighting: &Sighting<'_>) -> bool {
    match sighting.signer() {
        Signer::Known(ca) => ca.not_before != sighting.certificate().not_before,
        _ => true,
    }
}
