//! What ought to exist: the catalogue's rows with every symbol replaced by what the spec says, node by node.
//!
//! Pure: a spec goes in, a list comes out. Nothing here looks at what is on disk.

mod meaning;

use std::fmt;

use time::Duration;

use crate::catalog::distribution::KUBEADM;
use crate::catalog::{
    Base, Credential, Distribution, Holders, KUBELET, Keeper, Kind, ROOT, Role, Selector, Suffixes, Symbol,
};
use crate::spec::{AuthorityMode, Node, Spec};
use crate::x509::path::denied;
use crate::x509::{KeyAlgorithm, Name, NameConstraints, SubjectAltName, Usages};
use meaning::Meaning;

/// Everything that ought to exist, issuers before what they sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Targets {
    /// The targets.
    pub list: Vec<Target>,
    /// Whether they are those of a whole fleet, each node with a directory of its own.
    pub fleet: bool,
    /// How long before its end a certificate is reissued.
    pub renew_before: Duration,
}

/// Which of a spec's targets are meant.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// One node; without it, the only one or the fleet.
    pub node: Option<&'a str>,
    /// Whether the CAs and service account keys are in a directory apart.
    pub authority: bool,
    /// Whether the kubelets' own directories are looked at.
    pub kubelet: bool,
    /// Whether each node has a directory of its own although there is one only.
    pub fleet: bool,
    /// Whose rows they are.
    pub distribution: &'static Distribution,
}

/// Everything, in kubeadm's layout.
impl Default for Selection<'_> {
    fn default() -> Self {
        Self { node: None, authority: false, kubelet: false, fleet: false, distribution: &KUBEADM }
    }
}

/// One thing that ought to exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The name of its row.
    pub credential: String,
    /// Where it belongs.
    pub site: Site,
    /// Its place there, without suffix.
    pub place: String,
    /// The directory that `place` is below.
    pub base: Base,
    /// How its files are called after `place`.
    pub suffixes: Suffixes,
    /// Who makes and renews it.
    pub keeper: Keeper,
    /// What it ought to be.
    pub aim: Aim,
}

/// To whom something belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// The shared CAs and the service account keys.
    Authority,
    /// A node.
    Node(String),
}

/// What something ought to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Aim {
    /// A CA that is made here if it is nowhere.
    Authority {
        /// What its certificate says.
        certificate: Blueprint,
        /// Whether its key belongs here too.
        key: bool,
        /// What is done when there is none.
        absent: Absent,
        /// The position of the root that signs it; a CA without one signs itself.
        root: Option<usize>,
    },
    /// A certificate and its key.
    Pair {
        /// What the certificate says.
        certificate: Blueprint,
        /// The position of the CA that signs it.
        issuer: usize,
    },
    /// A key pair without certificate.
    KeyPair {
        /// The algorithm of a new key.
        algorithm: KeyAlgorithm,
        /// What is done when there is none.
        absent: Absent,
    },
    /// A kubeconfig.
    Kubeconfig {
        /// What the certificate in it says.
        certificate: Blueprint,
        /// The position of the CA that signs it.
        issuer: usize,
        /// The cluster's name.
        cluster: String,
        /// The URLs that it may point to; a new one points to the first.
        servers: Vec<String>,
        /// Whether its user may have replaced the certificate by a file of its own.
        rotates: bool,
    },
    /// The same bytes as something of the authority's.
    Copy {
        /// The position of the original.
        of: usize,
        /// Whether the private key is copied too.
        key: bool,
    },
}

/// What is done about a shared credential that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It is made.
    Make,
    /// The spec says that it is given.
    Given,
    /// It is the root, whose certificate the spec names: that is put there.
    Root,
    /// The node joins others, which have it: made here, the cluster would have two.
    Joining,
}

