//! `kubepki trust check`.

use std::path::PathBuf;

use clap::Args;

use super::text;
use crate::api::trust_file::bundles;
use crate::cli::{Exit, Format, Outside};
use crate::error::Error;
use crate::report::trust::TrustCheck;

/// Check bundles as an API server would: objects in YAML or JSON, or PEM files
///
/// Every fault is told with its line. Ends with 1 if there is one.
#[derive(Debug, Args)]
pub struct Check {
    /// The files.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// How to print what is wrong.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Check {
    /// Checks them.
    ///
    /// # Errors
    /// When a file cannot be read or holds no bundle.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut all = Vec::new();
        for path in &self.files {
            let name = path.display().to_string();
            let found = bundles(&text(path)?).map_err(|fault| Error::Refused {
                path: PathBuf::from(format!("{name}:{}", fault.line)),
                why: fault.words,
            })?;
            if found.is_empty() {
                let why = "there is no ClusterTrustBundle in it".to_owned();
                return Err(Error::Refused { path: path.clone(), why });
            }
            all.push((name, found));
        }
        let report = TrustCheck::new(&all);
        outside.print(&report, self.output)?;
        Ok(if report.is_clean() { Exit::Done } else { Exit::Attention })
    }
}
