//! `kubepki man`.

use std::path::PathBuf;

use clap::{Args, Command, CommandFactory};

use super::{Cli, Exit, Outside};
use crate::disk::durable;
use crate::error::Error;

/// Print the manual page, or write the pages of all verbs
#[derive(Debug, Args)]
pub struct Man {
    /// The verb whose page is printed; without it, the program's.
    #[arg(value_name = "VERB")]
    verb: Option<String>,

    /// Write the pages of the program and all its verbs into this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    dir: Option<PathBuf>,
}

impl Man {
    /// Prints or writes the pages.
    ///
    /// # Errors
    /// When there is no such verb, or a page cannot be written.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut program = Cli::command();
        program.build();
        if let Some(directory) = self.dir {
            let verbs = program.get_subcommands().filter(|verb| verb.get_name() != "help").cloned();
            for command in std::iter::once(program.clone()).chain(verbs.collect::<Vec<_>>()) {
                let name = page_name(&command);
                let bytes = page(command)?;
                durable::replace(&directory.join(format!("{name}.1")), &bytes, 0o644)?;
            }
            return Ok(Exit::Done);
        }
        let command = match &self.verb {
            None => program,
            Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| Error::Usage {
                message: format!("there is no verb `{name}`"),
                hint: "`kubepki --help` lists the verbs".to_owned(),
            })?,
        };
        outside.out.write_all(&page(command)?)?;
        Ok(Exit::Done)
    }
}

fn page_name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: Command) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let name = page_name(&command);
    clap_mangen::Man::new(command.name(name)).render(&mut bytes)?;
    Ok(bytes)
}
