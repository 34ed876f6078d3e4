//! `KP-SN002`: an API server that pods cannot call by its address.

use std::net::IpAddr;

use crate::audit::names::{Purpose, added, missing, serves};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::catalog::Symbol;
use crate::x509::SubjectAltName;

rule! {
    /// The API server's certificate lacks the address of the `kubernetes` service: the first of the service subnet.
    ///
    /// ## Why it matters
    ///
    /// client-go in a pod connects to that address, and to nothing else, unless it is told otherwise: every in-cluster
    /// client refuses the certificate.
    ///
    /// The service has an address of the first subnet's family alone, so that the second family's is milder: kubeadm
    /// leaves it out, kubepki puts it in.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the address for the same key.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements"; kubeadm, `GetAPIServerAltNames`.
    "KP-SN002" "service-address" Critical Case "certificates of API servers"
}

fn applies(case: &Case<'_>) -> bool {
    serves(case, Purpose::ServiceAddress)
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let missing = missing(case, Purpose::ServiceAddress);
    let first = case.blueprint().and_then(|blueprint| blueprint.names_of(Symbol::ServiceIps).next());
    let lacks_first = first.is_some_and(|first| missing.contains(&first));
    let Some(message) = added(missing) else { return Vec::new() };
    let fault = |message: String, remedy| Fault::new(case.certificate_path(), message, remedy);
    if !lacks_first {
        return vec![fault(message, Remedy::Reissue).severity(Severity::Low)];
    }
    if is_known(case) {
        return vec![fault(message, Remedy::Reissue)];
    }
    // The subnet is a guess: any address that could be the first of one may be the right one.
    if addresses(case).any(could_be_first) {
        return Vec::new();
    }
    let first = first.map(ToString::to_string).unwrap_or_default();
    let message = format!("has no address that could be the service's, such as {first}");
    let remedy = Remedy::by_hand("name the service subnet in a spec, and apply it");
    vec![fault(message, remedy).severity(Severity::High)]
}

/// Whether the service subnet is known: the spec is the user's, or the API server's flag says it.
fn is_known(case: &Case<'_>) -> bool {
    let flag = || {
        let (_, pod) = case.view.node(&case.target.site)?.pod("kube-apiserver")?;
        pod.flag("service-cluster-ip-range")
    };
    case.view.terms.given || flag().is_some()
}

/// The certificate's addresses that are not the node's own.
fn addresses<'a>(case: &Case<'a>) -> impl Iterator<Item = IpAddr> + use<'a> {
    let own: Vec<&SubjectAltName> = case
        .blueprint()
        .map(|blueprint| blueprint.names_of(Symbol::NodeAddresses).collect())
        .unwrap_or_default();
    let names = case.certificate().map(|own| own.subject_alt_names.as_slice()).unwrap_or_default();
    names.iter().filter(move |name| !own.contains(name)).filter_map(|name| match name {
        SubjectAltName::Ip(address) => Some(*address),
        _ => None,
    })
}

/// Whether an address could be the first of a subnet that kubeadm accepts: it has sixteen addresses at least.
fn could_be_first(address: IpAddr) -> bool {
    let last = match address {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    };
    last % 16 == 1
}

#[cfg(test)]
mod tests {
    use super::could_be_first;

    #[test]
    fn the_first_address_of_a_subnet_ends_with_one() {
        for (address, first) in [
            ("10.96.0.1", true),
            ("10.43.0.1", true),
            ("192.168.1.17", true),
            ("192.0.2.10", false),
            ("fd00:10:96::1", true),
            ("fd00::2", false),
        ] {
            assert_eq!(could_be_first(address.parse().unwrap()), first, "{address}");
        }
    }
}
