//! Questions that are answered and not stored: who am I, and may I (`kubectl auth whoami`, `auth can-i`).

use serde_json::{Value, json};

use super::status::Status;
use super::with;
use crate::csr::User;
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
}
