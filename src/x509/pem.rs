//! PEM (RFC 7468): read as tolerantly as Go reads it, written as Go writes it.

use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use zeroize::Zeroizing;

use super::Error;

/// One block of a PEM file. The contents may be a private key, so they are wiped.
pub struct Block {
    /// The label between `-----BEGIN ` and `-----`.
    pub label: String,
    /// Whether a `Proc-Type: 4,ENCRYPTED` header says that the contents are encrypted (RFC 1421).
    pub encrypted: bool,
    /// Whether the block has headers at all: Go skips such certificates.
    pub headers: bool,
    /// The line of its BEGIN, counted from one.
    pub line: usize,
    /// The decoded contents.
    pub contents: Zeroizing<Vec<u8>>,
}

/// Every block of a file, whatever text stands around them.
///
/// # Errors
/// When a block is cut off, its labels differ, or its base64 does not decode. One bad block fails the file, as in
/// client-go's loader. The offending text is not quoted: it may be part of a key.
pub fn blocks(text: &[u8]) -> Result<Vec<Block>, Error> {
    let parsed = ::pem::parse_many(text).map_err(|error| {
        Error::Pem(match error {
            ::pem::PemError::MismatchedTags(..) => "a BEGIN line and its END line differ",
            ::pem::PemError::InvalidData(_) => "a block's base64 does not decode",
            ::pem::PemError::InvalidHeader(_) => "a block's header does not parse",
            ::pem::PemError::NotUtf8(_) => "a block is not text",
            ::pem::PemError::MissingEndTag => "a BEGIN line has no END line",
            _ => "a block is malformed",
        })
    })?;
    let begun = begins(text);
    if parsed.len() < begun.len() {
        return Err(Error::Pem("a BEGIN line has no END line"));
    }
    Ok(parsed
        .into_iter()
        .enumerate()
        .map(|(index, block)| Block {
            line: begun.get(index).copied().unwrap_or(1),
            label: block.tag().to_owned(),
            encrypted: block.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED")),
            headers: block.headers().iter().next().is_some(),
            contents: Zeroizing::new(block.into_contents()),
        })
        .collect())
}

/// The first block that is well formed, as Go's `encoding/pem.Decode` finds it.
#[must_use]
pub fn first_block(text: &[u8]) -> Option<Block> {
    next_block(text).map(|(block, _)| block)
}

/// The same, and what follows the block.
///
/// As Go does since 1.25.2: the first line that ends a block is looked for, then the last line before it that begins one.
/// What is malformed is passed over, and the search goes on behind its end, so that the time is linear in the text
/// (CVE-2025-61723).
#[must_use]
pub fn next_block(text: &[u8]) -> Option<(Block, &[u8])> {
    let mut rest = text;
    loop {
        let end = find(rest, END)?;
        let trailer = rest.get(end + END.len()..)?;
        if let Some(opening) = Opening::last(rest.get(..=end)?) {
            // Go reads the END line as a header here, and everything behind it: it gives up.
            if opening.body.is_empty() && line(trailer).0.contains(&b':') {
                return None;
            }
            let before = text.get(..text.len() - rest.len() + opening.at).unwrap_or_default();
            if let Some(block) = opening.close(trailer, before) {
                return Some((block, line(trailer).1));
            }
        }
        rest = trailer;
    }
}

/// What begins a block.
struct Opening<'a> {
    /// Where it begins.
    at: usize,
    label: &'a [u8],
    headers: bool,
    /// The lines behind the headers.
    body: &'a [u8],
}

impl<'a> Opening<'a> {
    /// The last one in `text`, which goes up to the line break before `-----END `.
    fn last(text: &'a [u8]) -> Option<Self> {
        let begin = text.windows(BEGIN.len()).rposition(|window| window == BEGIN)?;
        if begin > 0 && text.get(begin - 1) != Some(&b'\n') {
            return None;
        }
        let (label, mut body) = line(text.get(begin + BEGIN.len()..)?);
        // A label ends its line, but for blanks.
        let label = label.strip_suffix(DASHES)?;
        let mut headers = false;
        while let (first, after) = line(body)
            && first.contains(&b':')
        {
            (headers, body) = (true, after);
        }
        Some(Self { at: begin, label, headers, body })
    }

    /// The block that ends with `trailer`, what follows `-----END `: its label must be the same. `before` is the text before
    /// it.
    fn close(self, trailer: &[u8], before: &[u8]) -> Option<Block> {
        let Self { label, headers, body, .. } = self;
        // The last header has taken the line break that an END line needs before it.
        if headers && body.is_empty() {
            return None;
        }
        let closed = trailer.strip_prefix(label)?.strip_prefix(DASHES)?;
        if !line(closed).0.is_empty() {
            return None;
        }
        let digits = body.iter().copied().filter(|byte| !b" \t\r\n".contains(byte));
        let digits: Zeroizing<Vec<u8>> = Zeroizing::new(digits.collect());
        let contents = Zeroizing::new(GO_BASE64.decode(&*digits).ok()?);
        let label = String::from_utf8_lossy(label).into_owned();
        let line = before.split(|byte| *byte == b'\n').count();
        Some(Block { label, encrypted: false, headers, line, contents })
    }
}

