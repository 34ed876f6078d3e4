//! `kubepki manifests`.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bootstrap::{BootstrapKubeconfig, BootstrapToken};
use super::role::Role;
use super::{Exit, Outside};
use crate::csr::validate::signer_name;
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
    /// The roles of whoever approves requests for a signer, and of whoever signs them
    SignerRoles(SignerRoles),
    /// A role for users or groups of certificates, and what binds it
    Role(RolePrinted),
    /// A new bootstrap token, as a Secret for a cluster or a file for `kubepki serve --bootstrap-tokens`
    BootstrapToken(BootstrapToken),
    /// The kubeconfig with which a joining node asks for its certificate
    BootstrapKubeconfig(BootstrapKubeconfig),
}

#[derive(Debug, Args)]
struct RolePrinted {
    #[command(flatten)]
    role: Role,

    #[command(flatten)]
    printed: Printed,
}

#[derive(Debug, Args)]
struct SignerRoles {
    /// The signer, such as example.com/serving; `example.com/*` stands for all of a domain.
    #[arg(long, value_name = "NAME", value_parser = signer)]
    signer: String,

    #[command(flatten)]
    printed: Printed,
}

/// The name of a signer, or of all signers of a domain.
fn signer(name: &str) -> Result<String, String> {
    let whole = name.strip_suffix("/*").map(|domain| format!("{domain}/any"));
    match signer_name(whole.as_deref().unwrap_or(name), "signer").first() {
        None => Ok(name.to_owned()),
        Some(error) => Err(error.body()),
    }
}

/// What stands in the template for the signer.
const SIGNER: &str = "example.com/my-signer-name";

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
    /// When what is asked for is none, or standard output fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let (template, output) = match self.which {
            Which::BootstrapToken(token) => (token.manifest(outside)?, ManifestFormat::Yaml),
            Which::BootstrapKubeconfig(node) => (node.kubeconfig()?, ManifestFormat::Yaml),
            Which::Role(RolePrinted { role, printed: Printed { output } }) => (role.manifest()?, output),
            Which::Rbac(Printed { output }) => (include_str!("../../templates/rbac.yaml").to_owned(), output),
            Which::SignerRoles(SignerRoles { signer, printed: Printed { output } }) => {
                (include_str!("../../templates/signer-roles.yaml").replace(SIGNER, &signer), output)
            }
        };
        match output {
            ManifestFormat::Yaml => outside.out.write_all(template.as_bytes())?,
            ManifestFormat::Json => {
                let items = serde_yaml::Deserializer::from_str(&template).map(Value::deserialize);
                let items = items
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|error| Error::Format { format: "JSON", problem: error.to_string() })?;
                report::json(&json!({"apiVersion": "v1", "kind": "List", "items": items}), outside.out)?;
            }
        }
        Ok(Exit::Done)
    }
}
