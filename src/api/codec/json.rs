//! JSON as it was written.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::raw::Raw;

/// Reads one value. It may be nested as deep as `serde_json` lets it: 128 levels.
///
/// # Errors
/// What is wrong, with its line and column.
pub(super) fn read(bytes: &[u8]) -> Result<Raw, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| match error.to_string() {
        // Go's words for the two that are met.
        text if text.starts_with("EOF while parsing") => {
            "json parse error: unexpected end of JSON input".to_owned()
        }
        text => format!("json parse error: {text}"),
    })
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or_else(|_| Raw::Number(value.to_string()), Raw::Integer))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element()? {
            list.push(element);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Raw::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost() {
        let read = read(br#"{"a": [null, true, -1, 1.5, 18446744073709551615, "x"], "a": {}}"#).unwrap();
        let list = vec![
            Raw::Null,
            Raw::Bool(true),
            Raw::Integer(-1),
            Raw::Number("1.5".into()),
            Raw::Number("18446744073709551615".into()),
            Raw::Text("x".into()),
        ];
        let fields = vec![("a".to_owned(), Raw::List(list)), ("a".to_owned(), Raw::Object(Vec::new()))];
        assert_eq!(read, Raw::Object(fields));
    }

    #[test]
    fn what_does_not_parse_is_told() {
        for (text, error) in [
            ("", "json parse error: unexpected end of JSON input"),
            ("{\"a\":", "json parse error: unexpected end of JSON input"),
            ("{} x", "json parse error: trailing characters at line 1 column 4"),
        ] {
            assert_eq!(read(text.as_bytes()), Err(error.to_owned()));
        }
        assert!(read(&b"[".repeat(1_000_000)).unwrap_err().contains("recursion limit"));
        assert!(read(b"\"\xff\"").is_err());
    }
}
