//! How a PEM file is written: what strict readers stumble over, although the blocks are whole.

/// What a PEM file has beside its blocks (RFC 7468 §2 and §3; kubepki itself writes none of it).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct TextForm {
    /// A byte order mark at its beginning.
    pub byte_order_mark: bool,
    /// Lines that end in CR LF.
    pub carriage_returns: bool,
    /// Text before, between or after the blocks.
    pub outside: bool,
    /// No line end after the last line.
    pub unended: bool,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl TextForm {
    /// The form of a file's bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let rest = bytes.strip_prefix(BYTE_ORDER_MARK);
        let byte_order_mark = rest.is_some();
        let text = rest.unwrap_or(bytes);
        let (mut inside, mut outside, mut carriage_returns) = (false, false, false);
        for line in text.split(|byte| *byte == b'\n') {
            carriage_returns |= line.ends_with(b"\r");
            let line = line.trim_ascii();
            if line.starts_with(b"-----BEGIN ") {
                inside = true;
            } else if line.starts_with(b"-----END ") {
                inside = false;
            } else {
                outside |= !inside && !line.is_empty();
            }
        }
        Self { byte_order_mark, carriage_returns, outside, unended: !text.ends_with(b"\n") }
    }

    /// What is unusual, in words that follow "has".
    pub fn oddities(self) -> impl Iterator<Item = &'static str> {
        [
            (self.byte_order_mark, "a byte order mark"),
            (self.carriage_returns, "lines that end in CR LF"),
            (self.outside, "text outside its blocks"),
            (self.unended, "no line end after the last line"),
        ]
        .into_iter()
        .filter(|(there, _)| *there)
        .map(|(_, words)| words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_oddity_is_seen_and_nothing_else() {
        let plain = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let form = |text: &str| TextForm::of(text.as_bytes()).oddities().collect::<Vec<_>>();
        assert!(form(plain).is_empty() && form(&format!("\n{plain}\n{plain}")).is_empty());
        assert_eq!(form(&format!("\u{feff}{plain}")), ["a byte order mark"]);
        assert_eq!(form(&plain.replace('\n', "\r\n")), ["lines that end in CR LF"]);
        assert_eq!(form(&format!("subject=CN = ca\n{plain}")), ["text outside its blocks"]);
        assert_eq!(form(&format!("{plain}# the end\n")), ["text outside its blocks"]);
        assert_eq!(form(plain.trim_end()), ["no line end after the last line"]);
    }
}
