//! `KP-FP001`: a front proxy's certificate that the cluster's CA has signed.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::x509::chain;

rule! {
    /// The front proxy's client certificate is signed by the CA of ordinary clients.
    ///
    /// ## Why it matters
    ///
    /// The API server takes who shows it for a user of that name as well. And aggregated APIs, which check it with the
    /// front proxy's own CA, refuse it.
    ///
    /// Where both CAs are one, that is the fault, and told by KP-TR002.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues one of the front proxy's CA for the same key.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure the Aggregation Layer".
    "KP-FP001" "cluster-signed-proxy" High Case "front proxy client certificates"
}

fn applies(case: &Case<'_>) -> bool {
    case.target.credential == "front-proxy-client" && case.certificate().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let (Some(certificate), Some(node)) = (case.certificate(), case.view.node(&case.target.site)) else {
        return Vec::new();
    };
    let own = case.issuer().and_then(|issuer| issuer.certificate());
    let clients = node.credential("ca").map(|ca| ca.certificates()).unwrap_or_default();
    let signer = clients.into_iter().find(|ca| chain::signed_by(certificate, ca).is_ok());
    let Some(signer) = signer.filter(|ca| own.is_none_or(|own| own.public_key != ca.public_key)) else {
        return Vec::new();
    };
    let user = certificate.subject.common_name().unwrap_or_default().escape_debug().to_string();
    let message = format!("is signed by `{}`, so that its bearer is the user `{user}` too", signer.subject);
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}
