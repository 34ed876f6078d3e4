//! Whose affair a missing name is, and which host a kubeconfig connects to.

use super::case::Case;
use super::view::View;
use crate::catalog::{Base, Symbol};
use crate::disk::Kubeconfig;
use crate::spec::syntax::{self, Endpoint};
use crate::target::Blueprint;
use crate::x509::alt_name::lacking;
use crate::x509::{Certificate, SubjectAltName};

/// What the names of a certificate are for: a rule for each says what their absence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// How pods call the API server: `kubernetes.default.svc` and its kin.
    Service,
    /// The address at which pods reach it.
    ServiceAddress,
    /// Where everyone else reaches it: the node, and the cluster's endpoint.
    Reached,
    /// Where etcd is reached.
    Etcd,
    /// Where a kubelet is reached.
    Kubelet,
    /// What the spec wants beside.
    Spec,
}

/// What a name of a credential's certificate is for, by the symbol that it comes from.
fn purpose(case: &Case<'_>, blueprint: &Blueprint, origin: Option<Symbol>) -> Purpose {
    let etcd = blueprint.has(Symbol::EtcdServerSans) || blueprint.has(Symbol::EtcdPeerSans);
    match origin {
        _ if case.is_the_users() => Purpose::Spec,
        Some(Symbol::CertSans | Symbol::EtcdServerSans | Symbol::EtcdPeerSans) => Purpose::Spec,
        Some(Symbol::ServiceIps) => Purpose::ServiceAddress,
        Some(Symbol::NodeName | Symbol::NodeAddresses | Symbol::ControlPlaneEndpoint)
            if is_api_server(case) =>
        {
            Purpose::Reached
        }
        _ if is_api_server(case) => Purpose::Service,
        _ if etcd => Purpose::Etcd,
        _ if case.target.base == Base::Kubelet => Purpose::Kubelet,
        _ => Purpose::Spec,
    }
}

/// Whether a credential is what API servers show: its row has the service's address.
#[must_use]
pub fn is_api_server(case: &Case<'_>) -> bool {
    !case.is_the_users() && case.blueprint().is_some_and(|blueprint| blueprint.has(Symbol::ServiceIps))
}

/// Whether a credential's certificate ought to have names for a purpose.
#[must_use]
pub fn serves(case: &Case<'_>, wanted: Purpose) -> bool {
    let Some((_, blueprint)) = case.leaf() else { return false };
    blueprint.origins.iter().any(|(_, origin)| purpose(case, blueprint, *origin) == wanted)
}

/// The names for a purpose that a credential's certificate lacks, in their order.
#[must_use]
pub fn missing<'a>(case: &Case<'a>, wanted: Purpose) -> Vec<&'a SubjectAltName> {
    let Some((certificate, blueprint)) = case.leaf() else { return Vec::new() };
    let ours = |name: &SubjectAltName| {
        // A name may stand for several things: it is missed for the first.
        let origin = blueprint.origins.iter().find(|(other, _)| other == name);
        origin.is_some_and(|(_, origin)| purpose(case, blueprint, *origin) == wanted)
    };
    let lacking = lacking(&blueprint.subject_alt_names, &certificate.subject_alt_names);
    lacking.into_iter().filter(|name| ours(name)).collect()
}

/// `SAN + a + b`, of very many the first; nothing where there are no names.
#[must_use]
pub fn added<'a>(names: impl IntoIterator<Item = &'a SubjectAltName>) -> Option<String> {
    listed('+', names)
}

/// `SAN - a - b`; nothing where there are no names.
#[must_use]
pub fn removed<'a>(names: impl IntoIterator<Item = &'a SubjectAltName>) -> Option<String> {
    listed('-', names)
}

fn listed<'a>(sign: char, names: impl IntoIterator<Item = &'a SubjectAltName>) -> Option<String> {
    const SHOWN: usize = 12;
    let mut names = names.into_iter();
    let mut list: String = names.by_ref().take(SHOWN).map(|name| format!(" {sign} {name}")).collect();
    let more = names.count();
    if more > 0 {
        list += &format!(" {sign} {more} more");
    }
    (!list.is_empty()).then(|| format!("SAN{list}"))
}

/// Whether a certificate's name speaks for a host, as RFC 9525 §6.3 and Go have it: letter case does not matter, a `*`
/// stands for one whole label.
#[must_use]
pub fn covers(name: &SubjectAltName, host: &SubjectAltName) -> bool {
    match (name, host) {
        (SubjectAltName::Ip(one), SubjectAltName::Ip(other)) => one == other,
        (SubjectAltName::Dns(pattern), SubjectAltName::Dns(host)) => match pattern.strip_prefix("*.") {
            None => pattern.eq_ignore_ascii_case(host),
            Some(parent) => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
        },
        _ => false,
    }
}

/// The URL's host and port, as client-go takes them: without a scheme it is a host.
#[must_use]
pub fn endpoint(url: &str) -> Option<Endpoint> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    // An IPv6 address may stand in brackets without a port.
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    syntax::endpoint(bare.unwrap_or(&host)).ok()
}

/// The name that a kubeconfig wants of the API server's certificate.
#[must_use]
pub fn expected(kubeconfig: &Kubeconfig) -> Option<SubjectAltName> {
    if kubeconfig.server_name.is_empty() {
        return Some(endpoint(&kubeconfig.server)?.alt_name());
    }
    let name = kubeconfig.server_name.to_ascii_lowercase();
    Some(syntax::address(&name).map_or(SubjectAltName::Dns(name), SubjectAltName::ip))
}

/// The certificates of the API servers in a view, each with its credential.
pub fn api_servers<'a>(view: &'a View<'a>) -> impl Iterator<Item = (Case<'a>, &'a Certificate)> {
    let servers = view.cases().filter(|case| is_api_server(case) && case.is_leaf());
    servers.filter_map(|case| Some((case, case.certificate()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_speaks_for_a_host() {
        let name = |text: &str| syntax::alt_name(text).unwrap();
        for (pattern, host, covered) in [
            ("api.example.com", "api.example.com", true),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            assert_eq!(covers(&name(pattern), &name(host)), covered, "{pattern} {host}");
        }
        let capitals = SubjectAltName::Dns("API.example.com".to_owned());
        assert!(covers(&capitals, &name("api.example.com")));
    }

    #[test]
    fn a_url_names_a_host() {
        for (url, host) in [
            ("https://192.0.2.10:6443", Some("192.0.2.10:6443")),
            ("https://API.example.com/path?x", Some("api.example.com")),
            ("https://[2001:db8::1]:6443", Some("[2001:db8::1]:6443")),
            ("https://[2001:db8::1]", Some("2001:db8::1")),
            ("api.example.com:443", Some("api.example.com:443")),
            ("https://", None),
            ("https://a b", None),
        ] {
            assert_eq!(endpoint(url).map(|endpoint| endpoint.to_string()).as_deref(), host, "{url}");
        }
    }
}
