//! Who may do what: ClusterRoles and ClusterRoleBindings, evaluated as the API server evaluates them
//! (`plugin/pkg/auth/authorizer/rbac`).

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Subject};

use super::object::{GROUP, RESOURCE};
use super::user::{MASTERS, User};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes<'a> {
    /// The verb, such as `approve`.
    pub verb: &'a str,
    /// The API group.
    pub group: &'a str,
    /// The resource.
    pub resource: &'a str,
    /// The part of it, or nothing.
    pub subresource: &'a str,
    /// The object's name, or nothing.
    pub name: &'a str,
}

/// Roles and who has them.
#[derive(Clone, Debug, Default)]
pub struct Rbac {
    roles: Vec<ClusterRole>,
    bindings: Vec<ClusterRoleBinding>,
}

impl Rbac {
    /// These roles and bindings.
    #[must_use]
    pub fn new(roles: Vec<ClusterRole>, bindings: Vec<ClusterRoleBinding>) -> Self {
        Self { roles, bindings }
    }

    /// Adds others.
    pub fn extend(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.bindings.extend(other.bindings);
    }

    /// Whether a user may do it. `system:masters` may do everything, as in every API server.
    #[must_use]
    pub fn allows(&self, user: &User, wanted: &Attributes<'_>) -> bool {
        user.is_in(MASTERS) || self.granted(user).any(|rule| covers(rule, wanted))
    }

    /// Whether a user may approve for a signer, sign for it, or attest for it: by its name, or by `<domain>/*`; no other
    /// wildcard counts (`plugin/pkg/admission/certificates/util.go`).
    #[must_use]
    pub fn allows_signer(&self, user: &User, verb: &str, signer: &str) -> bool {
        let domain = signer.split('/').next().unwrap_or_default();
        [signer.to_owned(), format!("{domain}/*")].iter().any(|name| {
            let wanted = Attributes { verb, group: GROUP, resource: "signers", subresource: "", name };
            self.allows(user, &wanted)
        })
    }

    /// Whether a user may do something with a path that is no resource, such as `/healthz`.
    #[must_use]
    pub fn allows_path(&self, user: &User, verb: &str, path: &str) -> bool {
        user.is_in(MASTERS) || self.granted(user).any(|rule| covers_path(rule, verb, path))
    }

    /// Whether a user may do something with requests, or with a part of one.
    #[must_use]
    pub fn allows_request(&self, user: &User, verb: &str, subresource: &str, name: &str) -> bool {
        self.allows(user, &Attributes { verb, group: GROUP, resource: RESOURCE, subresource, name })
    }

    fn granted(&self, user: &User) -> impl Iterator<Item = &PolicyRule> {
        let bound = self
            .bindings
            .iter()
            .filter(move |binding| binding.subjects.iter().flatten().any(|subject| is(subject, user)));
        let roles = bound.filter(|binding| binding.role_ref.kind == "ClusterRole").flat_map(|binding| {
            let name = &binding.role_ref.name;
            self.roles.iter().filter(move |role| role.metadata.name.as_ref() == Some(name))
        });
        roles.flat_map(|role| role.rules.iter().flatten())
    }
}

fn is(subject: &Subject, user: &User) -> bool {
    match subject.kind.as_str() {
        "User" => subject.name == user.name,
        "Group" => user.is_in(&subject.name),
        "ServiceAccount" => {
            let namespace = subject.namespace.as_deref().unwrap_or_default();
            let name = || format!("system:serviceaccount:{namespace}:{}", subject.name);
            !namespace.is_empty() && user.name == name()
        }
        _ => false,
    }
}

/// Whether a rule covers it (`rbac.RuleAllows`, `VerbMatches` and its kin).
fn covers(rule: &PolicyRule, wanted: &Attributes<'_>) -> bool {
    let has = |list: &Option<Vec<String>>, text: &str| {
        list.iter().flatten().any(|entry| entry == "*" || entry == text)
    };
    let resource = if wanted.subresource.is_empty() {
        wanted.resource.to_owned()
    } else {
        format!("{}/{}", wanted.resource, wanted.subresource)
    };
    let part = format!("*/{}", wanted.subresource);
    let of_part =
        !wanted.subresource.is_empty() && rule.resources.iter().flatten().any(|entry| *entry == part);
    let names = rule.resource_names.as_deref().unwrap_or_default();
    rule.verbs.iter().any(|verb| verb == "*" || verb == wanted.verb)
        && has(&rule.api_groups, wanted.group)
        && (has(&rule.resources, &resource) || of_part)
        && (names.is_empty() || names.iter().any(|name| name == wanted.name))
}

/// Whether a rule covers a path: as it is, or by its beginning (`NonResourceURLMatches`).
fn covers_path(rule: &PolicyRule, verb: &str, path: &str) -> bool {
    let matches = |pattern: &String| {
        pattern == "*"
            || pattern == path
            || pattern.strip_suffix('*').is_some_and(|begin| path.starts_with(begin))
    };
    rule.verbs.iter().any(|own| own == "*" || own == verb)
        && rule.non_resource_urls.iter().flatten().any(matches)
}
