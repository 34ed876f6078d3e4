//! `KP-KC002`: a kubeconfig with another CA than the cluster's.

use crate::audit::names::{api_servers, covers, expected, is_api_server};
use crate::audit::rule::rule;
use crate::audit::{Access, Case, Fault, Remedy, Severity};
use crate::disk::kubeconfig::Source;
use crate::x509::{Certificate, SubjectAltName};

rule! {
    /// A kubeconfig checks the API server with another CA than the cluster's.
    ///
    /// ## Why it matters
    ///
    /// Its user cannot connect, or, if it trusts a CA of somebody else's, connects to somebody else.
    ///
    /// A kubeconfig that is no credential's is the cluster's if the cluster's CA has signed the certificate in it, or if
    /// it connects to a host in an API server's certificate. A CA that a kubeconfig takes from a file is not looked at
    /// here.
    ///
    /// Under a root that the spec names, it trusts that beside the CA: clients that demand a self-signed anchor refuse the
    /// API server otherwise. kubeadm takes the root out at every renewal.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` puts the cluster's CA into a credential's kubeconfig and leaves the rest as it is. In others,
    /// replace `certificate-authority-data`.
    ///
    /// ## References
    ///
    /// kubeadm makes the same comparison when it finds a kubeconfig, and stops.
    "KP-KC002" "stale-authority" Critical Access "kubeconfigs of a CA that is there"
}

fn applies(access: &Access<'_>) -> bool {
    authority(access).is_some_and(|ca| ca.certificate().is_some())
}

fn check(access: &Access<'_>) -> Vec<Fault> {
    let kubeconfig = access.kubeconfig;
    let Some(authority) = authority(access).filter(|_| !kubeconfig.insecure) else { return Vec::new() };
    let message = match (&kubeconfig.authority, authority.certificate()) {
        (Source::Embedded(Ok(certificates)), Some(ca)) if !certificates.contains(ca) => {
            format!("trusts another CA than {}", authority.certificate_path().display())
        }
        (Source::Absent, Some(_)) => "names no CA to trust".to_owned(),
        (Source::Embedded(Ok(certificates)), Some(_)) => return rootless(access, certificates),
        _ => return Vec::new(),
    };
    let fault = access.fault(message, Remedy::Rewrite, "put the cluster's CA into it, or delete it");
    // What no credential has, no component uses.
    vec![if access.is_planned() { fault } else { fault.severity(Severity::High) }]
}

/// A credential's kubeconfig that trusts the CA and not the root above it.
fn rootless(access: &Access<'_>, certificates: &[Certificate]) -> Vec<Fault> {
    let root = access.view.spec.authority.root_certificate().filter(|root| !certificates.contains(root));
    let own = access.case().filter(|case| access.is_planned() && case.is_leaf());
    let (Some(root), Some(_)) = (root, own) else { return Vec::new() };
    let message = format!("does not trust the root `{}`: some clients demand one", root.subject);
    let fault = access.fault(message, Remedy::Rewrite, "put the root behind the cluster's CA");
    vec![fault.severity(Severity::Low)]
}

/// The CA that a kubeconfig of the cluster has to trust: that of its API servers.
fn authority<'a>(access: &Access<'a>) -> Option<Case<'a>> {
    let servers = access.view.cases().find(is_api_server).and_then(|server| server.issuer());
    match access.case().filter(|_| access.is_planned()) {
        Some(case) => servers.or_else(|| case.issuer()),
        None => servers.filter(|_| is_the_clusters(access)),
    }
}

fn is_the_clusters(access: &Access<'_>) -> bool {
    let signed = access.certificate().is_some_and(|own| access.view.own_signer(own).is_some());
    let Some(host) = expected(access.kubeconfig).filter(|_| !signed) else { return signed };
    // Every cluster is `localhost` to somebody.
    let local = matches!(&host, SubjectAltName::Ip(address) if address.is_loopback())
        || host == SubjectAltName::Dns("localhost".to_owned());
    let mut names = api_servers(access.view).flat_map(|(_, server)| &server.subject_alt_names);
    !local && names.any(|name| covers(name, &host))
}
