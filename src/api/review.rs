//! Questions that are answered and not stored: who am I, may I, and what may I (`kubectl auth whoami`, `auth can-i`,
//! `auth can-i --list`).

use serde_json::{Value, json};

use super::status::Status;
use super::with;
use crate::csr::User;
use crate::csr::rbac::Rights;
use crate::csr::refusal::{Fault, FieldError, Value as Told};

/// What somebody wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Something with objects.
    Resource {
        /// The verb.
        verb: String,
        /// The API group.
        group: String,
        /// The resource.
        resource: String,
        /// The part of it, or nothing.
        subresource: String,
        /// The object, or nothing.
        name: String,
        /// The namespace, or nothing.
        namespace: String,
    },
    /// Something with a path.
    Path {
        /// The verb.
        verb: String,
        /// The path.
        path: String,
    },
}

/// The answer to a SelfSubjectReview that was asked as `asked`.
#[must_use]
pub fn subject(asked: &Value, user: &User) -> Value {
    let mut info = json!({"username": user.name});
    if let Some(fields) = info.as_object_mut() {
        if !user.uid.is_empty() {
            fields.insert("uid".to_owned(), Value::from(user.uid.as_str()));
        }
        if !user.groups.is_empty() {
            fields.insert("groups".to_owned(), Value::from(user.groups.clone()));
        }
        if !user.extra.is_empty() {
            fields.insert("extra".to_owned(), json!(user.extra));
        }
    }
    answered(asked, json!({"userInfo": info}))
}

/// What a SelfSubjectAccessReview asks.
///
/// # Errors
/// 422 when it asks nothing, or two things.
pub fn question(asked: &Value) -> Result<Question, Status> {
    let resource = asked.pointer("/spec/resourceAttributes");
    let path = asked.pointer("/spec/nonResourceAttributes");
    let of = |value: &Value, name| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match (resource, path) {
        (Some(asked), None) => Ok(Question::Resource {
            verb: of(asked, "verb"),
            group: of(asked, "group"),
            resource: of(asked, "resource"),
            subresource: of(asked, "subresource"),
            name: of(asked, "name"),
            namespace: of(asked, "namespace"),
        }),
        (None, Some(asked)) => Ok(Question::Path { verb: of(asked, "verb"), path: of(asked, "path") }),
        (resource, _) => {
            let (detail, value) = if resource.is_some() {
                ("cannot be specified in combination with resourceAttributes", path)
            } else {
                ("exactly one of nonResourceAttributes or resourceAttributes must be specified", resource)
            };
            let field =
                if resource.is_some() { "spec.nonResourceAttributes" } else { "spec.resourceAttributes" };
            let value = Told::Json(value.map_or_else(|| "null".to_owned(), ToString::to_string));
            let error = FieldError::new(field, Fault::Invalid(value), detail);
            Err(Status::invalid("SelfSubjectAccessReview.authorization.k8s.io", "", &[error]))
        }
    }
}

/// The answer to a SelfSubjectAccessReview that was asked as `asked`.
#[must_use]
pub fn access(asked: &Value, allowed: bool, reason: &str) -> Value {
    let mut status = json!({"allowed": allowed});
    if !reason.is_empty() {
        status = with(status, "reason", Value::from(reason));
    }
    answered(asked, status)
}

/// The namespace that a SelfSubjectRulesReview asks about.
///
/// # Errors
/// 400 when it names none.
pub fn namespace(asked: &Value) -> Result<&str, Status> {
    let namespace = asked.pointer("/spec/namespace").and_then(Value::as_str).unwrap_or_default();
    if namespace.is_empty() { Err(Status::bad_request("no namespace on request")) } else { Ok(namespace) }
}

