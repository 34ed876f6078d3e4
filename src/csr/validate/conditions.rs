//! `status.conditions`.

use std::collections::HashSet;

use super::{Endpoint, Tolerance};
use crate::csr::object::{APPROVED, CertificateSigningRequest, Condition, DENIED, FAILED, Object};
use crate::csr::refusal::{Fault, FieldError, Value, quoted};

/// What is wrong with the conditions of an object.
pub(super) fn general(object: &CertificateSigningRequest, tolerance: Tolerance) -> Vec<FieldError> {
    const FIELD: &str = "status.conditions";
    let mut errors = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let (mut approved, mut denied) = (false, false);
    for (index, condition) in object.conditions().iter().enumerate() {
        let field = |name: &str| format!("{FIELD}[{index}].{name}");
        let kind = condition.type_.as_str();
        if kind.is_empty() && !tolerance.empty_condition_type {
            errors.push(FieldError::new(field("type"), Fault::Required, ""));
        }
        let own = [APPROVED, DENIED, FAILED].contains(&kind);
        let allowed: &[&str] = if own { &["True"] } else { &["False", "True", "Unknown"] };
        if condition.status.is_empty() {
            errors.push(FieldError::new(field("status"), Fault::Required, ""));
        } else if !allowed.contains(&condition.status.as_str()) {
            let allowed: Vec<String> = allowed.iter().map(|status| quoted(status)).collect();
            let detail = format!("supported values: {}", allowed.join(", "));
            errors.push(FieldError::new(
                field("status"),
                Fault::NotSupported(Value::Typed(condition.status.clone())),
                detail,
            ));
        }
        approved |= kind == APPROVED;
        denied |= kind == DENIED;
        if approved && denied && [APPROVED, DENIED].contains(&kind) && !tolerance.both_approved_and_denied {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.push(FieldError::new(FIELD, Fault::Invalid(Value::Typed(kind.to_owned())), detail));
        }
        if !seen.insert(kind) && !tolerance.duplicate_conditions {
            let fault = Fault::Duplicate(Value::Typed(kind.to_owned()));
            errors.push(FieldError::new(field("type"), fault, ""));
        }
    }
    errors
}

/// What may become of conditions: those of Kubernetes stay, and approval is given at `/approval` alone.
pub(super) fn update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
) -> Vec<FieldError> {
    let forbidden = |what: &str, kind: &str| {
        let detail = format!("updates may not {what} a condition of type {}", quoted(kind));
        FieldError::new("status.conditions", Fault::Forbidden, detail)
    };
    let of = |object: &CertificateSigningRequest, kind: &str| -> Vec<Condition> {
        object.conditions().iter().filter(|condition| condition.type_ == kind).cloned().collect()
    };
    let mut errors = Vec::new();
    for kind in [APPROVED, DENIED, FAILED] {
        if of(new, kind).len() < of(old, kind).len() {
            errors.push(forbidden("remove", kind));
        }
    }
    if endpoint != Endpoint::Approval {
        for kind in [APPROVED, DENIED] {
            let (new, old) = (of(new, kind), of(old, kind));
            if new.len() > old.len() {
                errors.push(forbidden("add", kind));
            } else if new.len() == old.len() && new != old {
                errors.push(forbidden("modify", kind));
            }
        }
    }
    errors
}
