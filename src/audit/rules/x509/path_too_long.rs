//! `KP-X5017`: a CA below one that allows none.

use crate::audit::links::Signer;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};

rule! {
    /// A CA stands further below another than that one's path length allows.
    ///
    /// ## Why it matters
    ///
    /// Everyone refuses what the lower CA has signed.
    ///
    /// ## What to do
    ///
    /// Sign with the upper CA, or have the upper one issued anew with a longer path.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.9 and §6.1.4 (l), (m).
    "KP-X5017" "path-too-long" Critical Sighting "CAs below others"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.certificate().is_ca()
        && !sighting.is_self_signed()
        && matches!(sighting.signer(), Signer::Known(_))
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    // Certificates that are their own issuers, as there are while a key is replaced, do not count.
    let counts = |one: &Sighting<'_>| usize::from(!one.certificate().is_self_issued());
    let mut below = counts(sighting);
    for upper in sighting.above() {
        let ca = upper.certificate();
        let limit = ca.basic_constraints.and_then(|constraints| constraints.path_len).map(usize::from);
        // Those below the first that is too many are not told of again.
        if limit.is_some_and(|limit| below == limit + 1) && counts(sighting) == 1 && is_in_use(sighting) {
            let allowed = limit.unwrap_or_default();
            let message = format!("is CA number {below} below `{}`, which allows {allowed}", ca.subject);
            let text = "sign with the upper CA, or have that one issued anew with a longer path";
            let fault = sighting.fault(message, Remedy::by_hand(text));
            return vec![if sighting.is_put_aside() { fault } else { fault.cured_by(Remedy::by_hand(text)) }];
        }
        below += counts(&upper);
    }
    Vec::new()
}

/// Whether it is a CA of the cluster, or has signed something that is here.
fn is_in_use(sighting: &Sighting<'_>) -> bool {
    let signs = |other: Sighting<'_>| other.signer() == Signer::Known(sighting.certificate());
    sighting.is_authority() || sighting.view.sightings().any(signs)
}
