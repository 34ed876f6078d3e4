//! Objects as kubectl prints them: `-o yaml` and `-o json`, byte for byte.
//!
//! kubectl writes YAML with Go's port of libyaml (`sigs.k8s.io/yaml`, `goyaml.v2`). The emitter here is a port of the same
//! libyaml; what Go decides before it is decided here: the order of fields, and how each text is quoted.

use std::cmp::Ordering;
use std::path::Path;

use libyaml_safer::{Emitter, Encoding, Event, MappingStyle, ScalarStyle, SequenceStyle};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Serializer, Value};

use super::yaml;

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// YAML.
    Yaml,
    /// JSON.
    Json,
}

/// Why a text is no object, or an object cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotationError {
    /// It does not parse.
    #[error("does not parse{}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Syntax {
        /// The line, if it is known.
        line: Option<usize>,
    },
    /// The emitter refuses.
    #[error("cannot be written as YAML")]
    Write,
}

impl Notation {
    /// The notation of a file, by its name: `.yaml`, `.yml` or `.json`.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// What the names of its files end in.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Yaml => ".yaml",
            Self::Json => ".json",
        }
    }

    /// Reads one value.
    ///
    /// # Errors
    /// When it does not parse. The text is not quoted.
    pub fn read(self, text: &str) -> Result<Value, NotationError> {
        match self {
            Self::Yaml => yaml::read(text).map_err(|error| NotationError::Syntax { line: error.line }),
            Self::Json => serde_json::from_str(text)
                .map_err(|error| NotationError::Syntax { line: Some(error.line()).filter(|line| *line > 0) }),
        }
    }

    /// Reads every document; JSON has one.
    ///
    /// # Errors
    /// When one does not parse.
    pub fn read_all(self, text: &str) -> Result<Vec<Value>, NotationError> {
        match self {
            Self::Yaml => yaml::read_all(text).map_err(|error| NotationError::Syntax { line: error.line }),
            Self::Json => Ok(vec![self.read(text)?]),
        }
    }

    /// Writes one value.
    ///
    /// # Errors
    /// Never for what was read; the emitter's error is passed on.
    pub fn write(self, value: &Value) -> Result<String, NotationError> {
        match self {
            Self::Yaml => to_yaml(value),
            Self::Json => to_json(value),
        }
    }
}

/// As `json.MarshalIndent` with four blanks: `<`, `>`, `&` and the line separators of Unicode are escaped.
fn to_json(value: &Value) -> Result<String, NotationError> {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    "));
    value.serialize(&mut serializer).map_err(|_| NotationError::Write)?;
    text.push(b'\n');
    let text = String::from_utf8(text).map_err(|_| NotationError::Write)?;
    // They stand nowhere but inside texts.
    let escapes = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    Ok(escapes.iter().fold(text, |text, (character, escape)| {
        if text.contains(*character) { text.replace(*character, escape) } else { text }
    }))
}

fn to_yaml(value: &Value) -> Result<String, NotationError> {
    let mut text = Vec::new();
    let mut emitter = Emitter::new();
    emitter.set_output_string(&mut text);
    emitter.set_unicode(true);
    // Lines are never folded.
    emitter.set_width(-1);
    let mut put = |event| emitter.emit(event).map_err(|_| NotationError::Write);
    put(Event::stream_start(Encoding::Utf8))?;
    put(Event::document_start(None, &[], true))?;
    emit(value, &mut put)?;
    put(Event::document_end(true))?;
    put(Event::stream_end())?;
    drop(emitter);
    String::from_utf8(text).map_err(|_| NotationError::Write)
}

