//! What strict decoding finds in JSON that is held to no type, such as a patch (`sigs.k8s.io/json`, `UnmarshalStrict`).

use std::collections::HashSet;

use super::raw::Raw;
use crate::x509::go::quoted;

/// How many faults are told (`sigs.k8s.io/json`, `saveStrictError`).
pub(super) const FAULTS: usize = 100;

/// Fields that stand there twice, in the order in which they stand. Where the elements of the outermost list may have only
/// some fields, `known` names these, and others are told too.
pub(super) fn faults(raw: &Raw, known: Option<&[&str]>) -> Vec<String> {
    let mut walk = Walk::default();
    match (raw, known) {
        (Raw::List(elements), Some(known)) => {
            for (index, element) in elements.iter().enumerate() {
                walk.inside(&format!("[{index}]"), |walk| walk.value(element, Some(known)));
            }
        }
        (raw, _) => walk.value(raw, None),
    }
    walk.faults
}

#[derive(Default)]
struct Walk {
    path: String,
    faults: Vec<String>,
    told: HashSet<String>,
}

impl Walk {
    fn value(&mut self, raw: &Raw, known: Option<&[&str]>) {
        match raw {
            Raw::List(elements) => {
                for (index, element) in elements.iter().enumerate() {
                    self.inside(&format!("[{index}]"), |walk| walk.value(element, None));
                }
            }
            Raw::Object(fields) => {
                let mut seen = HashSet::new();
                for (name, value) in fields {
                    if known.is_some_and(|known| !known.contains(&name.as_str())) {
                        // What nobody knows is not looked into.
                        self.fault("unknown", name);
                        continue;
                    }
                    if !seen.insert(name.as_str()) {
                        self.fault("duplicate", name);
                    }
                    let part = if self.path.is_empty() { name.clone() } else { format!(".{name}") };
                    self.inside(&part, |walk| walk.value(value, None));
                }
            }
            Raw::Null | Raw::Bool(_) | Raw::Integer(_) | Raw::Number(_) | Raw::Text(_) => {}
        }
    }

    fn inside(&mut self, part: &str, look: impl FnOnce(&mut Self)) {
        let before = self.path.len();
        self.path.push_str(part);
        look(self);
        self.path.truncate(before);
    }

    fn fault(&mut self, what: &str, name: &str) {
        if self.faults.len() < FAULTS {
            let dot = if self.path.is_empty() { "" } else { "." };
            let fault = format!("{what} field {}", quoted(&format!("{}{dot}{name}", self.path)));
            if self.told.insert(fault.clone()) {
                self.faults.push(fault);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::codec::json;

    fn told(text: &str, known: Option<&[&str]>) -> Vec<String> {
        faults(&json::read(text.as_bytes()).unwrap(), known)
    }

    #[test]
    fn what_stands_there_twice_is_told_once_with_its_place() {
        let text =
            r#"{"a": {"b": 1, "b": 2, "b": 3}, "c": [{"d": 1, "d": [{"e": 1, "e": 1}]}], "a": {"x": 1}}"#;
        let expected = [
            r#"duplicate field "a.b""#,
            r#"duplicate field "c[0].d""#,
            r#"duplicate field "c[0].d[0].e""#,
            r#"duplicate field "a""#,
        ];
        assert_eq!(told(text, None), expected);
        assert_eq!(told("[1, {}]", None), [""; 0]);
        let text =
            r#"[{"op": "add", "op": "add", "foo": {"a": 1, "a": 1}, "value": {"b": 1, "b": 1, "foo": 1}}]"#;
        let expected =
            [r#"duplicate field "[0].op""#, r#"unknown field "[0].foo""#, r#"duplicate field "[0].value.b""#];
        assert_eq!(told(text, Some(&["op", "value"])), expected);
        let many: String = (0..200).map(|index| format!(",\"k{index}\":1,\"k{index}\":1")).collect();
        assert_eq!(told(&format!("{{{}}}", &many[1..]), None).len(), FAULTS);
    }
}
