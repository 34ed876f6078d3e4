//! Manifests of ClusterRoles and ClusterRoleBindings into who may do what.

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, RoleBinding};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number};

use super::common::trees;
use crate::csr::rbac::Rbac;
use crate::spec::Problem;
use crate::spec::reader::{Problems, quoted};
use crate::spec::tree::{Tree, Value};

/// Reads manifests: ClusterRoles, ClusterRoleBindings, and Lists of them. Other objects are passed over with a warning,
/// since the files of a page or a chart hold more than these. Warnings come with what was read.
///
/// # Errors
/// Every problem, when one of them is fatal.
pub fn permissions(text: &str) -> Result<(Rbac, Vec<Problem>), Vec<Problem>> {
    let problems = Problems::default();
    let mut found = Found::default();
    for tree in trees(text)? {
        found.take(&tree, &problems);
    }
    let problems = problems.into_sorted();
    if problems.iter().any(|problem| problem.fatal) {
        return Err(problems);
    }
    Ok((Rbac::new(found.roles, found.bindings).beside(found.local), problems))
}

/// The API group of roles.
const GROUP: &str = "rbac.authorization.k8s.io/v1";

#[derive(Default)]
struct Found {
    roles: Vec<ClusterRole>,
    bindings: Vec<ClusterRoleBinding>,
    local: Vec<RoleBinding>,
}

impl Found {
    fn take(&mut self, tree: &Tree, problems: &Problems) {
        let text = |name| field(tree, name).and_then(|tree| tree.value.scalar()).unwrap_or_default();
        match (text("apiVersion"), text("kind")) {
            (GROUP, "ClusterRole") => {
                let role: Option<ClusterRole> = object(tree, problems);
                let aggregates = role.as_ref().is_some_and(|role| role.aggregation_rule.is_some());
                if aggregates {
                    let message = "its aggregationRule is not followed: only its own rules count".to_owned();
                    problems.push(false, Some(tree.position), "", message, None);
                }
                self.roles.extend(role);
            }
            (GROUP, "ClusterRoleBinding") => {
                self.bindings.extend(object::<ClusterRoleBinding>(tree, problems));
            }
            (_, kind) if kind.ends_with("List") => {
                let items = field(tree, "items").map(|items| &items.value);
                if let Some(Value::Sequence(items)) = items {
                    for item in items {
                        self.take(item, problems);
                    }
                }
            }
            ("", _) | (_, "") => {
                let message = "is no Kubernetes object: it has no apiVersion or no kind".to_owned();
                problems.push(true, Some(tree.position), "", message, None);
            }
            (group, kind) => {
                if (group, kind) == (GROUP, "RoleBinding") {
                    // It counts for nothing here; whom it is for is told that there is more.
                    self.local.extend(RoleBinding::deserialize(json(tree)).ok());
                }
                let message = format!("{} says nothing about requests: it is passed over", quoted(kind));
                problems.push(false, Some(tree.position), "", message, None);
            }
        }
    }
}

fn object<T: DeserializeOwned>(tree: &Tree, problems: &Problems) -> Option<T> {
    T::deserialize(json(tree))
        .map_err(|error| problems.push(true, Some(tree.position), "", quoted(&error.to_string()), None))
        .ok()
}

fn field<'a>(tree: &'a Tree, name: &str) -> Option<&'a Tree> {
    let Value::Mapping(fields) = &tree.value else { return None };
    fields.iter().find(|(key, _)| key.name == name).map(|(_, tree)| tree)
}

