//! What symbols mean: one row on one node of one cluster.

use crate::catalog::{Credential, Kind, ROOT, Role, Server, Since, Symbol};
use crate::spec::syntax::alt_name;
use crate::spec::{Endpoint, Etcd, Naming, Node, Spec};
use crate::x509::path::denied;
use crate::x509::{Certificate, KeyUsage, Name, SubjectAltName, Usages, alt_name as alt_names};

use super::{Blueprint, TargetError};

/// What symbols mean: one row on one node of one cluster.
pub(super) struct Meaning<'a> {
    pub spec: &'a Spec,
    pub node: &'a Node,
    pub row: &'a Credential,
}

impl Meaning<'_> {
    pub fn blueprint(&self) -> Result<Blueprint, TargetError> {
        let authority = matches!(self.row.kind, Kind::Authority { .. });
        if let Some(root) = self.spec.authority.root_certificate().filter(|_| self.row.name == ROOT.name) {
            return Ok(self.given(root));
        }
        let under_root = authority && self.spec.authority.root_certificate().is_some();
        let period = if authority {
            self.spec.ca_certificate_validity_period
        } else {
            self.spec.certificate_validity_period
        };
        let mut usages =
            Usages { key: self.row.key_usages.clone(), extended: self.row.extended_key_usages.clone() };
        if under_root {
            // kubeadm's CAs have none, and OpenSSL takes no revocation list of theirs.
            usages.key.push(KeyUsage::CrlSign);
        }
        let mut origins = Vec::new();
        let mut symbols = Vec::new();
        for text in &self.row.subject_alt_names {
            let symbol = Symbol::split(text).and_then(|(_, word, _)| Symbol::named(word));
            symbols.extend(symbol);
            origins.extend(self.alt_names(text)?.into_iter().map(|name| (name, symbol)));
        }
        // What kubeadm's CAs say of themselves, a root with name constraints may not certify; nobody looks for it.
        let above = self.spec.authority.root_certificate().filter(|_| under_root);
        if let Some(constraints) = above.and_then(|root| root.name_constraints.as_deref()) {
            origins.retain(|(name, _)| denied(constraints, std::slice::from_ref(name)).is_none());
        }
        Ok(Blueprint {
            subjects: self.subjects()?,
            subject_alt_names: alt_names::ordered(origins.iter().map(|(name, _)| name.clone())),
            origins,
            symbols,
            usages,
            path_length: under_root.then_some(self.spec.authority.path_length),
            name_constraints: self.spec.authority.name_constraints.clone().filter(|_| under_root),
            lifetime: period.duration(),
            algorithm: self.spec.encryption_algorithm,
        })
    }

    /// What a certificate that the spec names says.
    fn given(&self, certificate: &Certificate) -> Blueprint {
        let basic = certificate.basic_constraints;
        Blueprint {
            subjects: vec![certificate.subject.clone()],
            subject_alt_names: certificate.subject_alt_names.clone(),
            origins: certificate.subject_alt_names.iter().map(|name| (name.clone(), None)).collect(),
            symbols: Vec::new(),
            usages: certificate.usages.clone(),
            path_length: basic.and_then(|basic| basic.path_len),
            name_constraints: certificate.name_constraints.as_deref().cloned(),
            lifetime: certificate.not_after - certificate.not_before,
            algorithm: certificate.public_key.algorithm().unwrap_or(self.spec.encryption_algorithm),
        }
    }

    /// The subject of this release, then those of the releases before it: kubeadm keeps an old subject at every renewal.
    fn subjects(&self) -> Result<Vec<Name>, TargetError> {
        let version = self.spec.kubernetes_version;
        let common_name = self.text(self.common_name())?;
        let current = Since::at(&self.row.organizations, version);
        let earlier = self.row.organizations.iter().rev().filter(|since| since.version <= version);
        let mut subjects = Vec::new();
        for organizations in current.into_iter().chain(earlier.map(|since| &since.value)) {
            let organizations =
                organizations.iter().map(|text| self.text(text)).collect::<Result<Vec<_>, _>>()?;
            let name = Name::new(&common_name, &organizations).map_err(|e| self.error(e.to_string()))?;
            if !subjects.contains(&name) {
                subjects.push(name);
            }
        }
        if subjects.is_empty() {
            subjects.push(Name::new(&common_name, &[]).map_err(|error| self.error(error.to_string()))?);
        }
        Ok(subjects)
    }

    fn common_name(&self) -> &str {
        match (self.spec.naming, &self.row.documented_common_name) {
            (Naming::Documented, Some(name)) => name,
            _ => &self.row.common_name,
        }
    }

    /// The URLs of this release, then those of the releases before it.
    pub fn servers(&self, entries: &[Since<Server>]) -> Vec<String> {
        let version = self.spec.kubernetes_version;
        let mut urls: Vec<String> = Vec::new();
        for entry in entries.iter().rev().filter(|entry| entry.version <= version) {
            let url = match entry.value {
                Server::Local if self.node.is(Role::ControlPlane) => local(self.node),
                Server::Local | Server::Endpoint => self.endpoint(),
            };
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
        urls
    }

    /// Where clients reach the cluster; its port, where none is given, is that of the API server at hand.
    fn endpoint(&self) -> String {
        let first = self.spec.first_control_plane().unwrap_or(self.node);
        let server = if self.node.is(Role::ControlPlane) { self.node } else { first };
        match &self.spec.control_plane_endpoint {
            Some(endpoint) => endpoint.url(server.bind_port),
            None => local(server),
        }
    }

    /// A text with every symbol replaced; one that has several values stands for their list.
    pub fn text(&self, text: &str) -> Result<String, TargetError> {
        match Symbol::split(text) {
            None => Ok(text.to_owned()),
            Some((before, word, after)) => {
                let symbol =
                    Symbol::named(word).ok_or_else(|| self.error(format!("unknown symbol <{word}>")))?;
                let values: Vec<String> = self.symbol(symbol)?.iter().map(ToString::to_string).collect();
                Ok(format!("{before}{}{}", values.join(","), self.text(after)?))
            }
        }
    }

    /// The names that a text stands for: a symbol alone for each of its values, another text for one name.
    fn alt_names(&self, text: &str) -> Result<Vec<SubjectAltName>, TargetError> {
        match Symbol::split(text) {
            Some(("", word, "")) => match Symbol::named(word) {
                Some(symbol) => self.symbol(symbol),
                None => Err(self.error(format!("unknown symbol <{word}>"))),
            },
            _ => Ok(vec![alt_name(&self.text(text)?).map_err(|problem| self.error(problem))?]),
        }
    }

    /// The one place that knows what a symbol means.
    fn symbol(&self, symbol: Symbol) -> Result<Vec<SubjectAltName>, TargetError> {
        let dns = |name: &str| vec![SubjectAltName::Dns(name.to_owned())];
        let etcd = |pick: fn(&Etcd) -> Option<&Vec<SubjectAltName>>| {
            pick(&self.spec.etcd).cloned().unwrap_or_default()
        };
        Ok(match symbol {
            Symbol::CertSans => self.spec.cert_sans.clone(),
            Symbol::CommonName if self.common_name().contains("<common-name>") => {
                return Err(self.error("its common name refers to itself".to_owned()));
            }
            Symbol::CommonName => dns(&self.text(self.common_name())?),
            Symbol::ControlPlaneEndpoint => {
                self.spec.control_plane_endpoint.iter().map(Endpoint::alt_name).collect()
            }
            Symbol::DnsDomain => dns(&self.spec.dns_domain),
            Symbol::EtcdPeerSans => etcd(|etcd| match etcd {
                Etcd::Local { peer_cert_sans, .. } => Some(peer_cert_sans),
                Etcd::External { .. } => None,
            }),
            Symbol::EtcdServerSans => etcd(|etcd| match etcd {
                Etcd::Local { server_cert_sans, .. } => Some(server_cert_sans),
                Etcd::External { .. } => None,
            }),
            Symbol::NodeAddresses => self.node.addresses.iter().copied().map(SubjectAltName::ip).collect(),
            Symbol::NodeName => dns(&self.node.name),
            Symbol::ServiceIps => self.spec.service_ips().map(SubjectAltName::ip).collect(),
        })
    }

    fn error(&self, problem: String) -> TargetError {
        TargetError::Credential { credential: self.row.name.clone(), node: self.node.name.clone(), problem }
    }
}

/// The URL of a node's own API server.
fn local(node: &Node) -> String {
    let host = node.addresses.first().map(ToString::to_string).unwrap_or_default();
    Endpoint { host, port: None }.url(node.bind_port)
}
