//! `KP-TR001`: a certificate that its CA did not sign.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::x509::chain;

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
    match chain::leads_to(certificate, intermediates, ca) {
        Ok(()) => Vec::new(),
        // The way to the CA is here, though not in the file: that is told as such.
        Err(_) if case.missing_link().is_some() => Vec::new(),
        Err(fault) => {
            let message = match fault {
                chain::ChainFault::Issuer => {
                    format!("is issued by `{}`, not by `{}`", certificate.issuer, ca.subject)
                }
                chain::ChainFault::Signature(fault) => {
                    format!("is not signed with the key of {}: {fault}", issuer.certificate_path().display())
                }
            };
            Fault::one(case.certificate_path(), message, Remedy::Reissue)
        }
    }
}
