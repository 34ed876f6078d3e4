//! `kubepki csr describe`.

use clap::Args;

use super::office::OfficeArgs;
use crate::cli::{Exit, Outside};
use crate::csr::Refusal;
use crate::csr::request::Wanted;
use crate::error::Error;
use crate::report::csr;
use crate::store::{Store, StoreError};

/// Describe requests as `kubectl describe csr` does
#[derive(Debug, Args)]
pub struct Describe {
    /// The requests.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
}

impl Describe {
    /// Describes them, two empty lines between each.
    ///
    /// # Errors
    /// When there is none of a name, or its request does not parse.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let store = office.store(outside.clock);
        for (index, name) in self.names.iter().enumerate() {
            let stored = store.get(name)?.ok_or_else(|| StoreError::Refused(Refusal::not_found(name)))?;
            let wanted = Wanted::unverified(&stored.object.spec.request.0).map_err(|error| {
                let message = format!("{name:?}: the request does not parse: {error}");
                let hint = format!("`kubepki csr list {name} -o yaml` shows the object");
                Error::Usage { message, hint }
            })?;
            if index > 0 {
                write!(outside.out, "\n\n")?;
            }
            csr::describe(&stored.object, &wanted, outside.out)?;
        }
        Ok(Exit::Done)
    }
}
