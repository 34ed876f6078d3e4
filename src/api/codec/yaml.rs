//! YAML as it was written. Aliases are bounded where the tree is read ([`crate::spec::yaml`]).

use serde_json::Value;

use super::WireError;
use super::raw::Raw;
use crate::disk::Notation;
use crate::spec::tree::{Tree, Value as Written};
use crate::spec::yaml::documents;

/// Reads the one document of a text.
///
/// # Errors
/// What is wrong, with its line.
pub(super) fn read(bytes: &[u8]) -> Result<Raw, String> {
    let fault = |text: &str| format!("error converting YAML to JSON: {text}");
    let text = std::str::from_utf8(bytes).map_err(|_| fault("yaml: invalid UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let trees = documents(text)
        .map_err(|error| fault(&format!("yaml: line {}: {}", error.position.line, error.message)))?;
    // What follows the first document is not looked at, as upstream does.
    Ok(trees.into_iter().next().map_or(Raw::Null, raw))
}

fn raw(tree: Tree) -> Raw {
    match tree.value {
        Written::Null => Raw::Null,
        Written::Boolean(text) => Raw::Bool(["true", "yes", "on"].contains(&text.to_lowercase().as_str())),
        Written::Number(text) => number(text),
        Written::Text(text) => Raw::Text(text),
        Written::Sequence(elements) => Raw::List(elements.into_iter().map(raw).collect()),
        Written::Mapping(fields) => {
            Raw::Object(fields.into_iter().map(|(key, tree)| (key.name, raw(tree))).collect())
        }
    }
}

fn number(text: String) -> Raw {
    let digits = text.replace('_', "");
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, digits.strip_prefix('+').unwrap_or(&digits)),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x") => (16, digits.get(2..).unwrap_or_default()),
        Some("0o") => (8, digits.get(2..).unwrap_or_default()),
        Some("0b") => (2, digits.get(2..).unwrap_or_default()),
        // As `strconv.ParseInt` takes it.
        Some(_) if digits.starts_with('0') => (8, digits),
        _ => (10, digits),
    };
    match i64::from_str_radix(digits, radix) {
        Ok(value) => Raw::Integer(sign * value),
        Err(_) => Raw::Number(text),
    }
}

/// Writes a value as kubectl would.
///
/// # Errors
/// Never for a value of JSON; the serialiser's error is passed on.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, WireError> {
    Notation::Yaml.write(value).map(String::into_bytes).map_err(|_| WireError::Yaml)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_as_json_would_be() {
        let read =
            read(b"a: [1, 0x10, 010, 0, -2, 1.5, yes, ~, 'x', 9223372036854775808]\na: {b: c}\n").unwrap();
        let list = vec![
            Raw::Integer(1),
            Raw::Integer(16),
            Raw::Integer(8),
            Raw::Integer(0),
            Raw::Integer(-2),
            Raw::Number("1.5".into()),
            Raw::Bool(true),
            Raw::Null,
            Raw::Text("x".into()),
            Raw::Number("9223372036854775808".into()),
        ];
        let inner = Raw::Object(vec![("b".to_owned(), Raw::Text("c".into()))]);
        assert_eq!(read, Raw::Object(vec![("a".to_owned(), Raw::List(list)), ("a".to_owned(), inner)]));
        assert!(super::read(b"a: [").unwrap_err().starts_with("error converting YAML to JSON: yaml: line "));
        assert!(super::read(&b"[".repeat(100_000)).is_err());
    }
}
