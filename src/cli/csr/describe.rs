//! `kubepki csr describe`.

use clap::Args;

use super::office::{Office, OfficeArgs};
use crate::cli::{Exit, Outside, terminal};
use crate::csr::Refusal;
use crate::csr::request::Wanted;
use crate::error::Error;
use crate::report::csr;
use crate::store::{Store, StoreError, Stored};

/// Describe requests as `kubectl describe csr` does
#[derive(Debug, Args)]
pub struct Describe {
    /// The requests; without a name, all of them.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

impl Describe {
    /// Describes them, two empty lines between each.
    ///
    /// # Errors
    /// When there is none of a name, or its request does not parse.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let store = office.store(outside.clock)?;
        let found: Vec<Stored> = if self.names.is_empty() {
            Office::listing(&store)?.objects
        } else {
            let get =
                |name: &String| store.get(name)?.ok_or_else(|| StoreError::Refused(Refusal::not_found(name)));
            self.names.iter().map(get).collect::<Result<_, _>>()?
        };
        if found.is_empty() {
            terminal::say_plainly("No resources found");
        }
        for (index, stored) in found.iter().enumerate() {
            let name = stored.name();
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
