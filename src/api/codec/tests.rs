use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::api::schema::{Count, Field, KINDS, Kind, Message};

fn request() -> &'static ObjectKind {
    schema::find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap()
}

/// Values of a type as Go would write them: nothing that is left out, times in whole seconds.
fn values(message: &'static Message) -> BoxedStrategy<Value> {
    let mut fields: BoxedStrategy<Map<String, Value>> = Just(Map::new()).boxed();
    for field in message.fields {
        fields = (fields, prop::option::of(value(field)))
            .prop_map(|(mut fields, value)| {
                if let Some(value) = value.filter(|value| raw::is_kept(field, value)) {
                    fields.insert(field.name.to_owned(), value);
                }
                fields
            })
            .boxed();
    }
    fields.prop_map(Value::Object).boxed()
}

fn value(field: &'static Field) -> BoxedStrategy<Value> {
    let one = match field.kind {
        Kind::Text(_) => "\\PC{0,12}".prop_map(Value::from).boxed(),
        Kind::Bytes => {
            use base64::Engine;
            let encode = |bytes: Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes);
            prop::collection::vec(any::<u8>(), 1..20)
                .prop_map(move |bytes| Value::from(encode(bytes)))
                .boxed()
        }
        Kind::Int32 => any::<i32>().prop_map(Value::from).boxed(),
        Kind::Int64 => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Bool => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Time => (1..4_000_000_000_i64)
            .prop_map(|seconds| {
                let moment = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
                Value::from(crate::moment::rfc3339(moment))
            })
            .boxed(),
        Kind::Texts => prop::collection::vec("\\PC{0,6}", 0..3).prop_map(Value::from).boxed(),
        Kind::Fields => Just(json!({"f:metadata": {"f:labels": {".": {}, "f:a": {}}}})).boxed(),
        Kind::Message(message) => values(message),
    };
    match field.count {
        Count::One | Count::Optional => one,
        Count::List(_) => prop::collection::vec(one, 1..3).prop_map(Value::from).boxed(),
        Count::Map => prop::collection::btree_map("[a-z./]{1,8}", one, 1..3)
            .prop_map(|map| map.into_iter().collect::<Map<String, Value>>().into())
            .boxed(),
    }
}

/// An object of any kind.
fn objects() -> impl Strategy<Value = (&'static ObjectKind, Value)> {
    (0..KINDS.len()).prop_flat_map(|index| {
        let kind = &KINDS[index];
        values(kind.message).prop_map(move |mut value| {
            value["apiVersion"] = Value::from(kind.api_version());
            value["kind"] = Value::from(kind.kind);
            (kind, value)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// What is written in any format is read again as what it was.
    #[test]
    fn every_format_says_the_same((kind, value) in objects()) {
        for format in [Format::Json, Format::Yaml, Format::Protobuf] {
            let bytes = encode(format, &value).unwrap();
            let read = decode(format, &bytes, kind, FieldValidation::Strict).map_err(|status| status.message);
            let read = read.map(|decoded| decoded.value);
            // What is required and was not said is said after it was read from JSON, and may be missing in protobuf.
            prop_assert_eq!(read, Ok(value.clone()), "{:?}", format);
        }
    }

    /// Bytes that were changed are an object or refused.
    #[test]
    fn no_bytes_make_it_panic(
        (kind, value) in objects(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
    ) {
        for format in [Format::Json, Format::Protobuf, Format::Yaml] {
            let mut bytes = encode(format, &value).unwrap();
            for (place, byte) in &changes {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            let _ = decode(format, &bytes, kind, FieldValidation::Warn);
            bytes.truncate(cut.index(bytes.len()));
            let _ = decode(format, &bytes, kind, FieldValidation::Strict);
        }
    }
}

#[test]
fn the_envelope_is_what_kubernetes_writes() {
    let value = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": "x"}, "spec": {"expirationSeconds": 600, "extra": {"k": ["v"]}},
    });
    let bytes = encode(Format::Protobuf, &value).unwrap();
    let mut expected =
        b"k8s\0\x0a\x33\x0a\x16certificates.k8s.io/v1\x12\x19CertificateSigningRequest".to_vec();
    expected.extend(b"\x12\x14\x0a\x03\x0a\x01x\x12\x0d\x32\x08\x0a\x01k\x12\x03\x0a\x01v\x40\xd8\x04");
    expected.extend(b"\x1a\x00\x22\x00");
    assert_eq!(bytes, expected, "{bytes:x?}");
    // What a newer client says beside it is skipped.
    let mut longer = bytes.clone();
    longer.extend(b"\xa2\x06\x03abc");
    for bytes in [bytes, longer] {
        let read = decode(Format::Protobuf, &bytes, request(), FieldValidation::Strict).unwrap();
        assert_eq!(read.value, value);
    }
}

#[test]
fn bytes_that_are_no_object_are_refused_with_a_status() {
    for (format, bytes, message) in [
        (
            Format::Json,
            &b""[..],
            "the object provided is unrecognized (must be of type CertificateSigningRequest): couldn't get \
             version/kind; json parse error: unexpected end of JSON input (<empty>)",
        ),
        (
            Format::Json,
            b"hello",
            "the object provided is unrecognized (must be of type CertificateSigningRequest): couldn't get \
             version/kind; json parse error: expected value at line 1 column 1 (68656c6c6f)",
        ),
        (
            Format::Protobuf,
            b"k8t\0",
            "the object provided is unrecognized (must be of type CertificateSigningRequest): couldn't get \
             version/kind; provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] \
             (6b387400)",
        ),
        (
            Format::Protobuf,
            b"k8s\0\x12\x01\x0a",
            "CertificateSigningRequest in version \"v1\" cannot be handled as a CertificateSigningRequest: proto: \
             failed to decode Protobuf message: invalid varint",
        ),
    ] {
        let status = decode(format, bytes, request(), FieldValidation::Warn).unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (400, message));
    }
    let status =
        decode(Format::Json, &vec![b' '; MAX_BODY + 1], request(), FieldValidation::Warn).unwrap_err();
    assert_eq!(status.code, 413);
    let text = br#"{"spec": {"bogus": 1}}"#;
    let status = decode(Format::Json, text, request(), FieldValidation::Strict).unwrap_err();
    assert_eq!(
        status.message,
        "CertificateSigningRequest in version \"v1\" cannot be handled as a CertificateSigningRequest: strict \
         decoding error: unknown field \"spec.bogus\""
    );
    let warned = decode(Format::Json, text, request(), FieldValidation::Warn).unwrap();
    assert_eq!(warned.warnings, ["unknown field \"spec.bogus\""]);
    let ignored = decode(Format::Json, text, request(), FieldValidation::Ignore).unwrap();
    assert_eq!(
        (ignored.warnings.len(), ignored.value["apiVersion"].as_str()),
        (0, Some("certificates.k8s.io/v1"))
    );
    assert_eq!(Format::of_content_type("application/xml").unwrap_err().code, 415);
    assert_eq!(Format::of_content_type(""), Ok(Format::Json));
    assert!(encode(Format::Protobuf, &json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1"})).is_err());
}
