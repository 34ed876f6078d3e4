//! Files of ClusterTrustBundles, with the line of everything that is wrong; a PEM file is a bundle without an object.

use serde_json::{Map, Value};

use super::trust_bundle::{KIND, anchors, faults, is_version};
use crate::spec::problem::nearest;
use crate::spec::tree::{Tree, Value as Written};
use crate::spec::yaml::documents;
use crate::x509::Certificate;

/// A bundle as it stands in a file.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The line where it begins.
    pub line: usize,
    /// The object's name; empty for a PEM file.
    pub name: String,
    /// The signer; empty where it is nobody's.
    pub signer: String,
    /// The certificates that may be in it.
    pub anchors: Vec<Certificate>,
    /// What is wrong.
    pub faults: Vec<Fault>,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: usize,
    /// In words.
    pub words: String,
}

/// Every bundle of a file. Other objects are passed over.
///
/// # Errors
/// When it is neither PEM, YAML nor JSON.
pub fn bundles(text: &str) -> Result<Vec<Bundle>, Fault> {
    // In YAML and JSON nothing of a bundle is at the beginning of a line.
    if text.lines().any(|line| line.starts_with("-----BEGIN ")) {
        let (anchors, found) = anchors(text);
        let fault = |(line, error): (Option<usize>, String)| Fault { line: line.unwrap_or(1), words: error };
        let faults = found.into_iter().map(|found| fault((found.line, found.error.detail))).collect();
        return Ok(vec![Bundle { line: 1, name: String::new(), signer: String::new(), anchors, faults }]);
    }
    let trees = documents(text).map_err(|error| Fault { line: error.position.line, words: error.message })?;
    let mut bundles: Vec<Bundle> = Vec::new();
    for tree in &trees {
        let items = field(tree, "items").map(|items| &items.value);
        let objects = match items {
            Some(Written::Sequence(items)) => items.iter().collect(),
            _ => vec![tree],
        };
        for object in objects.into_iter().filter(|object| scalar(object, "kind") == KIND) {
            let mut bundle = bundle(object, text);
            if bundles.iter().any(|other| !other.name.is_empty() && other.name == bundle.name) {
                let words = format!("metadata.name: `{}` is there twice", bundle.name.escape_debug());
                bundle.faults.push(Fault { line: bundle.line, words });
            }
            bundles.push(bundle);
        }
    }
    Ok(bundles)
}

fn bundle(object: &Tree, text: &str) -> Bundle {
    let mut found = Vec::new();
    let mut fault = |path: &[&str], words: String| found.push(Fault { line: line(object, path), words });
    let api_version = scalar(object, "apiVersion");
    if !is_version(api_version) {
        let words = format!("apiVersion: there is no `{}` of it", api_version.escape_debug());
        fault(&["apiVersion"], words);
    }
    let at =
        |outer: &str, inner: &str| field(object, outer).map(|tree| scalar(tree, inner)).unwrap_or_default();
    let name = at("metadata", "name");
    if name.is_empty() && at("metadata", "generateName").is_empty() {
        fault(&["metadata"], "metadata.name: Required value: name or generateName is required".to_owned());
    }
    if let Some(Tree { value: Written::Mapping(fields), .. }) = field(object, "spec") {
        const KNOWN: [&str; 2] = ["signerName", "trustBundle"];
        for (key, _) in fields.iter().filter(|(key, _)| !KNOWN.contains(&key.name.as_str())) {
            let near = nearest(&key.name, KNOWN).map(|near| format!("; did you mean `{near}`?"));
            let name = key.name.escape_debug();
            let words = format!("spec: unknown field `{name}`{}", near.unwrap_or_default());
            found.push(Fault { line: key.position.line, words });
        }
    }
    for error in faults(&json(object), false) {
        let path: Vec<&str> = error.field.split('.').collect();
        found.push(Fault { line: line(object, &path), words: error.to_string() });
    }
    let written = field(object, "spec").and_then(|spec| field(spec, "trustBundle"));
    let (anchors, wrong) = anchors(at("spec", "trustBundle"));
    let begin = written.and_then(|tree| block(tree, text));
    for wrong in wrong {
        let inside = begin.zip(wrong.line).map(|(begin, line)| begin + line - 1);
        let line = inside.unwrap_or_else(|| line(object, &["spec", "trustBundle"]));
        found.push(Fault { line, words: wrong.error.to_string() });
    }
    Bundle {
        line: object.position.line,
        name: name.to_owned(),
        signer: at("spec", "signerName").to_owned(),
        anchors,
        faults: found,
    }
}

