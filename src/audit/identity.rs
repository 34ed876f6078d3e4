//! Who the holder of a client certificate is to Kubernetes: the common name is the user, the organizations are the groups.

use std::collections::BTreeSet;

use super::case::Case;
use super::listener::Listener;
use super::sighting::{Part, Sighting};
use super::view::View;
use crate::catalog::CATALOG;
use crate::spec::syntax::is_dns_name;
use crate::target::{Blueprint, Site};
use crate::version::Version;
use crate::x509::{Certificate, ExtendedKeyUsage};

/// The group that passes every authorization, also where RBAC is broken.
pub const MASTERS: &str = "system:masters";

/// What the user name of a node begins with; its name follows.
pub const NODE: &str = "system:node:";

/// The group of nodes.
pub const NODES: &str = "system:nodes";

/// The release from which on kubeadm puts only `super-admin.conf` into [`MASTERS`] (kubernetes/kubernetes#121305, #119859).
pub const ONE_MASTER: Version = Version::new(1, 29, 0);

/// Users of which a name alone decides what they may do: a proxy that speaks for others
/// (kubeadm, `--requestheader-allowed-names`), and those that RBAC binds by name (Kubernetes' bootstrap policy; kubeadm,
/// `kubeadm:apiserver-kubelet-client`).
pub const PRIVILEGED: [&str; 4] = [
    "front-proxy-client",
    "kube-apiserver-kubelet-client",
    "system:kube-controller-manager",
    "system:kube-scheduler",
];

/// Users with the reserved prefix that components have: Kubernetes' (`bootstrappolicy/policy.go`), OpenShift's and those of
/// k3s and RKE2 (k3s, `pkg/daemons/control/deps`).
const USERS: [&str; 10] = [
    "system:admin",
    "system:apiserver",
    "system:k3s-controller",
    "system:k3s-supervisor",
    "system:kube-controller-manager",
    "system:kube-dns",
    "system:kube-proxy",
    "system:kube-scheduler",
    "system:rke2-controller",
    "system:rke2-supervisor",
];

/// Groups with the reserved prefix that certificates have: Kubernetes', and those that "Kubernetes The Hard Way" gives to
/// components beside their user.
const GROUPS: [&str; 8] = [
    MASTERS,
    NODES,
    "system:bootstrappers",
    "system:kube-controller-manager",
    "system:kube-proxy",
    "system:kube-scheduler",
    "system:monitoring",
    "system:node-proxier",
];

/// The user that a certificate makes its holder.
#[must_use]
pub fn user(certificate: &Certificate) -> &str {
    certificate.subject.common_name().unwrap_or_default()
}

/// Whether a certificate may be shown by a client: as in Go, one without purposes is good for every purpose.
#[must_use]
pub fn is_client(certificate: &Certificate) -> bool {
    let purposes = &certificate.usages.extended;
    let client = [ExtendedKeyUsage::ClientAuth, ExtendedKeyUsage::Any];
    !certificate.is_ca() && (purposes.is_empty() || client.iter().any(|purpose| purposes.contains(purpose)))
}

/// Whether its holder is in [`MASTERS`].
#[must_use]
pub fn is_master(certificate: &Certificate) -> bool {
    certificate.subject.organizations().contains(&MASTERS)
}

/// Whether its name or a group gives its holder power over the cluster or a node.
#[must_use]
pub fn is_privileged(certificate: &Certificate) -> bool {
    let user = user(certificate);
    let powerful = |group: &&str| group.starts_with("system:") || *group == "kubeadm:cluster-admins";
    PRIVILEGED.contains(&user)
        || user.starts_with("system:")
        || certificate.subject.organizations().iter().any(powerful)
}

/// Whether user and groups with the reserved prefix are ones that Kubernetes or a distribution gives out.
#[must_use]
pub fn is_known(certificate: &Certificate) -> bool {
    are_known(user(certificate), &certificate.subject.organizations())
}

fn are_known(user: &str, groups: &[&str]) -> bool {
    let is_node = user.starts_with(NODE);
    let known = |group: &str| GROUPS.contains(&group) || group.starts_with("system:bootstrappers:");
    is_node == groups.contains(&NODES)
        && (is_node || !user.starts_with("system:") || USERS.contains(&user))
        && groups.iter().copied().filter(|group| group.starts_with("system:")).all(known)
}

/// Whether user and groups are ones that a certificate ought to have, whatever else its subject says.
#[must_use]
pub fn is_as_planned(certificate: &Certificate, blueprint: &Blueprint) -> bool {
    let groups = |name: &crate::x509::Name| -> BTreeSet<String> {
        name.organizations().into_iter().map(str::to_owned).collect()
    };
    blueprint.subjects.iter().any(|subject| {
        subject.common_name() == certificate.subject.common_name()
            && groups(subject) == groups(&certificate.subject)
    })
}

