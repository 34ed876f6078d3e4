//! What was written, held to its type: Go's decoder (`sigs.k8s.io/json`, strict), with its rules and its words.
//!
//! What Go's encoder leaves out again is left out here too, so that a value says the same whatever the client wrote: empty
//! texts, lists and maps of optional fields, zeros, nulls.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, PAD, STANDARD};
use serde_json::{Map, Value};

use super::raw::{Raw, is_kept};
use super::strict::FAULTS;
use super::{cannot_be_handled, check_kind};
use crate::api::schema::{Count, Field, Kind, Message, ObjectKind};
use crate::api::status::Status;
use crate::moment::rfc3339;
use crate::x509::go::quoted;

/// Go does not look at bits that are left over.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&base64::alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));

/// Holds what was written to a kind. Beside the value: the fields that no type has, and those that stand there twice, in
/// the order in which they stand.
///
/// # Errors
/// 400 when it is of another kind, or a value is of another type.
pub(super) fn object(raw: Raw, kind: &ObjectKind) -> Result<(Value, Vec<String>), Status> {
    let said = |name| raw.text(name).unwrap_or_default();
    check_kind(said("apiVersion"), said("kind"), kind)?;
    typed(raw, kind).map_err(|error| cannot_be_handled(kind.kind, kind, &error))
}

/// The same, of an object that is of the kind for sure.
///
/// # Errors
/// The first value that is of another type.
pub(super) fn typed(raw: Raw, kind: &ObjectKind) -> Result<(Value, Vec<String>), String> {
    let api_version = raw.text("apiVersion");
    let api_version =
        api_version.filter(|text| !text.is_empty()).map_or_else(|| kind.api_version(), str::to_owned);
    let mut conform = Conform::default();
    let mut value = conform.message(raw, kind.message, None);
    if let Some(error) = conform.error {
        return Err(error);
    }
    if let Value::Object(fields) = &mut value {
        fields.insert("apiVersion".to_owned(), Value::from(api_version));
        fields.insert("kind".to_owned(), Value::from(kind.kind));
    }
    Ok((value, conform.faults))
}

#[derive(Default)]
struct Conform {
    /// Names and positions, as strict decoding tells them: `status.conditions[0]`.
    path: Vec<String>,
    /// Names alone, as a wrong type tells them.
    names: Vec<&'static str>,
    faults: Vec<String>,
    /// The first wrong type; Go reads on, and tells this one.
    error: Option<String>,
}

impl Conform {
    /// The fields of an object. `field` is where it stands.
    fn message(
        &mut self,
        raw: Raw,
        message: &'static Message,
        field: Option<(&'static Message, &'static Field)>,
    ) -> Value {
        let fields = match raw {
            Raw::Object(fields) => fields,
            Raw::Null => return Value::Object(Map::new()),
            other => return self.wrong(&other, field, &format!("v1.{}", message.name)),
        };
        let mut value = Map::new();
        let mut seen: Vec<&str> = Vec::new();
        for (name, raw) in fields {
            if message.typed && ["apiVersion", "kind"].contains(&name.as_str()) {
                self.type_meta(&name, &raw, message, &mut value);
                continue;
            }
            let Some(field) = message.field(&name) else {
                self.fault("unknown", &name);
                continue;
            };
            if seen.contains(&field.name) {
                self.fault("duplicate", &name);
            }
            seen.push(field.name);
            self.path.push(name);
            self.names.push(field.name);
            let found = self.field(raw, message, field);
            self.path.pop();
            self.names.pop();
            match found {
                Some(found) => {
                    value.insert(field.name.to_owned(), found);
                }
                None => {
                    value.remove(field.name);
                }
            }
        }
        Value::Object(value)
    }

    fn type_meta(
        &mut self,
        name: &str,
        raw: &Raw,
        message: &'static Message,
        value: &mut Map<String, Value>,
    ) {
        match raw {
            Raw::Text(text) if !text.is_empty() => {
                value.insert(name.to_owned(), Value::from(text.as_str()));
            }
            Raw::Text(_) | Raw::Null => {}
            other => {
                let path = self.names.iter().map(|name| format!("{name}.")).collect::<String>() + name;
                let text = format!(
                    "json: cannot unmarshal {} into Go struct field {}.{path} of type string",
                    other.kind(),
                    message.name
                );
                self.error.get_or_insert(text);
            }
        }
    }

