//! Who asks.

use std::collections::BTreeMap;

/// A user as the API server knows it (`k8s.io/apiserver/pkg/authentication/user`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The identity that stays when a name is used again; mostly empty.
    pub uid: String,
    /// The groups.
    pub groups: Vec<String>,
    /// What else is known.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The group of everybody who has shown who they are.
pub const AUTHENTICATED: &str = "system:authenticated";

/// The group of everybody who has not.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// The group of kubelets.
pub const NODES: &str = "system:nodes";

/// What a kubelet's name begins with.
pub const NODE: &str = "system:node:";

/// The group that passes every authorization.
pub const MASTERS: &str = "system:masters";

impl User {
    /// Somebody who has not said who they are.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            name: "system:anonymous".to_owned(),
            groups: vec![UNAUTHENTICATED.to_owned()],
            ..Self::default()
        }
    }

    /// A user of this name, in these groups and that of all who are known.
    #[must_use]
    pub fn known(name: &str, groups: &[String]) -> Self {
        let mut groups = groups.to_vec();
        if !groups.iter().any(|group| group == AUTHENTICATED) {
            groups.push(AUTHENTICATED.to_owned());
        }
        Self { name: name.to_owned(), groups, ..Self::default() }
    }

    /// Whether the user is in a group.
    #[must_use]
    pub fn is_in(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// The name of the node whose kubelet this is (`nodeidentifier.defaultNodeIdentifier`).
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.name.strip_prefix(NODE).filter(|_| self.is_in(NODES))
    }
}
