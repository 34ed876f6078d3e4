//! `kubepki completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit, Outside};
use crate::error::Error;

/// Print completions for a shell
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    /// Prints them.
    ///
    /// # Errors
    /// When standard output fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        // The generator panics where it cannot write: give it memory, and write that ourselves.
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "kubepki", &mut text);
        outside.out.write_all(&text)?;
        Ok(Exit::Done)
    }
}
