//! JSON for people: with line breaks, indented by two spaces, as Go's `MarshalIndent` and `serde_json` write it.

/// As many times as long as it was may a text become: lists in lists, deeper than any object is, would become a hundred
/// times as long by their indentation alone.
const LONGEST: usize = 8;

/// The same JSON with line breaks. What would become much longer stays as it is.
#[must_use]
pub fn pretty(json: &[u8]) -> Vec<u8> {
    let longest = json.len().saturating_mul(LONGEST);
    let mut text = Vec::with_capacity(json.len().saturating_mul(2));
    let mut depth = 0_usize;
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if text.len() > longest {
            return json.to_vec();
        }
        match byte {
            b'"' => {
                text.push(byte);
                let mut escaped = false;
                for byte in bytes.by_ref() {
                    text.push(byte);
                    match byte {
                        b'"' if !escaped => break,
                        byte => escaped = byte == b'\\' && !escaped,
                    }
                }
            }
            b'{' | b'[' => {
                text.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(end) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    line(&mut text, depth);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(byte);
            }
            b',' => {
                text.push(byte);
                line(&mut text, depth);
            }
            b':' => text.extend_from_slice(b": "),
            byte if byte.is_ascii_whitespace() => {}
            byte => text.push(byte),
        }
    }
    text
}

fn line(text: &mut Vec<u8>, depth: usize) {
    text.push(b'\n');
    text.resize(text.len() + 2 * depth, b' ');
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