/// The answer to a SelfSubjectRulesReview that was asked as `asked`; what was asked is not told again
/// (`pkg/registry/authorization/selfsubjectrulesreview`).
#[must_use]
pub fn rules(asked: &Value, rights: &Rights<'_>) -> Value {
    let lists = |verbs: &[String], others: [(&str, &Option<Vec<String>>); 3]| {
        let said = others.into_iter().filter_map(|(name, list)| Some((name, list.as_ref()?)));
        let mut rule = json!({"verbs": verbs});
        for (name, list) in said.filter(|(_, list)| !list.is_empty()) {
            rule = with(rule, name, json!(list));
        }
        rule
    };
    let some = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    let resources = rights.rules.iter().filter(|rule| some(&rule.resources));
    let resources = resources.map(|rule| {
        let names = ("resourceNames", &rule.resource_names);
        lists(&rule.verbs, [("apiGroups", &rule.api_groups), ("resources", &rule.resources), names])
    });
    let paths = rights.rules.iter().filter(|rule| some(&rule.non_resource_urls));
    let none = ("", &None);
    let paths =
        paths.map(|rule| lists(&rule.verbs, [("nonResourceURLs", &rule.non_resource_urls), none, none]));
    let mut status = json!({
        "resourceRules": resources.collect::<Vec<_>>(), "nonResourceRules": paths.collect::<Vec<_>>(),
        "incomplete": rights.incomplete,
    });
    match &rights.problems[..] {
        [] => {}
        [one] => status = with(status, "evaluationError", Value::from(one.as_str())),
        // As Go tells errors that have come together (`utilerrors.NewAggregate`).
        more => status = with(status, "evaluationError", Value::from(format!("[{}]", more.join(", ")))),
    }
    with(answered(asked, status), "spec", json!({}))
}

fn answered(asked: &Value, status: Value) -> Value {
    let mut answer = asked.clone();
    if let Some(fields) = answer.as_object_mut() {
        fields.entry("metadata").or_insert_with(|| json!({}));
        fields.insert("status".to_owned(), status);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::rbac::v1::PolicyRule;

    #[test]
    fn who_am_i() {
        let user = User::known("jane", &["dev".to_owned()]);
        let asked = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"});
        assert_eq!(
            subject(&asked, &user),
            json!({
                "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {},
                "status": {"userInfo": {"username": "jane", "groups": ["dev", "system:authenticated"]}},
            })
        );
    }

    #[test]
    fn may_i() {
        let asked = json!({"spec": {"resourceAttributes": {"verb": "approve", "group": "certificates.k8s.io",
            "resource": "signers", "name": "a.b/c"}}});
        let Ok(Question::Resource { verb, name, .. }) = question(&asked) else { panic!() };
        assert_eq!((verb.as_str(), name.as_str()), ("approve", "a.b/c"));
        assert_eq!(access(&asked, true, "r")["status"], json!({"allowed": true, "reason": "r"}));
        let asked = json!({"spec": {"nonResourceAttributes": {"verb": "get", "path": "/healthz"}}});
        assert_eq!(
            question(&asked),
            Ok(Question::Path { verb: "get".to_owned(), path: "/healthz".to_owned() })
        );
        for asked in [json!({}), json!({"spec": {"resourceAttributes": {}, "nonResourceAttributes": {}}})] {
            assert_eq!(question(&asked).unwrap_err().code, 422);
        }
    }

    #[test]
    fn what_may_i() {
        let asked = json!({"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1",
            "metadata": {}, "spec": {"namespace": "default"}});
        assert_eq!(namespace(&asked), Ok("default"));
        assert_eq!(namespace(&json!({})).unwrap_err().code, 400);
        let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let one = PolicyRule {
            verbs: list(&["get"]),
            api_groups: Some(list(&[""])),
            resources: Some(list(&["pods"])),
            resource_names: Some(Vec::new()),
            ..PolicyRule::default()
        };
        let two = PolicyRule {
            verbs: list(&["*"]),
            non_resource_urls: Some(list(&["/healthz"])),
            ..PolicyRule::default()
        };
        let mut rights = Rights { rules: vec![&one, &two], ..Rights::default() };
        let status = json!({
            "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["/healthz"]}], "incomplete": false,
        });
        let answer = rules(&asked, &rights);
        assert_eq!((&answer["status"], &answer["spec"]), (&status, &json!({})));
        rights.problems = list(&["a"]);
        assert_eq!(rules(&asked, &rights)["status"]["evaluationError"], "a");
        rights.problems = list(&["a", "b"]);
        assert_eq!(rules(&asked, &rights)["status"]["evaluationError"], "[a, b]");
        assert_eq!(rules(&asked, &Rights::default())["status"]["resourceRules"], json!([]));
    }
}
