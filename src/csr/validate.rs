//! What an object must be to be created or updated (`pkg/apis/certificates/validation/validation.go`), with the field
//! paths and words of Kubernetes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::object::{APPROVED, CertificateSigningRequest, Condition, DENIED, FAILED, Object};
use super::refusal::{Fault, FieldError, quoted};
use super::request::{RequestError, Wanted};
use super::signer::LEGACY_UNKNOWN;
use super::usage;
use crate::x509::{Certificate, pem};

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

/// Everything that is wrong with a new object, whose status is empty.
#[must_use]
pub fn create(object: &CertificateSigningRequest) -> Vec<FieldError> {
    let mut errors = metadata(object);
    errors.extend(content(object, Tolerance::default(), Wanted::read(&object.spec.request.0).err().as_ref()));
    errors
}

/// Everything that is wrong with an object that is stored where others can write too: nothing is tolerated but the signer
/// whose requests nobody can create any more. `read` is what came of reading its request.
#[must_use]
pub fn stored(object: &CertificateSigningRequest, read: &Result<Wanted, RequestError>) -> Vec<FieldError> {
    let mut errors = metadata(object);
    let tolerance = Tolerance { legacy_signer: true, ..Tolerance::default() };
    errors.extend(content(object, tolerance, read.as_ref().err()));
    errors
}

/// Everything that is wrong with an update of a stored object.
#[must_use]
pub fn update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
) -> Vec<FieldError> {
    let same_certificate = new.certificate() == old.certificate();
    let tolerance = Tolerance {
        both_approved_and_denied: old.has(APPROVED) && old.has(DENIED),
        legacy_signer: old.spec.signer_name == LEGACY_UNKNOWN,
        duplicate_conditions: has_repeats(old.conditions().iter().map(|condition| &condition.type_)),
        empty_condition_type: old.conditions().iter().any(|condition| condition.type_.is_empty()),
        unknown_usages: usages(old).iter().any(|usage| !usage::is_known(usage)),
        duplicate_usages: has_repeats(usages(old).iter()),
        bad_certificate: same_certificate
            || old.certificate().is_some_and(|certificate| certificate_fault(certificate).is_some()),
    };
    let mut errors = content(new, tolerance, Wanted::read(&new.spec.request.0).err().as_ref());
    errors.extend(conditions_update(new, old, endpoint));
    errors.extend(certificate_update(new, old, endpoint));
    errors
}

/// The generic check of a name: it is one segment of a path (`path.IsValidPathSegmentName`).
fn metadata(object: &CertificateSigningRequest) -> Vec<FieldError> {
    const NAME: &str = "metadata.name";
    let name = object.name();
    if name.is_empty() {
        return vec![FieldError::new(NAME, Fault::Required, "name or generateName is required")];
    }
    let invalid = |detail: &str| FieldError::new(NAME, Fault::Invalid(name.to_owned()), detail);
    let mut errors = Vec::new();
    if name == "." || name == ".." {
        errors.push(invalid(&format!("may not be '{name}'")));
    }
    for character in ['/', '%'] {
        if name.contains(character) {
            errors.push(invalid(&format!("may not contain '{character}'")));
        }
    }
    errors
}

fn content(
    object: &CertificateSigningRequest,
    tolerance: Tolerance,
    fault: Option<&RequestError>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &object.spec;
    if let Some(error) = fault {
        let value = Fault::Invalid(STANDARD.encode(&spec.request.0));
        errors.push(FieldError::new("spec.request", value, error.to_string()));
    }
    if usages(object).is_empty() {
        errors.push(FieldError::new("spec.usages", Fault::Required, ""));
    }
    if !tolerance.unknown_usages {
        for (index, usage) in usages(object).iter().enumerate().filter(|(_, usage)| !usage::is_known(usage)) {
            let known: Vec<String> = usage::names().into_iter().map(quoted).collect();
            let detail = format!("supported values: {}", known.join(", "));
            let fault = Fault::NotSupported(usage.clone());
            errors.push(FieldError::new(format!("spec.usages[{index}]"), fault, detail));
        }
    }
    if !tolerance.duplicate_usages {
        for (index, usage) in repeats(usages(object).iter()) {
            errors.push(FieldError::new(
                format!("spec.usages[{index}]"),
                Fault::Duplicate(usage.clone()),
                "",
            ));
        }
    }
    if spec.signer_name == LEGACY_UNKNOWN && !tolerance.legacy_signer {
        let fault = Fault::Invalid(spec.signer_name.clone());
        let detail = "the legacy signerName is not allowed via this API version";
        errors.push(FieldError::new("spec.signerName", fault, detail));
    } else {
        errors.extend(signer_name(&spec.signer_name, "spec.signerName"));
    }
    if let Some(seconds) = spec.expiration_seconds.filter(|seconds| *seconds < LEAST_SECONDS) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        let fault = Fault::Invalid(seconds.to_string());
        errors.push(FieldError::new("spec.expirationSeconds", fault, detail));
    }
    errors.extend(conditions(object, tolerance));
    if let Some(certificate) = object.certificate().filter(|_| !tolerance.bad_certificate)
        && let Some(detail) = certificate_fault(certificate)
    {
        let fault = Fault::Invalid("<certificate data>".to_owned());
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
    let invalid =
        |value: &str, detail: String| FieldError::new(field, Fault::Invalid(value.to_owned()), detail);
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
    if let Some(piece) = domain.split('.').find(|piece| !is_label(piece)) {
        errors.push(invalid(domain, format!("validating label {}: {LABEL_RULE}", quoted(piece))));
    }
    if domain.split('.').count() < 2 {
        let detail = "should be a domain with at least two segments separated by dots";
        errors.push(invalid(domain, detail.to_owned()));
    }
    let is_subdomain = |piece: &&str| piece.len() <= SUBDOMAIN && is_labelled(piece);
    if let Some(piece) = path.split('.').find(|piece| !is_subdomain(piece)) {
        errors.push(invalid(path, format!("validating label {}: {SUBDOMAIN_RULE}", quoted(piece))));
    }
    // A subdomain, the slash, a label, a dot and a subdomain.
    let longest = SUBDOMAIN + 1 + LABEL + 1 + SUBDOMAIN;
    if name.len() > longest {
        errors.push(FieldError::new(field, Fault::TooLong, format!("may not be more than {longest} bytes")));
    }
    errors
}

