//! `kubepki trust diff`.

use std::path::PathBuf;

use clap::Args;

use super::text;
use super::tree::TreeArgs;
use crate::api::trust_bundle::SERVING;
use crate::api::trust_file::{Bundle, bundles};
use crate::cli::ca::authority::{content, unusable};
use crate::cli::{Exit, Format, Outside, terminal};
use crate::error::Error;
use crate::report::trust::{Difference, TrustDiff};

/// Compare bundles with the CAs of a tree: which trust anchors are only here, and which only there
///
/// A bundle that is called after a CA of the tree is compared with that one, a PEM file and what is published for
/// kubernetes.io/kube-apiserver-serving with the cluster's CA; those of other signers are passed over. Ends with 1 if they
/// differ.
#[derive(Debug, Args)]
pub struct Diff {
    /// Bundles as objects in YAML or JSON, or as PEM.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    tree: TreeArgs,

    /// The CA of the tree that they are compared with.
    #[arg(long, value_name = "CREDENTIAL")]
    ca: Option<String>,

    /// How to print the difference.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

impl Diff {
    /// Compares them.
    ///
    /// # Errors
    /// When the file cannot be read or holds no bundle, or the tree has no such CA.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let file = self.file.display().to_string();
        let found = bundles(&text(&self.file)?).map_err(|fault| Error::Refused {
            path: PathBuf::from(format!("{file}:{}", fault.line)),
            why: fault.words,
        })?;
        if found.is_empty() {
            let why = "there is no ClusterTrustBundle in it".to_owned();
            return Err(Error::Refused { path: self.file, why });
        }
        let authorities = self.tree.authorities()?;
        let mut all = Vec::new();
        for bundle in &found {
            for fault in &bundle.faults {
                terminal::warning(&format!("{file}:{}: {}", fault.line, fault.words));
            }
            let Some(name) = self.counterpart(bundle, &authorities) else {
                terminal::note(&format!(
                    "`{}` is none of the tree's: --ca says of which it is",
                    bundle.name.escape_debug()
                ));
                continue;
            };
            let (_, path) = authorities.iter().find(|(known, _)| known == name).ok_or_else(|| {
                let known: Vec<&str> = authorities.iter().map(|(known, _)| known.as_str()).collect();
                Error::Usage {
                    message: format!("the directory has no certificate of a CA `{}`", name.escape_debug()),
                    hint: format!("there are {}", known.join(", ")),
                }
            })?;
            let content = content(path)?;
            let own = content.certificates().map_err(|source| unusable(path, source))?;
            all.push(Difference::new(&file, bundle, &path.display().to_string(), &own));
        }
        let report = TrustDiff::new(all);
        outside.print(&report, self.output)?;
        Ok(if report.is_same() { Exit::Done } else { Exit::Attention })
    }

    /// The CA with which a bundle is compared.
    fn counterpart<'a>(&'a self, bundle: &'a Bundle, authorities: &[(String, PathBuf)]) -> Option<&'a str> {
        match &self.ca {
            Some(name) => Some(name),
            None if authorities.iter().any(|(name, _)| *name == bundle.name) => Some(&bundle.name),
            None if bundle.name.is_empty() || bundle.signer == SERVING => Some("ca"),
            None => None,
        }
    }
}
