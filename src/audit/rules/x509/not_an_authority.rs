//! `KP-X5001`: a CA certificate that is none, or another that is.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A CA's certificate does not say that it is a CA, or another certificate does.
    ///
    /// ## Why it matters
    ///
    /// Nothing that such a CA signs is accepted. Where a server's or client's certificate is a CA, its key can make
    /// certificates for anyone.
    ///
    /// ## What to do
    ///
    /// Put the right CA certificate in place. `kubepki apply` reissues the others; take their CA for compromised.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.9 and §6.1.4 (k).
    "KP-X5001" "not-an-authority" Critical Case "certificates of credentials"
}

fn applies(case: &Case<'_>) -> bool {
    case.certificate().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(certificate) = case.certificate() else { return Vec::new() };
    let fault = |message: &str, remedy| Fault::one(case.certificate_path(), message, remedy);
    match (case.is_authority(), certificate.is_ca()) {
        (true, false) => {
            let remedy = Remedy::by_hand("put the certificate of the CA there");
            fault("is not a CA certificate", remedy)
        }
        (false, true) if case.is_leaf() => fault("is a CA certificate", Remedy::Reissue),
        _ => Vec::new(),
    }
}
