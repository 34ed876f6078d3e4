//! DER, element by element, as Go's `encoding/asn1` takes it apart: with its tolerances and its words.

use std::fmt;

/// What Go says of bytes that it cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not DER.
    Syntax(&'static str),
    /// DER, but of something else.
    Structure(String),
    /// What is said of the content.
    Other(String),
}

impl Fault {
    /// A fault of the content.
    pub(super) fn other(text: impl Into<String>) -> Self {
        Self::Other(text.into())
    }

    fn structure(text: impl Into<String>) -> Self {
        Self::Structure(text.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(text) => write!(f, "asn1: syntax error: {text}"),
            Self::Structure(text) => write!(f, "asn1: structure error: {text}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

/// What is expected, by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    class: u8,
    tag: u32,
    compound: bool,
}

impl Kind {
    pub const BOOLEAN: Self = Self::universal(1);
    pub const INTEGER: Self = Self::universal(2);
    pub const BIT_STRING: Self = Self::universal(3);
    pub const OCTET_STRING: Self = Self::universal(4);
    pub const OBJECT_IDENTIFIER: Self = Self::universal(6);
    pub const SEQUENCE: Self = Self { class: 0, tag: 16, compound: true };
    pub const SET: Self = Self { class: 0, tag: 17, compound: true };
    /// `[0] IMPLICIT` of something with parts.
    pub const CONTEXT_0: Self = Self { class: 2, tag: 0, compound: true };

    const fn universal(tag: u32) -> Self {
        Self { class: 0, tag, compound: false }
    }
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    kind: Kind,
    /// Its content octets.
    pub content: &'a [u8],
    /// The same with tag and length.
    pub whole: &'a [u8],
}

impl Element<'_> {
    pub fn is(&self, kind: Kind) -> bool {
        self.kind == kind
    }

    /// The number of its tag, where that is universal and the element has no parts.
    pub fn primitive(&self) -> Option<u32> {
        (self.kind.class == 0 && !self.kind.compound).then_some(self.kind.tag)
    }
}

/// The elements of a structure, taken one by one. What is left over is passed over, as Go does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    pub fn is_finished(&self) -> bool {
        self.offset == self.bytes.len()
    }

    /// The next element, whatever it is.
    pub fn any(&mut self) -> Result<Element<'a>, Fault> {
        if self.is_finished() {
            return Err(Fault::Syntax("sequence truncated"));
        }
        let header = header(self.bytes, self.offset)?;
        self.take(&header).ok_or(Fault::Syntax("data truncated"))
    }

    /// The next element, which must be of a kind; `name` is that of Go's type.
    pub fn required(&mut self, kind: Kind, name: &str) -> Result<Element<'a>, Fault> {
        if self.is_finished() {
            return Err(Fault::Syntax("sequence truncated"));
        }
        let header = header(self.bytes, self.offset)?;
        if header.kind != kind {
            let Header { kind: Kind { class, tag, compound }, length, content } = header;
            return Err(Fault::structure(format!(
                "tags don't match ({} vs {{class:{class} tag:{tag} length:{length} isCompound:{compound}}}) \
                 {{optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> \
                 stringType:0 timeType:0 set:false omitEmpty:false}} {name} @{content}",
                kind.tag
            )));
        }
        self.take(&header).ok_or(Fault::Syntax("data truncated"))
    }

    /// The next element if it is of a kind.
    pub fn optional(&mut self, kind: Kind) -> Result<Option<Element<'a>>, Fault> {
        if self.is_finished() {
            return Ok(None);
        }
        let header = header(self.bytes, self.offset)?;
        if header.kind == kind {
            self.take(&header).map(Some).ok_or(Fault::Syntax("data truncated"))
        } else {
            Ok(None)
        }
    }

    /// Every element that is left; all of them must be of a kind if one is given.
    pub fn list(mut self, kind: Option<Kind>) -> Result<Vec<Element<'a>>, Fault> {
        let mut elements = Vec::new();
        while !self.is_finished() {
            let header = header(self.bytes, self.offset)?;
            if kind.is_some_and(|kind| kind != header.kind) {
                return Err(Fault::structure("sequence tag mismatch"));
            }
            elements.push(self.take(&header).ok_or(Fault::Syntax("truncated sequence"))?);
        }
        Ok(elements)
    }

    fn take(&mut self, header: &Header) -> Option<Element<'a>> {
        let end = header.content.checked_add(header.length)?;
        let content = self.bytes.get(header.content..end)?;
        let whole = self.bytes.get(self.offset..end)?;
        self.offset = end;
        Some(Element { kind: header.kind, content, whole })
    }
}

struct Header {
    kind: Kind,
    length: usize,
    /// Where the content begins.
    content: usize,
}

