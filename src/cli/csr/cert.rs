//! `kubepki csr cert`.

use clap::Args;

use super::office::OfficeArgs;
use crate::cli::{Exit, Outside};
use crate::csr::Refusal;
use crate::csr::object::{APPROVED, Object};
use crate::error::Error;
use crate::store::{Store, StoreError};

/// Print the certificate of a request
#[derive(Debug, Args)]
pub struct Cert {
    /// The request.
    #[arg(value_name = "NAME")]
    name: String,
}

impl Cert {
    /// Prints it; ends with 1 where there is none yet.
    ///
    /// # Errors
    /// When there is no such request.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let name = &self.name;
        let stored = office.store(outside.clock)?.get(name)?;
        let stored = stored.ok_or_else(|| StoreError::Refused(Refusal::not_found(name)))?;
        // A certificate without an approval is nobody's: clients of Kubernetes pass it over, too.
        if let Some(certificate) = stored.object.certificate().filter(|_| stored.object.has(APPROVED)) {
            outside.out.write_all(certificate)?;
            return Ok(Exit::Done);
        }
        let state = stored.object.state();
        crate::cli::terminal::error(&format!("{name:?} has no certificate: it is {state}"));
        crate::cli::terminal::hint(&format!("`kubepki csr explain {name}` says what it waits for"));
        Ok(Exit::Attention)
    }
}
