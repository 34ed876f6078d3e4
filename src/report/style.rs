//! Colours and columns. Colours are always written; the writer drops them where they do not belong.

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