    /// The value of a field, unless that is none.
    fn field(&mut self, raw: Raw, message: &'static Message, field: &'static Field) -> Option<Value> {
        if raw == Raw::Null {
            return None;
        }
        match field.count {
            Count::One | Count::Optional => {
                Some(self.one(raw, message, field)).filter(|value| is_kept(field, value))
            }
            Count::List(_) => {
                let elements = match raw {
                    Raw::List(elements) => elements,
                    other => {
                        self.wrong(&other, Some((message, field)), &format!("[]{}", go(field)));
                        return None;
                    }
                };
                let list: Vec<Value> = self.indexed(elements, |this, raw| this.one(raw, message, field));
                Some(Value::from(list)).filter(|list| is_kept(field, list))
            }
            Count::Map => {
                let entries = match raw {
                    Raw::Object(entries) => entries,
                    other => {
                        self.wrong(&other, Some((message, field)), &format!("map[string]{}", go(field)));
                        return None;
                    }
                };
                let mut map = Map::new();
                for (name, raw) in entries {
                    if map.contains_key(&name) {
                        self.fault("duplicate", &name);
                    }
                    self.path.push(name.clone());
                    let value = self.one(raw, message, field);
                    self.path.pop();
                    map.insert(name, value);
                }
                Some(Value::Object(map)).filter(|map| is_kept(field, map))
            }
        }
    }

    fn indexed<T>(&mut self, elements: Vec<Raw>, mut each: impl FnMut(&mut Self, Raw) -> T) -> Vec<T> {
        let mut list = Vec::with_capacity(elements.len());
        let last = self.path.last().cloned().unwrap_or_default();
        for (index, raw) in elements.into_iter().enumerate() {
            if let Some(place) = self.path.last_mut() {
                *place = format!("{last}[{index}]");
            }
            list.push(each(self, raw));
        }
        if let Some(place) = self.path.last_mut() {
            *place = last;
        }
        list
    }

    /// One value of a field's type.
    fn one(&mut self, raw: Raw, message: &'static Message, field: &'static Field) -> Value {
        let at = Some((message, field));
        match (field.kind, raw) {
            (Kind::Message(inner), raw) => self.message(raw, inner, at),
            (Kind::Text(_), Raw::Text(text)) => Value::from(text),
            (Kind::Bytes, Raw::Text(text)) => self.bytes(&text),
            (Kind::Time, Raw::Text(text)) => self.time(&text),
            (Kind::Bool, Raw::Bool(value)) => Value::from(value),
            (Kind::Int32, Raw::Integer(number)) if i32::try_from(number).is_ok() => Value::from(number),
            (Kind::Int64, Raw::Integer(number)) => Value::from(number),
            (Kind::Fields, raw) => loose(raw),
            (Kind::Texts, Raw::List(elements)) => {
                let text = |this: &mut Self, raw| match raw {
                    Raw::Text(text) => Value::from(text),
                    Raw::Null => Value::from(""),
                    other => this.wrong(&other, at, "string"),
                };
                Value::from(self.indexed(elements, text))
            }
            (kind, Raw::Null) => zero(kind),
            (Kind::Int32, Raw::Integer(number)) => self.wrong_number(&number.to_string(), at, &go(field)),
            (Kind::Int32 | Kind::Int64, Raw::Number(number)) => self.wrong_number(&number, at, &go(field)),
            (_, other) => self.wrong(&other, at, &go(field)),
        }
    }

    /// Base64 as Go reads it: line breaks are let pass, anything else is not.
    fn bytes(&mut self, text: &str) -> Value {
        let plain: String = text.chars().filter(|c| !['\r', '\n'].contains(c)).collect();
        if let Ok(bytes) = LENIENT.decode(&plain) {
            return Value::from(STANDARD.encode(bytes));
        }
        let place = base64_fault(text.as_bytes());
        self.error.get_or_insert_with(|| format!("illegal base64 data at input byte {place}"));
        Value::from("")
    }

    fn time(&mut self, text: &str) -> Value {
        let format = &time::format_description::well_known::Rfc3339;
        if let Ok(moment) = time::OffsetDateTime::parse(text, format) {
            return Value::from(rfc3339(moment));
        }
        let text = quoted(text);
        let layout = "\"2006-01-02T15:04:05Z07:00\"";
        let told = format!("parsing time {text} as {layout}: cannot parse {text} as \"2006\"");
        self.error.get_or_insert(told);
        Value::from("")
    }

    fn wrong(&mut self, raw: &Raw, at: Option<(&'static Message, &'static Field)>, go: &str) -> Value {
        self.wrong_type(raw.kind(), at, go)
    }

