//! `metadata` (`k8s.io/apimachinery/pkg/api/validation/objectmeta.go`).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

use crate::csr::names;
use crate::csr::refusal::{Fault, FieldError, Value};

/// All annotations together, in bytes (`TotalAnnotationSizeLimitB`).
const ANNOTATIONS: usize = 256 << 10;

/// What is wrong with the metadata of any object. Its name may be anything here: Kubernetes does not care what requests
/// are called.
pub(super) fn general(metadata: &ObjectMeta) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if metadata.name.as_deref().unwrap_or_default().is_empty() {
        let detail = "name or generateName is required";
        errors.push(FieldError::new("metadata.name", Fault::Required, detail));
    }
    if let Some(generation) = metadata.generation.filter(|generation| *generation < 0) {
        let fault = Fault::Invalid(Value::Number(generation));
        errors.push(FieldError::new("metadata.generation", fault, "must be greater than or equal to 0"));
    }
    for (key, value) in metadata.labels.iter().flatten() {
        errors.extend(invalid("metadata.labels", key, names::qualified(key)));
        errors.extend(invalid("metadata.labels", value, names::label_value(value)));
    }
    for key in metadata.annotations.iter().flat_map(|annotations| annotations.keys()) {
        errors.extend(invalid("metadata.annotations", key, names::qualified(&key.to_lowercase())));
    }
    let size: usize = metadata.annotations.iter().flatten().map(|(key, value)| key.len() + value.len()).sum();
    if size > ANNOTATIONS {
        let detail = format!("may not be more than {ANNOTATIONS} bytes");
        errors.push(FieldError::new("metadata.annotations", Fault::TooLong, detail));
    }
    errors.extend(owners(metadata.owner_references.as_deref().unwrap_or_default()));
    errors.extend(finalizers(metadata.finalizers.as_deref().unwrap_or_default()));
    errors
}

/// What is asked of a name once nothing else is wrong: it is one segment of a path.
pub(super) fn path(metadata: &ObjectMeta) -> Vec<FieldError> {
    let base = metadata.generate_name.as_deref().unwrap_or_default();
    let name = metadata.name.as_deref().unwrap_or_default();
    let mut errors: Vec<FieldError> =
        invalid("metadata.generateName", base, names::path_segment_prefix(base)).collect();
    errors.extend(invalid("metadata.name", name, names::path_segment(name)));
    errors
}

/// What may not change: what the server has set, and that an object is being deleted.
pub(super) fn update(new: &ObjectMeta, old: &ObjectMeta) -> Vec<FieldError> {
    const FIELD: &str = "metadata.finalizers";
    let mut errors = Vec::new();
    if old.deletion_timestamp.is_some() {
        let known = old.finalizers.as_deref().unwrap_or_default();
        let mut more: Vec<&str> = new.finalizers.iter().flatten().map(String::as_str).collect();
        more.retain(|finalizer| !known.iter().any(|known| known == finalizer));
        more.sort_unstable();
        more.dedup();
        if !more.is_empty() {
            let list: Vec<String> = more.into_iter().map(crate::csr::refusal::quoted).collect();
            let detail = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                list.join(", ")
            );
            errors.push(FieldError::new(FIELD, Fault::Forbidden, detail));
        }
    }
    if new.deletion_timestamp != old.deletion_timestamp {
        let value = serde_json::to_string(&new.deletion_timestamp).unwrap_or_default();
        let fault = Fault::Invalid(Value::Json(value));
        errors.push(FieldError::new("metadata.deletionTimestamp", fault, "field is immutable"));
    }
    if new.deletion_grace_period_seconds != old.deletion_grace_period_seconds {
        let value = new.deletion_grace_period_seconds.map_or(Value::Text("null".to_owned()), Value::Number);
        let fault = Fault::Invalid(value);
        errors.push(FieldError::new("metadata.deletionGracePeriodSeconds", fault, "field is immutable"));
    }
    errors
}

fn owners(owners: &[OwnerReference]) -> Vec<FieldError> {
    const FIELD: &str = "metadata.ownerReferences";
    let mut errors = Vec::new();
    let mut controller: Option<String> = None;
    for owner in owners {
        // `group/version`, or `version` alone.
        let version = owner.api_version.rsplit('/').next().unwrap_or_default();
        for (name, value, text, what) in [
            ("apiVersion", version, &owner.api_version, "version"),
            ("kind", &owner.kind, &owner.kind, "kind"),
            ("name", &owner.name, &owner.name, "name"),
            ("uid", &owner.uid, &owner.uid, "uid"),
        ] {
            if value.is_empty() {
                let fault = Fault::Invalid(Value::Text(text.clone()));
                errors.push(FieldError::new(
                    format!("{FIELD}.{name}"),
                    fault,
                    format!("{what} must not be empty"),
                ));
            }
        }
        if owner.controller == Some(true) {
            let own = format!("{}/{}", owner.kind, owner.name);
            match &controller {
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for \
                         {first} and {own}"
                    );
                    let value = serde_json::to_string(owners).unwrap_or_default();
                    errors.push(FieldError::new(FIELD, Fault::Invalid(Value::Json(value)), detail));
                }
                None => controller = Some(own),
            }
        }
    }
    errors
}

fn finalizers(finalizers: &[String]) -> Vec<FieldError> {
    const FIELD: &str = "metadata.finalizers";
    const BOTH: [&str; 2] = ["orphan", "foregroundDeletion"];
    let mut errors: Vec<FieldError> =
        finalizers.iter().flat_map(|name| invalid(FIELD, name, names::qualified(name))).collect();
    if BOTH.iter().all(|name| finalizers.iter().any(|own| own == name)) {
        let value = serde_json::to_string(finalizers).unwrap_or_default();
        let detail = format!("finalizer {} and {} cannot be both set", BOTH[0], BOTH[1]);
        errors.push(FieldError::new(FIELD, Fault::Invalid(Value::Json(value)), detail));
    }
    errors
}

fn invalid(field: &'static str, value: &str, faults: Vec<String>) -> impl Iterator<Item = FieldError> {
    let value = value.to_owned();
    faults
        .into_iter()
        .map(move |fault| FieldError::new(field, Fault::Invalid(Value::Text(value.clone())), fault))
}
