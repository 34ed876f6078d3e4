//! What became of a node's archive.

use std::io;
use std::path::Path;

use serde::Serialize;

use super::style::{CHANGED, FAINT, GOOD, plain};
use super::{API_VERSION, Table};

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// Nothing was there.
    Created,
    /// Something else was there.
    Replaced,
    /// The same was there, and others could do more with it.
    Tightened,
    /// The same was there.
    Kept,
}

/// The files of an archive.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unpacked {
    api_version: &'static str,
    kind: &'static str,
    node: String,
    directory: String,
    files: Vec<Unpacking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<String>,
}

#[derive(Debug, Serialize)]
struct Unpacking {
    path: String,
    fate: Fate,
}

impl Unpacked {
    /// The report of the files of a node below a directory.
    #[must_use]
    pub fn new(node: &str, directory: &Path, fates: &[(String, Fate)]) -> Self {
        let file = |(path, fate): &(String, Fate)| Unpacking { path: path.clone(), fate: *fate };
        Self {
            api_version: API_VERSION,
            kind: "Unpacked",
            node: node.to_owned(),
            directory: directory.display().to_string(),
            files: fates.iter().map(file).collect(),
            backup: None,
        }
    }

    /// Where what was replaced is kept.
    pub fn kept_in(&mut self, backup: Option<&Path>) {
        self.backup = backup.map(|path| path.display().to_string());
    }

    /// How many files are replaced.
    #[must_use]
    pub fn replaced(&self) -> usize {
        self.count(Fate::Replaced)
    }

    fn count(&self, fate: Fate) -> usize {
        self.files.iter().filter(|file| file.fate == fate).count()
    }
}

impl Table for Unpacked {
    fn table(&self, out: &mut dyn io::Write, _: usize) -> io::Result<()> {
        for file in &self.files {
            let (sign, style) = match file.fate {
                Fate::Created => ('+', GOOD),
                Fate::Replaced | Fate::Tightened => ('~', CHANGED),
                Fate::Kept => ('=', FAINT),
            };
            writeln!(out, "{style}{sign} {}{style:#}", plain(&file.path))?;
        }
        let counts = [
            (Fate::Created, "created"),
            (Fate::Replaced, "replaced"),
            (Fate::Tightened, "tightened"),
            (Fate::Kept, "kept"),
        ];
        let counts = counts.map(|(fate, word)| (self.count(fate), word));
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        writeln!(out, "{} in {}: {}", plain(&self.node), plain(&self.directory), counts.join(", "))?;
        if let Some(backup) = &self.backup {
            writeln!(out, "What was replaced is kept in {backup}")?;
        }
        Ok(())
    }
}
