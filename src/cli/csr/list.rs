//! `kubepki csr list`.

use clap::{Args, ValueEnum};

use super::office::{Office, OfficeArgs};
use crate::cli::{Exit, Outside, terminal};
use crate::csr::Refusal;
use crate::disk::Notation;
use crate::error::Error;
use crate::report::csr::{self, RESOURCE};
use crate::store::{StoreError, Stored};

/// List requests as `kubectl get csr` does
#[derive(Debug, Args)]
pub struct List {
    /// Only these.
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Only those for this signer.
    #[arg(long, value_name = "NAME")]
    signer: Option<String>,

    /// How to print them.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: ObjectFormat,
}

/// How objects are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ObjectFormat {
    /// kubectl's columns.
    #[value(alias = "wide")]
    Table,
    /// YAML.
    Yaml,
    /// JSON.
    Json,
    /// Only the names.
    Name,
}

impl List {
    /// Lists them.
    ///
    /// # Errors
    /// When the store cannot be read, or has none of a name that was asked for.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let listing = Office::listing(&office.store(outside.clock)?)?;
        let mut found: Vec<Stored> = Vec::new();
        if self.names.is_empty() {
            found = listing.objects;
        } else {
            for name in &self.names {
                let stored = listing.objects.iter().find(|stored| stored.name() == name);
                found.push(stored.cloned().ok_or_else(|| StoreError::Refused(Refusal::not_found(name)))?);
            }
        }
        if let Some(signer) = &self.signer {
            found.retain(|stored| stored.object.spec.signer_name == *signer);
        }
        let single = self.names.len() == 1;
        print(&found, single, self.output, outside)?;
        Ok(Exit::Done)
    }
}

fn print(
    found: &[Stored],
    single: bool,
    format: ObjectFormat,
    outside: &mut Outside<'_>,
) -> Result<(), Error> {
    let objects = found.iter().map(|stored| (&*stored.object, stored.token.foreign.as_deref()));
    match format {
        ObjectFormat::Yaml => csr::objects(objects, single, Notation::Yaml, outside.out),
        ObjectFormat::Json => csr::objects(objects, single, Notation::Json, outside.out),
        ObjectFormat::Name => {
            for stored in found {
                writeln!(outside.out, "{RESOURCE}/{}", stored.name())?;
            }
            Ok(())
        }
        ObjectFormat::Table if found.is_empty() => {
            terminal::say_plainly("No resources found");
            Ok(())
        }
        ObjectFormat::Table => Ok(csr::list(objects.map(|(object, _)| object), outside.now, outside.out)?),
    }
}