const DASHES: &[u8] = b"-----";
const END: &[u8] = b"\n-----END ";

/// Go's `base64.StdEncoding`: padding must be there, and the bits that it leaves over may be anything.
const GO_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Where some bytes first stand.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// The first line without its end and the blanks before that, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut line, after) = match text.iter().position(|byte| *byte == b'\n') {
        None => (text, &[][..]),
        Some(end) => {
            let line = text.get(..end).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), text.get(end + 1..).unwrap_or_default())
        }
    };
    while let Some(shorter) = line.strip_suffix(b" ").or_else(|| line.strip_suffix(b"\t")) {
        line = shorter;
    }
    (line, after)
}

/// Whether the bytes look like PEM.
#[must_use]
pub fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// One block: 64 columns, LF, a final newline. The base64 runs in constant time.
///
/// # Errors
/// When the label is not one.
pub fn encode(label: &str, contents: &[u8]) -> Result<String, Error> {
    ::der::pem::encode_string(label, ::der::pem::LineEnding::LF, contents)
        .map_err(|_| Error::Primitive("writing PEM"))
}

/// The line of every BEGIN, counted from one.
fn begins(text: &[u8]) -> Vec<usize> {
    let mut line = 1;
    let mut found = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\n' => line += 1,
            b'-' if text.get(at..).is_some_and(|rest| rest.starts_with(BEGIN)) => found.push(line),
            _ => {}
        }
    }
    found
}

const BEGIN: &[u8] = b"-----BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_around_blocks_is_ignored() {
        let mut file = b"subject=CN = kubernetes\n\n".to_vec();
        for contents in [&b"one"[..], b"two"] {
            file.extend(encode("CERTIFICATE", contents).unwrap().bytes());
            file.extend(b"# a comment\n");
        }
        let blocks = blocks(&file).unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!(*blocks[1].contents, b"two");
        assert_eq!(blocks[0].label, "CERTIFICATE");
        assert_eq!([blocks[0].line, blocks[1].line], [3, 7]);
    }

    /// Seen of Go's decoder.
    #[test]
    fn the_first_block_is_gos() {
        let good = "-----BEGIN A-----\nYWJj\n-----END A-----\n";
        for (text, expected) in [
            (good.to_owned(), Some("A")),
            (format!("text before\n{good}text after"), Some("A")),
            (good.replace('\n', "\r\n"), Some("A")),
            (good.trim_end().to_owned(), Some("A")),
            (good.replace("YWJj\n", "Header: x\n\nYWJj\n"), Some("A")),
            (format!("-----BEGIN B-----\n!!!\n-----END B-----\n{good}"), Some("A")),
            (format!("-----BEGIN B-----\nYWJj\n-----END B-----\n{good}"), Some("B")),
            (format!("-----BEGIN B-----\nYWJj\n-----END C-----\n{good}"), Some("A")),
            (format!(" {good}"), None),
            (format!("text {good}"), None),
            (String::new(), None),
            ("-----BEGIN A-----\nYWJj\n".to_owned(), None),
            (format!("-----BEGIN B-----\n{good}"), Some("A")),
            (format!("-----END B-----\n{good}"), Some("A")),
            ("-----BEGIN A-----\n-----END A-----\n".to_owned(), Some("A")),
            ("-----BEGIN A-----\nHeader: x\n-----END A-----\n".to_owned(), None),
            ("-----BEGIN A:B-----\n-----END A:B-----\n".to_owned(), None),
            (good.replace("YWJj", "YW Jj\t"), Some("A")),
            (good.replace("YWJj", "YWJ\x0cj"), None),
            (good.replace("YWJj", "YWI"), None),
            (good.replace("YWJj", "YWJ="), Some("A")),
            (good.replace("END A-----", "END A----- \t"), Some("A")),
            (good.replace("END A-----", "END A----- x"), None),
            (good.replace("BEGIN A-----", "BEGIN A----- \t"), Some("A")),
        ] {
            let found = first_block(text.as_bytes()).map(|block| block.label);
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    /// A megabyte takes some milliseconds; looking for the end from every beginning would take minutes.
    #[test]
    fn many_beginnings_and_ends_are_passed_over_in_one_go() {
        for line in
            ["-----BEGIN A-----\n", "\n-----END A-----\n", "-----BEGIN A-----\nx: y\n-----END B-----\n"]
        {
            assert!(first_block(line.repeat((1 << 20) / line.len()).as_bytes()).is_none());
        }
    }

    #[test]
    fn lines_have_64_columns() {
        let text = encode("CERTIFICATE", &[0xab; 100]).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1].len(), 64);
        assert!(text.ends_with("-----END CERTIFICATE-----\n"));
    }

    #[test]
    fn a_cut_off_file_is_an_error_and_not_an_empty_one() {
        let text = encode("CERTIFICATE", &[0xab; 100]).unwrap();
        for end in [40, text.len() - 30, text.len() - 10] {
            assert!(blocks(&text.as_bytes()[..end]).is_err(), "cut at {end}");
        }
        assert!(blocks(b"").unwrap().is_empty());
    }
}