/// The length of an RFC 1123 subdomain and of a label of it (`k8s.io/apimachinery/pkg/util/validation`).
const SUBDOMAIN: usize = 253;
const LABEL: usize = 63;

const LABEL_RULE: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                          start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                          validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                              '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex \
                              used for validation is \
                              '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

fn is_label(text: &str) -> bool {
    text.len() <= LABEL && is_labelled(text)
}

fn is_labelled(text: &str) -> bool {
    let inside = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    inside && !text.is_empty() && !text.starts_with('-') && !text.ends_with('-')
}

fn conditions(object: &CertificateSigningRequest, tolerance: Tolerance) -> Vec<FieldError> {
    const FIELD: &str = "status.conditions";
    let mut errors = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
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
                Fault::NotSupported(condition.status.clone()),
                detail,
            ));
        }
        approved |= kind == APPROVED;
        denied |= kind == DENIED;
        if approved && denied && [APPROVED, DENIED].contains(&kind) && !tolerance.both_approved_and_denied {
            let detail = "Approved and Denied conditions are mutually exclusive";
            errors.push(FieldError::new(FIELD, Fault::Invalid(kind.to_owned()), detail));
        }
        if seen.contains(&kind) && !tolerance.duplicate_conditions {
            errors.push(FieldError::new(field("type"), Fault::Duplicate(kind.to_owned()), ""));
        }
        seen.push(kind);
    }
    errors
}

/// What may become of conditions: those of Kubernetes stay, and approval is given at `/approval` alone.
fn conditions_update(
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
    if endpoint == Endpoint::Main {
        let (new, old) = (of(new, FAILED), of(old, FAILED));
        if new.len() > old.len() {
            errors.push(forbidden("add", FAILED));
        } else if new.len() == old.len() && new != old {
            errors.push(forbidden("modify", FAILED));
        }
    }
    errors
}

fn certificate_update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
) -> Vec<FieldError> {
    let forbidden = |detail: &str| vec![FieldError::new("status.certificate", Fault::Forbidden, detail)];
    if new.certificate() == old.certificate() {
        Vec::new()
    } else if endpoint != Endpoint::Status {
        forbidden("updates may not set certificate content")
    } else if old.certificate().is_some() {
        forbidden("updates may not modify existing certificate content")
    } else {
        Vec::new()
    }
}

/// What is wrong with the content of `status.certificate`, in the words of Kubernetes.
fn certificate_fault(content: &[u8]) -> Option<String> {
    let mut rest = content;
    let mut blocks = 0;
    while let Some((block, after)) = pem::next_block(rest) {
        rest = after;
        blocks += 1;
        if block.label != "CERTIFICATE" {
            return Some(format!("only CERTIFICATE PEM blocks are allowed, found {}", quoted(&block.label)));
        }
        if block.headers {
            return Some("no PEM block headers are permitted".to_owned());
        }
        match certificates(&block.contents) {
            Ok(0) => return Some("found CERTIFICATE PEM block containing 0 certificates".to_owned()),
            Ok(_) => {}
            Err(error) => return Some(error),
        }
    }
    (blocks == 0).then(|| "must contain at least one CERTIFICATE PEM block".to_owned())
}

/// How many certificates stand one behind the other (`x509.ParseCertificates`).
fn certificates(der: &[u8]) -> Result<usize, String> {
    let elements =
        crate::x509::der::elements(der, "the block").map_err(|_| "x509: malformed certificate".to_owned())?;
    for element in &elements {
        let certificate =
            Certificate::from_der(element).map_err(|_| "x509: malformed certificate".to_owned())?;
        if certificate.refusal().is_some() {
            return Err("x509: malformed certificate".to_owned());
        }
    }
    Ok(elements.len())
}

/// The positions of texts that stand earlier too.
fn repeats<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<(usize, &'a String)> {
    let mut seen = std::collections::HashSet::new();
    texts.enumerate().filter(|(_, text)| !seen.insert(*text)).collect()
}

fn has_repeats<'a>(texts: impl Iterator<Item = &'a String>) -> bool {
    !repeats(texts).is_empty()
}
