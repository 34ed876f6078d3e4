//! The ledger of who signs by hand.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::disk::DiskError;
use crate::error::Error;
use crate::store::ledger::Ledger;

/// Where the ledger is.
#[derive(Clone, Debug, Default, Args)]
pub struct LedgerArgs {
    /// The ledger of everything that was signed, if it is another than `.kubepki/ledger` beside the CAs.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

impl LedgerArgs {
    /// Opens it; the CA is in this directory.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(&self, directory: &Path) -> Result<Ledger, Error> {
        if let Some(path) = &self.ledger {
            return Ok(Ledger::open(path)?);
        }
        let here = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        // `cd pki` does not move the ledger.
        let here = std::path::absolute(here).map_err(DiskError::at(directory, "cannot be found"))?;
        let path = Ledger::place(&here);
        Ok(Ledger::open(&path)?)
    }
}
