//! Roles for users and groups, and what binds them: what a certificate says somebody is, these say what that one may.

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::spec::problem::nearest;

/// The API group of roles.
const GROUP: &str = "rbac.authorization.k8s.io";

/// A role, or the name of one that is there, and who has it.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The name of role and binding.
    pub name: String,
    /// The namespace; the whole cluster without one.
    pub namespace: Option<String>,
    /// The users.
    pub users: Vec<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// What they may.
    pub may: May,
}

/// What somebody may.
#[derive(Clone, Debug)]
pub enum May {
    /// What a ClusterRole that is there says.
    ClusterRole(String),
    /// What these rules say, in a role of their own.
    Rules(Vec<PolicyRule>),
}

/// The verbs of requests for resources ("Authorization", "Request verbs"; RBAC's own).
pub const VERBS: [&str; 16] = [
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "use",
    "bind",
    "escalate",
    "impersonate",
    "approve",
    "sign",
    "attest",
    "*",
];

/// Kubernetes' own resources by their groups: where kubectl asks the cluster, there is none to be asked (1.36).
const RESOURCES: [(&str, &[&str]); 17] = [
    (
        "",
        &[
            "configmaps",
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "nodes",
            "persistentvolumeclaims",
            "persistentvolumes",
            "pods",
            "podtemplates",
            "replicationcontrollers",
            "resourcequotas",
            "secrets",
            "serviceaccounts",
            "services",
        ],
    ),
    (
        "admissionregistration.k8s.io",
        &[
            "mutatingadmissionpolicies",
            "mutatingadmissionpolicybindings",
            "mutatingwebhookconfigurations",
            "validatingadmissionpolicies",
            "validatingadmissionpolicybindings",
            "validatingwebhookconfigurations",
        ],
    ),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["apiservices"]),
    ("apps", &["controllerrevisions", "daemonsets", "deployments", "replicasets", "statefulsets"]),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    (
        "certificates.k8s.io",
        &["certificatesigningrequests", "clustertrustbundles", "podcertificaterequests", "signers"],
    ),
    ("coordination.k8s.io", &["leases"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("flowcontrol.apiserver.k8s.io", &["flowschemas", "prioritylevelconfigurations"]),
    ("networking.k8s.io", &["ingressclasses", "ingresses", "ipaddresses", "networkpolicies", "servicecidrs"]),
    ("node.k8s.io", &["runtimeclasses"]),
    ("policy", &["poddisruptionbudgets"]),
    (GROUP, &["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
    ("scheduling.k8s.io", &["priorityclasses"]),
    (
        "storage.k8s.io",
        &[
            "csidrivers",
            "csinodes",
            "csistoragecapacities",
            "storageclasses",
            "volumeattachments",
            "volumeattributesclasses",
        ],
    ),
];

/// Rules as `kubectl create role` makes them of its flags: one for each API group. Resources are written as there: `pods`,
/// `pods/log`, `deployments.apps`, `deployments.apps/scale`, `*`.
///
/// # Errors
/// A resource whose group is not known.
pub fn rules(verbs: &[String], resources: &[String], names: &[String]) -> Result<Vec<PolicyRule>, String> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for text in resources {
        let (resource, part) =
            text.split_once('/').map_or((text.as_str(), None), |(one, part)| (one, Some(part)));
        let (resource, group) = match resource.split_once('.') {
            Some((resource, group)) => (resource, group),
            None if resource == "*" => (resource, "*"),
            None => (resource, group_of(resource)?),
        };
        let whole = part.map_or_else(|| resource.to_owned(), |part| format!("{resource}/{part}"));
        match groups.iter_mut().find(|(known, _)| known == group) {
            Some((_, all)) if all.contains(&whole) => {}
            Some((_, all)) => all.push(whole),
            None => groups.push((group.to_owned(), vec![whole])),
        }
    }
    let rule = |(group, resources)| PolicyRule {
        api_groups: Some(vec![group]),
        resources: Some(resources),
        resource_names: (!names.is_empty()).then(|| names.to_vec()),
        verbs: verbs.to_vec(),
        ..PolicyRule::default()
    };
    Ok(groups.into_iter().map(rule).collect())
}

fn group_of(resource: &str) -> Result<&'static str, String> {
    let found = RESOURCES.iter().find(|(_, resources)| resources.contains(&resource));
    found.map(|(group, _)| *group).ok_or_else(|| {
        let all = RESOURCES.iter().flat_map(|(_, resources)| resources.iter().copied());
        match nearest(resource, all) {
            Some(near) => format!("there is no resource `{resource}`; did you mean `{near}`?"),
            None => format!("the group of `{resource}` is not known: write it as `{resource}.GROUP`"),
        }
    })
}

impl Assignment {
    /// The objects, the role before its binding.
    ///
    /// # Errors
    /// Never for objects of this module; the encoder's error is passed on.
    pub fn objects(&self) -> serde_json::Result<Vec<Value>> {
        let metadata = || ObjectMeta {
            name: Some(self.name.clone()),
            namespace: self.namespace.clone(),
            ..ObjectMeta::default()
        };
        let local = self.namespace.is_some();
        let (kind, name) = match &self.may {
            May::ClusterRole(name) => ("ClusterRole", name),
            May::Rules(_) => (if local { "Role" } else { "ClusterRole" }, &self.name),
        };
        let role_ref =
            RoleRef { api_group: Some(GROUP.to_owned()), kind: kind.to_owned(), name: name.clone() };
        let subjects = Some(self.subjects());
        let mut objects = Vec::new();
        if let May::Rules(rules) = &self.may {
            let rules = Some(rules.clone());
            objects.push(if local {
                serde_json::to_value(Role { metadata: metadata(), rules })?
            } else {
                serde_json::to_value(ClusterRole { metadata: metadata(), rules, aggregation_rule: None })?
            });
        }
        objects.push(if local {
            serde_json::to_value(RoleBinding { metadata: metadata(), role_ref, subjects })?
        } else {
            serde_json::to_value(ClusterRoleBinding { metadata: metadata(), role_ref, subjects })?
        });
        Ok(objects)
    }

    fn subjects(&self) -> Vec<Subject> {
        let subject = |kind: &str, name: &String| Subject {
            api_group: Some(GROUP.to_owned()),
            kind: kind.to_owned(),
            name: name.clone(),
            namespace: None,
        };
        let users = self.users.iter().map(|name| subject("User", name));
        users.chain(self.groups.iter().map(|name| subject("Group", name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn resources_come_to_their_groups() {
        let resources =
            ["pods", "deployments", "pods/log", "deployments.apps/scale", "widgets.example.com", "pods"];
        let rules = rules(&list(&["get"]), &list(&resources), &[]).unwrap();
        let told: Vec<String> = rules
            .iter()
            .map(|rule| {
                format!("{:?} {:?}", rule.api_groups.as_ref().unwrap(), rule.resources.as_ref().unwrap())
            })
            .collect();
        let expected = [
            r#"[""] ["pods", "pods/log"]"#,
            r#"["apps"] ["deployments", "deployments/scale"]"#,
            r#"["example.com"] ["widgets"]"#,
        ];
        assert_eq!(told, expected);
        let any = super::rules(&list(&["*"]), &list(&["*"]), &[]).unwrap();
        assert_eq!(
            (any[0].api_groups.clone(), any[0].resources.clone()),
            (Some(list(&["*"])), Some(list(&["*"])))
        );
        for (resource, told) in [("pod", "did you mean `pods`?"), ("widgets", "write it as `widgets.GROUP`")]
        {
            let error = super::rules(&list(&["get"]), &list(&[resource]), &[]).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn an_assignment_is_a_role_and_what_binds_it() {
        let rules = rules(&list(&["get"]), &list(&["pods"]), &[]).unwrap();
        for (namespace, may, kinds) in [
            (Some("a"), May::Rules(rules.clone()), &["Role", "RoleBinding to Role a"][..]),
            (None, May::Rules(rules), &["ClusterRole", "ClusterRoleBinding to ClusterRole a"]),
            (Some("a"), May::ClusterRole("view".to_owned()), &["RoleBinding to ClusterRole view"]),
            (None, May::ClusterRole("view".to_owned()), &["ClusterRoleBinding to ClusterRole view"]),
        ] {
            let namespace = namespace.map(str::to_owned);
            let (users, groups) = (list(&["jane"]), list(&["dev"]));
            let assignment =
                Assignment { name: "a".to_owned(), namespace: namespace.clone(), users, groups, may };
            let objects = assignment.objects().unwrap();
            let told: Vec<String> = objects
                .iter()
                .map(|object| {
                    let text =
                        |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
                    assert_eq!(text("/metadata/namespace"), namespace.clone().unwrap_or_default());
                    match text("/roleRef/kind") {
                        "" => text("/kind").to_owned(),
                        kind => format!("{} to {kind} {}", text("/kind"), text("/roleRef/name")),
                    }
                })
                .collect();
            assert_eq!(told, kinds);
        }
    }
}
