//! `KP-KC011`: a kubeconfig with a URL that will not do.

use crate::audit::names::{endpoint, expected};
use crate::audit::rule::rule;
use crate::audit::{Access, Fault, Remedy, Severity};
use crate::spec::Endpoint;
use crate::target::Aim;
use crate::x509::SubjectAltName;

rule! {
    /// A kubeconfig reaches the API server without TLS, or at an address of one machine although the cluster has an
    /// endpoint with a name.
    ///
    /// ## Why it matters
    ///
    /// Without TLS a client certificate cannot be shown, and everything else is read on the way. An address breaks when
    /// the endpoint moves, and stops working when that one machine does.
    ///
    /// What a credential of the spec's points to is told by `KP-SP005`.
    ///
    /// ## What to do
    ///
    /// Set `server` to the cluster's endpoint.
    ///
    /// ## References
    ///
    /// kubeadm, `controlPlaneEndpoint`.
    "KP-KC011" "plain-url" Low Access "kubeconfigs that the spec does not decide about"
}

fn applies(access: &Access<'_>) -> bool {
    access.case().is_none_or(|case| !(case.is_ours() && case.view.terms.given))
}

fn check(access: &Access<'_>) -> Vec<Fault> {
    let server = &access.kubeconfig.server;
    let path = access.path().to_owned();
    let fault = |message: String, text: &str| Fault::new(path.clone(), message, Remedy::advice(text));
    if server.starts_with("http://") {
        let fault = fault(format!("reaches `{}` without TLS", server.escape_debug()), "write https://");
        return vec![if is_local(server) { fault } else { fault.severity(Severity::Medium) }];
    }
    match (name_of_the_cluster(access), expected(access.kubeconfig)) {
        (Some(endpoint), Some(SubjectAltName::Ip(address))) => {
            let message = format!("reaches {address}, and the cluster's endpoint is `{endpoint}`");
            vec![fault(message, "set its server to the endpoint")]
        }
        _ => Vec::new(),
    }
}

fn is_local(url: &str) -> bool {
    let host = endpoint(url).map(|endpoint| endpoint.alt_name());
    match host {
        Some(SubjectAltName::Ip(address)) => address.is_loopback(),
        Some(SubjectAltName::Dns(name)) => name == "localhost",
        _ => false,
    }
}

/// The cluster's endpoint, if it has a name, and the kubeconfig is the cluster's and of someone who should go through it.
fn name_of_the_cluster<'a>(access: &Access<'a>) -> Option<&'a Endpoint> {
    let endpoint = access.view.spec.control_plane_endpoint.as_ref()?;
    let named = matches!(endpoint.alt_name(), SubjectAltName::Dns(_));
    let through = match access.case().map(|case| &case.target.aim) {
        // Components go to the API server beside them.
        Some(Aim::Kubeconfig { servers, .. }) => {
            !servers.iter().any(|server| server == access.kubeconfig.server.trim_end_matches('/'))
        }
        Some(_) => false,
        None => is_the_clusters(access),
    };
    (named && through).then_some(endpoint)
}

/// Whether the cluster's CA is trusted, by someone who is no component.
fn is_the_clusters(access: &Access<'_>) -> bool {
    let Some(certificate) = access.certificate() else { return false };
    let component = certificate.subject.common_name().is_some_and(|user| user.starts_with("system:"));
    let trusted = access.trusts_the_ca_of(certificate);
    !component && trusted && access.view.own_signer(certificate).is_some()
}
