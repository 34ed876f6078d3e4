//! `KP-X5022`: a signature that nobody made.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity, Sighting, Signer};

rule! {
    /// A certificate says that a CA signed it which is here, and that CA did not.
    ///
    /// ## Why it matters
    ///
    /// The certificate was damaged or forged, or belongs to another CA of the same name. Everyone refuses it.
    ///
    /// Which CA is meant is told by the key identifier in the certificate, where there is one: a certificate of another CA
    /// of the name is no fault of its own. Where it lies in the place of a credential, KP-TR001 tells of it.
    ///
    /// ## What to do
    ///
    /// Find out where it comes from. `kubepki apply` issues a new one for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §6.1.3 (a)(1).
    "KP-X5022" "bad-signature" Critical Sighting "certificates whose issuer's name is that of a CA here"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.view.authorities(sighting.certificate().issuer.as_der()).is_empty()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    if sighting.signer() != Signer::Nobody {
        return Vec::new();
    }
    let certificate = sighting.certificate();
    let unnamed = certificate.authority_key_identifier.is_none();
    let told = sighting.own_case().is_some_and(|case| has_its_ca(&case));
    if !(sighting.is_damaged() || unnamed && !told) {
        return Vec::new();
    }
    let message = format!("its signature is not of `{}`: it was damaged or forged", certificate.issuer);
    let severity = sighting.weight(Severity::Critical).max(Severity::High);
    vec![sighting.graded(severity, message, Remedy::Reissue)]
}

/// Of these another rule says that their CA did not sign them.
fn has_its_ca(case: &Case<'_>) -> bool {
    case.is_leaf() && case.issuer().is_some_and(|issuer| issuer.certificate().is_some())
}
