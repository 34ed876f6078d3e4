//! The user's description of a cluster: what a spec file, or a kubeadm configuration, comes down to.
//!
//! | Module | Holds |
//! |---|---|
//! | [`load`] | a file into a [`Spec`], or everything that is wrong with it |
//! | [`cluster`] | the fields of `kubepki/v1` |
//! | [`kubeadm`] | the fields of kubeadm's v1beta3 and v1beta4 |
//! | [`custom`] | the `credentials` of the user's own |
//! | [`authority`] | where the CAs come from, and the root above them |
//! | [`check`] | what must hold between fields |
//! | [`reader`], [`tree`], [`yaml`], [`toml`] | documents in which everything knows its line |
//! | [`syntax`], [`period`] | names, addresses, subnets, durations |

use std::net::IpAddr;

use ipnet::IpNet;

use crate::catalog::{Credential, Role};
use crate::version::Version;
use crate::x509::{KeyAlgorithm, SubjectAltName};

pub mod authority;
pub mod check;
pub mod cluster;
pub mod custom;
pub mod kubeadm;
pub mod load;
pub mod period;
pub mod problem;
pub mod reader;
pub mod show;
pub mod syntax;
pub mod toml;
pub mod tree;
pub mod yaml;

pub use authority::{Authority, Root};
pub use period::Period;
pub use problem::Problem;
pub use syntax::Endpoint;

/// A cluster, every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The cluster's name in kubeconfigs.
    pub cluster_name: String,
    /// The release: names in some certificates depend on it.
    pub kubernetes_version: Version,
    /// Where the nodes keep certificates; an absolute path.
    pub certificates_dir: String,
    /// Where clients reach the API servers, if it is not at a node's own address.
    pub control_plane_endpoint: Option<Endpoint>,
    /// One service subnet, or one of each family.
    pub service_subnets: Vec<IpNet>,
    /// The domain of services.
    pub dns_domain: String,
    /// Further names of the API servers.
    pub cert_sans: Vec<SubjectAltName>,
    /// Where etcd is.
    pub etcd: Etcd,
    /// The algorithm of every key that is made.
    pub encryption_algorithm: KeyAlgorithm,
    /// How long a certificate is valid.
    pub certificate_validity_period: Period,
    /// How long a CA is valid.
    pub ca_certificate_validity_period: Period,
    /// A certificate that has less left than this, or than a third of its lifetime where that is shorter, is reissued.
    pub renew_before: Period,
    /// Whose common names are taken.
    pub naming: Naming,
    /// Where the CAs come from.
    pub authority: Authority,
    /// Built-in credentials that the cluster does without.
    pub omit: Vec<String>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Credentials of the user's own.
    pub credentials: Vec<Credential>,
}

/// A machine of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name in Kubernetes.
    pub name: String,
    /// What it does.
    pub roles: Vec<Role>,
    /// Its addresses; the first is the one that it advertises.
    pub addresses: Vec<IpAddr>,
    /// The port of its API server.
    pub bind_port: u16,
}

/// Where etcd is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Etcd {
    /// On the control planes, and on nodes with the role.
    Local {
        /// Further names of the server certificates.
        server_cert_sans: Vec<SubjectAltName>,
        /// Further names of the peer certificates.
        peer_cert_sans: Vec<SubjectAltName>,
    },
    /// Elsewhere, or on nodes of this spec that have the role and nothing but etcd.
    External {
        /// The members' URLs.
        endpoints: Vec<String>,
        /// The CA that the API server is told to trust.
        ca_file: String,
        /// The certificate that the API server is told to show.
        cert_file: String,
        /// Its key.
        key_file: String,
    },
}

/// Whose common names are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// kubeadm's.
    Kubeadm,
    /// Those of the Kubernetes page "PKI certificates and requirements".
    Documented,
}

/// Where the CAs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityMode {
    /// They are made here.
    SelfSigned,
    /// They are under a root of the user's own: made here where the spec names it, else given, certificate and key.
    Intermediate,
    /// Their certificates are given; their keys are elsewhere.
    External,
}

impl Naming {
    /// Every naming with its word in a spec.
    pub const ALL: [(&'static str, Self); 2] = [("kubeadm", Self::Kubeadm), ("documented", Self::Documented)];
}

impl AuthorityMode {
    /// Every mode with its word in a spec.
    pub const ALL: [(&'static str, Self); 3] = [
        ("self-signed", Self::SelfSigned),
        ("intermediate", Self::Intermediate),
        ("external", Self::External),
    ];
}

impl Node {
    /// Whether it has a role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

impl Spec {
    /// A cluster without nodes, every field at its default.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            cluster_name: "kubernetes".to_owned(),
            kubernetes_version: Version::LATEST,
            certificates_dir: "/etc/kubernetes/pki".to_owned(),
            control_plane_endpoint: None,
            // kubeadm's default subnet (v1beta4 `DefaultServicesSubnet`), which always parses.
            service_subnets: syntax::service_subnets("10.96.0.0/12").unwrap_or_default(),
            dns_domain: "cluster.local".to_owned(),
            cert_sans: Vec::new(),
            etcd: Etcd::Local { server_cert_sans: Vec::new(), peer_cert_sans: Vec::new() },
            encryption_algorithm: KeyAlgorithm::EcdsaP256,
            certificate_validity_period: Period::hours(8760),
            ca_certificate_validity_period: Period::hours(87600),
            renew_before: Period::hours(720),
            naming: Naming::Kubeadm,
            authority: Authority::default(),
            omit: Vec::new(),
            nodes: Vec::new(),
            credentials: Vec::new(),
        }
    }

    /// The control plane that was there first.
    #[must_use]
    pub fn first_control_plane(&self) -> Option<&Node> {
        self.nodes.iter().find(|node| node.is(Role::ControlPlane))
    }

    /// Whether a node runs an etcd member that this PKI serves: it has the role, or it is a control plane with local
    /// etcd.
    #[must_use]
    pub fn is_etcd_member(&self, node: &Node) -> bool {
        node.is(Role::Etcd) || (node.is(Role::ControlPlane) && matches!(self.etcd, Etcd::Local { .. }))
    }

    /// The first address of each service subnet, which the API server answers at.
    pub fn service_ips(&self) -> impl Iterator<Item = IpAddr> {
        self.service_subnets.iter().map(syntax::first_address)
    }
}