/// The line where the text of a scalar begins, if it is written line by line, below the `|` that announces it.
fn block(tree: &Tree, text: &str) -> Option<usize> {
    let first = tree.value.scalar()?.lines().next()?;
    let position = tree.position.line;
    let lines = text.lines().enumerate().skip(position.saturating_sub(1)).take(2);
    lines
        .map(|(index, line)| (index + 1, line.trim()))
        .find(|(_, line)| *line == first.trim())
        .map(|(line, _)| line)
}

fn field<'t>(tree: &'t Tree, name: &str) -> Option<&'t Tree> {
    let Written::Mapping(fields) = &tree.value else { return None };
    fields.iter().find(|(key, _)| key.name == name).map(|(_, tree)| tree)
}

fn scalar<'t>(tree: &'t Tree, name: &str) -> &'t str {
    field(tree, name).and_then(|tree| tree.value.scalar()).unwrap_or_default()
}

/// The line of a field, or of the last thing on the way to it that is there.
fn line(object: &Tree, path: &[&str]) -> usize {
    let mut tree = object;
    for name in path {
        match field(tree, name) {
            Some(inner) => tree = inner,
            None => break,
        }
    }
    tree.position.line
}

fn json(tree: &Tree) -> Value {
    match &tree.value {
        Written::Null => Value::Null,
        Written::Boolean(text) => Value::Bool(text == "true"),
        Written::Number(text) => text.parse::<i64>().map_or_else(|_| text.as_str().into(), Value::from),
        Written::Text(text) => text.as_str().into(),
        Written::Sequence(elements) => elements.iter().map(json).collect(),
        Written::Mapping(fields) => {
            let fields: Map<String, Value> =
                fields.iter().map(|(key, tree)| (key.name.clone(), json(tree))).collect();
            Value::Object(fields)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::trust_bundle::{SERVING, object, published_name};
    use crate::disk::Notation;

    const CA: &str = include_str!("../../tests/fixtures/kubeadm-1.36/external-ca/kubernetes/pki/ca.crt");

    fn told(text: &str) -> Vec<String> {
        let bundles = bundles(text).unwrap();
        let faults = bundles.into_iter().flat_map(|bundle| bundle.faults);
        faults.map(|fault| format!("{}: {}", fault.line, fault.words)).collect()
    }

    fn yaml(bundle: &str) -> String {
        let object = object("certificates.k8s.io/v1beta1", &published_name(SERVING, bundle), SERVING, bundle);
        Notation::Yaml.write(&object).unwrap()
    }

    #[test]
    fn every_fault_has_its_line() {
        let good = yaml(CA);
        assert_eq!(told(&good), Vec::<String>::new());
        assert_eq!(bundles(&good).unwrap()[0].anchors.len(), 1);
        let lines = CA.lines().count();
        let twice = yaml(&format!("{CA}{CA}"));
        let begin = twice.lines().position(|line| line.contains("trustBundle")).unwrap() + 2;
        for (text, expected) in [
            (
                good.replace("v1beta1", "v1"),
                "1: apiVersion: there is no `certificates.k8s.io/v1` of it".to_owned(),
            ),
            (
                good.replace("name: kubernetes.io:", "name: other:"),
                "4: metadata.name: Invalid value".to_owned(),
            ),
            (good.replace("  name: ", "  nane: "), "4: metadata.name: Required value".to_owned()),
            (
                good.replace("signerName", "signername"),
                "6: spec: unknown field `signername`; did you mean `signerName`?".to_owned(),
            ),
            (twice.clone(), format!("{}: spec.trustBundle: Invalid value", begin + lines)),
            (good.replace("CERTIFICATE", "PRIVATE KEY"), format!("{begin}: spec.trustBundle: Invalid value")),
            (format!("{CA}\n{CA}"), format!("{}: duplicate trust anchor", lines + 2)),
            (format!("{good}---\n{good}"), format!("{}: metadata.name: `kuber", good.lines().count() + 2)),
        ] {
            let found = told(&text);
            assert!(found.first().is_some_and(|first| first.starts_with(&expected)), "{expected}\n{found:?}");
        }
        let list = format!(
            r#"{{"kind": "List", "items": [{}]}}"#,
            serde_json::to_string(&object("a", "b", "", "")).unwrap()
        );
        assert_eq!(told(&list).len(), 2, "{:?}", told(&list));
        assert_eq!(bundles("kind: ConfigMap\n").unwrap().len(), 0);
        assert!(bundles("a: [").is_err());
    }
}
