//! A value as it was written: nothing is lost, fields that stand there twice included.

use serde_json::Value;

use crate::api::schema::{Count, Field};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    /// A number that is no `i64`, as text.
    Number(String),
    Text(String),
    List(Vec<Raw>),
    Object(Vec<(String, Raw)>),
}

impl Raw {
    /// What Go calls it in a message (`encoding/json`, `UnmarshalTypeError`), where it is to go into a type that is not
    /// a number.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Integer(_) | Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The text of the last field of this name; the last is the one that counts.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let Self::Object(fields) = self else { return None };
        match fields.iter().rfind(|(known, _)| known == name) {
            Some((_, Self::Text(text))) => Some(text),
            _ => None,
        }
    }
}

impl From<Value> for Raw {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::Number(number.to_string()), Self::Integer)
            }
            Value::String(text) => Self::Text(text),
            Value::Array(elements) => Self::List(elements.into_iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

/// Whether a value stands in an object as Go writes it: what is not required and zero is left out. A struct would stand
/// there empty; nothing is lost by leaving it out.
pub(super) fn is_kept(field: &Field, value: &Value) -> bool {
    field.required || field.count == Count::Optional || !is_zero(value)
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
