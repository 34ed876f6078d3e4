//! Colours and columns. Colours are always written; the writer drops them where they do not belong.

use std::borrow::Cow;
use std::io;

use anstyle::{AnsiColor, Style};

/// What is made.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What is changed.
pub const CHANGED: Style = AnsiColor::Yellow.on_default();
/// What is wrong, or waits for somebody.
pub const BAD: Style = AnsiColor::Red.on_default();
/// What may be passed over.
pub const FAINT: Style = Style::new().dimmed();
/// What heads a section.
pub const HEAD: Style = Style::new().bold();

/// Writes text beside what stands already on the line, `indent` columns from the left, and wraps it there.
///
/// # Errors
/// When the writer fails.
pub fn beside(
    out: &mut dyn io::Write,
    text: &str,
    indent: usize,
    width: usize,
    style: Style,
) -> io::Result<()> {
    // A terminal that is too narrow for the columns wraps by itself.
    let room = width.saturating_sub(indent).max(24);
    let words = textwrap::Options::new(room).word_splitter(textwrap::WordSplitter::NoHyphenation);
    for (index, line) in textwrap::wrap(text, words).iter().enumerate() {
        if index > 0 {
            write!(out, "{:indent$}", "")?;
        }
        writeln!(out, "{style}{line}{style:#}")?;
    }
    Ok(())
}

/// A text with what could disguise it made visible: control characters, and those that turn the direction of writing or
/// are not seen at all (Unicode, "Bidirectional Algorithm" and "General Punctuation"). Names of files and subjects are
/// whatever somebody wanted them to be.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_disguise) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_disguise(character) {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    Cow::Owned(plain)
}

/// The same, cut where it is longer than `most` characters: a name in a certificate may have megabytes.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most).map(|(index, _)| index);
    match end.and_then(|end| text.get(..end)) {
        Some(begin) => format!("{}…", plain(begin)),
        None => plain(text).into_owned(),
    }
}

fn is_disguise(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_are_seen() {
        for (text, expected) in [
            ("pki/ca.crt", "pki/ca.crt"),
            ("größe", "größe"),
            ("a\nb\u{1b}[31m", "a\\nb\\u{1b}[31m"),
            ("admin\u{202e}gro.", "admin\\u{202e}gro."),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        for (text, most, expected) in [("äöü", 3, "äöü"), ("äöü", 2, "äö…"), ("", 0, ""), ("\n\n", 1, "\\n…")]
        {
            assert_eq!(short(text, most), expected);
        }
    }
}