/// What a certificate ought to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// The subjects that are right: a new certificate has the first, the others are those of earlier releases.
    pub subjects: Vec<Name>,
    /// The names that it speaks for, in their order.
    pub subject_alt_names: Vec<SubjectAltName>,
    /// The same names with the symbol that each comes from; none for what is the same in every cluster.
    pub origins: Vec<(SubjectAltName, Option<Symbol>)>,
    /// The symbols among its row's names.
    pub symbols: Vec<Symbol>,
    /// What its key may be used for.
    pub usages: Usages,
    /// Of a CA under a root: how many CAs may stand between it and a leaf.
    pub path_length: Option<u8>,
    /// Of a CA under a root: the names that it may certify.
    pub name_constraints: Option<NameConstraints>,
    /// How long a new one is valid.
    pub lifetime: Duration,
    /// The algorithm of its key.
    pub algorithm: KeyAlgorithm,
}

impl Blueprint {
    /// The names that come from a symbol.
    pub fn names_of(&self, symbol: Symbol) -> impl Iterator<Item = &SubjectAltName> {
        self.origins.iter().filter(move |(_, origin)| *origin == Some(symbol)).map(|(name, _)| name)
    }

    /// Whether its row has a symbol among its names, whatever that comes to.
    #[must_use]
    pub fn has(&self, symbol: Symbol) -> bool {
        self.symbols.contains(&symbol)
    }
}

