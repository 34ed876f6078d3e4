//! What a ClusterTrustBundle must be (`pkg/apis/certificates/validation`), and what it is called.

use std::collections::HashMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::status::Status;
use crate::csr::names;
use crate::csr::refusal::{Fault, FieldError, Value as Told};
use crate::csr::validate;
use crate::version::Version;
use crate::x509::hex::hex;
use crate::x509::{Certificate, pem, sha256};

/// The largest bundle, in bytes (`MaxTrustBundleSize`).
pub const LARGEST: usize = 1 << 20;

/// The signer whose bundle is what API servers are trusted by.
pub const SERVING: &str = "kubernetes.io/kube-apiserver-serving";

/// The kind of the object.
pub const KIND: &str = "ClusterTrustBundle";

/// How a status calls it.
const QUALIFIED: &str = "ClusterTrustBundle.certificates.k8s.io";

/// The versions there are, and the release from which on each is served, where it is: the first is the better one. There is
/// no `v1`.
const VERSIONS: [(&str, Version); 2] = [
    ("certificates.k8s.io/v1beta1", Version::new(1, 33, 0)),
    ("certificates.k8s.io/v1alpha1", Version::new(1, 26, 0)),
];

/// The version of the object in a release; none where there is no such object.
#[must_use]
pub fn api_version(release: Version) -> Option<&'static str> {
    VERSIONS.iter().find(|(_, since)| release >= *since).map(|(name, _)| *name)
}

/// Whether there is such a version.
#[must_use]
pub fn is_version(api_version: &str) -> bool {
    VERSIONS.iter().any(|(name, _)| *name == api_version)
}

/// An object; `signer` is empty for a bundle of nobody's.
#[must_use]
pub fn object(api_version: &str, name: &str, signer: &str, bundle: &str) -> Value {
    let mut spec = json!({"trustBundle": bundle});
    if let (false, Some(fields)) = (signer.is_empty(), spec.as_object_mut()) {
        fields.insert("signerName".to_owned(), signer.into());
    }
    json!({"apiVersion": api_version, "kind": KIND, "metadata": {"name": name}, "spec": spec})
}

/// What the name of a signer's bundle begins with: `kubernetes.io/a` and `kubernetes.io:a:`.
#[must_use]
pub fn prefix(signer: &str) -> String {
    if signer.is_empty() { String::new() } else { signer.replace('/', ":") + ":" }
}

/// The name of a signer's bundle with this content, as the controller of [`SERVING`] names it: a new content is a new
/// object.
#[must_use]
pub fn published_name(signer: &str, bundle: &str) -> String {
    /// How many bytes of the hash are in it.
    const BYTES: usize = 12;
    let hash = sha256(bundle.as_bytes());
    prefix(signer) + &hex(hash.get(..BYTES).unwrap_or(&hash))
}

/// Whether an object may be created.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn create(object: &Value) -> Result<(), Status> {
    refuse(object, &faults(object, true))
}

/// Whether an object may replace a stored one. The bundle is looked at only where it is another.
///
/// # Errors
/// 422 with everything that is wrong.
pub fn update(new: &Value, old: &Value) -> Result<(), Status> {
    // There is no last write that wins here (`AllowUnconditionalUpdate`).
    if text(new, "/metadata/resourceVersion").is_empty() {
        let detail = "must be specified for an update";
        let error = FieldError::new("metadata.resourceVersion", Fault::Invalid(Told::Number(0)), detail);
        return refuse(new, &[error]);
    }
    let mut errors = faults(new, spec(new, "trustBundle") != spec(old, "trustBundle"));
    let signer = spec(new, "signerName");
    if signer != spec(old, "signerName") {
        let fault = Fault::Invalid(Told::Text(signer.to_owned()));
        errors.push(FieldError::new("spec.signerName", fault, "field is immutable"));
    }
    refuse(new, &errors)
}

fn refuse(object: &Value, errors: &[FieldError]) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(QUALIFIED, text(object, "/metadata/name"), errors))
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn spec<'v>(object: &'v Value, field: &str) -> &'v str {
    object.get("spec").and_then(|spec| spec.get(field)).and_then(Value::as_str).unwrap_or_default()
}

