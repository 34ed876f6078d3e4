//! `kubepki show`.

use clap::{Args, ValueEnum};

use super::workspace::{SpecArg, load_spec};
use super::{Exit, Outside};
use crate::error::Error;
use crate::report;
use crate::spec::show::Document;

/// Print a spec with every default filled in; a kubeadm configuration becomes a spec
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    spec: SpecArg,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: SpecFormat,
}

/// The notations of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SpecFormat {
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
    /// JSON.
    Json,
}

impl SpecFormat {
    /// Prints a spec.
    ///
    /// # Errors
    /// When standard output fails.
    pub fn print(self, document: &Document, outside: &mut Outside<'_>) -> Result<(), Error> {
        match self {
            Self::Yaml => report::yaml(document, outside.out),
            Self::Toml => report::toml(document, outside.out),
            Self::Json => report::json(document, outside.out),
        }
    }
}

impl Show {
    /// Shows the spec.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let spec = load_spec(&self.spec)?;
        self.output.print(&Document::from(&spec), outside)?;
        Ok(Exit::Done)
    }
}
