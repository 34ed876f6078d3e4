//! PEM (RFC 7468): read as tolerantly as Go reads it, written as Go writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
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
    let begun = text.windows(BEGIN.len()).filter(|window| *window == BEGIN).count();
    if parsed.len() < begun {
        return Err(Error::Pem("a BEGIN line has no END line"));
    }
    Ok(parsed
        .into_iter()
        .map(|block| Block {
            label: block.tag().to_owned(),
            encrypted: block.headers().get("Proc-Type").is_some_and(|kind| kind.contains("ENCRYPTED")),
            headers: block.headers().iter().next().is_some(),
            contents: Zeroizing::new(block.into_contents()),
        })
        .collect())
}

/// The first block that is well formed, as Go's `encoding/pem.Decode` finds it: a block begins at the start of a line; what
/// is malformed is passed over, and the search goes on behind it.
#[must_use]
pub fn first_block(text: &[u8]) -> Option<Block> {
    next_block(text).map(|(block, _)| block)
}

/// The same, and what follows the block.
#[must_use]
pub fn next_block(text: &[u8]) -> Option<(Block, &[u8])> {
    let mut rest = text;
    loop {
        rest = behind_begin(rest)?;
        let (line, after) = line(rest);
        // A label ends its line, but for blanks.
        let Some(label) = line.trim_ascii_end().strip_suffix(DASHES) else { continue };
        let mut body = after;
        let mut headers = false;
        while let Some(after) = header(body) {
            (headers, body) = (true, after);
        }
        let Some((base64, end)) = split_at_end(body) else { continue };
        let (trailer, behind) = self::line(end);
        let closes = trailer.strip_prefix(label).and_then(|rest| rest.strip_prefix(DASHES));
        if !closes.is_some_and(|rest| rest.trim_ascii().is_empty()) {
            continue;
        }
        let digits: Zeroizing<Vec<u8>> =
            Zeroizing::new(base64.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        if let Ok(contents) = STANDARD.decode(&*digits) {
            let block = Block {
                label: String::from_utf8_lossy(label).into_owned(),
                encrypted: false,
                headers,
                contents: Zeroizing::new(contents),
            };
            return Some((block, behind));
        }
    }
}

const DASHES: &[u8] = b"-----";
const END: &[u8] = b"-----END ";

/// What follows `-----BEGIN ` at the start of a line.
fn behind_begin(text: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        let found = text.get(at..)?.windows(BEGIN.len()).position(|window| window == BEGIN)? + at;
        if found == 0 || text.get(found - 1) == Some(&b'\n') {
            return text.get(found + BEGIN.len()..);
        }
        at = found + 1;
    }
}

/// The first line without its end, and what follows it.
fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        None => (text, &[]),
        Some(end) => {
            let line = text.get(..end).unwrap_or_default();
            (line.strip_suffix(b"\r").unwrap_or(line), text.get(end + 1..).unwrap_or_default())
        }
    }
}

/// What follows a line with a header; `None` when the line is none.
fn header(text: &[u8]) -> Option<&[u8]> {
    let (line, after) = line(text);
    line.contains(&b':').then_some(after)
}

/// What stands before the line that ends a block, and what follows `-----END `.
fn split_at_end(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let found = text.get(at..)?.windows(END.len()).position(|window| window == END)? + at;
        if found == 0 || text.get(found - 1) == Some(&b'\n') {
            return Some((text.get(..found)?, text.get(found + END.len()..)?));
        }
        at = found + 1;
    }
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
        ] {
            let found = first_block(text.as_bytes()).map(|block| block.label);
            assert_eq!(found.as_deref(), expected, "{text:?}");
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