/// Everything that is wrong with an object; its bundle is looked at if that is wanted.
#[must_use]
pub fn faults(object: &Value, look: bool) -> Vec<FieldError> {
    let signer = spec(object, "signerName");
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    let metadata: ObjectMeta = serde_json::from_value(metadata).unwrap_or_default();
    let mut errors: Vec<FieldError> = name_faults(metadata.name.as_deref().unwrap_or_default(), signer)
        .into_iter()
        .map(|fault| {
            let name = metadata.name.clone().unwrap_or_default();
            FieldError::new("metadata.name", Fault::Invalid(Told::Text(name)), fault)
        })
        .collect();
    errors.extend(validate::object_meta(&metadata));
    if !signer.is_empty() {
        errors.extend(validate::signer_name(signer, "spec.signerName"));
    }
    if look {
        errors.extend(bundle_faults(spec(object, "trustBundle")));
    }
    errors
}

/// What keeps a text from being the name of a signer's bundle; `signer` is empty for a bundle of nobody's. That there must
/// be a name is not told here.
#[must_use]
pub fn name_faults(name: &str, signer: &str) -> Vec<String> {
    if name.is_empty() {
        return Vec::new();
    }
    if signer.is_empty() {
        if name.contains(':') {
            return vec!["ClusterTrustBundle without signer name must not have \":\" in its name".to_owned()];
        }
        return names::subdomain(name);
    }
    let prefix = prefix(signer);
    match name.strip_prefix(&prefix) {
        None => {
            vec![format!("ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}")]
        }
        Some(rest) => names::subdomain(rest),
    }
}

/// What is wrong with the certificates of a bundle. None of them is told: a bundle is large.
#[must_use]
pub fn bundle_faults(bundle: &str) -> Vec<FieldError> {
    anchors(bundle).1.into_iter().map(|fault| fault.error).collect()
}

/// A fault in a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFault {
    /// The line of the bundle, counted from one; none where it is about the whole.
    pub line: Option<usize>,
    /// The fault.
    pub error: FieldError,
}

/// The certificates of a bundle that may be in one, and what is wrong with the others.
#[must_use]
pub fn anchors(bundle: &str) -> (Vec<Certificate>, Vec<BundleFault>) {
    const FIELD: &str = "spec.trustBundle";
    if bundle.len() > LARGEST {
        let detail = format!("may not be more than {LARGEST} bytes");
        let error = FieldError::new(FIELD, Fault::TooLong, detail);
        return (Vec::new(), vec![BundleFault { line: None, error }]);
    }
    let invalid = |line: Option<usize>, detail: String| {
        let kind = Fault::Invalid(Told::Text("<value omitted>".to_owned()));
        BundleFault { line, error: FieldError::new(FIELD, kind, detail) }
    };
    let mut errors = Vec::new();
    let mut found: Vec<Certificate> = Vec::new();
    let mut places: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    let mut lines = Vec::new();
    let mut rest = bundle.as_bytes();
    let mut passed = 0;
    while let Some((block, after)) = pem::next_block(rest) {
        let index = lines.len();
        let line = passed + block.line;
        lines.push(line);
        let read = rest.get(..rest.len() - after.len()).unwrap_or_default();
        passed += read.split(|byte| *byte == b'\n').count() - 1;
        rest = after;
        match anchor(&block) {
            Err(fault) => errors.push(invalid(Some(line), format!("entry {index} {fault}"))),
            Ok(certificate) => {
                places.entry(block.contents.to_vec()).or_default().push(index);
                found.push(certificate);
            }
        }
    }
    if !errors.is_empty() {
        return (found, errors);
    }
    if found.is_empty() {
        return (found, vec![invalid(None, "at least one trust anchor must be provided".to_owned())]);
    }
    let mut repeated: Vec<Vec<usize>> = places.into_values().filter(|places| places.len() > 1).collect();
    repeated.sort();
    let told = |places: Vec<usize>| {
        let line = places.get(1).and_then(|second| lines.get(*second)).copied();
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        invalid(line, format!("duplicate trust anchor (indices [{}])", places.join(" ")))
    };
    (found, repeated.into_iter().map(told).collect())
}

