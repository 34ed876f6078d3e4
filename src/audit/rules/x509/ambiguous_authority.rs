//! `KP-X5010`: two CAs of one name that are not told apart.

use std::collections::HashSet;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// Two CAs have the same subject and different keys, and key identifiers do not tell them apart.
    ///
    /// ## Why it matters
    ///
    /// While a CA is replaced there are two, and with kubeadm both are called `kubernetes`. A verifier that takes the first
    /// of that name finds that the signature does not hold, and may stop there. Identifiers of their keys lead it to the
    /// right one: both CAs need one, and so does all that they have signed.
    ///
    /// ## What to do
    ///
    /// Give the new CA another common name, or identifiers to both and to what they sign.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.1; RFC 4158 §3.5.12 and §3.5.13, on finding the right path.
    "KP-X5010" "ambiguous-authority" High Sighting "CA certificates"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.certificate().is_ca()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let (view, ca) = (sighting.view, sighting.certificate());
    let all = view.authorities(ca.subject.as_der());
    // Told of once, with the first.
    if all.first() != Some(&ca) {
        return Vec::new();
    }
    let keys: HashSet<&[u8]> = all.iter().map(|ca| ca.public_key.as_der()).collect();
    if keys.len() < 2 {
        return Vec::new();
    }
    let identifiers: HashSet<Option<&[u8]>> =
        all.iter().map(|ca| ca.subject_key_identifier.as_deref()).collect();
    let message = if identifiers.contains(&None) {
        format!(
            "is one of {} CAs called `{}`, not all of which have a key identifier",
            keys.len(),
            ca.subject
        )
    } else if identifiers.len() < keys.len() {
        format!("is one of {} CAs called `{}` with the same key identifier", keys.len(), ca.subject)
    } else {
        let unnamed = view.sightings().find(|other| {
            let certificate = other.certificate();
            certificate.issuer == ca.subject
                && !certificate.is_self_issued()
                && certificate.authority_key_identifier.is_none()
        });
        let Some(unnamed) = unnamed else { return Vec::new() };
        let path = unnamed.path();
        format!(
            "is one of {} CAs called `{}`, and {} does not say which signed it",
            keys.len(),
            ca.subject,
            path.display()
        )
    };
    let remedy = Remedy::by_hand("give the new CA a common name of its own");
    let fault = sighting.fault(message, remedy.clone());
    vec![if sighting.is_authority() { fault.cured_by(remedy) } else { fault }]
}
