//! Who am I, may I, and what may I: `kubectl auth whoami`, `kubectl auth can-i`, with `--list` or without.

use serde_json::Value;
use time::OffsetDateTime;

use crate::api::review::{Question, access, namespace, question, rules, subject};
use crate::api::status::Status;
use crate::csr::rbac::{Attributes, Rbac};
use crate::moment::rfc3339;

use super::answer::Answer;
use super::call::Call;

/// Who asks, as the server knows them.
///
/// # Errors
/// When the body is no such review.
pub fn who_am_i(call: &Call, now: OffsetDateTime) -> Result<Answer, Status> {
    let accept = call.accept()?;
    let options = call.options("CreateOptions", false)?;
    let asked = call.object("authentication.k8s.io/v1", "SelfSubjectReview", options.field_validation)?;
    let mut value = subject(&asked.value, &call.user);
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("creationTimestamp".to_owned(), rfc3339(now).into());
    }
    Ok(Answer::object(201, accept.format, &value).warned(&asked.warnings))
}

/// Whether who asks may do something.
///
/// # Errors
/// When the body is no such review, or does not say what.
pub fn may_i(call: &Call, rbac: &Rbac) -> Result<Answer, Status> {
    let accept = call.accept()?;
    let options = call.options("CreateOptions", false)?;
    let asked =
        call.object("authorization.k8s.io/v1", "SelfSubjectAccessReview", options.field_validation)?;
    let grant = match question(&asked.value)? {
        Question::Resource { verb, group, resource, subresource, name, .. } => {
            let (verb, group, name) = (verb.as_str(), group.as_str(), name.as_str());
            let (resource, subresource) = (resource.as_str(), subresource.as_str());
            rbac.grant(&call.user, &Attributes { verb, group, resource, subresource, name })
        }
        Question::Path { verb, path } => rbac.grant_path(&call.user, &verb, &path),
    };
    let reason = grant.map(|grant| grant.to_string()).unwrap_or_default();
    let value = access(&asked.value, grant.is_some(), &reason);
    Ok(Answer::object(201, accept.format, &value).warned(&asked.warnings))
}

/// Everything that who asks may do in a namespace.
///
/// # Errors
/// When the body is no such review, or names no namespace.
pub fn what_may_i(call: &Call, rbac: &Rbac) -> Result<Answer, Status> {
    let accept = call.accept()?;
    let options = call.options("CreateOptions", false)?;
    let asked = call.object("authorization.k8s.io/v1", "SelfSubjectRulesReview", options.field_validation)?;
    let rights = rbac.rights(&call.user, namespace(&asked.value)?);
    let value = rules(&asked.value, &rights);
    Ok(Answer::object(201, accept.format, &value).warned(&asked.warnings))
}
