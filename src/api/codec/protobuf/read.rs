//! Protobuf into values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::encoding::{self, DecodeContext};
use time::OffsetDateTime;

use super::{Count, Field, Kind, Map, Message, Value, WireType};
use crate::api::codec::raw::is_kept;
use crate::moment::rfc3339;

/// Bytes that are no message.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    #[error("proto: {0}")]
    Wire(#[from] prost::DecodeError),
    #[error("proto: unexpected EOF")]
    End,
    #[error("proto: {0}: invalid UTF-8")]
    Utf8(&'static str),
    #[error("proto: {0}: no moment")]
    Time(&'static str),
    #[error("proto: {0}: no JSON")]
    Json(&'static str),
}

/// The fields of a message, one after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// The number of the next field, and how its value is written.
    pub(super) fn next(&mut self) -> Result<Option<(u32, WireType)>, Malformed> {
        if self.rest.is_empty() { Ok(None) } else { Ok(Some(encoding::decode_key(&mut self.rest)?)) }
    }

    pub(super) fn skip(&mut self, wire: WireType, number: u32) -> Result<(), Malformed> {
        Ok(encoding::skip_field(wire, number, &mut self.rest, DecodeContext::default())?)
    }

    pub(super) fn bytes(&mut self, wire: WireType) -> Result<&'a [u8], Malformed> {
        encoding::check_wire_type(WireType::LengthDelimited, wire)?;
        let length = encoding::decode_varint(&mut self.rest)?;
        let length = usize::try_from(length).map_err(|_| Malformed::End)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed::End)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self, wire: WireType) -> Result<String, Malformed> {
        utf8(self.bytes(wire)?, "TypeMeta")
    }

    fn number(&mut self, wire: WireType) -> Result<i64, Malformed> {
        encoding::check_wire_type(WireType::Varint, wire)?;
        Ok(encoding::decode_varint(&mut self.rest)?.cast_signed())
    }
}

/// Reads the fields of a message into an object; fields that the type does not have are skipped, as every newer client has
/// some. The types bound the recursion.
pub(super) fn message(
    bytes: &[u8],
    message: &'static Message,
    fields: &mut Map<String, Value>,
) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        let Some(field) = message.fields.iter().find(|field| field.number == number) else {
            reader.skip(wire, number)?;
            continue;
        };
        match field.count {
            Count::One | Count::Optional => {
                let before = fields.remove(field.name);
                let value = one(&mut reader, wire, field, before)?.filter(|value| is_kept(field, value));
                fields.extend(value.map(|value| (field.name.to_owned(), value)));
            }
            Count::List(_) => {
                let value = one(&mut reader, wire, field, None)?.unwrap_or_default();
                let list = fields.entry(field.name).or_insert_with(|| Value::Array(Vec::new()));
                list.as_array_mut().into_iter().for_each(|list| list.push(value.clone()));
            }
            Count::Map => {
                let (name, value) = entry(reader.bytes(wire)?, field)?;
                let map = fields.entry(field.name).or_insert_with(|| Value::Object(Map::new()));
                map.as_object_mut().into_iter().for_each(|map| {
                    map.insert(name.clone(), value.clone());
                });
            }
        }
    }
    Ok(())
}

/// The name and the value of an entry of a map.
fn entry(bytes: &[u8], field: &'static Field) -> Result<(String, Value), Malformed> {
    let mut reader = Reader::new(bytes);
    let mut name = String::new();
    let mut found = None;
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => name = utf8(reader.bytes(wire)?, field.name)?,
            2 => found = one(&mut reader, wire, field, found.take())?,
            _ => reader.skip(wire, number)?,
        }
    }
    let none = if matches!(field.kind, Kind::Texts) { Value::Array(Vec::new()) } else { Value::from("") };
    Ok((name, found.unwrap_or(none)))
}

/// One value; a message that stands there again is added to what is there already.
fn one(
    reader: &mut Reader<'_>,
    wire: WireType,
    field: &'static Field,
    before: Option<Value>,
) -> Result<Option<Value>, Malformed> {
    Ok(Some(match field.kind {
        Kind::Text(_) => Value::from(utf8(reader.bytes(wire)?, field.name)?),
        Kind::Bytes => Value::from(STANDARD.encode(reader.bytes(wire)?)),
        // Go takes the lower half, as protobuf says.
        #[allow(clippy::cast_possible_truncation, reason = "that is what protobuf says")]
        Kind::Int32 => Value::from(reader.number(wire)? as i32),
        Kind::Int64 => Value::from(reader.number(wire)?),
        Kind::Bool => Value::from(reader.number(wire)? != 0),
        Kind::Time => return time(reader.bytes(wire)?, field),
        Kind::Texts => {
            let mut list = match before {
                Some(Value::Array(list)) => list,
                _ => Vec::new(),
            };
            let mut inner = Reader::new(reader.bytes(wire)?);
            while let Some((number, wire)) = inner.next()? {
                match number {
                    1 => list.push(Value::from(utf8(inner.bytes(wire)?, field.name)?)),
                    _ => inner.skip(wire, number)?,
                }
            }
            Value::Array(list)
        }
        Kind::Fields => {
            let mut json = &b"{}"[..];
            let mut inner = Reader::new(reader.bytes(wire)?);
            while let Some((number, wire)) = inner.next()? {
                match number {
                    1 => json = inner.bytes(wire)?,
                    _ => inner.skip(wire, number)?,
                }
            }
            serde_json::from_slice(json).map_err(|_| Malformed::Json(field.name))?
        }
        Kind::Message(inner) => {
            let mut fields = match before {
                Some(Value::Object(fields)) => fields,
                _ => Map::new(),
            };
            message(reader.bytes(wire)?, inner, &mut fields)?;
            Value::Object(fields)
        }
    }))
}

/// A moment; one that says nothing is none.
fn time(bytes: &[u8], field: &'static Field) -> Result<Option<Value>, Malformed> {
    let mut reader = Reader::new(bytes);
    let (mut seconds, mut nanos) = (0, 0);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => seconds = reader.number(wire)?,
            2 => nanos = reader.number(wire)?,
            _ => reader.skip(wire, number)?,
        }
    }
    if (seconds, nanos) == (0, 0) {
        return Ok(None);
    }
    let moment = OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Malformed::Time(field.name))?;
    // What JSON could not say.
    if !(0..=9999).contains(&moment.year()) {
        return Err(Malformed::Time(field.name));
    }
    Ok(Some(Value::from(rfc3339(moment))))
}

fn utf8(bytes: &[u8], field: &'static str) -> Result<String, Malformed> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Malformed::Utf8(field))
}