/// Why a spec has no targets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A credential whose names cannot be made out.
    #[error("credential `{credential}` on node `{node}`: {problem}")]
    Credential {
        /// The credential.
        credential: String,
        /// The node.
        node: String,
        /// What is wrong.
        problem: String,
    },
    /// No node has this name.
    #[error("the spec has no node `{name}`: it has {}", known.join(", "))]
    UnknownNode {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

impl Targets {
    /// The targets of one node, of the only node, or of the fleet.
    ///
    /// With `authority`, a node's CAs and service account keys are copies of those in a directory apart; without, they
    /// live in the node's own directory.
    ///
    /// # Errors
    /// When no node has the name, or a credential's names cannot be made out.
    pub fn of(spec: &Spec, selection: &Selection<'_>) -> Result<Self, TargetError> {
        let nodes: Vec<&Node> = match selection.node {
            None => spec.nodes.iter().collect(),
            Some(name) => vec![find(spec, name)?],
        };
        let fleet = selection.fleet || (selection.node.is_none() && nodes.len() > 1);
        let apart = fleet || selection.authority;
        let renew_before = spec.renew_before.duration();
        let mut targets = Self { list: Vec::new(), fleet, renew_before };
        for (row, keeper) in rows(spec, selection).filter(|(row, _)| apart && shared(row)) {
            if nodes.iter().any(|node| holds(spec, node, &row.holders)) {
                // Its names hold no symbol that depends on a node.
                targets.push(spec, row, nodes[0], Site::Authority, keeper)?;
            }
        }
        for node in nodes {
            for (row, keeper) in rows(spec, selection).filter(|(row, _)| holds(spec, node, &row.holders)) {
                targets.push(spec, row, node, Site::Node(node.name.clone()), keeper)?;
            }
        }
        targets.certifiable()?;
        Ok(targets)
    }

    /// What a target is called: `apiserver`, and in a fleet `cp1/apiserver` or `authority/ca`.
    #[must_use]
    pub fn name(&self, target: &Target) -> String {
        match &target.site {
            _ if !self.fleet => target.credential.clone(),
            Site::Authority => format!("authority/{}", target.credential),
            Site::Node(node) => format!("{node}/{}", target.credential),
        }
    }

    /// The CA of the cluster that signs this one: for a copy none, and none for a CA.
    #[must_use]
    pub fn issuer(&self, target: &Target) -> Option<&Target> {
        match target.aim {
            Aim::Pair { issuer, .. } | Aim::Kubeconfig { issuer, .. } => self.list.get(issuer),
            _ => None,
        }
    }

    /// The target that signs this one: the same, and of a CA the root above it.
    #[must_use]
    pub fn signer(&self, target: &Target) -> Option<&Target> {
        match target.aim {
            Aim::Authority { root, .. } => self.list.get(root?),
            _ => self.issuer(target),
        }
    }

    /// Whether the CAs may certify every name that they have to.
    fn certifiable(&self) -> Result<(), TargetError> {
        for target in &self.list {
            let issuer = self.issuer(target);
            let above = issuer.into_iter().chain(issuer.and_then(|issuer| self.signer(issuer)));
            let Some(blueprint) = target.aim.certificate() else { continue };
            for ca in above {
                let constraints = ca.aim.certificate().and_then(|ca| ca.name_constraints.as_ref());
                let denied =
                    constraints.and_then(|constraints| denied(constraints, &blueprint.subject_alt_names));
                if let Some(name) = denied {
                    let problem =
                        format!("the name constraints of `{}` do not allow its name `{name}`", ca.credential);
                    let (credential, node) = (target.credential.clone(), target.site.to_string());
                    return Err(TargetError::Credential { credential, node, problem });
                }
            }
        }
        Ok(())
    }

    fn position(&self, credential: &str, site: &Site) -> Option<usize> {
        self.list.iter().position(|target| target.credential == credential && target.site == *site)
    }

    fn push(
        &mut self,
        spec: &Spec,
        row: &Credential,
        node: &Node,
        site: Site,
        keeper: Keeper,
    ) -> Result<(), TargetError> {
        let meaning = Meaning { spec, node, row };
        let place = meaning.text(&row.place)?;
        let original = if shared(row) { self.position(&row.name, &Site::Authority) } else { None };
        let aim = match original {
            Some(of) => Aim::Copy { of, key: holds_key(spec, node, row) },
            None => self.aim(&meaning, &site)?,
        };
        let Credential { name, base, suffixes, .. } = row;
        self.list.push(Target {
            credential: name.clone(),
            site,
            place,
            base: *base,
            suffixes: *suffixes,
            keeper,
            aim,
        });
        Ok(())
    }

    fn aim(&self, meaning: &Meaning<'_>, site: &Site) -> Result<Aim, TargetError> {
        let Meaning { spec, node, row } = meaning;
        let issuer = row.issuer.as_deref().and_then(|issuer| {
            self.position(issuer, &Site::Authority).or_else(|| self.position(issuer, site))
        });
        let alone = spec.first_control_plane().is_none_or(|first| first.name == node.name);
        let authority = matches!(row.kind, Kind::Authority { .. });
        let is_root = row.name == ROOT.name;
        let root = if authority && !is_root {
            self.position(&ROOT.name, &Site::Authority).or_else(|| self.position(&ROOT.name, site))
        } else {
            None
        };
        let absent = if is_root {
            Absent::Root
        } else if *site != Site::Authority && !(alone && holds_key(spec, node, row)) {
            Absent::Joining
        } else if authority && root.is_none() && spec.authority.mode != AuthorityMode::SelfSigned {
            Absent::Given
        } else {
            Absent::Make
        };
        let needs_issuer = || TargetError::Credential {
            credential: row.name.clone(),
            node: node.name.clone(),
            problem: format!(
                "its issuer `{}` is not on that node",
                row.issuer.as_deref().unwrap_or_default()
            ),
        };
        Ok(match &row.kind {
            Kind::Authority { .. } => Aim::Authority {
                certificate: meaning.blueprint()?,
                key: !is_root && (*site == Site::Authority || holds_key(spec, node, row)),
                absent,
                root,
            },
            Kind::KeyPair => Aim::KeyPair { algorithm: spec.encryption_algorithm, absent },
            Kind::Pair => {
                Aim::Pair { certificate: meaning.blueprint()?, issuer: issuer.ok_or_else(needs_issuer)? }
            }
            Kind::Kubeconfig { server, rotates } => Aim::Kubeconfig {
                rotates: *rotates,
                certificate: meaning.blueprint()?,
                issuer: issuer.ok_or_else(needs_issuer)?,
                cluster: spec.cluster_name.clone(),
                servers: meaning.servers(server),
            },
        })
    }
}

impl Aim {
    /// What the certificate ought to say, where there is one of its own.
    #[must_use]
    pub fn certificate(&self) -> Option<&Blueprint> {
        match self {
            Self::Authority { certificate, .. }
            | Self::Pair { certificate, .. }
            | Self::Kubeconfig { certificate, .. } => Some(certificate),
            Self::KeyPair { .. } | Self::Copy { .. } => None,
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority => f.write_str("authority"),
            Self::Node(name) => f.write_str(name),
        }
    }
}

/// The rows that a spec has in kubeadm's layout: the catalogue's of its release, and its own.
pub fn own_rows(spec: &Spec) -> impl Iterator<Item = &Credential> {
    rows(spec, &Selection::default()).map(|(row, _)| row)
}

/// The rows of a selection: the root, where the spec names one, a distribution's of the spec's release, the spec's own,
/// and the kubelets'; each with its keeper.
fn rows<'a>(
    spec: &'a Spec,
    selection: &Selection<'_>,
) -> impl Iterator<Item = (&'a Credential, Keeper)> + use<'a> {
    let distribution = selection.distribution;
    let keeper =
        if distribution.renewal.is_some() { Keeper::Distribution(distribution) } else { Keeper::Kubepki };
    let built_in = (distribution.rows)().iter().filter(|row| {
        row.since <= spec.kubernetes_version && !(row.optional && spec.omit.contains(&row.name))
    });
    // A distribution's own program puts no root anywhere.
    let ours = distribution.renewal.is_none();
    let root = spec.authority.root_certificate().filter(|_| ours).map(|_| (&*ROOT, Keeper::Kubepki));
    let kubelet: &[Credential] = if selection.kubelet { &*KUBELET } else { &[] };
    let kubelet = kubelet.iter().map(|row| (row, Keeper::Kubelet));
    let own = spec.credentials.iter().map(|row| (row, Keeper::Kubepki));
    root.into_iter().chain(built_in.map(move |row| (row, keeper))).chain(own).chain(kubelet)
}

/// Whether a node has what these holders have.
fn holds(spec: &Spec, node: &Node, holders: &Holders) -> bool {
    let member = spec.is_etcd_member(node);
    let control_plane = node.is(Role::ControlPlane);
    let etcd_here = || spec.nodes.iter().any(|node| spec.is_etcd_member(node));
    match holders {
        Holders::ClusterNodes => control_plane || node.is(Role::Worker),
        Holders::ControlPlanes => control_plane,
        Holders::FirstControlPlane => spec.first_control_plane().is_some_and(|first| first.name == node.name),
        Holders::EtcdMembers => member,
        Holders::EtcdUsers => member || (control_plane && etcd_here()),
        Holders::EtcdClients => control_plane && etcd_here(),
        Holders::StackedControlPlanes => control_plane && member,
        Holders::Selected(selectors) => selectors.iter().any(|selector| match selector {
            Selector::Role(Role::Etcd) => member,
            Selector::Role(role) => node.is(*role),
            Selector::Node(name) => node.name == *name,
        }),
    }
}

/// Whether a node has the private key of a shared credential.
fn holds_key(spec: &Spec, node: &Node, row: &Credential) -> bool {
    match &row.kind {
        Kind::Authority { key_holders } => holds(spec, node, key_holders),
        _ => holds(spec, node, &row.holders),
    }
}

/// Whether all nodes have the same one.
fn shared(row: &Credential) -> bool {
    matches!(row.kind, Kind::Authority { .. } | Kind::KeyPair)
}

fn find<'a>(spec: &'a Spec, name: &str) -> Result<&'a Node, TargetError> {
    spec.nodes.iter().find(|node| node.name == name).ok_or_else(|| TargetError::UnknownNode {
        name: name.to_owned(),
        known: spec.nodes.iter().map(|node| node.name.clone()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::kubeadm::Host;
    use crate::spec::load::parse;

    const NOBODY: Host = Host { name: || None, address: |_| None };

    fn spec(yaml: &str) -> Spec {
        parse(yaml, false, NOBODY).unwrap().0
    }

    fn select(spec: &Spec, node: Option<&str>, authority: bool) -> Result<Targets, TargetError> {
        Targets::of(spec, &Selection { node, authority, ..Selection::default() })
    }

    fn names(targets: &Targets, credential: &str) -> Vec<String> {
        let target = targets.list.iter().find(|target| target.credential == credential).unwrap();
        let names = &target.aim.certificate().unwrap().subject_alt_names;
        names.iter().map(ToString::to_string).collect()
    }

    const HA: &str = "
apiVersion: kubepki/v1
kind: Cluster
controlPlaneEndpoint: api.example.com:6443
nodes:
- {name: cp1, roles: [control-plane], addresses: [192.0.2.10]}
- {name: cp2, roles: [control-plane], addresses: [192.0.2.11]}
- {name: w1, roles: [worker], addresses: [192.0.2.21]}
";

    /// facts of kubeadm 1.36, observed on it.
    #[test]
    fn the_api_servers_names_are_kubeadms() {
        let spec = spec(
            "
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.168.10.11}
nodeRegistration: {name: cp1}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
controlPlaneEndpoint: lb.example.com:8443
networking: {serviceSubnet: 10.96.0.0/12}
apiServer:
  certSANs: [Foo.Example.COM, 10.0.0.5, '*.wild.example.com', '::ffff:1.2.3.4', '2001:db8::1', kubernetes]
",
        );
        let targets = select(&spec, None, false).unwrap();
        assert_eq!(
            names(&targets, "apiserver"),
            [
                "*.wild.example.com",
                "cp1",
                "foo.example.com",
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "kubernetes.default.svc.cluster.local",
                "lb.example.com",
                "10.96.0.1",
                "192.168.10.11",
                "10.0.0.5",
                "1.2.3.4",
                "2001:db8::1",
            ]
        );
        assert_eq!(names(&targets, "etcd-peer"), ["cp1", "localhost", "192.168.10.11", "127.0.0.1", "::1"]);
        assert_eq!(names(&targets, "ca"), ["kubernetes"]);
        assert_eq!(targets.list.len(), 16);
    }

    #[test]
    fn further_names_of_etcd_go_where_they_belong() {
        let etcd =
            "etcd: {local: {serverCertSANs: [s.example.com, 203.0.113.1], peerCertSANs: [p.example.com]}}";
        let targets = select(&spec(&format!("{HA}{etcd}")), Some("cp1"), false).unwrap();
        assert_eq!(
            names(&targets, "etcd-server"),
            ["cp1", "localhost", "s.example.com", "192.0.2.10", "127.0.0.1", "::1", "203.0.113.1"]
        );
        assert_eq!(
            names(&targets, "etcd-peer"),
            ["cp1", "localhost", "p.example.com", "192.0.2.10", "127.0.0.1", "::1"]
        );
    }

    #[test]
    fn a_fleet_shares_its_authority_and_workers_get_little() {
        let targets = select(&spec(HA), None, false).unwrap();
        let of = |node: &str| {
            let site = if node.is_empty() { Site::Authority } else { Site::Node(node.to_owned()) };
            let found = targets.list.iter().filter(|target| target.site == site);
            found.map(|target| target.credential.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of(""), ["ca", "front-proxy-ca", "etcd-ca", "sa"]);
        assert_eq!(of("w1"), ["ca", "kubelet.conf"]);
        assert_eq!(of("cp1").len(), 16);
        assert_eq!(of("cp2").len(), 15, "super-admin.conf is the first control plane's");
        let worker = targets.list.iter().find(|target| targets.name(target) == "w1/ca").unwrap();
        assert_eq!(worker.aim, Aim::Copy { of: 0, key: false });
    }

    #[test]
    fn only_the_first_control_plane_may_make_a_ca_for_itself() {
        for (node, expected) in [("cp1", Absent::Make), ("cp2", Absent::Joining), ("w1", Absent::Joining)] {
            let targets = select(&spec(HA), Some(node), false).unwrap();
            let Aim::Authority { absent, .. } = targets.list[0].aim else { panic!("no CA") };
            assert_eq!(absent, expected, "{node}");
        }
        let targets = select(&spec(HA), Some("w1"), true).unwrap();
        assert!(matches!(targets.list[0].aim, Aim::Authority { absent: Absent::Make, key: true, .. }));
        assert!(select(&spec(HA), Some("w9"), false).is_err());
    }

    #[test]
    fn external_etcd_with_nodes_of_its_own_is_served_from_here() {
        let with = |nodes: &str| {
            let yaml = format!(
                "
apiVersion: kubepki/v1
kind: Cluster
etcd: {{external: {{endpoints: ['https://192.0.2.31:2379']}}}}
nodes:
- {{name: cp1, roles: [control-plane], addresses: [192.0.2.10]}}
{nodes}"
            );
            let targets = select(&spec(&yaml), None, false).unwrap();
            targets.list.iter().map(|target| targets.name(target)).collect::<Vec<_>>()
        };
        assert!(!with("").iter().any(|name| name.contains("etcd")));
        let own = with("- {name: e1, roles: [etcd], addresses: [192.0.2.31]}\n");
        for name in ["authority/etcd-ca", "cp1/etcd-ca", "cp1/apiserver-etcd-client", "e1/etcd-server"] {
            assert!(own.iter().any(|own| own == name), "{name} in {own:?}");
        }
        assert!(!own.iter().any(|name| name == "cp1/etcd-server" || name == "e1/ca"));
    }

    #[test]
    fn naming_and_release_decide_on_subjects() {
        let subjects = |yaml: &str, credential: &str| -> Vec<String> {
            let yaml = format!("{HA}{yaml}");
            let targets = select(&spec(&yaml), Some("cp1"), false).unwrap();
            let target = targets.list.iter().find(|target| target.credential == credential).unwrap();
            target.aim.certificate().unwrap().subjects.iter().map(ToString::to_string).collect()
        };
        assert_eq!(subjects("naming: documented", "ca"), ["CN=kubernetes-ca"]);
        assert_eq!(subjects("naming: documented", "etcd-peer"), ["CN=kube-etcd-peer"]);
        assert_eq!(
            subjects("kubernetesVersion: v1.28.3", "admin.conf"),
            ["O=system:masters, CN=kubernetes-admin"]
        );
        assert_eq!(
            subjects("", "apiserver-kubelet-client"),
            [
                "CN=kube-apiserver-kubelet-client",
                "O=kubeadm:cluster-admins, CN=kube-apiserver-kubelet-client",
                "O=system:masters, CN=kube-apiserver-kubelet-client"
            ]
        );
        let targets = select(&spec(&format!("{HA}kubernetesVersion: v1.28.3")), None, false).unwrap();
        assert!(!targets.list.iter().any(|target| target.credential == "super-admin.conf"));
    }

    #[test]
    fn kubeconfigs_point_where_kubeadm_points_them() {
        let servers = |node: &str, credential: &str, extra: &str| {
            let spec = spec(&format!("{HA}{extra}"));
            let targets = select(&spec, Some(node), true).unwrap();
            let target = targets.list.iter().find(|target| target.credential == credential).unwrap();
            let Aim::Kubeconfig { servers, .. } = &target.aim else { panic!("no kubeconfig") };
            servers.clone()
        };
        let (local, endpoint) = ("https://192.0.2.10:6443", "https://api.example.com:6443");
        assert_eq!(servers("cp1", "admin.conf", ""), [endpoint]);
        assert_eq!(servers("cp1", "scheduler.conf", ""), [local]);
        assert_eq!(servers("cp1", "kubelet.conf", ""), [local, endpoint]);
        assert_eq!(servers("cp1", "kubelet.conf", "kubernetesVersion: v1.32.0"), [endpoint]);
        assert_eq!(servers("w1", "kubelet.conf", ""), [endpoint]);
    }

    #[test]
    fn credentials_of_the_users_own_are_rows_like_others() {
        let yaml = format!(
            "{HA}
credentials:
- name: metrics
  issuer: etcd-ca
  subject: {{commonName: metrics-<node-name>, organizations: [monitoring]}}
  subjectAltNames: [<node-addresses>, <node-name>.metrics.example.com]
  usages: [server auth, client auth]
"
        );
        let targets = select(&spec(&yaml), None, false).unwrap();
        let target = targets.list.iter().find(|target| targets.name(target) == "cp2/metrics").unwrap();
        let certificate = target.aim.certificate().unwrap();
        assert_eq!(certificate.subjects[0].to_string(), "O=monitoring, CN=metrics-cp2");
        assert_eq!(
            certificate.subject_alt_names,
            [
                SubjectAltName::Dns("cp2.metrics.example.com".into()),
                SubjectAltName::Ip("192.0.2.11".parse().unwrap())
            ]
        );
    }
}
