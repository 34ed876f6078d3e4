//! A [`Spec`] as a document again: what `kubepki show` prints, and what reads back to the same spec.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;

use super::cluster::API_VERSION;
use super::{Authority, AuthorityMode, Etcd, Naming, Node, Root, Spec};
use crate::catalog::{Credential, Holders, Kind, Selector, Server};
use crate::x509::name_constraints::{Base, Subtree};

/// The document, fields in the order in which a person would write them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    api_version: &'static str,
    kind: &'static str,
    cluster_name: String,
    kubernetes_version: String,
    certificates_dir: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    control_plane_endpoint: Option<String>,
    encryption_algorithm: String,
    certificate_validity_period: String,
    ca_certificate_validity_period: String,
    renew_before: String,
    naming: &'static str,
    authority: AuthorityDocument,
    networking: Networking,
    api_server: ApiServer,
    etcd: EtcdDocument,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    omit: Vec<String>,
    nodes: Vec<NodeDocument>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<CredentialDocument>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthorityDocument {
    mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    root: Option<RootDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_length: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_constraints: Option<ConstraintsDocument>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    keys: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct RootDocument {
    certificate: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

#[derive(Serialize)]
struct ConstraintsDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    permitted: Option<SubtreesDocument>,
    #[serde(skip_serializing_if = "Option::is_none")]
    excluded: Option<SubtreesDocument>,
}

#[derive(Serialize)]
struct SubtreesDocument {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ip: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Networking {
    service_subnet: String,
    dns_domain: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApiServer {
    #[serde(rename = "certSANs")]
    cert_sans: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EtcdDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    local: Option<LocalEtcd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external: Option<ExternalEtcd>,
}

#[derive(Serialize)]
struct LocalEtcd {
    #[serde(rename = "serverCertSANs")]
    server_cert_sans: Vec<String>,
    #[serde(rename = "peerCertSANs")]
    peer_cert_sans: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExternalEtcd {
    endpoints: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    ca_file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    cert_file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    key_file: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeDocument {
    name: String,
    roles: Vec<String>,
    addresses: Vec<String>,
    bind_port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialDocument {
    name: String,
    kind: &'static str,
    issuer: String,
    subject: Subject,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subject_alt_names: Vec<String>,
    usages: Vec<String>,
    nodes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'static str>,
    path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    about: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    #[serde(skip_serializing_if = "String::is_empty")]
    common_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizations: Vec<String>,
}

impl From<&Spec> for Document {
    fn from(spec: &Spec) -> Self {
        // Without `..`, so that a new field cannot be forgotten here.
        let Spec {
            cluster_name,
            kubernetes_version,
            certificates_dir,
            control_plane_endpoint,
            service_subnets,
            dns_domain,
            cert_sans,
            etcd,
            encryption_algorithm,
            certificate_validity_period,
            ca_certificate_validity_period,
            renew_before,
            naming,
            authority,
            omit,
            nodes,
            credentials,
        } = spec;
        Self {
            api_version: API_VERSION,
            kind: "Cluster",
            cluster_name: cluster_name.clone(),
            kubernetes_version: kubernetes_version.to_string(),
            certificates_dir: certificates_dir.clone(),
            control_plane_endpoint: control_plane_endpoint.as_ref().map(ToString::to_string),
            encryption_algorithm: encryption_algorithm.to_string(),
            certificate_validity_period: certificate_validity_period.to_string(),
            ca_certificate_validity_period: ca_certificate_validity_period.to_string(),
            renew_before: renew_before.to_string(),
            naming: word(&Naming::ALL, naming),
            authority: authority.into(),
            networking: Networking {
                service_subnet: texts(service_subnets).join(","),
                dns_domain: dns_domain.clone(),
            },
            api_server: ApiServer { cert_sans: texts(cert_sans) },
            etcd: etcd.into(),
            omit: omit.clone(),
            nodes: nodes.iter().map(NodeDocument::from).collect(),
            credentials: credentials.iter().map(CredentialDocument::from).collect(),
        }
    }
}

impl From<&Authority> for AuthorityDocument {
    fn from(authority: &Authority) -> Self {
        let Authority { mode, root, path_length, name_constraints, keys } = authority;
        Self {
            mode: word(&AuthorityMode::ALL, mode),
            root: root.as_ref().map(|Root { certificate_file, key_file, .. }| RootDocument {
                certificate: certificate_file.display().to_string(),
                key: key_file.as_ref().map(|key| key.display().to_string()),
            }),
            path_length: root.as_ref().map(|_| *path_length),
            name_constraints: name_constraints.as_ref().map(|constraints| ConstraintsDocument {
                permitted: subtrees(&constraints.permitted),
                excluded: subtrees(&constraints.excluded),
            }),
            keys: keys.iter().map(|(name, uri)| (name.clone(), uri.to_string())).collect(),
        }
    }
}

fn subtrees(subtrees: &[Subtree]) -> Option<SubtreesDocument> {
    let (mut dns, mut ip) = (Vec::new(), Vec::new());
    for subtree in subtrees {
        match &subtree.base {
            Base::Dns(domain) => dns.push(domain.clone()),
            Base::Ip(network) => ip.push(network.to_string()),
            // A spec has no others.
            _ => {}
        }
    }
    (!subtrees.is_empty()).then_some(SubtreesDocument { dns, ip })
}

impl From<&Etcd> for EtcdDocument {
    fn from(etcd: &Etcd) -> Self {
        match etcd.clone() {
            Etcd::Local { server_cert_sans, peer_cert_sans } => Self {
                local: Some(LocalEtcd {
                    server_cert_sans: texts(&server_cert_sans),
                    peer_cert_sans: texts(&peer_cert_sans),
                }),
                external: None,
            },
            Etcd::External { endpoints, ca_file, cert_file, key_file } => {
                Self { local: None, external: Some(ExternalEtcd { endpoints, ca_file, cert_file, key_file }) }
            }
        }
    }
}

impl From<&Node> for NodeDocument {
    fn from(node: &Node) -> Self {
        let Node { name, roles, addresses, bind_port } = node;
        Self { name: name.clone(), roles: texts(roles), addresses: texts(addresses), bind_port: *bind_port }
    }
}

impl From<&Credential> for CredentialDocument {
    fn from(row: &Credential) -> Self {
        let selectors = match &row.holders {
            Holders::Selected(selectors) => selectors.as_slice(),
            _ => &[],
        };
        let (kind, server) = match &row.kind {
            Kind::Kubeconfig { server, .. } => (
                "kubeconfig",
                server.last().map(|since| match since.value {
                    Server::Endpoint => "endpoint",
                    Server::Local => "local",
                }),
            ),
            _ => ("pair", None),
        };
        Self {
            name: row.name.clone(),
            kind,
            issuer: row.issuer.clone().unwrap_or_default(),
            subject: Subject {
                common_name: row.common_name.clone(),
                organizations: row.organizations.last().map(|since| since.value.clone()).unwrap_or_default(),
            },
            subject_alt_names: row.subject_alt_names.clone(),
            usages: texts(&row.key_usages).into_iter().chain(texts(&row.extended_key_usages)).collect(),
            nodes: selectors
                .iter()
                .map(|selector| match selector {
                    Selector::Role(role) => role.to_string(),
                    Selector::Node(name) => name.clone(),
                })
                .collect(),
            server,
            path: row.place.clone(),
            about: row.about.clone(),
        }
    }
}

fn texts<T: Display>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: &T) -> &'static str {
    words.iter().find(|(_, known)| known == value).map_or("", |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::super::kubeadm::Host;
    use super::super::load::parse;
    use super::*;

    const NOBODY: Host = Host { name: || None, address: |_| None };

    const FULL: &str = r#"
apiVersion: kubepki/v1
kind: Cluster
clusterName: "12345"
kubernetesVersion: v1.30.2
controlPlaneEndpoint: "[2001:db8::100]:6443"
networking: {serviceSubnet: "10.96.0.0/12,fd00:10:96::/112", dnsDomain: corp.example}
apiServer: {certSANs: [203.0.113.7, "*.Example.COM"]}
etcd: {local: {serverCertSANs: [etcd.example.com], peerCertSANs: [192.0.2.99]}}
encryptionAlgorithm: RSA-3072
certificateValidityPeriod: 90d
renewBefore: 1h30m
naming: documented
authority: {mode: intermediate}
omit: [super-admin.conf]
nodes:
- {name: CP1, roles: [control-plane], addresses: [192.0.2.10], bindPort: 8443}
- {name: cp2, roles: [control-plane, worker], addresses: [192.0.2.11, "2001:db8::11"]}
- {name: e1, roles: [etcd], addresses: [192.0.2.31]}
- {name: w1, roles: [worker]}
credentials:
- name: metrics
  issuer: etcd-ca
  subject: {commonName: "metrics-<node-name>", organizations: [monitoring]}
  subjectAltNames: ["<node-addresses>", metrics.example.com]
  usages: [digital signature, server auth, client auth]
  nodes: [etcd, w1]
- name: jane.conf
  kind: kubeconfig
  issuer: ca
  subject: {commonName: jane}
  usages: [client auth]
  server: local
"#;

    #[test]
    fn what_is_shown_reads_back_to_the_same_spec() {
        let (spec, warnings) = parse(FULL, false, NOBODY).unwrap();
        assert_eq!(warnings, []);
        let document = Document::from(&spec);
        let yaml = serde_yaml::to_string(&document).unwrap();
        assert_eq!(parse(&yaml, false, NOBODY).unwrap().0, spec, "{yaml}");
        let toml = ::toml::to_string(&document).unwrap();
        assert_eq!(parse(&toml, true, NOBODY).unwrap().0, spec, "{toml}");
        let json = serde_json::to_string(&document).unwrap();
        assert_eq!(parse(&json, false, NOBODY).unwrap().0, spec, "{json}");
    }
}
