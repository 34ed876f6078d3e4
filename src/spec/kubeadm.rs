//! The fields of kubeadm's InitConfiguration and ClusterConfiguration (v1beta3 and v1beta4), read as kubeadm 1.36 reads
//! them: strictly typed, unknown fields with a warning. They describe one node.

use std::net::IpAddr;

use super::cluster::{absolute_path, dns_name, read_etcd, version};
use super::reader::{At, Fields, Problems, Strictness, quoted};
use super::syntax::{address, alt_name, endpoint, looks_like_address, service_subnets};
use super::tree::{Tree, Value};
use super::{Node, Period, Spec, check};
use crate::catalog::Role;
use crate::version::Version;
use crate::x509::{KeyAlgorithm, SubjectAltName};

/// What kubeadm asks the machine when the configuration does not say it.
#[derive(Clone, Copy)]
pub struct Host {
    /// The host's name.
    pub name: fn() -> Option<String>,
    /// The address of the default route, of IPv6 if so asked.
    pub address: fn(bool) -> Option<IpAddr>,
}

/// The API group of kubeadm's configuration.
pub const GROUP: &str = "kubeadm.k8s.io/";

/// Releases of kubeadm that can migrate what is no longer read.
const OUTDATED: [(&str, &str); 5] = [
    ("v1alpha1", "v1.11"),
    ("v1alpha2", "v1.12"),
    ("v1alpha3", "v1.14"),
    ("v1beta1", "v1.21"),
    ("v1beta2", "v1.30"),
];

/// Feature gates of 1.36, and those of earlier releases that are gone; none but the first two touches the PKI.
const GATES: [&str; 8] = [
    "PublicKeysECDSA",
    "RootlessControlPlane",
    "NodeLocalCRISocket",
    "ControlPlaneKubeletLocalMode",
    "EtcdLearnerMode",
    "UpgradeAddonsBeforeControlPlane",
    "WaitForAllControlPlaneComponents",
    "InitConfiguration",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Api {
    V1Beta3,
    V1Beta4,
}

/// Whether any of the documents is kubeadm's, so that the file is to be read by [`read`].
#[must_use]
pub fn is_kubeadm(documents: &[Tree]) -> bool {
    documents.iter().any(|tree| header(tree, "apiVersion").is_some_and(|version| version.starts_with(GROUP)))
}

/// Reads the documents of one file.
#[must_use]
pub fn read(documents: &[Tree], host: Host, problems: &Problems) -> Spec {
    let mut init = None;
    let mut cluster = None;
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for tree in documents.iter().filter(|tree| tree.value != Value::Null) {
        let at = At { value: (), field: String::new(), position: tree.position };
        let (Some(version), Some(kind)) = (header(tree, "apiVersion"), header(tree, "kind")) else {
            problems.error(&at, "the document has no `apiVersion` and `kind`");
            continue;
        };
        if let Some((_, line)) = seen.iter().find(|(earlier, _)| *earlier == kind) {
            problems.error(&at, format!("a second document of kind `{kind}`: the first is in line {line}"));
            continue;
        }
        seen.push((kind, tree.position.line));
        let Some(version) = version.strip_prefix(GROUP) else {
            let component = ["KubeletConfiguration", "KubeProxyConfiguration"].contains(&kind);
            if !version.contains('/') {
                problems.error(&at, format!("`apiVersion: {version}` names no API group"));
            } else if !component {
                problems.warn(&at, format!("`{kind}` of `{version}` is not read"));
            }
            continue;
        };
        let Some(api) = api(version, &at, problems) else { continue };
        match kind {
            "InitConfiguration" => init = Some((tree, api)),
            "ClusterConfiguration" => cluster = Some((tree, api)),
            _ => {
                problems
                    .warn(&at, format!("`{kind}` is not read: it has no bearing on the PKI of this node"));
            }
        }
    }
    let outdated = [&init, &cluster].into_iter().flatten().find(|(_, api)| *api == Api::V1Beta3);
    if let Some((tree, _)) = outdated {
        let message = "kubeadm.k8s.io/v1beta3 is deprecated: `kubeadm config migrate` turns it into v1beta4";
        problems.warn(&At { value: (), field: String::new(), position: tree.position }, message);
    }
    if init.is_none() && cluster.is_none() {
        let message = "no InitConfiguration and no ClusterConfiguration among the documents".to_owned();
        problems.push(true, None, "", message, None);
        return Spec::empty();
    }
    let mut spec = Spec::empty();
    // kubeadm's default is RSA-2048 (v1beta4 `EncryptionAlgorithmRSA2048`), not kubepki's.
    spec.encryption_algorithm = KeyAlgorithm::Rsa2048;
    let fields = |(tree, api)| Some((Fields::document(tree, problems, Strictness::Lenient)?, api));
    if let Some((fields, api)) = cluster.and_then(fields) {
        read_cluster(fields, api, &mut spec, problems);
    }
    spec.nodes = vec![read_init(init.and_then(fields), host, problems)];
    spec
}

fn header<'a>(tree: &'a Tree, name: &str) -> Option<&'a str> {
    let Value::Mapping(fields) = &tree.value else { return None };
    let (_, value) = fields.iter().find(|(key, _)| key.name == name)?;
    match &value.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn api(version: &str, at: &At<()>, problems: &Problems) -> Option<Api> {
    match version {
        "v1beta4" => Some(Api::V1Beta4),
        "v1beta3" => {
            let message =
                "kubeadm.k8s.io/v1beta3 is deprecated: `kubeadm config migrate` turns it into v1beta4";
            problems.warn(at, message);
            Some(Api::V1Beta3)
        }
        _ => {
            let message = format!("`{GROUP}{version}` is not read: only v1beta3 and v1beta4 are");
            match OUTDATED.iter().find(|(old, _)| *old == version) {
                Some((_, release)) => {
                    let hint = format!("`kubeadm config migrate` of kubeadm {release} migrates it");
                    problems.error_hint(at, message, hint);
                }
                None => problems.error(at, message),
            }
            None
        }
    }
}

