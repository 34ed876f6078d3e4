//! Talk: what goes to standard error, and what is asked of the user.

use std::io::{self, BufRead, IsTerminal, Write};

use anstyle::Style;
use clap::ValueEnum;

use crate::report::style::{BAD, CHANGED, FAINT};
use crate::spec::Problem;

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where they can be seen.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Makes it hold for both streams.
    pub fn apply(self) {
        match self {
            Self::Auto => {}
            Self::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
            Self::Never => anstream::ColorChoice::Never.write_global(),
        }
    }
}

/// The width of tables: what `COLUMNS` says, else the terminal's, else one that suits a log.
#[must_use]
pub fn width() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(seen).unwrap_or(120).max(40)
}

/// States why the run failed.
pub fn error(text: &str) {
    say("error", BAD, text);
}

/// Says what the user should know.
pub fn warning(text: &str) {
    say("warning", CHANGED, text);
}

/// Says what happened on the way.
pub fn note(text: &str) {
    say("note", FAINT, text);
}

/// Says something as other programs say it.
pub fn say_plainly(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Says what to do.
pub fn hint(text: &str) {
    say("hint", FAINT, text);
}

/// Tells everything that is wrong with a file.
pub fn problems(file: &str, problems: &[Problem]) {
    for problem in problems {
        let separator = if problem.position.is_some() { ":" } else { ": " };
        let text = format!("{file}{separator}{problem}");
        if problem.fatal {
            error(&text);
        } else {
            warning(&text);
        }
        if let Some(text) = &problem.hint {
            hint(text);
        }
    }
}

/// Asks a question that `y` answers; `None` when nobody can be asked.
#[must_use]
pub fn confirm(question: &str) -> Option<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return None;
    }
    let mut stderr = anstream::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush()).ok()?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// One line of talk. When standard error is closed there is nobody to tell.
fn say(word: &str, style: Style, text: &str) {
    let _ = writeln!(anstream::stderr(), "{style}{word}:{style:#} {text}");
}
