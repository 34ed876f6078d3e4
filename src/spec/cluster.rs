//! The fields of a `kubepki/v1` Cluster. Names are kubeadm's wherever kubeadm has the field.

use super::reader::{At, Fields, Problems, choose, quoted};
use super::syntax::{address, alt_name, endpoint, is_dns_name, looks_like_address, service_subnets};
use super::{Etcd, Naming, Node, Period, Spec, authority, check, custom};
use crate::catalog::{CATALOG, Role};
use crate::version::Version;
use crate::x509::{KeyAlgorithm, SubjectAltName};

/// The `apiVersion` of a spec.
pub const API_VERSION: &str = "kubepki/v1";

/// Reads the fields of a Cluster document, whose `apiVersion` and `kind` have been looked at.
#[must_use]
pub fn read(mut fields: Fields<'_>, problems: &Problems) -> Spec {
    fields.ignore(&["apiVersion", "kind"]);
    let mut spec = Spec::empty();
    if let Some(name) = fields.text("clusterName") {
        spec.cluster_name = name.value;
    }
    if let Some(version) = fields.parsed("kubernetesVersion", version) {
        spec.kubernetes_version = version.value;
    }
    if let Some(directory) = fields.parsed("certificatesDir", absolute_path) {
        spec.certificates_dir = directory.value;
    }
    let endpoint = fields.parsed("controlPlaneEndpoint", endpoint);
    let endpoint_at = endpoint.as_ref().map(|endpoint| endpoint.with(()));
    spec.control_plane_endpoint = endpoint.map(|endpoint| endpoint.value);
    networking(&mut fields, &mut spec);
    if let Some(mut server) = fields.fields("apiServer") {
        let names = server.texts("certSANs").into_iter().map(|at| at.with(at.value.to_lowercase()));
        spec.cert_sans = names.filter_map(|at| own_alt_name(&at, problems)).collect();
        server.finish();
    }
    if let Some(etcd) = fields.fields("etcd") {
        spec.etcd = read_etcd(etcd, &[], problems, own_alt_name);
    }
    if let Some(algorithm) = fields.choice("encryptionAlgorithm", &KeyAlgorithm::ALL) {
        spec.encryption_algorithm = algorithm.value;
    }
    let leaf = positive(&mut fields, "certificateValidityPeriod", problems);
    let ca = positive(&mut fields, "caCertificateValidityPeriod", problems);
    if let Some(at) = &leaf {
        spec.certificate_validity_period = at.value;
    }
    if let Some(at) = &ca {
        spec.ca_certificate_validity_period = at.value;
    }
    check::periods(leaf.as_ref().or(ca.as_ref()), &spec, problems);
    if let Some(period) = positive(&mut fields, "renewBefore", problems) {
        spec.renew_before = period.value;
    }
    if let Some(naming) = fields.choice("naming", &Naming::ALL) {
        spec.naming = naming.value;
    }
    if let Some(fields) = fields.fields("authority") {
        spec.authority = authority::read(fields, problems);
    }
    spec.omit = fields.texts("omit").into_iter().filter_map(|at| optional(&at, problems)).collect();
    let whole = fields.at();
    let nodes: Vec<_> =
        fields.all_fields("nodes").into_iter().filter_map(|fields| node(fields, problems)).collect();
    spec.nodes = nodes.iter().map(|at| at.value.clone()).collect();
    check::nodes(&whole, &nodes, &spec, problems);
    check::endpoint(endpoint_at.as_ref().unwrap_or(&whole), &spec, problems);
    spec.credentials = custom::read(&mut fields, &spec, problems);
    fields.finish();
    spec
}

/// The name of a built-in credential that a cluster can do without.
fn optional(at: &At<String>, problems: &Problems) -> Option<String> {
    let names: Vec<(&str, ())> =
        CATALOG.iter().filter(|row| row.optional).map(|row| (row.name.as_str(), ())).collect();
    choose(at, &names, problems).map(|_| at.value.clone())
}

fn networking(fields: &mut Fields<'_>, spec: &mut Spec) {
    let Some(mut networking) = fields.fields("networking") else { return };
    if let Some(subnets) = networking.parsed("serviceSubnet", service_subnets) {
        spec.service_subnets = subnets.value;
    }
    if let Some(domain) = networking.parsed("dnsDomain", dns_name) {
        spec.dns_domain = domain.value;
    }
    networking.finish();
}

