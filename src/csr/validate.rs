//! What an object must be to be created or updated (`pkg/apis/certificates/validation/validation.go`), with the field
//! paths and words of Kubernetes.

mod certificate;
mod conditions;
mod metadata;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::names::{self, LABEL, SUBDOMAIN};
use super::object::{APPROVED, CertificateSigningRequest, DENIED, Object};
use super::refusal::{Fault, FieldError, Value, quoted};
use super::request::{RequestError, Wanted};
use super::signer::LEGACY_UNKNOWN;
use super::usage;

/// The shortest lifetime that may be asked for, in seconds.
pub const LEAST_SECONDS: i32 = 600;

/// The part of an object that a write is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// The object itself.
    Main,
    /// `/approval`
    Approval,
    /// `/status`
    Status,
}

/// What is tolerated because the stored object has it already: rules that came later must not lock it.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "a list of what upstream tolerates")]
struct Tolerance {
    both_approved_and_denied: bool,
    legacy_signer: bool,
    duplicate_conditions: bool,
    empty_condition_type: bool,
    unknown_usages: bool,
    duplicate_usages: bool,
    bad_certificate: bool,
}

/// Everything that is wrong with a new object, whose status is empty. That its name is no segment of a path is told once
/// nothing else is wrong, as upstream does.
#[must_use]
pub fn create(object: &CertificateSigningRequest) -> Vec<FieldError> {
    create_read(object, &Wanted::read(&object.spec.request.0))
}

/// The same where its request has been read before.
#[must_use]
pub fn create_read(
    object: &CertificateSigningRequest,
    request: &Result<Wanted, RequestError>,
) -> Vec<FieldError> {
    let mut errors = metadata::general(&object.metadata);
    errors.extend(content(object, request, Tolerance::default()));
    if errors.is_empty() { metadata::path(&object.metadata) } else { errors }
}

/// What is wrong with the metadata of any object, but for its name: that each kind has rules of its own for.
#[must_use]
pub fn object_meta(metadata: &ObjectMeta) -> Vec<FieldError> {
    metadata::general(metadata)
}

/// Everything that is wrong with an update of a stored object.
#[must_use]
pub fn update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
) -> Vec<FieldError> {
    update_read(new, old, &Wanted::read(&new.spec.request.0), endpoint)
}

/// The same where the request in both has been read before.
#[must_use]
pub fn update_read(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    request: &Result<Wanted, RequestError>,
    endpoint: Endpoint,
) -> Vec<FieldError> {
    let mut errors = metadata::path(&new.metadata);
    errors.extend(metadata::general(&new.metadata));
    errors.extend(metadata::update(&new.metadata, &old.metadata));
    errors.extend(content(new, request, Tolerance::of(new, old)));
    errors.extend(conditions::update(new, old, endpoint));
    errors.extend(certificate::update(new, old, endpoint));
    errors
}

/// Everything for which an object that lies in a store could not have come there through the API: what somebody has put
/// there by hand is not decided on until it is mended. `request` is what its `spec.request` was read as.
///
/// The signer of before there were signers' names is let pass: it has no other way in.
#[must_use]
pub fn stored(object: &CertificateSigningRequest, request: &Result<Wanted, RequestError>) -> Vec<FieldError> {
    let mut errors = metadata::path(&object.metadata);
    errors.extend(metadata::general(&object.metadata));
    errors.extend(content(object, request, Tolerance { legacy_signer: true, ..Tolerance::default() }));
    errors
}

impl Tolerance {
    fn of(new: &CertificateSigningRequest, old: &CertificateSigningRequest) -> Self {
        let same_certificate = new.certificate() == old.certificate();
        Self {
            both_approved_and_denied: old.has(APPROVED) && old.has(DENIED),
            legacy_signer: old.spec.signer_name == LEGACY_UNKNOWN,
            duplicate_conditions: has_repeats(old.conditions().iter().map(|condition| &condition.type_)),
            empty_condition_type: old.conditions().iter().any(|condition| condition.type_.is_empty()),
            unknown_usages: usages(old).iter().any(|usage| !usage::is_known(usage)),
            duplicate_usages: has_repeats(usages(old).iter()),
            bad_certificate: same_certificate
                || old.certificate().is_some_and(|content| certificate::fault(content).is_some()),
        }
    }
}

