//! What a request is answered with when it is refused, and a deletion when it is done: `metav1.Status`
//! (`k8s.io/apimachinery/pkg/api/errors`).

use serde::Serialize;
use serde_json::Value;

use crate::csr::Refusal;
use crate::csr::object::{GROUP, KIND, RESOURCE};
use crate::csr::refusal::{FieldError, Reason};

/// The answer to a request that has no other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// `Status`
    pub kind: &'static str,
    /// `v1`
    pub api_version: &'static str,
    /// Nothing.
    pub metadata: Metadata,
    /// `Failure`, or `Success`.
    pub status: &'static str,
    /// What happened, for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What happened, for programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
    /// The HTTP status.
    pub code: u16,
}

/// The metadata of a Status, which is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Metadata {}

/// What a Status is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Its kind where it is invalid, else its resource.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Its uid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// For programs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub field: String,
}

impl From<&FieldError> for Cause {
    fn from(error: &FieldError) -> Self {
        Self { reason: error.cause().to_owned(), message: error.body(), field: error.field.clone() }
    }
}

impl Status {
    /// A refusal with an HTTP status, a reason and a message.
    #[must_use]
    pub fn new(code: u16, reason: &str, message: impl Into<String>) -> Self {
        Self {
            kind: "Status",
            api_version: "v1",
            metadata: Metadata {},
            status: "Failure",
            message: message.into(),
            reason: reason.to_owned(),
            details: None,
            code,
        }
    }

    /// Says what it is about: an object of `certificates.k8s.io`.
    #[must_use]
    pub fn details(self, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let (name, group, kind) = (name.to_owned(), GROUP.to_owned(), kind.to_owned());
        self.about(Details { name, group, kind, causes, ..Details::default() })
    }

    /// Says what it is about when that is of another group.
    #[must_use]
    pub fn about(self, details: Details) -> Self {
        Self { details: Some(Box::new(details)), ..self }
    }

    /// What a request for a certificate is refused with; `name` is what the request is called in the path.
    #[must_use]
    pub fn refused(refusal: &Refusal, name: &str) -> Self {
        let code = refusal.reason.code();
        let status = Self::new(code, &refusal.reason.to_string(), refusal.message.clone());
        match refusal.reason {
            Reason::BadRequest | Reason::RequestEntityTooLarge => status,
            Reason::Invalid => status.details(KIND, name, refusal.causes.iter().map(Cause::from).collect()),
            _ => status.details(RESOURCE, name, Vec::new()),
        }
    }

    /// Success, with what it was done to.
    #[must_use]
    pub fn success(details: Details) -> Self {
        let done = Self::new(200, "", "").about(details);
        Self { status: "Success", ..done }
    }

    /// The body or the query is not what it must be.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// Nobody knows who asks.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// Nothing is at this path.
    #[must_use]
    pub fn no_such_path() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message).about(Details::default())
    }

    /// The path does not know this method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).about(Details::default())
    }

    /// The client takes none of the forms that there are.
    #[must_use]
    pub fn not_acceptable(accepted: &[&str]) -> Self {
        let message = format!("only the following media types are accepted: {}", accepted.join(", "));
        Self::new(406, "NotAcceptable", message)
    }

    /// The list or the watch begins at something that is forgotten.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The body is larger than this.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::refused(&Refusal::too_large(limit), "")
    }

    /// The body is in no form that is read here.
    #[must_use]
    pub fn unsupported_media_type(accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            accepted.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// Fields that are wrong in an object of any kind: `kind` is `Kind.group`, as messages name it.
    #[must_use]
    pub fn invalid(kind: &str, name: &str, errors: &[FieldError]) -> Self {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let list = if let [one] = &texts[..] { one.clone() } else { format!("[{}]", texts.join(", ")) };
        let message = format!("{kind} {} is invalid: {list}", crate::x509::go::quoted(name));
        let (kind, group) = kind.split_once('.').unwrap_or((kind, ""));
        Self::new(422, "Invalid", message).about(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes: errors.iter().map(Cause::from).collect(),
            ..Details::default()
        })
    }

    /// What should not happen.
    #[must_use]
    pub fn internal(text: &str) -> Self {
        let cause = Cause { message: text.to_owned(), ..Cause::default() };
        Self::new(500, "InternalError", format!("Internal error occurred: {text}"))
            .about(Details { causes: vec![cause], ..Details::default() })
    }

    /// As a value.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::refusal::Fault;
    use serde_json::json;

    #[test]
    fn refusals_say_what_kubernetes_says() {
        let errors = vec![FieldError::new("spec.usages", Fault::Required, "")];
        for (refusal, expected) in [
            (
                Refusal::invalid("x", errors),
                json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Invalid",
                    "message": "CertificateSigningRequest.certificates.k8s.io \"x\" is invalid: spec.usages: Required value",
                    "details": {
                        "name": "x", "group": "certificates.k8s.io", "kind": "CertificateSigningRequest",
                        "causes": [
                            {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.usages"},
                        ],
                    },
                    "code": 422,
                }),
            ),
            (
                Refusal::not_found("x"),
                json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound",
                    "message": "certificatesigningrequests.certificates.k8s.io \"x\" not found",
                    "details": {"name": "x", "group": "certificates.k8s.io", "kind": "certificatesigningrequests"},
                    "code": 404,
                }),
            ),
            (
                Refusal::bad_request("no"),
                json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                    "reason": "BadRequest", "message": "no", "code": 400,
                }),
            ),
        ] {
            assert_eq!(Status::refused(&refusal, "x").value(), expected);
        }
    }
}
