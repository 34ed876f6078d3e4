//! `KP-KC002`: a kubeconfig with another CA than the cluster's.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::disk::kubeconfig::Source;

rule! {
    /// A kubeconfig checks the API server with another CA than the cluster's.
    ///
    /// ## Why it matters
    ///
    /// Its user cannot connect, or, if it trusts a CA of somebody else's, connects to somebody else.
    ///
    /// A CA that the kubeconfig takes from a file is not looked at here.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` puts the cluster's CA into it and leaves the rest as it is.
    ///
    /// ## References
    ///
    /// kubeadm makes the same comparison when it finds a kubeconfig, and stops.
    "KP-KC002" "stale-authority" Critical Case "kubeconfigs of a CA that is there"
}

fn applies(case: &Case<'_>) -> bool {
    case.kubeconfig().is_some() && case.issuer().is_some_and(|ca| ca.certificate().is_some())
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let (Some(kubeconfig), Some(issuer)) = (case.kubeconfig(), case.issuer()) else { return Vec::new() };
    let message = match (&kubeconfig.authority, issuer.certificate()) {
        (Source::Embedded(Ok(certificates)), Some(ca)) if !certificates.contains(ca) => {
            format!("trusts another CA than {}", issuer.certificate_path().display())
        }
        (Source::Absent, Some(_)) => "names no CA to trust".to_owned(),
        _ => return Vec::new(),
    };
    Fault::one(case.certificate_path(), message, Remedy::Rewrite)
}