    /// A number that does not fit is told.
    fn wrong_number(
        &mut self,
        number: &str,
        at: Option<(&'static Message, &'static Field)>,
        go: &str,
    ) -> Value {
        self.wrong_type(&format!("number {number}"), at, go)
    }

    fn wrong_type(&mut self, what: &str, at: Option<(&'static Message, &'static Field)>, go: &str) -> Value {
        let place = at.map(|(message, _)| {
            format!("Go struct field {}.{} of type ", message.name, self.names.join("."))
        });
        let place = place.unwrap_or_else(|| "Go value of type ".to_owned());
        self.error.get_or_insert_with(|| format!("json: cannot unmarshal {what} into {place}{go}"));
        Value::Null
    }

    fn fault(&mut self, what: &str, name: &str) {
        if self.faults.len() < FAULTS {
            let path = self.path.iter().map(|part| format!("{part}.")).collect::<String>() + name;
            self.faults.push(format!("{what} field {}", quoted(&path)));
        }
    }
}

/// The type of one value of a field, in Go.
fn go(field: &Field) -> String {
    match field.kind {
        Kind::Text(go) => go.to_owned(),
        Kind::Bytes => "[]uint8".to_owned(),
        Kind::Int32 => "int32".to_owned(),
        Kind::Int64 => "int64".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::Time => "v1.Time".to_owned(),
        Kind::Texts => "v1.ExtraValue".to_owned(),
        Kind::Fields => "v1.FieldsV1".to_owned(),
        Kind::Message(message) => format!("v1.{}", message.name),
    }
}

/// What Go leaves a value at that is null.
fn zero(kind: Kind) -> Value {
    match kind {
        Kind::Text(_) | Kind::Bytes | Kind::Time => Value::from(""),
        Kind::Int32 | Kind::Int64 => Value::from(0),
        Kind::Bool => Value::from(false),
        Kind::Texts => Value::Array(Vec::new()),
        Kind::Fields | Kind::Message(_) => Value::Object(Map::new()),
    }
}

/// JSON as it is, the last of two fields of one name.
fn loose(raw: Raw) -> Value {
    match raw {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::from(value),
        Raw::Integer(number) => Value::from(number),
        Raw::Number(number) => number.parse::<f64>().map_or(Value::Null, Value::from),
        Raw::Text(text) => Value::from(text),
        Raw::List(elements) => elements.into_iter().map(loose).collect(),
        Raw::Object(fields) => fields.into_iter().map(|(name, raw)| (name, loose(raw))).collect(),
    }
}

