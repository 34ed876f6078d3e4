//! `kubepki csr run`.

use std::cell::Cell;

use clap::Args;

use super::office::OfficeArgs;
use crate::cli::{Exit, Outside, terminal};
use crate::error::Error;
use crate::moment::rfc3339;
use crate::store::Controller;
use crate::store::outcome::Event;

/// Approve by policy, sign what is approved, clean what is old: once, or whenever something changes
#[derive(Debug, Args)]
pub struct Run {
    /// Look at everything once, then end: with 1 where something needs attention.
    #[arg(long)]
    once: bool,

    /// Keep what is old.
    #[arg(long)]
    keep: bool,
}

impl Run {
    /// Runs the loop.
    ///
    /// # Errors
    /// When a file that decisions are made by cannot be used; and with `--once`, when store or ledger cannot be.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut office = office.open(outside)?;
        office.settings.clean = !self.keep;
        office.store.prepare()?;
        let ledger = office.ledger()?;
        let authorities = std::mem::take(&mut office.authorities);
        let mut controller =
            Controller::new(&office.store, &ledger, authorities, &office.settings, office.clock);
        let closed = Cell::new(None);
        let out = &mut outside.out;
        let clock = office.clock;
        let mut tell = |event: &Event| match event {
            Event::AuthorityRead { .. } => {}
            trouble if trouble.is_trouble() => terminal::warning(&trouble.to_string()),
            done => {
                // Who reads along sees each line when it is true.
                let told = writeln!(out, "{} {done}", rfc3339(clock())).and_then(|()| out.flush());
                if let Err(error) = told {
                    closed.set(Some(error));
                }
            }
        };
        if self.once {
            let outcome = controller.once(&mut tell)?;
            let well = outcome.waiting + outcome.troubles == 0;
            return match closed.take() {
                Some(error) => Err(error.into()),
                None => Ok(if well { Exit::Done } else { Exit::Attention }),
            };
        }
        let stop = || {
            let error = closed.take();
            let stop = error.is_some();
            closed.set(error);
            stop
        };
        controller.watch(&mut tell, &mut |error| terminal::error(&error.to_string()), &stop);
        match closed.take() {
            Some(error) => Err(error.into()),
            None => Ok(Exit::Done),
        }
    }
}
