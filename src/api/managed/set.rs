//! A set of fields, as `fieldsV1` writes it (`sigs.k8s.io/structured-merge-diff`, `fieldpath`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::x509::go::quoted;

/// A set of fields. Members are named as they are written: `f:name`, `k:{"type":"Approved"}`, `v:"value"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    /// Whether what stands here is in the set itself.
    pub(super) own: bool,
    /// What is below.
    pub(super) below: BTreeMap<String, Set>,
}

impl Set {
    /// Only what stands here.
    pub(super) fn leaf() -> Self {
        Self { own: true, below: BTreeMap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        !self.own && self.below.is_empty()
    }

    /// What a path leads to.
    pub(super) fn insert(&mut self, name: String, below: Self) {
        if !below.is_empty() {
            self.below.insert(name, below);
        }
    }

    pub(super) fn union(mut self, other: &Self) -> Self {
        self.own |= other.own;
        for (name, below) in &other.below {
            let own = self.below.remove(name).unwrap_or_default();
            self.below.insert(name.clone(), own.union(below));
        }
        self
    }

    pub(super) fn difference(&self, other: &Self) -> Self {
        let mut rest = Self { own: self.own && !other.own, below: BTreeMap::new() };
        for (name, below) in &self.below {
            let below = other.below.get(name).map_or_else(|| below.clone(), |other| below.difference(other));
            rest.insert(name.clone(), below);
        }
        rest
    }

    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut both = Self { own: self.own && other.own, below: BTreeMap::new() };
        for (name, below) in &self.below {
            if let Some(other) = other.below.get(name) {
                both.insert(name.clone(), below.intersection(other));
            }
        }
        both
    }

    /// Takes a path away, with everything below it.
    pub(super) fn remove(&mut self, path: &[&str]) {
        match path {
            [] => {}
            [last] => {
                self.below.remove(&format!("f:{last}"));
            }
            [first, rest @ ..] => {
                let name = format!("f:{first}");
                if let Some(below) = self.below.get_mut(&name) {
                    below.remove(rest);
                    if below.is_empty() {
                        self.below.remove(&name);
                    }
                }
            }
        }
    }

    /// Every path in the set, as messages write it: `.metadata.labels.a`, `.status.conditions[type="Approved"].status`.
    pub(super) fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        self.collect("", &mut paths);
        paths
    }

    fn collect(&self, prefix: &str, paths: &mut Vec<String>) {
        if self.own {
            paths.push(prefix.to_owned());
        }
        for (name, below) in &self.below {
            below.collect(&format!("{prefix}{}", shown(name)), paths);
        }
    }

    /// As `fieldsV1` writes it.
    pub(super) fn write(&self) -> Value {
        let mut fields = Map::new();
        if self.own && !self.below.is_empty() {
            fields.insert(".".to_owned(), Value::Object(Map::new()));
        }
        for (name, below) in &self.below {
            fields.insert(name.clone(), below.write());
        }
        Value::Object(fields)
    }

    /// Reads what `fieldsV1` says; what is no object is nothing.
    pub(super) fn read(value: &Value) -> Self {
        let mut set = Self::default();
        for (name, value) in value.as_object().into_iter().flatten() {
            if name == "." {
                set.own = true;
                continue;
            }
            let mut below = Self::read(value);
            below.own |= below.below.is_empty();
            set.below.insert(name.clone(), below);
        }
        set
    }
}

/// A member as messages write it.
fn shown(name: &str) -> String {
    match name.split_once(':') {
        Some(("f", field)) => format!(".{field}"),
        Some(("k", keys)) => {
            let keys: BTreeMap<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let told: Vec<String> = keys
                .iter()
                .map(|(name, value)| match value {
                    Value::String(text) => format!("{name}={}", quoted(text)),
                    other => format!("{name}={other}"),
                })
                .collect();
            format!("[{}]", told.join(","))
        }
        Some(("v", value)) => format!("[={value}]"),
        _ => format!("[{name}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sets_are_written_as_they_are_read() {
        let value = json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}, "f:finalizers": {"v:\"x\"": {}}},
            "f:status": {"f:conditions": {"k:{\"type\":\"A\"}": {".": {}, "f:status": {}}}}});
        let set = Set::read(&value);
        assert_eq!(set.write(), value);
        assert_eq!(
            set.paths(),
            [
                ".metadata.finalizers[=\"x\"]",
                ".metadata.labels",
                ".metadata.labels.a",
                ".status.conditions[type=\"A\"]",
                ".status.conditions[type=\"A\"].status",
            ]
        );
        let labels = Set::read(&json!({"f:metadata": {"f:labels": {"f:a": {}}}}));
        assert_eq!(set.intersection(&labels), labels);
        assert_eq!(set.difference(&labels).union(&labels), set);
        assert!(labels.difference(&labels).is_empty());
        let mut rest = set;
        rest.remove(&["metadata", "labels"]);
        rest.remove(&["status"]);
        assert_eq!(rest.paths(), [".metadata.finalizers[=\"x\"]"]);
    }
}
