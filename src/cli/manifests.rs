//! `kubepki manifests`.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Exit, Outside};
use crate::error::Error;
use crate::report;

/// Print the manifests that a cluster needs beside the files
#[derive(Debug, Args)]
pub struct Manifests {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// The bindings without which admin.conf and apiserver-kubelet-client are let in and allowed nothing
    Rbac(Printed),
}

#[derive(Debug, Args)]
struct Printed {
    /// The notation: YAML has comments.
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: ManifestFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ManifestFormat {
    /// Documents of YAML.
    Yaml,
    /// A List of JSON.
    Json,
}

impl Manifests {
    /// Prints them.
    ///
    /// # Errors
    /// When standard output fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let Which::Rbac(Printed { output }) = self.which;
        let template = include_str!("../../templates/rbac.yaml");
        match output {
            ManifestFormat::Yaml => outside.out.write_all(template.as_bytes())?,
            ManifestFormat::Json => {
                let items = serde_yaml::Deserializer::from_str(template).map(Value::deserialize);
                let items = items
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| Error::Format { format: "JSON", problem: error.to_string() })?;
                report::json(&json!({"apiVersion": "v1", "kind": "List", "items": items}), outside.out)?;
            }
        }
        Ok(Exit::Done)
    }
}
