//! JSON for people: with line breaks, indented by two spaces, as Go's `MarshalIndent` and `serde_json` write it.

use std::io;

use serde_json::{Deserializer, Serializer};
use serde_transcode::transcode;

/// As many times as long as it was may a text become: lists in lists, deeper than any object is, would become a hundred
/// times as long by their indentation alone.
const LONGEST: usize = 8;

/// The same JSON with line breaks. What would become much longer, or is none, stays as it is.
#[must_use]
pub fn pretty(json: &[u8]) -> Vec<u8> {
    let mut text = Text {
        bytes: Vec::with_capacity(json.len().saturating_mul(2)),
        longest: json.len().saturating_mul(LONGEST),
    };
    let mut reader = Deserializer::from_slice(json);
    let outcome = transcode(&mut reader, &mut Serializer::pretty(&mut text)).and_then(|()| reader.end());
    if outcome.is_ok() { text.bytes } else { json.to_vec() }
}

/// Text that is not longer than it may be.
struct Text {
    bytes: Vec<u8>,
    longest: usize,
}

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.longest {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\PC\"\\\\{}\\[\\],: \n\t]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[\\PC\"\\\\]{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_serde_json_writes(value in values()) {
            let expected = serde_json::to_string_pretty(&value).unwrap();
            for text in [value.to_string(), expected.clone()] {
                // What is too long stays as it is: small values deep inside are told as such below.
                let found = String::from_utf8(pretty(text.as_bytes())).unwrap();
                prop_assert!(found == expected || found == text && expected.len() > LONGEST * text.len());
            }
        }
    }

    #[test]
    fn an_object_is_read_by_a_person() {
        let object = json!({"kind": "Status", "metadata": {}, "details": {"causes": [{"field": "a\\\"b"}]}});
        let text = "{\n  \"details\": {\n    \"causes\": [\n      {\n        \"field\": \"a\\\\\\\"b\"\n      }\n    ]\n  },\n  \
                    \"kind\": \"Status\",\n  \"metadata\": {}\n}";
        assert_eq!(String::from_utf8(pretty(object.to_string().as_bytes())).unwrap(), text);
        let deep = format!("{}{}{}", "[".repeat(120), vec!["1"; 10_000].join(","), "]".repeat(120));
        assert_eq!(pretty(deep.as_bytes()), deep.as_bytes());
        for half in ["", "{", "\"a", "]]", "{\"a\": \"\\", "[,:"] {
            assert!(pretty(half.as_bytes()).len() <= LONGEST * half.len() + 8, "{half}");
        }
    }
}
