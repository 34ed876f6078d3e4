//! `KP-TM004`: a certificate that ends after its CA.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting, Signer};
use crate::moment::date;

rule! {
    /// A certificate says that it is valid for longer than any certificate of the CA that signed it.
    ///
    /// ## Why it matters
    ///
    /// It ends with its CA, before its stated date: whoever watches that date is surprised. kubeadm and the controller
    /// manager of old releases do not cut what they sign.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues one that ends when the CA does. Plan for the CA's successor.
    ///
    /// ## References
    ///
    /// RFC 5280 §6.1.3 (a)(2): every certificate of a path must be valid.
    "KP-TM004" "outlives-issuer" High Sighting "certificates whose CA is there"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    matches!(sighting.signer(), Signer::Known(_)) && !sighting.is_self_signed()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let Signer::Known(ca) = sighting.signer() else { return Vec::new() };
    // The CA may have been renewed with the same key.
    let same = sighting.view.authorities(ca.subject.as_der()).iter();
    let same = same.filter(|other| other.public_key == ca.public_key);
    let end = same.map(|other| other.not_after).max().unwrap_or(ca.not_after);
    // Of a CA that has expired there is more to say.
    if sighting.certificate().not_after <= end || end < sighting.view.now() {
        return Vec::new();
    }
    let message = format!(
        "is valid until {}, but its CA `{}` only until {}",
        date(sighting.certificate().not_after),
        ca.subject,
        date(end)
    );
    vec![sighting.fault(message, Remedy::Reissue)]
}