/// Reads `etcd`; `unused` are fields of `local` that have no bearing here, and `alt_name` decides what an alternative
/// name may be.
pub(super) fn read_etcd(
    mut fields: Fields<'_>,
    unused: &[&'static str],
    problems: &Problems,
    alt_name: impl Fn(&At<String>, &Problems) -> Option<SubjectAltName>,
) -> Etcd {
    let names = |fields: &mut Fields<'_>, name| {
        fields.texts(name).iter().filter_map(|at| alt_name(at, problems)).collect()
    };
    let at = fields.at();
    let (local, external) = (fields.fields("local"), fields.fields("external"));
    if local.is_some() && external.is_some() {
        problems.error(&at, "has both `local` and `external`: keep one");
    }
    fields.finish();
    let mut etcd = Spec::empty().etcd;
    if let Some(mut local) = local {
        let server_cert_sans = names(&mut local, "serverCertSANs");
        let peer_cert_sans = names(&mut local, "peerCertSANs");
        local.ignore(unused);
        local.finish();
        etcd = Etcd::Local { server_cert_sans, peer_cert_sans };
    }
    if let Some(mut external) = external {
        let at = external.at();
        let endpoints = external.texts("endpoints");
        if !unused.is_empty() {
            external.ignore(&["httpEndpoints"]);
        }
        let mut path = |name| external.parsed(name, absolute_path).map(|at| at.value).unwrap_or_default();
        let (ca_file, cert_file, key_file) = (path("caFile"), path("certFile"), path("keyFile"));
        external.finish();
        check::external_etcd(&at, &endpoints, [&ca_file, &cert_file, &key_file], problems);
        let endpoints = endpoints.into_iter().map(|at| at.value).collect();
        etcd = Etcd::External { endpoints, ca_file, cert_file, key_file };
    }
    etcd
}

fn node(mut fields: Fields<'_>, problems: &Problems) -> Option<At<Node>> {
    let at = fields.at();
    let name = fields.required("name", |name| dns_name(&name.trim().to_lowercase()));
    let roles: Vec<Role> = fields
        .texts("roles")
        .iter()
        .filter_map(|text| choose(text, &Role::ALL, problems))
        .map(|role| role.value)
        .collect();
    let addresses = fields.texts("addresses");
    let addresses = addresses.iter().filter_map(|text| match address(&text.value) {
        None => {
            problems.error(text, format!("{} is not an IP address", quoted(&text.value)));
            None
        }
        Some(address) if address.is_unspecified() || address.is_multicast() || address.is_loopback() => {
            problems.error(text, format!("`{address}` is not an address at which others reach the node"));
            None
        }
        address => address,
    });
    let addresses = addresses.collect();
    let bind_port = fields.number("bindPort", 1..=65535).map_or(6443, |port| port.value);
    fields.finish();
    if roles.is_empty() {
        let message = "has no `roles`: give some of control-plane, etcd, worker";
        problems.error(&at, message);
    }
    let bind_port = u16::try_from(bind_port).unwrap_or(6443);
    Some(at.with(Node { name: name?.value, roles, addresses, bind_port }))
}

/// An alternative name, held to more than kubeadm asks: `10.0.0.300` is a mistyped address.
fn own_alt_name(at: &At<String>, problems: &Problems) -> Option<SubjectAltName> {
    match alt_name(&at.value) {
        Ok(SubjectAltName::Dns(name)) if looks_like_address(&name) => {
            problems.error(at, format!("`{name}` is neither an IP address nor a DNS name"));
            None
        }
        Ok(name) => Some(name),
        Err(message) => {
            problems.error(at, message);
            None
        }
    }
}

fn positive(fields: &mut Fields<'_>, name: &'static str, problems: &Problems) -> Option<At<Period>> {
    let period =
        fields.parsed(name, |text| text.parse::<Period>().map_err(|e| format!("{} is {e}", quoted(text))))?;
    // RFC 5280 counts whole seconds, and nothing can be issued for less than none.
    if period.value < Period::seconds(1) {
        problems.error(&period, format!("`{}` is less than a second", period.value));
        return None;
    }
    if period.value > Period::hours(24 * 366 * 200) {
        problems.error(&period, format!("`{}` is more than 200 years", period.value));
        return None;
    }
    Some(period)
}

/// A release, or the sentence that says it is none.
pub(super) fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error| format!("{} is {error}", quoted(text)))
}

/// A DNS name in lower case, or the sentence that says it is none.
pub(super) fn dns_name(text: &str) -> Result<String, String> {
    if is_dns_name(text) {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not a DNS name in lower case (RFC 1123)", quoted(text)))
    }
}

/// An absolute path without `..`, or the sentence that says it is none.
pub(super) fn absolute_path(text: &str) -> Result<String, String> {
    let safe = text.starts_with('/') && !text.split('/').any(|part| part == "..") && !text.contains('\0');
    if safe { Ok(text.to_owned()) } else { Err(format!("{} is not an absolute path", quoted(text))) }
}
