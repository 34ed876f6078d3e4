//! A file with a trust bundle, which may be written by anybody: read as strictly as what comes over the API.

use std::path::Path;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::bundle::{API_VERSION, KIND, name};
use crate::api::codec::hold;
use crate::api::trust_bundle::{faults, is_version};
use crate::api::{schema, trust_file};
use crate::disk::{Notation, read};
use crate::moment::rfc3339;
use crate::store::birth::uuid;
use crate::x509::sha256;

/// The bundle of a file, in the version that is served.
///
/// # Errors
/// What is wrong, with its line where that is known.
pub(super) fn bundle(path: &Path) -> Result<Value, String> {
    let bytes = read::bytes(path).map_err(|error| error.to_string())?;
    let text = std::str::from_utf8(&bytes.bytes).map_err(|_| "is no text".to_owned())?;
    parse(text).map_err(|problem| told(text).unwrap_or(problem))
}

fn parse(text: &str) -> Result<Value, String> {
    // Every JSON is YAML.
    let mut value = Notation::Yaml.read(text).map_err(|error| error.to_string())?;
    let said = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    if said("kind") != KIND {
        return Err(format!("is no {KIND}"));
    }
    let version = said("apiVersion");
    if !is_version(version) {
        return Err(format!("apiVersion: there is no `{}` of a {KIND}", version.escape_debug()));
    }
    if let Some(fields) = value.as_object_mut() {
        fields.insert("apiVersion".to_owned(), API_VERSION.into());
    }
    let known = schema::find(API_VERSION, KIND).ok_or_else(|| format!("is no {KIND}"))?;
    let (value, unknown) = hold(value, known)?;
    if let Some(unknown) = unknown.into_iter().next() {
        return Err(unknown);
    }
    match faults(&value, true).into_iter().next() {
        Some(fault) => Err(fault.to_string()),
        None if name(&value).is_empty() => Err("metadata.name: Required value".to_owned()),
        None => Ok(value),
    }
}

/// The first fault with its line.
fn told(text: &str) -> Option<String> {
    let fault = match trust_file::bundles(text) {
        Ok(bundles) => bundles.into_iter().find_map(|bundle| bundle.faults.into_iter().next())?,
        Err(fault) => fault,
    };
    Some(format!("line {}: {}", fault.line, fault.words))
}

/// Gives a bundle what only the server says of it: as it was, where it was there before. What somebody has written without a
/// uid is known by its name and by when it was written, so that it is the same after the server has begun again.
pub(super) fn settle(value: &mut Value, old: Option<&Value>, version: u64, written: OffsetDateTime) {
    let name = name(value).to_owned();
    let Some(fields) = value.as_object_mut() else { return };
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let Some(metadata) = metadata.as_object_mut() else { return };
    let made = rfc3339(written);
    for (field, fresh) in [("uid", uid(&name, &made)), ("creationTimestamp", made)] {
        let before = old.and_then(|old| old.get("metadata")?.get(field)).cloned();
        match before {
            Some(before) => {
                metadata.insert(field.to_owned(), before);
            }
            None => {
                metadata.entry(field).or_insert_with(|| fresh.into());
            }
        }
    }
    metadata.insert("resourceVersion".to_owned(), version.to_string().into());
}

/// A UUID of what something is known by (RFC 9562 §5.8).
fn uid(name: &str, made: &str) -> String {
    let digest = sha256(format!("{KIND}/{name}/{made}").as_bytes());
    uuid(digest.first_chunk().copied().unwrap_or_default(), 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::trust_bundle::object;
    use serde_json::json;

    const CA: &str = include_str!("../../tests/fixtures/kubeadm-1.36/external-ca/kubernetes/pki/ca.crt");

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let good = Notation::Yaml.write(&object("certificates.k8s.io/v1alpha1", "a", "", CA)).unwrap();
        let value = parse(&good).unwrap();
        assert_eq!((&value["apiVersion"], &value["metadata"]["name"]), (&API_VERSION.into(), &"a".into()));
        let json = object(API_VERSION, "a", "", CA).to_string();
        assert_eq!(parse(&json).unwrap()["spec"], value["spec"]);
        for (text, problem) in [
            (good.replace("name: a", "name: A"), "line 4: metadata.name: Invalid value"),
            (good.replace("name: a", "nane: a"), "line 4: metadata.name: Required value"),
            (good.replace("trustBundle:", "bundle:"), "line 6: spec: unknown field `bundle`"),
            (good.replace("CERTIFICATE", "KEY"), "line 7: spec.trustBundle: Invalid value"),
            (good.replace("v1alpha1", "v1"), "line 1: apiVersion: there is no"),
            (good.replace("ClusterTrustBundle", "ConfigMap"), "is no ClusterTrustBundle"),
            (good.replace("metadata:", "metadata: ["), "line "),
            (format!("{good}more: 1\n"), "unknown field \"more\""),
            (CA.to_owned(), "is no ClusterTrustBundle"),
            (String::new(), "is no ClusterTrustBundle"),
        ] {
            let found = parse(&text).map_err(|problem| told(&text).unwrap_or(problem)).unwrap_err();
            assert!(found.starts_with(problem), "{found}\n{problem}");
        }
    }

    #[test]
    fn what_the_server_says_stays() {
        let written = OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap();
        let mut one = object(API_VERSION, "a", "", "");
        settle(&mut one, None, 7, written);
        let mut again = object(API_VERSION, "a", "", "");
        settle(&mut again, None, 7, written);
        assert_eq!(one, again);
        let uid = one["metadata"]["uid"].as_str().unwrap();
        assert_eq!((uid.len(), &uid[14..15]), (36, "8"));
        let mut other = json!({"metadata": {"name": "a", "uid": "x", "resourceVersion": "1"}});
        settle(&mut other, Some(&one), 8, OffsetDateTime::UNIX_EPOCH);
        assert_eq!(other["metadata"]["uid"], uid);
        assert_eq!(other["metadata"]["creationTimestamp"], one["metadata"]["creationTimestamp"]);
        assert_eq!(other["metadata"]["resourceVersion"], "8");
        let mut kept = json!({"metadata": {"name": "a", "uid": "x", "creationTimestamp": "y"}});
        settle(&mut kept, None, 9, written);
        assert_eq!(
            (&kept["metadata"]["uid"], &kept["metadata"]["creationTimestamp"]),
            (&"x".into(), &"y".into())
        );
    }
}
