//! Who may do what: ClusterRoles and ClusterRoleBindings, evaluated as the API server evaluates them
//! (`plugin/pkg/auth/authorizer/rbac`).

use std::fmt;

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleBinding, Subject};

use super::object::{GROUP, RESOURCE};
use super::refusal::quoted;
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
    /// Bindings in one namespace: they allow nothing here, and nobody is told that they have no others.
    local: Vec<RoleBinding>,
}

/// What somebody may do, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Rights<'a> {
    /// The rules, in the order of the bindings that give them.
    pub rules: Vec<&'a PolicyRule>,
    /// Whether there may be others.
    pub incomplete: bool,
    /// What was not followed, or could not be.
    pub problems: Vec<String>,
}

impl Rbac {
    /// These roles and bindings.
    #[must_use]
    pub fn new(roles: Vec<ClusterRole>, bindings: Vec<ClusterRoleBinding>) -> Self {
        Self { roles, bindings, local: Vec::new() }
    }

    /// The same with bindings in namespaces, which allow nothing.
    #[must_use]
    pub fn beside(self, local: Vec<RoleBinding>) -> Self {
        Self { local, ..self }
    }

    /// Adds others.
    pub fn extend(&mut self, other: Self) {
        self.roles.extend(other.roles);
        self.bindings.extend(other.bindings);
        self.local.extend(other.local);
    }

    /// Everything that a user may do in a namespace (`RulesFor`, `pkg/registry/rbac/validation/rule.go`). Whoever is in
    /// `system:masters` has their rules by a binding, too.
    #[must_use]
    pub fn rights(&self, user: &User, namespace: &str) -> Rights<'_> {
        let mut rights = Rights::default();
        for binding in &self.bindings {
            if !binding.subjects.iter().flatten().any(|subject| is(subject, user, "")) {
                continue;
            }
            let (kind, name) = (&binding.role_ref.kind, &binding.role_ref.name);
            if kind != "ClusterRole" {
                rights.problems.push(format!("unsupported role reference kind: {}", quoted(kind)));
                continue;
            }
            let mut found = false;
            for role in self.roles.iter().filter(|role| role.metadata.name.as_ref() == Some(name)) {
                found = true;
                rights.rules.extend(role.rules.iter().flatten());
                if role.aggregation_rule.is_some() {
                    rights.incomplete = true;
                    let text = format!("the aggregationRule of ClusterRole {} is not followed", quoted(name));
                    rights.problems.push(text);
                }
            }
            if !found {
                rights
                    .problems
                    .push(format!("clusterroles.rbac.authorization.k8s.io {} not found", quoted(name)));
            }
        }
        for binding in &self.local {
            let place = binding.metadata.namespace.as_deref().unwrap_or_default();
            let subjects = binding.subjects.as_deref().unwrap_or_default();
            if place == namespace && subjects.iter().any(|subject| is(subject, user, place)) {
                rights.incomplete = true;
                let name = binding.metadata.name.as_deref().unwrap_or_default();
                let (kind, role) = (&binding.role_ref.kind, quoted(&binding.role_ref.name));
                let name = quoted(&format!("{name}/{place}"));
                rights.problems.push(format!("RoleBinding {name} of {kind} {role} is not followed"));
            }
        }
        rights
    }

    /// Whether a user may do it. `system:masters` may do everything, as in every API server.
    #[must_use]
    pub fn allows(&self, user: &User, wanted: &Attributes<'_>) -> bool {
        self.grant(user, wanted).is_some()
    }

    /// By what a user may do it, if they may.
    #[must_use]
    pub fn grant(&self, user: &User, wanted: &Attributes<'_>) -> Option<Grant<'_>> {
        self.first(user, |rule| covers(rule, wanted))
    }

    /// By what a user may do something with a path that is no resource, such as `/healthz`, if they may.
    #[must_use]
    pub fn grant_path(&self, user: &User, verb: &str, path: &str) -> Option<Grant<'_>> {
        self.first(user, |rule| covers_path(rule, verb, path))
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

    /// Whether a user may do something with requests, or with a part of one.
    #[must_use]
    pub fn allows_request(&self, user: &User, verb: &str, subresource: &str, name: &str) -> bool {
        self.allows(user, &Attributes { verb, group: GROUP, resource: RESOURCE, subresource, name })
    }

    fn first(&self, user: &User, covers: impl Fn(&PolicyRule) -> bool) -> Option<Grant<'_>> {
        if user.is_in(MASTERS) {
            return Some(Grant(None));
        }
        let bound = self.bindings.iter().filter_map(|binding| {
            let subject = binding.subjects.iter().flatten().find(|subject| is(subject, user, ""))?;
            (binding.role_ref.kind == "ClusterRole").then_some((binding, subject))
        });
        let mut granting = bound.filter(|(binding, _)| {
            let name = Some(&binding.role_ref.name);
            let roles = self.roles.iter().filter(|role| role.metadata.name.as_ref() == name);
            roles.flat_map(|role| role.rules.iter().flatten()).any(&covers)
        });
        granting.next().map(|by| Grant(Some(by)))
    }
}

/// By what somebody may do something: a binding and whom of it they are; nothing for `system:masters`.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a>(Option<(&'a ClusterRoleBinding, &'a Subject)>);

/// In the words of the audit logs of Kubernetes (`plugin/pkg/auth/authorizer/rbac/rbac.go`), where `system:masters` has
/// none.
impl fmt::Display for Grant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((binding, subject)) = self.0 else { return Ok(()) };
        let name = quoted(binding.metadata.name.as_deref().unwrap_or_default());
        let role = quoted(&binding.role_ref.name);
        let whom = match &subject.namespace {
            Some(namespace) if subject.kind == "ServiceAccount" => format!("{}/{namespace}", subject.name),
            _ => subject.name.clone(),
        };
        let kind = &binding.role_ref.kind;
        let whom = format!("{} {}", subject.kind, quoted(&whom));
        write!(f, "RBAC: allowed by ClusterRoleBinding {name} of {kind} {role} to {whom}")
    }
}

/// Whether a subject is a user. A service account may leave its namespace to the binding.
fn is(subject: &Subject, user: &User, place: &str) -> bool {
    match subject.kind.as_str() {
        "User" => subject.name == user.name,
        "Group" => user.is_in(&subject.name),
        "ServiceAccount" => {
            let namespace = subject.namespace.as_deref().filter(|own| !own.is_empty()).unwrap_or(place);
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
