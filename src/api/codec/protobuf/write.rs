//! Values into protobuf.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::encoding::{encode_key, encode_varint};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Count, Field, Kind, Message, Value, WireError, WireType};

/// A field with bytes.
pub(super) fn message(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// A field with text.
pub(super) fn text(number: u32, text: &str, out: &mut Vec<u8>) {
    message(number, text.as_bytes(), out);
}

/// A field with a number.
fn number(field: u32, number: i64, out: &mut Vec<u8>) {
    encode_key(field, WireType::Varint, out);
    encode_varint(number.cast_unsigned(), out);
}

/// The fields of an object, in the order of their numbers, as Go writes them.
pub(super) fn fields(value: &Value, of: &'static Message, out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut fields: Vec<&'static Field> = of.fields.iter().collect();
    fields.sort_unstable_by_key(|field| field.number);
    for field in fields {
        let wrong = || WireError::Field { message: of.name, field: field.name };
        let Some(value) = value.get(field.name).filter(|value| !value.is_null()) else { continue };
        match field.count {
            Count::One | Count::Optional => one(field.number, value, field, &wrong, out)?,
            Count::List(_) => {
                for value in value.as_array().ok_or_else(wrong)? {
                    one(field.number, value, field, &wrong, out)?;
                }
            }
            Count::Map => {
                for (name, value) in value.as_object().ok_or_else(wrong)? {
                    let mut entry = Vec::new();
                    text(1, name, &mut entry);
                    one(2, value, field, &wrong, &mut entry)?;
                    message(field.number, &entry, out);
                }
            }
        }
    }
    Ok(())
}

fn one(
    place: u32,
    value: &Value,
    field: &'static Field,
    wrong: &dyn Fn() -> WireError,
    out: &mut Vec<u8>,
) -> Result<(), WireError> {
    let as_text = || value.as_str().ok_or_else(wrong);
    match field.kind {
        Kind::Text(_) => text(place, as_text()?, out),
        Kind::Bytes => message(place, &STANDARD.decode(as_text()?).map_err(|_| wrong())?, out),
        Kind::Int32 => {
            let value = value.as_i64().filter(|value| i32::try_from(*value).is_ok());
            number(place, value.ok_or_else(wrong)?, out);
        }
        Kind::Int64 => number(place, value.as_i64().ok_or_else(wrong)?, out),
        Kind::Bool => number(place, i64::from(value.as_bool().ok_or_else(wrong)?), out),
        Kind::Time => {
            let moment = OffsetDateTime::parse(as_text()?, &Rfc3339).map_err(|_| wrong())?;
            let mut bytes = Vec::new();
            number(1, moment.unix_timestamp(), &mut bytes);
            number(2, 0, &mut bytes);
            message(place, &bytes, out);
        }
        Kind::Texts => {
            let mut bytes = Vec::new();
            for value in value.as_array().ok_or_else(wrong)? {
                text(1, value.as_str().ok_or_else(wrong)?, &mut bytes);
            }
            message(place, &bytes, out);
        }
        Kind::Fields => {
            let mut bytes = Vec::new();
            text(1, &value.to_string(), &mut bytes);
            message(place, &bytes, out);
        }
        Kind::Message(inner) => {
            let mut bytes = Vec::new();
            fields(value, inner, &mut bytes)?;
            message(place, &bytes, out);
        }
    }
    Ok(())
}