fn emit(
    value: &Value,
    put: &mut impl FnMut(Event) -> Result<(), NotationError>,
) -> Result<(), NotationError> {
    match value {
        Value::Null => put(scalar("null", ScalarStyle::Plain)),
        Value::Bool(bool) => put(scalar(if *bool { "true" } else { "false" }, ScalarStyle::Plain)),
        Value::Number(number) => put(scalar(&number.to_string(), ScalarStyle::Plain)),
        Value::String(text) => put(scalar(text, style(text))),
        Value::Array(elements) => {
            put(Event::sequence_start(None, None, true, SequenceStyle::Block))?;
            elements.iter().try_for_each(|element| emit(element, put))?;
            put(Event::sequence_end())
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(one, _), (other, _)| natural(one, other));
            put(Event::mapping_start(None, None, true, MappingStyle::Block))?;
            for (name, value) in fields {
                put(scalar(name, style(name)))?;
                emit(value, put)?;
            }
            put(Event::mapping_end())
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Event {
    Event::scalar(None, None, text, true, true, style)
}

/// How Go wishes a text to be written (`goyaml.v2`, `encoder.stringv`); the emitter falls back where that cannot be.
fn style(text: &str) -> ScalarStyle {
    if text.contains(['\u{85}', '\u{2028}', '\u{2029}']) {
        // Line breaks that only double quotes keep as they are (YAML 1.1 §5.4).
        ScalarStyle::DoubleQuoted
    } else if text.contains('\n') {
        ScalarStyle::Literal
    } else if is_text(text) {
        ScalarStyle::Plain
    } else {
        ScalarStyle::DoubleQuoted
    }
}

/// Whether a plain scalar would be read as text, and by nobody as a number to the base of sixty (`goyaml.v2`, `resolve` and
/// `isBase60Float`).
fn is_text(text: &str) -> bool {
    match text.bytes().next() {
        None => false,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => {
            !WORDS.contains(&text)
        }
        Some(b'.') => !WORDS.contains(&text) && !is_float(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let digits = text.replace('_', "");
            let number = is_integer(&digits) || is_styled_float(&digits);
            !(WORDS.contains(&text) || is_timestamp(text) || number || is_base_60(text))
        }
        Some(_) => true,
    }
}

/// Words that mean something else than themselves.
const WORDS: [&str; 39] = [
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", "n", "N", "no", "No", "NO",
    "false", "False", "FALSE", "off", "Off", "OFF", "~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN",
    ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "",
];

/// What `strconv.ParseInt` takes with the base in its prefix.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = digits.to_ascii_lowercase();
    let radix = [("0x", 16), ("0o", 8), ("0b", 2), ("0", 8)];
    let (digits, radix) = radix
        .iter()
        .find_map(|(prefix, radix)| Some((lower.strip_prefix(prefix)?, *radix)))
        .filter(|(digits, _)| !digits.is_empty())
        .unwrap_or((lower.as_str(), 10));
    !digits.is_empty()
        && digits.chars().all(|c| c.is_digit(radix))
        && u64::from_str_radix(digits, radix).is_ok()
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_styled_float(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) =
        number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let number = digits(whole)
        && fraction.is_none_or(digits)
        && (!whole.is_empty() || fraction.is_some_and(|fraction| !fraction.is_empty()));
    let exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    // What is beyond all numbers is refused by `strconv.ParseFloat`.
    number && exponent && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// What `strconv.ParseFloat` takes of what begins with a dot.
fn is_float(text: &str) -> bool {
    is_styled_float(text)
}

/// `[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?`
fn is_base_60(text: &str) -> bool {
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some((first, rest)) = text.split_once(':') else { return false };
    let (rest, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let inside = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let sixtieth = |part: &str| matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    first.starts_with(|c: char| c.is_ascii_digit())
        && inside(first)
        && rest.split(':').all(sixtieth)
        && inside(fraction)
}

/// A day, or a day and a time, in the four forms that Go tries (`goyaml.v2`, `parseTimestamp`).
fn is_timestamp(text: &str) -> bool {
    let number =
        |text: &str, digits: std::ops::RangeInclusive<usize>, range: std::ops::RangeInclusive<u32>| {
            digits.contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_digit())
                && text.parse().is_ok_and(|number| range.contains(&number))
        };
    let day = |text: &str| {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next(), parts.next(), parts.next());
        let is = |part: Option<&str>, digits, range| part.is_some_and(|part| number(part, digits, range));
        is(year, 4..=4, 0..=9999) && is(month, 1..=2, 1..=12) && is(day, 1..=2, 1..=31)
    };
    let clock = |text: &str| {
        let (text, fraction) = text.split_once('.').map_or((text, None), |(text, rest)| (text, Some(rest)));
        let mut parts = text.splitn(3, ':');
        let (hour, minute, second) = (parts.next(), parts.next(), parts.next());
        let is = |part: Option<&str>, range| part.is_some_and(|part| number(part, 1..=2, range));
        let fraction = fraction.is_none_or(|fraction| {
            !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
        });
        is(hour, 0..=23) && is(minute, 0..=59) && is(second, 0..=59) && fraction
    };
    let zone = |text: &str| {
        let parts = text.strip_prefix(['+', '-']).and_then(|zone| zone.split_once(':'));
        parts.is_some_and(|(hours, minutes)| number(hours, 2..=2, 0..=24) && number(minutes, 2..=2, 0..=60))
    };
    match text.split_once(['T', 't', ' ']) {
        None => day(text),
        Some((date, time)) if text.contains(' ') => day(date) && clock(time),
        Some((date, time)) => {
            let zoned = time.rfind(['+', '-']).and_then(|at| time.split_at_checked(at));
            day(date)
                && match (time.strip_suffix('Z'), zoned) {
                    (Some(time), _) => clock(time),
                    (None, Some((time, at))) => clock(time) && zone(at),
                    (None, None) => false,
                }
        }
    }
}

/// The order of fields: that of Go (`goyaml.v2`, `keyList.Less`), where numbers in names go by their size and letters come
/// after everything else. Go's own is none for names such as `2a`, `20` and `3`, each of which comes before the next in a
/// circle; here a number is one sign.
fn natural(one: &str, other: &str) -> Ordering {
    signs(one).cmp(signs(other))
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Mark(char),
    Number(u128, usize),
    Letter(char),
}

fn signs(text: &str) -> impl Iterator<Item = Sign> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Some((number, after)) = rest.split_at_checked(digits).filter(|_| digits > 0) {
            rest = after;
            return Some(Sign::Number(number.parse().unwrap_or(u128::MAX), digits));
        }
        let mut characters = rest.chars();
        let first = characters.next()?;
        rest = characters.as_str();
        Some(if first.is_alphabetic() { Sign::Letter(first) } else { Sign::Mark(first) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn yaml_is_gos() {
        let value = json!({
            "apiVersion": "v1", "empty": {}, "none": [], "null": null, "count": 86400,
            "list": ["True", "123", "2026-11-22T05:13:14Z", "12:30", "1e5", "plain: no", "a b", "", "ü"],
            "text": "two\nlines\n", "more": "no end\nof line", "deep": [{"b": 1, "a": ["x"]}],
            "m": {"a2": 1, "a10": 2, "a-b": 3, "ab": 4, "yes": 5},
        });
        assert_eq!(
            Notation::Yaml.write(&value).unwrap(),
            "apiVersion: v1
count: 86400
deep:
- a:
  - x
  b: 1
empty: {}
list:
- \"True\"
- \"123\"
- \"2026-11-22T05:13:14Z\"
- \"12:30\"
- \"1e5\"
- 'plain: no'
- a b
- \"\"
- ü
m:
  a-b: 3
  a2: 1
  a10: 2
  ab: 4
  \"yes\": 5
more: |-
  no end
  of line
none: []
\"null\": null
text: |
  two
  lines
"
        );
    }

    #[test]
    fn every_kind_of_line_break_is_kept() {
        for text in ["\u{2028}", "a\u{85}b", "a\nb\u{2029}", "a\r\nb"] {
            let written = Notation::Yaml.write(&json!({ "a": [text] })).unwrap();
            assert_eq!(Notation::Yaml.read(&written).unwrap(), json!({ "a": [text] }), "{written}");
        }
    }

    #[test]
    fn json_is_gos() {
        let value = json!({"b": ["<&>"], "a": {}, "c": []});
        let text =
            "{\n    \"a\": {},\n    \"b\": [\n        \"\\u003c\\u0026\\u003e\"\n    ],\n    \"c\": []\n}\n";
        assert_eq!(Notation::Json.write(&value).unwrap(), text);
    }

    #[test]
    fn what_is_text_and_what_is_not() {
        for (text, expected) in [
            ("abc", true),
            ("0", false),
            ("089", false),
            ("0o17", false),
            ("0x", true),
            ("0xfg", true),
            ("1_000", false),
            ("-", true),
            ("+1", false),
            ("1.5.2", true),
            (".5", false),
            (".", true),
            ("..", true),
            ("1e", true),
            ("1e400", true),
            ("99999999999999999999", false),
            ("2026-11-22", false),
            ("2026-1-2 3:4:5", false),
            ("2026-11-22T05:13:14+01:00", false),
            ("2026-11-22T05:13:14", true),
            ("2026-13-01", true),
            ("1:60", true),
            ("1:2:3.5", false),
            ("node-csr-x", true),
            ("no", false),
            ("NO", false),
            ("nO", true),
            ("<<", true),
        ] {
            assert_eq!(is_text(text), expected, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[-+0-9.:eTZxyYnNo_ ]{0,12}".prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            "[ -~\\n\\t]{0,30}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,10}", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(value in values()) {
            for notation in [Notation::Yaml, Notation::Json] {
                let text = notation.write(&value).unwrap();
                prop_assert_eq!(&notation.read(&text).unwrap(), &value, "{}", text);
            }
        }

        #[test]
        fn the_order_of_fields_is_one(mut names in prop::collection::vec("[a-c0-2./-]{0,6}", 0..8)) {
            names.sort_by(|one, other| natural(one, other));
            let mut again = names.clone();
            again.reverse();
            again.sort_by(|one, other| natural(one, other));
            prop_assert_eq!(names, again);
        }
    }
}
