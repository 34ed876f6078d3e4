//! `KP-SN001`: an API server that pods cannot call by its name.

use crate::audit::names::{Purpose, added, missing, serves};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// The API server's certificate lacks a name that pods call it by: `kubernetes`, `kubernetes.default`,
    /// `kubernetes.default.svc`, and the last with the cluster's domain.
    ///
    /// ## Why it matters
    ///
    /// Every client in the cluster that goes by name, operators and controllers among them, refuses the certificate.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the names for the same key. If the cluster's domain is another, say so
    /// in `networking.dnsDomain`.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements"; RFC 9525 §6.
    "KP-SN001" "service-names" Critical Case "certificates of API servers"
}

fn applies(case: &Case<'_>) -> bool {
    serves(case, Purpose::Service)
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let message = added(missing(case, Purpose::Service));
    message.map(|message| Fault::new(case.certificate_path(), message, Remedy::Reissue)).into_iter().collect()
}