fn content(
    object: &CertificateSigningRequest,
    request: &Result<Wanted, RequestError>,
    tolerance: Tolerance,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &object.spec;
    if let Err(error) = request {
        // A list of bytes is base64 in JSON.
        let value = Value::Json(format!("\"{}\"", STANDARD.encode(&spec.request.0)));
        errors.push(FieldError::new("spec.request", Fault::Invalid(value), error.to_string()));
    }
    if usages(object).is_empty() {
        errors.push(FieldError::new("spec.usages", Fault::Required, ""));
    }
    if !tolerance.unknown_usages {
        for (index, usage) in usages(object).iter().enumerate().filter(|(_, usage)| !usage::is_known(usage)) {
            let known: Vec<String> = usage::names().into_iter().map(quoted).collect();
            let detail = format!("supported values: {}", known.join(", "));
            let fault = Fault::NotSupported(Value::Typed(usage.clone()));
            errors.push(FieldError::new(format!("spec.usages[{index}]"), fault, detail));
        }
    }
    if !tolerance.duplicate_usages {
        for (index, usage) in repeats(usages(object).iter()) {
            let fault = Fault::Duplicate(Value::Typed(usage.clone()));
            errors.push(FieldError::new(format!("spec.usages[{index}]"), fault, ""));
        }
    }
    if spec.signer_name == LEGACY_UNKNOWN && !tolerance.legacy_signer {
        let fault = Fault::Invalid(Value::Text(spec.signer_name.clone()));
        let detail = "the legacy signerName is not allowed via this API version";
        errors.push(FieldError::new("spec.signerName", fault, detail));
    } else {
        errors.extend(signer_name(&spec.signer_name, "spec.signerName"));
    }
    if let Some(seconds) = spec.expiration_seconds.filter(|seconds| *seconds < LEAST_SECONDS) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        let fault = Fault::Invalid(Value::Number(seconds.into()));
        errors.push(FieldError::new("spec.expirationSeconds", fault, detail));
    }
    errors.extend(conditions::general(object, tolerance));
    if let Some(content) = object.certificate().filter(|_| !tolerance.bad_certificate)
        && let Some(detail) = certificate::fault(content)
    {
        let fault = Fault::Invalid(Value::Text("<certificate data>".to_owned()));
        errors.push(FieldError::new("status.certificate", fault, detail));
    }
    errors
}

fn usages(object: &CertificateSigningRequest) -> &[String] {
    object.spec.usages.as_deref().unwrap_or_default()
}

/// Whether a signer may have this name: a domain and a path (`ValidateSignerName`). All that is wrong is told.
#[must_use]
pub fn signer_name(name: &str, field: &str) -> Vec<FieldError> {
    let invalid = |value: &str, detail: String| {
        FieldError::new(field, Fault::Invalid(Value::Text(value.to_owned())), detail)
    };
    if name.is_empty() {
        return vec![FieldError::new(field, Fault::Required, "")];
    }
    let parts: Vec<&str> = name.split('/').collect();
    let [domain, path] = parts[..] else {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        return vec![invalid(name, detail.to_owned())];
    };
    let mut errors = Vec::new();
    if domain.len() > SUBDOMAIN {
        errors.push(FieldError::new(
            field,
            Fault::TooLong,
            format!("may not be more than {SUBDOMAIN} bytes"),
        ));
    }
    // Of the first piece that is none; what is wrong with others would read the same.
    let first = |text: &str, faults: fn(&str) -> Vec<String>| {
        let piece = text.split('.').find(|piece| !faults(piece).is_empty()).unwrap_or("a");
        let faults = faults(piece).into_iter();
        let told = faults.map(|fault| invalid(text, format!("validating label {}: {fault}", quoted(piece))));
        told.collect::<Vec<FieldError>>()
    };
    errors.extend(first(domain, names::label));
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.push(invalid(domain, detail.to_owned()));
    }
    errors.extend(first(path, names::subdomain));
    // A subdomain, the slash, a label, a dot and a subdomain.
    let longest = SUBDOMAIN + 1 + LABEL + 1 + SUBDOMAIN;
    if name.len() > longest {
        errors.push(FieldError::new(field, Fault::TooLong, format!("may not be more than {longest} bytes")));
    }
    errors
}

/// The positions of texts that stand earlier too.
fn repeats<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<(usize, &'a String)> {
    let mut seen = std::collections::HashSet::new();
    texts.enumerate().filter(|(_, text)| !seen.insert(*text)).collect()
}

fn has_repeats<'a>(texts: impl Iterator<Item = &'a String>) -> bool {
    !repeats(texts).is_empty()
}