fn read_cluster(mut fields: Fields<'_>, api: Api, spec: &mut Spec, problems: &Problems) {
    fields.ignore(&["apiVersion", "kind", "imageRepository"]);
    if let Some(name) = fields.text("clusterName") {
        spec.cluster_name = name.value;
    }
    if let Some(version) = fields.parsed("kubernetesVersion", version_or_label) {
        spec.kubernetes_version = version.value;
    }
    if let Some(directory) = fields.parsed("certificatesDir", absolute_path) {
        spec.certificates_dir = directory.value;
    }
    spec.control_plane_endpoint = fields.parsed("controlPlaneEndpoint", endpoint).map(|at| at.value);
    if let Some(mut networking) = fields.fields("networking") {
        networking.ignore(&["podSubnet"]);
        if let Some(subnets) = networking.parsed("serviceSubnet", service_subnets) {
            spec.service_subnets = subnets.value;
        }
        if let Some(domain) = networking.parsed("dnsDomain", dns_name) {
            spec.dns_domain = domain.value;
        }
        networking.finish();
    }
    if let Some(mut server) = fields.fields("apiServer") {
        let names = server.texts("certSANs").into_iter().map(|at| at.with(at.value.to_lowercase()));
        spec.cert_sans = names.filter_map(|at| lenient_alt_name(&at, problems)).collect();
        component(&mut server, api, problems);
        if api == Api::V1Beta3 {
            server.ignore(&["timeoutForControlPlane"]);
        }
        server.finish();
    }
    for name in ["controllerManager", "scheduler"] {
        if let Some(mut fields) = fields.fields(name) {
            component(&mut fields, api, problems);
            fields.finish();
        }
    }
    for (name, known) in
        [("dns", &["imageRepository", "imageTag", "disabled"][..]), ("proxy", &["disabled"][..])]
    {
        if api == Api::V1Beta3 && name == "proxy" {
            continue;
        }
        if let Some(mut fields) = fields.fields(name) {
            fields.ignore(known);
            fields.finish();
        }
    }
    if let Some(etcd) = fields.fields("etcd") {
        let unused = ["dataDir", "imageRepository", "imageTag", "extraArgs", "extraEnvs"];
        spec.etcd = read_etcd(etcd, &unused, problems, lenient_alt_name);
    }
    if api == Api::V1Beta4 {
        if let Some(algorithm) = fields.choice("encryptionAlgorithm", &KeyAlgorithm::ALL) {
            spec.encryption_algorithm = algorithm.value;
        }
        let leaf =
            period(&mut fields, "certificateValidityPeriod", spec.certificate_validity_period, problems);
        let ca =
            period(&mut fields, "caCertificateValidityPeriod", spec.ca_certificate_validity_period, problems);
        if let Some(at) = &leaf {
            spec.certificate_validity_period = at.value;
        }
        if let Some(at) = &ca {
            spec.ca_certificate_validity_period = at.value;
        }
        check::periods(leaf.as_ref().or(ca.as_ref()), spec, problems);
    }
    if let Some(gates) = fields.fields("featureGates") {
        // Present, it wins over encryptionAlgorithm, whatever it says.
        if let Some(ecdsa) = read_gates(gates, problems) {
            spec.encryption_algorithm = if ecdsa { KeyAlgorithm::EcdsaP256 } else { KeyAlgorithm::Rsa2048 };
        }
    }
    fields.finish();
}

