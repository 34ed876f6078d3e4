//! Identities that have power before anybody has bound a role to them: Kubernetes' own, and kubeadm's.
//!
//! A certificate cannot be taken back. Who signs one of these is made to say so, by the name.

use super::user::{AUTHENTICATED, MASTERS, NODE, NODES, UNAUTHENTICATED};
use crate::x509::Name;

/// A user or group in a subject that has power of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Power {
    /// The user or the group.
    pub identity: String,
    /// Whether it is a group.
    pub group: bool,
    /// What it may do.
    pub what: &'static str,
}

impl Power {
    /// The group `system:masters`, and what it may do.
    #[must_use]
    pub fn words(&self) -> String {
        let kind = if self.group { "group" } else { "user" };
        format!("the {kind} `{}` {}", self.identity.escape_debug(), self.what)
    }
}

/// What is said of everything else with the prefix ("Using RBAC Authorization", "Referring to subjects").
const RESERVED: &str = "is reserved for Kubernetes itself";

/// Groups by the beginning of their names (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`,
/// `plugin/pkg/auth/authorizer/node`; kubeadm, `app/constants`).
const GROUPS: [(&str, &str); 6] = [
    (MASTERS, "passes every authorization, whatever roles say"),
    ("kubeadm:cluster-admins", "is bound to cluster-admin by kubeadm"),
    (NODES, "is the kubelets': what a node's pods may read, a member with a node's name may"),
    ("system:bootstrappers", "may ask for the certificate of any node"),
    ("system:serviceaccounts", "is the service accounts'"),
    ("system:", RESERVED),
];

/// Users, in the same way.
const USERS: [(&str, &str); 6] = [
    (NODE, "is a kubelet"),
    ("system:kube-controller-manager", "reads every secret and makes tokens for every service account"),
    ("system:kube-scheduler", "decides where every pod runs"),
    ("system:serviceaccount:", "is a service account, and may what that may"),
    ("system:", RESERVED),
    ("kube-apiserver-kubelet-client", "is bound by kubeadm to system:kubelet-api-admin: every container"),
];

/// The powers that a subject has as a client, but for those that are allowed by their names.
#[must_use]
pub fn powers(subject: &Name, allowed: &[String]) -> Vec<Power> {
    let of = |identity: &str, group: bool| {
        let table = if group { &GROUPS } else { &USERS };
        let (_, what) = table.iter().find(|(begin, _)| identity.starts_with(begin))?;
        Some(Power { identity: identity.to_owned(), group, what })
    };
    // Everybody is in one of these, whatever the certificate says.
    let everybody = |group: &&str| [AUTHENTICATED, UNAUTHENTICATED].contains(group);
    let groups = subject.organizations().into_iter().filter(|group| !everybody(group));
    let groups = groups.filter_map(|group| of(group, true));
    let user = subject.common_name().and_then(|user| of(user, false));
    user.into_iter().chain(groups).filter(|power| !allowed.contains(&power.identity)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn power_is_told_by_name() {
        for (user, group, told) in [
            ("jane", "dev", ""),
            ("jane", "systematic", ""),
            ("jane", "system:authenticated", ""),
            ("jane", "system:masters", "the group `system:masters` passes every authorization"),
            ("jane", "system:nodes", "the group `system:nodes` is the kubelets'"),
            ("jane", "system:bootstrappers:x", "the group `system:bootstrappers:x` may ask"),
            (
                "jane",
                "system:serviceaccounts:kube-system",
                "the group `system:serviceaccounts:kube-system` is",
            ),
            ("jane", "system:unheard-of", "the group `system:unheard-of` is reserved"),
            ("jane", "kubeadm:cluster-admins", "the group `kubeadm:cluster-admins` is bound"),
            ("system:node:cp1", "dev", "the user `system:node:cp1` is a kubelet"),
            ("system:kube-scheduler", "dev", "the user `system:kube-scheduler` decides"),
            (
                "system:serviceaccount:kube-system:x",
                "dev",
                "the user `system:serviceaccount:kube-system:x` is",
            ),
            ("system:me", "dev", "the user `system:me` is reserved"),
            ("kube-apiserver-kubelet-client", "dev", "the user `kube-apiserver-kubelet-client` is bound"),
        ] {
            let subject = Name::new(user, &[group.to_owned()]).unwrap();
            let found = powers(&subject, &[]);
            let words: String = found.iter().map(Power::words).collect();
            assert!(words.starts_with(told) && words.is_empty() == told.is_empty(), "{words}");
            assert_eq!(powers(&subject, &[user.to_owned(), group.to_owned()]), []);
        }
        let both = Name::new("system:node:cp1", &[NODES.to_owned(), "dev".to_owned()]).unwrap();
        assert_eq!(powers(&both, &[]).len(), 2);
        assert_eq!(powers(&both, &[NODES.to_owned()]).len(), 1, "what is allowed is what is named");
    }
}