/// Tag and length (`parseTagAndLength`).
fn header(bytes: &[u8], offset: usize) -> Result<Header, Fault> {
    const CUT: Fault = Fault::Syntax("truncated tag or length");
    let mut at = offset;
    let mut next = || {
        let byte = bytes.get(at).copied();
        at += 1;
        byte
    };
    let first = next().ok_or(CUT)?;
    let mut tag = u32::from(first & 0x1f);
    if tag == 0x1f {
        tag = base128(&mut next)?;
        if tag < 0x1f {
            return Err(Fault::Syntax("non-minimal tag"));
        }
    }
    let kind = Kind { class: first >> 6, tag, compound: first & 0x20 != 0 };
    let short = next().ok_or(CUT)?;
    let mut length = usize::from(short & 0x7f);
    if short & 0x80 != 0 {
        if length == 0 {
            return Err(Fault::Syntax("indefinite length found (not DER)"));
        }
        let octets = length;
        length = 0;
        for _ in 0..octets {
            let octet = next().ok_or(CUT)?;
            if length >= 1 << 23 {
                return Err(Fault::structure("length too large"));
            }
            length = length << 8 | usize::from(octet);
            if length == 0 {
                return Err(Fault::structure("superfluous leading zeros in length"));
            }
        }
        if length < 0x80 {
            return Err(Fault::structure("non-minimal length"));
        }
    }
    Ok(Header { kind, length, content: at })
}

/// A number in groups of seven bits (`parseBase128Int`).
fn base128(next: &mut impl FnMut() -> Option<u8>) -> Result<u32, Fault> {
    let mut number: u64 = 0;
    for group in 0.. {
        // Five groups hold all that fits into 31 bits.
        if group == 5 {
            return Err(Fault::structure("base 128 integer too large"));
        }
        let Some(octet) = next() else { break };
        if group == 0 && octet == 0x80 {
            return Err(Fault::Syntax("integer is not minimally encoded"));
        }
        number = number << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            let small = u32::try_from(number).ok().filter(|number| *number <= 0x7fff_ffff);
            return small.ok_or_else(|| Fault::structure("base 128 integer too large"));
        }
    }
    Err(Fault::Syntax("truncated base 128 integer"))
}

/// Checks an INTEGER that goes into 64 bits (`parseInt64`).
pub(super) fn small_integer(content: &[u8]) -> Result<(), Fault> {
    if content.is_empty() {
        Err(Fault::structure("empty integer"))
    } else if !crate::x509::extension::is_shortest(content) {
        Err(Fault::structure("integer not minimally-encoded"))
    } else if content.len() > 8 {
        Err(Fault::structure("integer too large"))
    } else {
        Ok(())
    }
}

/// A BOOLEAN (`parseBool`).
pub(super) fn boolean(content: &[u8]) -> Result<bool, Fault> {
    match content {
        [0x00] => Ok(false),
        [0xff] => Ok(true),
        _ => Err(Fault::Syntax("invalid boolean")),
    }
}

/// The octets of a BIT STRING and how many bits of the last are none (`parseBitString`).
pub(super) fn bit_string(content: &[u8]) -> Result<(u8, &[u8]), Fault> {
    let Some((padding, octets)) = content.split_first() else {
        return Err(Fault::Syntax("zero length BIT STRING"));
    };
    let unused = octets
        .last()
        .map_or(*padding, |last| last & 1_u8.checked_shl((*padding).into()).unwrap_or(0).wrapping_sub(1));
    if *padding > 7 || unused != 0 {
        return Err(Fault::Syntax("invalid padding bits in BIT STRING"));
    }
    Ok((*padding, octets))
}

/// Checks an OBJECT IDENTIFIER (`parseObjectIdentifier`); its content octets stand for it.
pub(super) fn object_identifier(content: &[u8]) -> Result<&[u8], Fault> {
    if content.is_empty() {
        return Err(Fault::Syntax("zero length OBJECT IDENTIFIER"));
    }
    let mut octets = content.iter().copied().peekable();
    while octets.peek().is_some() {
        base128(&mut || octets.next())?;
    }
    Ok(content)
}

/// The text of a string by the number of its tag, held to the characters of its type; `None` for what is no string.
pub(super) fn string(tag: u32, content: &[u8]) -> Result<Option<String>, Fault> {
    let ascii = |allowed: fn(u8) -> bool, fault| {
        if content.iter().copied().all(allowed) {
            Ok(Some(String::from_utf8_lossy(content).into_owned()))
        } else {
            Err(Fault::Syntax(fault))
        }
    };
    match tag {
        // UTF8String
        12 => match std::str::from_utf8(content) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err(Fault::other("asn1: invalid UTF-8 string")),
        },
        18 => ascii(|byte| byte.is_ascii_digit() || byte == b' ', "NumericString contains invalid character"),
        // `*` and `&` are let pass.
        19 => ascii(
            |byte| byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte),
            "PrintableString contains invalid character",
        ),
        // T61String, read as Latin-1
        20 => Ok(Some(content.iter().map(|byte| char::from(*byte)).collect())),
        22 => ascii(|byte| byte.is_ascii(), "IA5String contains invalid character"),
        30 => bmp(content).map(Some).ok_or_else(|| Fault::other("invalid BMPString")),
        _ => Ok(None),
    }
}

/// A BMPString, without the zero that may end it (`parseBMPString`).
fn bmp(content: &[u8]) -> Option<String> {
    let units: Vec<u16> = content
        .chunks_exact(2)
        .map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
        .collect();
    let units = units.strip_suffix(&[0]).unwrap_or(&units);
    let is_none = |unit: &u16| matches!(unit, 0xfffe..=0xffff | 0xfdd0..=0xfdef | 0xd800..=0xdfff);
    if !content.len().is_multiple_of(2) || units.iter().any(is_none) {
        return None;
    }
    String::from_utf16(units).ok()
}
