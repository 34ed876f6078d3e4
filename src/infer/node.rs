//! What the files of one node say of it.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Confidence, Facts, most_frequent};
use crate::audit::Node;
use crate::catalog::Role;
use crate::spec::syntax::{self, Endpoint};
use crate::x509::{Certificate, SubjectAltName};

/// A node as its files show it.
pub struct Seen {
    pub name: String,
    pub roles: Vec<Role>,
    pub addresses: Vec<IpAddr>,
    pub bind_port: u16,
    /// Where its kubeconfigs reach the cluster, if that is not the node itself.
    pub endpoint: Option<Endpoint>,
    pub service_subnets: Vec<IpNet>,
    pub dns_domain: Option<String>,
    /// What else its API server is called.
    pub cert_sans: Vec<SubjectAltName>,
    /// What else its etcd member is called by clients, and by other members.
    pub etcd_sans: [Vec<SubjectAltName>; 2],
    /// Where its API server finds an etcd that has no files here.
    pub external_etcd: Option<Vec<String>>,
}

/// Names that every API server has.
const FIXED: [&str; 3] = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// What stands before the cluster's domain in the longest of them.
const SERVICE: &str = "kubernetes.default.svc.";

pub fn see(node: &Node<'_>, facts: &mut Facts) -> Seen {
    let names_of = |credential: &str| {
        certificate(node, credential).map(|own| own.subject_alt_names.clone()).unwrap_or_default()
    };
    let (names, etcd, peer) = (names_of("apiserver"), names_of("etcd-server"), names_of("etcd-peer"));
    let name = name(node, &names, &etcd, facts);
    let roles = roles(node);
    let servers = Servers::of(node);
    let local = servers.local(&etcd);
    let endpoint = servers.endpoint(local.as_ref());
    // k3s' components reach their API server over the loopback.
    let advertised = local.as_ref().and_then(|local| syntax::address(&local.host));
    let advertised = advertised.filter(|address| !address.is_loopback());
    let service_subnets = service_subnets(node, &names, advertised, facts);
    let service_ips: Vec<IpAddr> = service_subnets.iter().map(syntax::first_address).collect();
    let advertised = advertised.or_else(|| {
        ips(&etcd).chain(ips(&names)).find(|address| !address.is_loopback() && !service_ips.contains(address))
    });
    let mut addresses: Vec<IpAddr> = advertised.into_iter().collect();
    // Further addresses of a node are names of all its servers.
    let others: [HashSet<&SubjectAltName>; 2] = [&names, &peer].map(|names| names.iter().collect());
    addresses.extend(ips(&etcd).filter(|address| {
        let everywhere = others.iter().all(|others| others.contains(&SubjectAltName::ip(*address)));
        everywhere && !address.is_loopback() && Some(*address) != advertised && !service_ips.contains(address)
    }));
    let known: HashSet<IpAddr> = addresses.iter().copied().collect();
    let is_own = |found: &SubjectAltName| match found {
        SubjectAltName::Dns(text) => *text == name,
        SubjectAltName::Ip(address) => known.contains(address),
        _ => false,
    };
    let is_usual = |found: &SubjectAltName| match found {
        SubjectAltName::Dns(text) => FIXED.contains(&text.as_str()) || text.starts_with(SERVICE),
        SubjectAltName::Ip(address) => service_ips.contains(address),
        _ => false,
    };
    let is_endpoint =
        |found: &SubjectAltName| endpoint.as_ref().is_some_and(|endpoint| endpoint.alt_name() == *found);
    let is_loopback = |found: &SubjectAltName| match found {
        SubjectAltName::Dns(text) => text == "localhost",
        SubjectAltName::Ip(address) => address.is_loopback(),
        _ => false,
    };
    let further = |names: &[SubjectAltName]| {
        names.iter().filter(|found| !is_loopback(found) && !is_own(found)).cloned().collect()
    };
    let others = names.iter().filter(|found| !is_usual(found) && !is_endpoint(found) && !is_own(found));
    let dns_domain = names.iter().find_map(|found| match found {
        SubjectAltName::Dns(text) => text.strip_prefix(SERVICE).map(str::to_owned),
        _ => None,
    });
    let external = roles.contains(&Role::ControlPlane) && !there(node, "etcd-server");
    Seen {
        cert_sans: others.cloned().collect(),
        etcd_sans: [further(&etcd), further(&peer)],
        external_etcd: external.then(|| etcd_servers(node)),
        bind_port: local.and_then(|local| local.port).unwrap_or(6443),
        name,
        roles,
        addresses,
        endpoint,
        service_subnets,
        dns_domain,
    }
}