fn read_init(document: Option<(Fields<'_>, Api)>, host: Host, problems: &Problems) -> Node {
    let mut name = None;
    let mut advertised = None;
    let mut bind_port = 6443;
    let mut at = At { value: (), field: String::new(), position: super::tree::Position::default() };
    if let Some((mut fields, api)) = document {
        at = fields.at();
        fields.ignore(&["apiVersion", "kind", "bootstrapTokens", "certificateKey", "skipPhases", "patches"]);
        if api == Api::V1Beta4 {
            fields.ignore(&["dryRun", "timeouts"]);
        }
        if let Some(mut registration) = fields.fields("nodeRegistration") {
            name = registration.text("name");
            registration.ignore(&["criSocket", "taints", "ignorePreflightErrors", "imagePullPolicy"]);
            if api == Api::V1Beta4 {
                registration.ignore(&["imagePullSerial"]);
            }
            extra_args(&mut registration, "kubeletExtraArgs", api, problems);
            registration.finish();
        }
        if let Some(mut local) = fields.fields("localAPIEndpoint") {
            advertised = local.text("advertiseAddress");
            if let Some(port) =
                local.number("bindPort", 0..=65535).and_then(|port| u16::try_from(port.value).ok())
            {
                // Zero is Go's word for absent.
                bind_port = if port == 0 { 6443 } else { port };
            }
            local.finish();
        }
        fields.finish();
    }
    let name = node_name(name.filter(|name| !name.value.trim().is_empty()), &at, host, problems);
    let address =
        advertise_address(advertised.as_ref().filter(|text| !text.value.is_empty()), &at, host, problems);
    Node {
        name: name.unwrap_or_default(),
        roles: vec![Role::ControlPlane],
        addresses: address.into_iter().collect(),
        bind_port,
    }
}

fn node_name(name: Option<At<String>>, at: &At<()>, host: Host, problems: &Problems) -> Option<String> {
    let name = if let Some(name) = name {
        name.with(name.value.trim().to_lowercase())
    } else {
        let Some(found) = (host.name)() else {
            problems.error(at, "no `nodeRegistration.name`, and this machine has no name to take");
            return None;
        };
        problems.warn(
            at,
            format!("no `nodeRegistration.name`: taking this machine's, `{}`", found.to_lowercase()),
        );
        at.with(found.trim().to_lowercase())
    };
    match dns_name(&name.value) {
        Ok(name) => Some(name),
        Err(message) => {
            problems.error(&name, message);
            None
        }
    }
}

fn advertise_address(
    text: Option<&At<String>>,
    at: &At<()>,
    host: Host,
    problems: &Problems,
) -> Option<IpAddr> {
    let chosen = match text.map(|text| (text, address(&text.value))) {
        Some((text, Some(address))) => Some(text.with(address)),
        Some((text, None)) => {
            problems.error(text, format!("{} is not an IP address", quoted(&text.value)));
            return None;
        }
        None => None,
    };
    let chosen = match chosen {
        Some(address) if !address.value.is_unspecified() => address,
        unspecified => {
            let v6 = unspecified.is_some_and(|address| address.value.is_ipv6());
            let Some(found) = (host.address)(v6) else {
                problems.error(
                    at,
                    "no `localAPIEndpoint.advertiseAddress`, and this machine has no default route",
                );
                return None;
            };
            let message = format!("no `localAPIEndpoint.advertiseAddress`: taking this machine's, `{found}`");
            problems.warn(at, message);
            at.with(found)
        }
    };
    let refused = match chosen.value {
        address if address.is_loopback() => Some("is a loopback address"),
        address if address.is_multicast() => Some("is a multicast address"),
        IpAddr::V4(address) if address.is_link_local() => Some("is link-local"),
        IpAddr::V6(address) if address.is_unicast_link_local() => Some("is link-local"),
        IpAddr::V4(address) if address.is_broadcast() => Some("is the broadcast address"),
        _ => None,
    };
    if let Some(reason) = refused {
        problems.error(&chosen, format!("`{}` {reason}: other machines cannot reach it", chosen.value));
        return None;
    }
    Some(chosen.value)
}

fn read_gates(mut gates: Fields<'_>, problems: &Problems) -> Option<bool> {
    let ecdsa = gates.flag(GATES[0]);
    if let Some(ecdsa) = &ecdsa {
        problems.warn(ecdsa, "the gate `PublicKeysECDSA` is deprecated: `encryptionAlgorithm` says it");
    }
    for gate in &GATES[1..3] {
        gates.flag(gate);
    }
    for gate in gates.remaining() {
        if GATES.contains(&gate.value) {
            problems.warn(&gate, "the gate is gone from kubeadm 1.36");
        } else {
            let hint =
                super::problem::nearest(gate.value, GATES).map(|name| format!("did you mean `{name}`?"));
            let message = "is no feature gate of kubeadm".to_owned();
            problems.push(true, Some(gate.position), &gate.field, message, hint);
        }
    }
    ecdsa.map(|at| at.value)
}

/// The fields that every control plane component has; none of them touches the PKI.
fn component(fields: &mut Fields<'_>, api: Api, problems: &Problems) {
    extra_args(fields, "extraArgs", api, problems);
    fields.ignore(&["extraVolumes"]);
    if api == Api::V1Beta4 {
        fields.ignore(&["extraEnvs"]);
    }
}

/// A mapping in v1beta3, a list of names and values in v1beta4; the other form is a type error in kubeadm.
fn extra_args(fields: &mut Fields<'_>, name: &'static str, api: Api, problems: &Problems) {
    let Some(at) = fields.tree(name) else { return };
    match (api, &at.value.value) {
        (Api::V1Beta3, Value::Mapping(_)) | (Api::V1Beta4, Value::Sequence(_)) => {}
        (Api::V1Beta3, other) => problems.error(&at, format!("expected a mapping, found {}", other.kind())),
        (Api::V1Beta4, other) => problems.error_hint(
            &at,
            format!("expected a list, found {}", other.kind()),
            "v1beta4 writes arguments as `- name: …` and `value: …`",
        ),
    }
}

/// A period in Go's notation. kubeadm warns about one that is longer than its default, and makes certificates that
/// have expired already of one that is not positive; here that is an error.
fn period(
    fields: &mut Fields<'_>,
    name: &'static str,
    default: Period,
    problems: &Problems,
) -> Option<At<Period>> {
    let period = fields
        .parsed(name, |text| Period::from_go(text).map_err(|error| format!("{} is {error}", quoted(text))))?;
    if period.value < Period::seconds(1) {
        problems.error(
            &period,
            format!("`{}` is less than a second: kubeadm would make expired certificates", period.value),
        );
        return None;
    }
    if period.value > default {
        problems.warn(&period, format!("`{}` is longer than kubeadm's default of `{default}`", period.value));
    }
    Some(period)
}

/// A release, or one of the labels that kubeadm looks up on the network (`stable-1`, `latest`, `ci/latest`), for which
/// the newest known release is taken: no certificate differs.
fn version_or_label(text: &str) -> Result<Version, String> {
    let label = ["stable", "latest", "ci/", "release/"].iter().any(|prefix| text.starts_with(prefix));
    if label { Ok(Version::LATEST) } else { version(text) }
}

fn lenient_alt_name(at: &At<String>, problems: &Problems) -> Option<SubjectAltName> {
    match alt_name(&at.value) {
        Ok(name) => {
            if matches!(&name, SubjectAltName::Dns(name) if looks_like_address(name)) {
                problems.warn(
                    at,
                    format!(
                        "`{}` looks like an address but is none: kubeadm takes it for a DNS name",
                        at.value
                    ),
                );
            }
            Some(name)
        }
        Err(message) => {
            problems.error(at, message);
            None
        }
    }
}
