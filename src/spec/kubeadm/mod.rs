//! The fields of kubeadm's InitConfiguration and ClusterConfiguration (v1beta3 and v1beta4), read as kubeadm 1.36 reads
//! them: strictly typed, unknown fields with a warning. They describe one node.

use std::net::IpAddr;

mod cluster;
mod node;

use super::Spec;
use super::reader::{At, Fields, Problems, Strictness};
use super::tree::{Tree, Value};
use crate::x509::KeyAlgorithm;

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
        cluster::read(fields, api, &mut spec, problems);
    }
    spec.nodes = vec![node::read(init.and_then(fields), host, problems)];
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