fn certificate<'a>(node: &Node<'a>, credential: &str) -> Option<&'a Certificate> {
    node.credential(credential)?.certificate()
}

/// Whether anything of a credential is there.
fn there(node: &Node<'_>, credential: &str) -> bool {
    node.credential(credential).is_some_and(|case| !case.is_absent())
}

fn ips(names: &[SubjectAltName]) -> impl Iterator<Item = IpAddr> {
    names.iter().filter_map(|name| match name {
        SubjectAltName::Ip(address) => Some(*address),
        _ => None,
    })
}

/// The name in the kubelet's identity; else that of etcd's certificate, which carries the node's name; else a name that
/// the API server has beside the usual ones.
fn name(
    node: &Node<'_>,
    names: &[SubjectAltName],
    etcd_names: &[SubjectAltName],
    facts: &mut Facts,
) -> String {
    let subject = |credential: &str| Some(certificate(node, credential)?.subject.common_name()?.to_owned());
    let identity = |name: String| name.strip_prefix("system:node:").map(str::to_owned);
    let user = || node.credential("kubelet.conf")?.kubeconfig().map(|kubeconfig| kubeconfig.user.clone());
    let serving = || subject("kubelet-serving");
    let in_names = |name: &String| etcd_names.contains(&SubjectAltName::Dns(name.clone()));
    let plain = || {
        names.iter().find_map(|found| match found {
            SubjectAltName::Dns(text) if !FIXED.contains(&text.as_str()) && !text.contains(['.', '*']) => {
                Some(text.clone())
            }
            _ => None,
        })
    };
    let found = subject("kubelet-client")
        .and_then(identity)
        .map(|name| (name, Confidence::Certain, "the kubelet's certificate"))
        .or_else(|| Some((subject("kubelet.conf").and_then(identity)?, Confidence::Certain, "kubelet.conf")))
        .or_else(|| Some((user().and_then(identity)?, Confidence::Certain, "kubelet.conf")))
        .or_else(|| Some((serving().and_then(identity)?, Confidence::Certain, "the kubelet's certificate")))
        .or_else(|| {
            Some((subject("etcd-server").filter(in_names)?, Confidence::Likely, "etcd's certificate"))
        })
        .or_else(|| Some((plain()?, Confidence::Likely, "the API server's names")));
    let valid = found.filter(|(name, ..)| syntax::is_dns_name(name));
    let (name, confidence, source) = match (valid, node.site().to_string()) {
        (Some((name, confidence, source)), _) => (name, confidence, source),
        (None, directory) => (directory, Confidence::Guessed, "nothing: no certificate names the node"),
    };
    facts.note("nodes[].name", name.clone(), confidence, source);
    name
}

fn roles(node: &Node<'_>) -> Vec<Role> {
    let mut roles = Vec::new();
    let serves = ["apiserver", "controller-manager.conf", "scheduler.conf"];
    let (control_plane, member) =
        (serves.iter().any(|credential| there(node, credential)), there(node, "etcd-server"));
    if control_plane {
        roles.push(Role::ControlPlane);
    } else if member {
        roles.push(Role::Etcd);
    }
    if roles.is_empty() {
        roles.push(Role::Worker);
    }
    roles
}

/// The servers that a node's kubeconfigs point to.
struct Servers {
    administrators: Vec<Endpoint>,
    components: Vec<Endpoint>,
    kubelet: Option<Endpoint>,
}

impl Servers {
    fn of(node: &Node<'_>) -> Self {
        let server = |credential: &&str| {
            let url = &node.credential(credential)?.kubeconfig()?.server;
            let host = url.strip_prefix("https://").unwrap_or(url).split('/').next().unwrap_or_default();
            syntax::endpoint(host).ok()
        };
        let servers = |credentials: &[&str]| credentials.iter().filter_map(server).collect();
        Self {
            administrators: servers(&["admin.conf", "super-admin.conf"]),
            components: servers(&["controller-manager.conf", "scheduler.conf"]),
            kubelet: server(&"kubelet.conf"),
        }
    }