/// Where Go's decoder finds the fault (`encoding/base64`, `decodeQuantum`): the byte that is none of the alphabet or of the
/// padding, or the end.
fn base64_fault(text: &[u8]) -> usize {
    let mut significant = 0_usize;
    for (place, byte) in text.iter().enumerate() {
        match byte {
            b'\r' | b'\n' => {}
            byte if byte.is_ascii_alphanumeric() || b"+/".contains(byte) => significant += 1,
            b'=' if significant % 4 >= 2 => {
                let mut rest =
                    text.iter().enumerate().skip(place + 1).filter(|(_, byte)| !b"\r\n".contains(byte));
                // Two are missing, and so two signs must stand there.
                if significant % 4 == 2 {
                    match rest.next() {
                        Some((_, b'=')) => {}
                        Some((place, _)) => return place - 1,
                        None => return text.len(),
                    }
                }
                return rest.next().map_or(text.len(), |(place, _)| place);
            }
            _ => return place,
        }
    }
    // What is left over is told from where it begins.
    text.len() - significant % 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::codec::json;
    use crate::api::schema::find;
    use serde_json::json;

    fn request(text: &str) -> Result<(Value, Vec<String>), Status> {
        let kind = find("certificates.k8s.io/v1", "CertificateSigningRequest").unwrap();
        object(json::read(text.as_bytes()).unwrap(), kind)
    }

    #[test]
    fn what_no_type_has_is_told_with_its_place() {
        let (value, faults) = request(
            r#"{"kind": "CertificateSigningRequest", "Spec": {}, "metadata": {"name": "x", "labels": {"a": "1", "a": "2"},
                "creationTimestamp": null, "annotations": {}, "generateName": ""},
                "spec": {"request": "YQ\n==", "bogus": {"a": [1]}, "signerName": "a", "signerName": "example.com/b",
                "usages": [], "groups": ["a"], "extra": {"k": ["v"]}, "expirationSeconds": 0},
                "status": {"conditions": [{"type": "A"}, {"type": "B", "seen": 1, "lastUpdateTime": "2026-11-22T07:13:14.5+02:00"}]}}"#,
        )
        .unwrap();
        assert_eq!(
            value,
            json!({
                "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
                "metadata": {"name": "x", "labels": {"a": "2"}},
                "spec": {
                    "request": "YQ==", "signerName": "example.com/b", "groups": ["a"], "extra": {"k": ["v"]},
                    "expirationSeconds": 0,
                },
                "status": {"conditions": [{"type": "A"}, {"type": "B", "lastUpdateTime": "2026-11-22T05:13:14Z"}]},
            })
        );
        assert_eq!(
            faults,
            [
                r#"unknown field "Spec""#,
                r#"duplicate field "metadata.labels.a""#,
                r#"unknown field "spec.bogus""#,
                r#"duplicate field "spec.signerName""#,
                r#"unknown field "status.conditions[1].seen""#,
            ]
        );
    }

    #[test]
    fn a_wrong_type_is_told_in_the_words_of_go() {
        for (text, error) in [
            (
                r#"{"spec": 1}"#,
                "number into Go struct field CertificateSigningRequest.spec of type v1.CertificateSigningRequestSpec",
            ),
            (
                r#"{"spec": {"expirationSeconds": "1"}}"#,
                "string into Go struct field CertificateSigningRequestSpec.spec.expirationSeconds of type int32",
            ),
            (
                r#"{"spec": {"expirationSeconds": 2147483648}}"#,
                "number 2147483648 into Go struct field CertificateSigningRequestSpec.spec.expirationSeconds of type int32",
            ),
            (
                r#"{"spec": {"expirationSeconds": 1.5}}"#,
                "number 1.5 into Go struct field CertificateSigningRequestSpec.spec.expirationSeconds of type int32",
            ),
            (
                r#"{"spec": {"usages": "any"}}"#,
                "string into Go struct field CertificateSigningRequestSpec.spec.usages of type []v1.KeyUsage",
            ),
            (
                r#"{"spec": {"usages": [1]}}"#,
                "number into Go struct field CertificateSigningRequestSpec.spec.usages of type v1.KeyUsage",
            ),
            (
                r#"{"metadata": {"labels": {"a": true}}}"#,
                "bool into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                r#"{"metadata": {"labels": []}}"#,
                "array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
            ),
            (
                r#"{"spec": {"request": {}}}"#,
                "object into Go struct field CertificateSigningRequestSpec.spec.request of type []uint8",
            ),
        ] {
            let message = request(text).unwrap_err().message;
            let head = "CertificateSigningRequest in version \"v1\" cannot be handled as a CertificateSigningRequest: ";
            assert_eq!(message, format!("{head}json: cannot unmarshal {error}"));
        }
        for (text, error) in [
            (r#"{"spec": {"request": "YQ"}}"#, "illegal base64 data at input byte 0"),
            (r#"{"spec": {"request": "YWFhYQ="}}"#, "illegal base64 data at input byte 7"),
            (r#"{"spec": {"request": "YW_h"}}"#, "illegal base64 data at input byte 2"),
            (r#"{"spec": {"request": "YQ==YQ=="}}"#, "illegal base64 data at input byte 4"),
            (r#"{"spec": {"request": "YQ=a"}}"#, "illegal base64 data at input byte 2"),
            (r#"{"spec": {"request": "Y==="}}"#, "illegal base64 data at input byte 1"),
        ] {
            let message = request(text).unwrap_err().message;
            assert!(message.ends_with(&format!(": {error}")), "{message}");
        }
        assert!(request(r#"{"spec": {"request": "YR=="}}"#).is_ok(), "bits that are left over");
    }

    #[test]
    fn other_kinds_are_refused() {
        for (text, message) in [
            (
                r#"{"apiVersion": "certificates.k8s.io/v1beta1", "kind": "CertificateSigningRequest"}"#,
                "the API version in the data (certificates.k8s.io/v1beta1) does not match the expected API version \
                 (certificates.k8s.io/v1)",
            ),
            (
                r#"{"apiVersion": "v1", "kind": "Pod"}"#,
                "Pod in version \"v1\" cannot be handled as a CertificateSigningRequest: no kind \"Pod\" is registered \
                 for version \"v1\"",
            ),
        ] {
            let status = request(text).unwrap_err();
            assert_eq!((status.code, status.message.as_str()), (400, message));
        }
        assert!(request("{}").is_ok());
        assert!(request("[]").is_err() && request("null").is_ok());
    }
}