fn anchor(block: &pem::Block) -> Result<Certificate, String> {
    if block.label != "CERTIFICATE" {
        return Err(format!("has bad block type: {}", block.label));
    }
    if block.headers {
        return Err("has PEM block headers".to_owned());
    }
    match Certificate::from_der(&block.contents) {
        Ok(certificate) if certificate.refusal().is_some() => Err("does not parse as X.509".to_owned()),
        Ok(certificate) if !certificate.is_ca() => Err("does not have the CA bit set".to_owned()),
        Ok(certificate) => Ok(certificate),
        Err(_) => Err("does not parse as X.509".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CA: &str = include_str!("../../tests/fixtures/kubeadm-1.36/external-ca/kubernetes/pki/ca.crt");

    fn bundle(name: &str, signer: &str, certificates: &str) -> Value {
        json!({"metadata": {"name": name, "resourceVersion": "1"}, "spec": {"signerName": signer, "trustBundle": certificates}})
    }

    #[test]
    fn names_begin_with_the_signer() {
        for (name, signer, fault) in [
            ("foo", "", None),
            ("k8s.io:foo:bar", "k8s.io/foo", None),
            (
                "k8s.io:bar:foo",
                "",
                Some("ClusterTrustBundle without signer name must not have \":\" in its name"),
            ),
            (
                "look-ma-no-prefix",
                "k8s.io/foo",
                Some("ClusterTrustBundle for signerName k8s.io/foo must be named with prefix k8s.io:foo:"),
            ),
            ("k8s.io:foo:", "k8s.io/foo", Some("a lowercase RFC 1123 subdomain must")),
            ("Foo", "", Some("a lowercase RFC 1123 subdomain must")),
        ] {
            let found = name_faults(name, signer);
            match fault {
                None => assert_eq!(found, Vec::<String>::new()),
                Some(fault) => assert!(found[0].starts_with(fault), "{found:?}"),
            }
        }
        let name = published_name(SERVING, "x");
        assert_eq!(name, "kubernetes.io:kube-apiserver-serving:2d711642b726b04401627ca9");
        assert_eq!(name_faults(&name, SERVING), Vec::<String>::new());
    }

    #[test]
    fn certificates_are_cas_and_stand_there_once() {
        let told = |certificates: &str| -> Vec<String> {
            bundle_faults(certificates).iter().map(ToString::to_string).collect()
        };
        let head = "spec.trustBundle: Invalid value: \"<value omitted>\": ";
        assert_eq!(told(CA), Vec::<String>::new());
        for (certificates, fault) in [
            (String::new(), "at least one trust anchor must be provided"),
            (format!("{CA}text\n{CA}"), "duplicate trust anchor (indices [0 1])"),
            (CA.replace("CERTIFICATE", "NOTACERTIFICATE"), "entry 0 has bad block type: NOTACERTIFICATE"),
            (
                format!("{CA}{}", pem::encode("CERTIFICATE", b"junk").unwrap()),
                "entry 1 does not parse as X.509",
            ),
            (
                CA.replace("-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\na: b\n\n"),
                "entry 0 has PEM block headers",
            ),
        ] {
            assert_eq!(told(&certificates), [format!("{head}{fault}")]);
        }
        assert_eq!(
            told(&"a".repeat(LARGEST + 1)),
            ["spec.trustBundle: Too long: may not be more than 1048576 bytes"]
        );
    }

    #[test]
    fn updates_keep_the_signer_and_look_at_what_is_new() {
        let old = bundle("a.b:c:d", "a.b/c", "junk");
        assert_eq!(update(&old, &old), Ok(()));
        assert_eq!(create(&bundle("a.b:c:d", "a.b/c", CA)), Ok(()));
        let other = bundle("e.f:c:d", "e.f/c", "junk");
        let status = update(&other, &old).unwrap_err();
        assert_eq!(
            status.message,
            "ClusterTrustBundle.certificates.k8s.io \"e.f:c:d\" is invalid: spec.signerName: Invalid value: \
             \"e.f/c\": field is immutable"
        );
        let mut unconditional = old.clone();
        unconditional["metadata"]["resourceVersion"] = json!("");
        let status = update(&unconditional, &old).unwrap_err();
        assert_eq!(
            status.message,
            "ClusterTrustBundle.certificates.k8s.io \"a.b:c:d\" is invalid: metadata.resourceVersion: Invalid value: \
             0: must be specified for an update"
        );
        assert_eq!(create(&json!({})).unwrap_err().code, 422);
    }
}