    /// The node's own API server: its components ask it.
    fn local(&self, etcd: &[SubjectAltName]) -> Option<Endpoint> {
        if let Some(local) = most_frequent(self.components.iter().cloned()) {
            return Some(local);
        }
        let known = |endpoint: &&Endpoint| etcd.contains(&endpoint.alt_name());
        self.kubelet.iter().chain(&self.administrators).find(known).cloned()
    }

    /// The cluster's endpoint: administrators ask it, and workers.
    fn endpoint(&self, local: Option<&Endpoint>) -> Option<Endpoint> {
        let other = |endpoint: &&Endpoint| local != Some(*endpoint);
        self.administrators.iter().chain(&self.kubelet).find(other).cloned()
    }
}

/// The flag of the API server says it; else the first address of its certificate, whatever the size of the subnet: the
/// largest that kubeadm allows (12 bits of an IPv4, 108 of an IPv6 prefix) and that begins just before it.
fn service_subnets(
    node: &Node<'_>,
    names: &[SubjectAltName],
    advertised: Option<IpAddr>,
    facts: &mut Facts,
) -> Vec<IpNet> {
    const FIELD: &str = "networking.serviceSubnet";
    let flag = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("service-cluster-ip-range"));
    if let Some(subnets) = flag.and_then(|flag| syntax::service_subnets(flag).ok()) {
        let text = subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        facts.note(FIELD, text, Confidence::Certain, "the API server's flag");
        return subnets;
    }
    let mut addresses = ips(names).filter(|address| !address.is_loopback());
    let subnet =
        |address: IpAddr| Some(address).filter(|address| Some(*address) != advertised).and_then(around);
    let Some(first) = addresses.find_map(subnet) else {
        if !names.is_empty() {
            facts.note(FIELD, "10.96.0.0/12", Confidence::Guessed, "kubeadm's default");
        }
        return Vec::new();
    };
    let other_family = |net: &IpNet| net.addr().is_ipv4() != first.addr().is_ipv4();
    let second = addresses.next().and_then(subnet);
    let subnets: Vec<IpNet> = std::iter::once(first).chain(second.filter(other_family)).collect();
    let text = subnets.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    facts.note(FIELD, text, Confidence::Likely, "the first address of the API server's certificate");
    subnets
}

/// The largest subnet whose first address this is; `None` where it is none's: its last bits are not those of the number
/// one.
fn around(address: IpAddr) -> Option<IpNet> {
    // With fewer free bits than these the address is more likely a host's (kubeadm asks for ten addresses at least).
    const LEAST: u32 = 4;
    let (width, free) = match address {
        IpAddr::V4(address) => (32, u32::from(address).checked_sub(1)?.trailing_zeros()),
        IpAddr::V6(address) => (128, u128::from(address).checked_sub(1)?.trailing_zeros()),
    };
    if free < LEAST {
        return None;
    }
    // kubeadm allows twenty bits at most (`MaximumBitsForServiceSubnet`).
    let length = u8::try_from(width - free.min(20)).ok()?;
    IpNet::new(address, length).ok().map(|net| net.trunc())
}

/// The etcd servers in the API server's flags.
fn etcd_servers(node: &Node<'_>) -> Vec<String> {
    let flag = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("etcd-servers"));
    flag.map(|flag| flag.split(',').map(str::to_owned).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_subnet_that_begins_before_an_address() {
        for (address, net) in [
            ("10.96.0.1", Some("10.96.0.0/12")),
            ("10.100.0.1", Some("10.100.0.0/14")),
            ("172.20.8.1", Some("172.20.8.0/21")),
            ("fd00:10:96::1", Some("fd00:10:96::/108")),
            ("192.0.2.10", None),
            ("0.0.0.0", None),
        ] {
            let found = around(address.parse().unwrap()).map(|net| net.to_string());
            assert_eq!(found.as_deref(), net, "{address}");
        }
    }
}