/// What kind of user a credential's certificate ought to make its holder, where a rule about identities judges that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A node.
    Node,
    /// A component with a name of its own.
    Component,
}

/// The kind of user that a credential ought to be.
#[must_use]
pub fn kind(case: &Case<'_>) -> Option<Kind> {
    let blueprint = case.blueprint().filter(|_| case.issuer().is_some())?;
    let client = blueprint.usages.extended.contains(&ExtendedKeyUsage::ClientAuth);
    match blueprint.subjects.first()?.common_name()? {
        name if !client || !name.starts_with("system:") => None,
        name if name.starts_with(NODE) => Some(Kind::Node),
        _ => Some(Kind::Component),
    }
}

/// Whether what is wrong with the subject of a credential's certificate is said by a rule about identities.
#[must_use]
pub fn is_judged(case: &Case<'_>, certificate: &Certificate, blueprint: &Blueprint) -> bool {
    if is_as_planned(certificate, blueprint) {
        return false;
    }
    is_master(certificate)
        || kind(case).is_some()
        || (case.target.credential == "front-proxy-client" && is_refused_proxy(case, certificate))
}

/// The other node of the cluster that a node's certificate names.
#[must_use]
pub fn other_node<'a>(view: &'a View<'a>, site: &Site, certificate: &Certificate) -> Option<&'a str> {
    let name = user(certificate).strip_prefix(NODE)?;
    let known = view.spec.nodes.iter().find(|node| node.name == name)?;
    (*site != Site::Node(known.name.clone())).then_some(known.name.as_str())
}

/// Whether a node's name is one that Kubernetes accepts.
#[must_use]
pub fn is_node_name(name: &str) -> bool {
    is_dns_name(name)
}

/// Whether a proxy's name is not among those that the API server of its node allows.
fn is_refused_proxy(case: &Case<'_>, certificate: &Certificate) -> bool {
    let Some(node) = case.view.node(&case.target.site) else { return false };
    let names = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flag("requestheader-allowed-names"));
    names.is_some_and(|names| !names.is_empty() && !names.split(',').any(|name| name == user(certificate)))
}

/// The issuer that the built-in credential of a privileged user has, and whether that credential is a kubeconfig.
#[must_use]
pub fn home(user: &str) -> Option<(&'static str, &'static str, bool)> {
    let row = CATALOG.iter().find(|row| row.common_name == user && PRIVILEGED.contains(&user))?;
    let kubeconfig = matches!(row.kind, crate::catalog::Kind::Kubeconfig { .. });
    Some((&row.name, row.issuer.as_deref()?, kubeconfig))
}

impl<'a> Sighting<'a> {
    /// The certificate, if it is a file's own and no CA's, and a CA of the cluster has signed it: and that CA.
    #[must_use]
    pub fn issued(&self) -> Option<(&'a Certificate, Case<'a>)> {
        let certificate = self.certificate();
        if self.part() != Part::Own || certificate.is_ca() {
            return None;
        }
        Some((certificate, self.own_signer()?))
    }

    /// The certificate, if it lets its holder in at the API server.
    #[must_use]
    pub fn user(&self) -> Option<&'a Certificate> {
        let (certificate, signer) = self.issued()?;
        let believed = self.view.listeners(&signer).contains(&Listener::ApiServer);
        (believed && is_client(certificate)).then_some(certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::{PRIVILEGED, are_known, home};

    #[test]
    fn users_and_groups_of_kubernetes_are_known() {
        for (user, groups, known) in [
            ("jane", &["devs"][..], true),
            ("system:kube-proxy", &["system:node-proxier"], true),
            ("system:node:cp1", &["system:nodes"], true),
            ("system:node:cp1", &[], false),
            ("jane", &["system:nodes"], false),
            ("system:robot", &[], false),
            ("jane", &["system:robots"], false),
            ("system:bootstrap:abcdef", &["system:bootstrappers:kubeadm:default-node-token"], false),
            ("joiner", &["system:bootstrappers:kubeadm:default-node-token"], true),
        ] {
            assert_eq!(are_known(user, groups), known, "{user} {groups:?}");
        }
    }

    #[test]
    fn every_privileged_user_has_a_credential() {
        for user in PRIVILEGED {
            assert!(home(user).is_some(), "{user}");
        }
        assert_eq!(home("front-proxy-client"), Some(("front-proxy-client", "front-proxy-ca", false)));
        assert_eq!(home("system:kube-scheduler"), Some(("scheduler.conf", "ca", true)));
        assert_eq!(home("kubernetes-admin"), None);
    }
}
