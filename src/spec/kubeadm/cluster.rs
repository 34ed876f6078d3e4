//! ClusterConfiguration: what holds for the whole cluster.

use super::super::cluster::{absolute_path, dns_name, read_etcd, version};
use super::super::problem::nearest;
use super::super::reader::{At, Fields, Problems, quoted};
use super::super::syntax::{alt_name, endpoint, looks_like_address, service_subnets};
use super::super::tree::Value;
use super::super::{Period, Spec, check};
use super::Api;
use crate::version::Version;
use crate::x509::{KeyAlgorithm, SubjectAltName};

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

/// Reads the document into the spec.
pub fn read(mut fields: Fields<'_>, api: Api, spec: &mut Spec, problems: &Problems) {
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
            let hint = nearest(gate.value, GATES).map(|name| format!("did you mean `{name}`?"));
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
pub fn extra_args(fields: &mut Fields<'_>, name: &'static str, api: Api, problems: &Problems) {
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
