//! `kubepki csr explain`.

use clap::Args;

use super::office::OfficeArgs;
use crate::cli::{Exit, Format, Outside};
use crate::csr::request::Wanted;
use crate::csr::{Object, decide_read, validate};
use crate::error::Error;
use crate::report::csr::{About, DecisionReport};

/// Say which rule decides what about a request, and why
#[derive(Debug, Args)]
pub struct Explain {
    /// The request.
    #[arg(value_name = "NAME")]
    name: String,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Explain {
    /// Explains; nothing is written.
    ///
    /// # Errors
    /// When there is no such request.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut office = office.open(outside)?;
        office.authorities.refresh();
        let ends = office.authorities.ends();
        let policy = office.policy(&ends);
        let (_, object) = office.object(&self.name, outside.now)?;
        let requester = policy.requester(&object);
        let about = About {
            name: self.name.clone(),
            signer: object.spec.signer_name.clone(),
            state: object.state(),
            requester: requester.name,
            groups: requester.groups,
        };
        let read = Wanted::read(&object.spec.request.0);
        let errors = validate::stored(&object, &read);
        let report = if errors.is_empty() {
            DecisionReport::new(about, &decide_read(&object, &read, &policy, outside.now))
        } else {
            let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
            DecisionReport::invalid(about, &words.join("; "))
        };
        outside.print(&report, self.output)?;
        Ok(Exit::Done)
    }
}
