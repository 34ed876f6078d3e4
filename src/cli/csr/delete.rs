//! `kubepki csr delete`.

use clap::Args;

use super::office::{AsArgs, OfficeArgs, allowed};
use crate::cli::{Exit, Outside};
use crate::csr::Refusal;
use crate::error::Error;
use crate::report::csr::RESOURCE;
use crate::store::{Store, StoreError, Write};

/// Delete requests, as `kubectl delete csr` does
#[derive(Debug, Args)]
pub struct Delete {
    /// The requests.
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,

    /// All of them.
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    user: AsArgs,
}

impl Delete {
    /// Deletes them. What was signed stays in the ledger.
    ///
    /// # Errors
    /// When there is none of a name, or the user may not.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let office = office.open(outside)?;
        let user = self.user.user();
        let listing = office.store.list()?;
        let names = if self.all {
            listing.objects.iter().map(|stored| stored.name().to_owned()).collect()
        } else {
            self.names
        };
        for name in names {
            allowed(&office.settings.rbac, &user, "delete", "", &name)?;
            let gone = || StoreError::Refused(Refusal::not_found(&name));
            // Whatever it has become meanwhile, it is not wanted any more.
            let mut outcome = Err(gone());
            for _ in 0..10 {
                let stored = office.store.get(&name)?.ok_or_else(gone)?;
                match office.store.commit(vec![Write::Remove(stored)])?.into_iter().next() {
                    Some(Err(refusal)) if refusal.is_conflict() => outcome = Err(refusal.into()),
                    Some(Err(refusal)) => return Err(StoreError::from(refusal).into()),
                    _ => {
                        outcome = Ok(());
                        break;
                    }
                }
            }
            outcome?;
            writeln!(outside.out, "{RESOURCE} \"{name}\" deleted")?;
        }
        Ok(Exit::Done)
    }
}
