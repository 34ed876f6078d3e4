//! `kubepki cfssl`: cfssl's commands, its flags with one dash, and its JSON, for scripts that call it.

pub mod gencert;
pub mod genkey;
pub mod input;
pub mod json;
pub mod sign;
pub mod signer;

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::{Exit, Outside};
use crate::error::Error;

/// cfssl's commands and JSON: write `kubepki cfssl` for cfssl and `kubepki cfssl json` for cfssljson
#[derive(Debug, Args)]
pub struct Cfssl {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Genkey(genkey::Genkey),
    Gencert(gencert::Gencert),
    Sign(sign::Sign),
    Json(json::Json),
}

impl Cfssl {
    /// Runs what was asked for.
    ///
    /// # Errors
    /// When it fails; then nothing is printed.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        match self.verb {
            Verb::Genkey(verb) => verb.run(outside),
            Verb::Gencert(verb) => verb.run(outside),
            Verb::Sign(verb) => verb.run(outside),
            Verb::Json(verb) => verb.run(outside),
        }
    }
}

/// Flags of Go's kind have one dash or two (package flag): those after `cfssl` get the second.
#[must_use]
pub fn with_two_dashes(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    // Only where it is the verb: nothing but flags and the value of --color stands before it.
    let verb = match arguments.get(1).and_then(|first| first.to_str()) {
        Some("--color") => 3,
        Some(first) if first.starts_with("--color=") => 2,
        _ => 1,
    };
    if arguments.get(verb).is_none_or(|verb| verb != "cfssl") {
        return arguments;
    }
    for argument in arguments.iter_mut().skip(verb + 1) {
        let Some(text) = argument.to_str() else { continue };
        let mut letters = text.chars();
        let one_dash = letters.next() == Some('-')
            && letters.next().is_some_and(|letter| letter.is_ascii_lowercase())
            && letters.next().is_some();
        if one_dash {
            *argument = OsString::from(format!("-{text}"));
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cfssls_flags_are_gos() {
        let line = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (typed, meant) in [
            ("kubepki cfssl gencert -initca -", "kubepki cfssl gencert --initca -"),
            ("kubepki cfssl sign -ca=a --config b -h", "kubepki cfssl sign --ca=a --config b -h"),
            ("kubepki --color never cfssl json -bare x", "kubepki --color never cfssl json --bare x"),
            ("kubepki inspect cfssl -ojson", "kubepki inspect cfssl -ojson"),
        ] {
            assert_eq!(with_two_dashes(line(typed)), line(meant));
        }
    }
}
