//! `KP-SP005`: a kubeconfig that points to another API server than the spec's.

use crate::audit::names::{api_servers, covers, expected};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::target::Aim;

rule! {
    /// A kubeconfig points to another API server than the spec's.
    ///
    /// ## Why it matters
    ///
    /// Its user talks to the wrong machine, or to none. The kubelet's may point to the node's own API server or to the
    /// cluster's endpoint: releases differ. It is worse where no API server's certificate has the host: then nobody
    /// connects.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the URL and leaves the rest as it is.
    ///
    /// ## References
    ///
    /// kubeadm, `controlPlaneEndpoint` and `localAPIEndpoint`.
    "KP-SP005" "server-drift" Medium Case "kubeconfigs"
}

fn applies(case: &Case<'_>) -> bool {
    case.view.terms.given && case.is_ours() && case.kubeconfig().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let (Some(kubeconfig), Aim::Kubeconfig { servers, .. }) = (case.kubeconfig(), &case.target.aim) else {
        return Vec::new();
    };
    if servers.iter().any(|server| server == kubeconfig.server.trim_end_matches('/')) {
        return Vec::new();
    }
    let wanted = servers.first().map(String::as_str).unwrap_or_default();
    let message = format!("points to `{}`, not to `{wanted}`", kubeconfig.server.escape_debug());
    let fault = Fault::new(case.certificate_path(), message, Remedy::Rewrite);
    let mut servers = api_servers(case.view).peekable();
    let host = expected(kubeconfig).filter(|_| servers.peek().is_some());
    let unknown = host.is_some_and(|host| {
        !servers.any(|(_, server)| server.subject_alt_names.iter().any(|name| covers(name, &host)))
    });
    vec![if unknown { fault.severity(Severity::High) } else { fault }]
}
