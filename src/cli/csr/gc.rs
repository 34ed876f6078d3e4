//! `kubepki csr gc`.

use clap::Args;

use super::office::{Office, OfficeArgs};
use crate::cli::{Exit, Outside};
use crate::csr::expire::expired;
use crate::error::Error;
use crate::store::outcome::Event;
use crate::store::{Store, Write};

/// Clean away what is old, as Kubernetes' cleaner does: issued, denied and failed requests after an hour, others after a day
#[derive(Debug, Args)]
pub struct Gc {
    /// Only say what would be cleaned away.
    #[arg(long)]
    dry_run: bool,
}

impl Gc {
    /// Cleans.
    ///
    /// # Errors
    /// When the store cannot be read or written to.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let store = office.store(outside.clock)?;
        let listing = Office::listing(&store)?;
        let old = listing.objects.into_iter().filter_map(|stored| {
            let case = expired(&stored.object, outside.now)?;
            Some((Event::Removed { name: stored.name().to_owned(), case }, stored))
        });
        let (events, stored): (Vec<Event>, Vec<_>) = old.unzip();
        let done = if self.dry_run || stored.is_empty() {
            stored.iter().map(|_| true).collect()
        } else {
            let writes = stored.into_iter().map(Write::Remove).collect();
            store.commit(writes)?.into_iter().map(|done| done.is_ok()).collect::<Vec<_>>()
        };
        for (event, _) in events.iter().zip(done).filter(|(_, done)| *done) {
            let note = if self.dry_run { " (dry run)" } else { "" };
            writeln!(outside.out, "{event}{note}")?;
        }
        Ok(Exit::Done)
    }
}
