//! `KP-TR001`: a certificate that its CA did not sign.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::x509::signature::SignatureFault;
use crate::x509::{Certificate, chain};

rule! {
    /// A certificate is not signed by the CA that is asked about it.
    ///
    /// ## Why it matters
    ///
    /// Its peers check it with that CA, and not with any other that may lie in the directory: they refuse it.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate of the right CA for the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §6.1.3 (a).
    "KP-TR001" "wrong-issuer" Critical Case "certificates whose CA is there"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_leaf()
        && case.certificate().is_some()
        && case.issuer().is_some_and(|ca| ca.certificate().is_some())
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(issuer) = case.issuer() else { return Vec::new() };
    let (certificates, Some(ca)) = (case.certificates(), issuer.certificate()) else { return Vec::new() };
    let Some((certificate, intermediates)) = certificates.split_first() else { return Vec::new() };
    // The way to the CA may be here, though not in the file: that is told as such.
    if leads_to(case, intermediates, ca) || case.missing_link().is_some() {
        return Vec::new();
    }
    let Err(fault) = chain::leads_to(certificate, intermediates, ca) else { return Vec::new() };
    let message = match fault {
        chain::ChainFault::Issuer if certificate.issuer.means(&ca.subject) => format!(
            "names its issuer in other bytes than {} has its subject in",
            issuer.certificate_path().display()
        ),
        chain::ChainFault::Issuer => {
            format!("is issued by `{}`, not by `{}`", certificate.issuer, ca.subject)
        }
        // A signature of a kind that is not checked is told of as such.
        chain::ChainFault::Signature(SignatureFault::Unsupported)
            if certificate.signature_algorithm.fits(&ca.public_key) =>
        {
            return Vec::new();
        }
        // One that is damaged is too.
        chain::ChainFault::Signature(_) if case.sighting().is_some_and(|own| own.is_damaged()) => {
            return Vec::new();
        }
        chain::ChainFault::Signature(_) => format!(
            "is not signed with the key of {}: {}",
            issuer.certificate_path().display(),
            SignatureFault::Bad
        ),
    };
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}

/// Whether the signatures, which were checked before, lead to `ca` over the certificates that follow in the file.
fn leads_to(case: &Case<'_>, intermediates: &[&Certificate], ca: &Certificate) -> bool {
    let Some(sighting) = case.sighting() else { return false };
    let is_ca = |one: &Certificate| one.subject == ca.subject && one.public_key == ca.public_key;
    let mut above = sighting.above().map(|above| above.certificate());
    above.find(|above| is_ca(above) || !intermediates.contains(above)).is_some_and(is_ca)
}
