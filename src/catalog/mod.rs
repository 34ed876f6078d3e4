//! What a cluster's PKI contains: one row for each credential, and nothing else knows.
//!
//! A row is data that can be printed. Its texts may hold symbols such as `<node-name>`, which [`crate::target`]
//! replaces by what they mean for one node of one cluster. Credentials of the user's own are rows too, made from the
//! spec's `credentials`; from there on nothing tells them apart.
//!
//! To add a credential, add a row. `kubepki explain`, the table in the README and every verb follow.

use std::fmt;

pub mod distribution;
mod file_role;
mod kubelet;
mod root;
mod symbol;
mod table;

pub use distribution::Distribution;
pub use file_role::FileRole;
pub use kubelet::KUBELET;
pub use root::ROOT;
pub use symbol::Symbol;
pub use table::CATALOG;

use crate::version::Version;
use crate::x509::{ExtendedKeyUsage, KeyUsage};

/// One credential: a certificate and its key, a bare key pair, or a kubeconfig.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Its name in `plan`, `renew` and `explain`: kubeadm's, where kubeadm has one.
    pub name: String,
    /// What it consists of.
    pub kind: Kind,
    /// The CA that signs it; none for a root and for a bare key pair.
    pub issuer: Option<String>,
    /// Where it goes, without suffix, below its [`Base`]; it may hold symbols.
    pub place: String,
    /// The directory that `place` is below.
    pub base: Base,
    /// How its files are called after `place`.
    pub suffixes: Suffixes,
    /// Whether a cluster runs without it: it is for people, and no component loads it.
    pub optional: bool,
    /// On which nodes it is.
    pub holders: Holders,
    /// The first release that has it.
    pub since: Version,
    /// The common name that kubeadm gives it.
    pub common_name: String,
    /// The common name under `naming: documented`, where it is another.
    pub documented_common_name: Option<String>,
    /// The organizations, release by release; before the first entry and without one there are none.
    pub organizations: Vec<Since<Vec<String>>>,
    /// The names that it speaks for.
    pub subject_alt_names: Vec<String>,
    /// keyUsage.
    pub key_usages: Vec<KeyUsage>,
    /// extKeyUsage.
    pub extended_key_usages: Vec<ExtendedKeyUsage>,
    /// One sentence: who shows it to whom, and what for.
    pub about: String,
}

/// What a credential consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A CA, self-signed or under the root that the spec names: `.crt` and `.key`.
    Authority {
        /// On which of the holders the key is too.
        key_holders: Holders,
    },
    /// A certificate and its key: `.crt` and `.key`.
    Pair,
    /// A key pair without certificate: `.key` and `.pub`.
    KeyPair,
    /// A kubeconfig with the certificate and key inside.
    Kubeconfig {
        /// The API server that it points to, release by release.
        server: Vec<Since<Server>>,
        /// Whether its user replaces the certificate by one of its own, and then points to that file.
        rotates: bool,
    },
}

/// The directories that hold a node's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// The certificates directory, `/etc/kubernetes/pki`.
    Certificates,
    /// The Kubernetes directory, `/etc/kubernetes`.
    Kubernetes,
    /// The kubelet's own directory, `/var/lib/kubelet/pki`.
    Kubelet,
    /// A directory of etcd's own, `/etc/ssl/etcd/ssl`.
    Etcd,
}

/// How the files of a credential are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suffixes {
    /// `NAME.crt`, `NAME.key`, `NAME.pub`.
    Plain,
    /// `NAME.pem`, `NAME-key.pem`: cfssl's and kubespray's way.
    Dashed,
    /// One file for certificate and key, `NAME`: the kubelet's way.
    Joined,
}

/// Who makes a credential and renews it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeper {
    /// kubepki, as the spec says.
    Kubepki,
    /// The kubelet, by requests to the cluster.
    Kubelet,
    /// A distribution's own program.
    Distribution(&'static Distribution),
}

/// Something that holds from a release on, until the next entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Since<T> {
    /// The first release.
    pub version: Version,
    /// What holds.
    pub value: T,
}

/// The API server that a kubeconfig points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The cluster's `controlPlaneEndpoint`; without one, the local server.
    Endpoint,
    /// The node's own API server; on a node that has none, the endpoint.
    Local,
}

/// Which nodes have something.
#[derive(Clone, Debug, PartialEq)]
pub enum Holders {
    /// Control planes and workers: every node that runs a kubelet of the cluster.
    ClusterNodes,
    /// Control planes.
    ControlPlanes,
    /// The control plane that was there first: kubeadm's `init` node.
    FirstControlPlane,
    /// Members of an etcd cluster that this PKI serves.
    EtcdMembers,
    /// Those, and the control planes that are its clients.
    EtcdUsers,
    /// Control planes that are clients of an etcd cluster that this PKI serves.
    EtcdClients,
    /// Control planes that are etcd members too.
    StackedControlPlanes,
    /// The nodes that the user named.
    Selected(Vec<Selector>),
}

impl Credential {
    /// A row that says nothing, for `..Credential::empty()`.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            name: String::new(),
            kind: Kind::Pair,
            issuer: None,
            place: String::new(),
            base: Base::Certificates,
            suffixes: Suffixes::Plain,
            optional: false,
            holders: Holders::ControlPlanes,
            since: Version::FIRST,
            common_name: String::new(),
            documented_common_name: None,
            organizations: Vec::new(),
            subject_alt_names: Vec::new(),
            key_usages: vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment],
            extended_key_usages: Vec::new(),
            about: String::new(),
        }
    }
}

/// How a user names nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// All nodes with a role.
    Role(Role),
    /// One node.
    Node(String),
}

/// What a node does in the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs an API server, a controller manager and a scheduler.
    ControlPlane,
    /// Runs an etcd member.
    Etcd,
    /// Runs workloads.
    Worker,
}

impl Role {
    /// Every role with its name in a spec.
    pub const ALL: [(&'static str, Self); 3] =
        [("control-plane", Self::ControlPlane), ("etcd", Self::Etcd), ("worker", Self::Worker)];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(_, role)| role == self).map_or("", |(name, _)| name))
    }
}

impl<T> Since<T> {
    /// What holds in `version`.
    pub fn at(entries: &[Self], version: Version) -> Option<&T> {
        entries.iter().rev().find(|entry| entry.version <= version).map(|entry| &entry.value)
    }
}