/// The tree as JSON, which is what Kubernetes makes of YAML.
fn json(tree: &Tree) -> serde_json::Value {
    match &tree.value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(text) => {
            let yes = ["true", "yes", "on"].iter().any(|word| text.eq_ignore_ascii_case(word));
            serde_json::Value::Bool(yes)
        }
        Value::Number(text) => match text.parse::<Number>() {
            Ok(number) => serde_json::Value::Number(number),
            Err(_) => serde_json::Value::String(text.clone()),
        },
        Value::Text(text) => serde_json::Value::String(text.clone()),
        Value::Sequence(elements) => elements.iter().map(json).collect(),
        Value::Mapping(fields) => {
            let fields: Map<_, _> = fields.iter().map(|(key, tree)| (key.name.clone(), json(tree))).collect();
            serde_json::Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::User;

    /// From the page "Certificates and Certificate Signing Requests", with a binding.
    const PAGE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: csr-approver
rules:
- apiGroups:
  - certificates.k8s.io
  resources:
  - certificatesigningrequests
  verbs:
  - get
  - list
  - watch
- apiGroups:
  - certificates.k8s.io
  resources:
  - certificatesigningrequests/approval
  verbs:
  - update
- apiGroups:
  - certificates.k8s.io
  resources:
  - signers
  resourceNames:
  - example.com/my-signer-name # example.com/* can be used to authorize for all signers in the 'example.com' domain
  verbs:
  - approve
---
apiVersion: v1
kind: List
items:
- apiVersion: rbac.authorization.k8s.io/v1
  kind: ClusterRoleBinding
  metadata: {name: csr-approver}
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: csr-approver}
  subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}
";

    #[test]
    fn the_pages_manifests_work_as_they_are() {
        let (rbac, warnings) = permissions(PAGE).unwrap();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].message, "`ServiceAccount` says nothing about requests: it is passed over");
        let jane = User::known("jane", &[]);
        assert!(rbac.allows_request(&jane, "update", "approval", "x"));
        assert!(!rbac.allows_request(&jane, "update", "status", "x"));
        assert!(rbac.allows_signer(&jane, "approve", "example.com/my-signer-name"));
        assert!(!rbac.allows_signer(&jane, "approve", "example.com/other"));
        assert!(!rbac.allows_signer(&jane, "sign", "example.com/my-signer-name"));
    }

    /// What nobody follows here, and what leads nowhere.
    const MORE: &str = "apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
aggregationRule: {clusterRoleSelectors: []}
rules: [{apiGroups: [a], resources: [b], verbs: [get]}, {nonResourceURLs: [/c], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: all}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: all}
subjects: [{kind: Group, name: dev}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: none}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: none}
subjects: [{kind: User, name: joe}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: local, namespace: place}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: some}
subjects: [{kind: User, name: jane}, {kind: ServiceAccount, name: robot}]
";

    #[test]
    fn rights_are_told_with_what_is_not_followed() {
        let (mut rbac, _) = permissions(PAGE).unwrap();
        let (more, warnings) = permissions(MORE).unwrap();
        rbac.extend(more);
        assert_eq!(warnings.len(), 2);
        let role = "the aggregationRule of ClusterRole \"all\" is not followed";
        let none = "clusterroles.rbac.authorization.k8s.io \"none\" not found";
        let local = "RoleBinding \"local/place\" of Role \"some\" is not followed";
        let dev = ["dev".to_owned()];
        for (user, groups, namespace, rules, incomplete, problems) in [
            ("jane", &[][..], "default", 3, false, &[][..]),
            ("jane", &[], "place", 3, true, &[local]),
            ("jane", &dev, "default", 5, true, &[role]),
            ("joe", &[], "default", 0, false, &[none]),
            ("joe", &dev, "place", 2, true, &[role, none]),
            ("system:serviceaccount:place:robot", &[], "place", 0, true, &[local]),
            ("system:serviceaccount:other:robot", &[], "place", 0, false, &[]),
        ] {
            let user = User::known(user, groups);
            let rights = rbac.rights(&user, namespace);
            assert_eq!((rights.rules.len(), rights.incomplete), (rules, incomplete), "{}", user.name);
            assert_eq!(rights.problems, problems, "{}", user.name);
        }
        // What is bound in a namespace allows nothing here.
        assert!(!rbac.allows_request(&User::known("system:serviceaccount:place:robot", &[]), "get", "", ""));
    }

    #[test]
    fn what_is_no_role_is_told_with_its_line() {
        let problems = permissions("kind: ClusterRole\napiVersion: rbac.authorization.k8s.io/v1\nrules: 5\n");
        assert_eq!(problems.unwrap_err()[0].position.unwrap().line, 1);
        assert!(permissions("a: b").unwrap_err()[0].message.contains("no Kubernetes object"));
        assert!(permissions("[").is_err());
        assert!(permissions("").is_ok());
    }
}
