//! PEM (RFC 7468): read as tolerantly as Go reads it, written as Go writes it.

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
