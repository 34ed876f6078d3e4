//! `kubepki explain`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::workspace::{SpecArg, load_spec};
use super::{Exit, Outside, csr};
use crate::catalog::{CATALOG, Credential, Kind, ROOT};
use crate::csr::load::Signers;
use crate::error::Error;
use crate::report::explanation::Explanation;
use crate::report::{self, Table};
use crate::spec::Spec;
use crate::spec::problem::nearest;
use crate::target::own_rows;

/// Explain a credential, a rule or a signer; without a name, list them all
#[derive(Debug, Args)]
pub struct Explain {
    /// A credential, such as apiserver, a rule, such as KP-TM001 or expired, or a signer, such as kubelet-serving.
    #[arg(value_name = "NAME")]
    topic: Option<String>,

    /// A spec whose own credentials are explained too.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,

    /// A signers file whose signers are explained too.
    #[arg(long, value_name = "FILE")]
    signers: Option<PathBuf>,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: ExplainFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExplainFormat {
    /// For people.
    Table,
    /// For machines.
    Json,
    /// The table of credentials, as it stands in the README.
    Markdown,
}

impl Explain {
    /// Explains.
    ///
    /// # Errors
    /// When there is nothing of that name.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let credentials: Vec<Credential> = match self.file {
            Some(file) => own(&load_spec(&SpecArg { file })?),
            None if self.topic.as_deref() == Some(ROOT.name.as_str()) => vec![ROOT.clone()],
            None => CATALOG.to_vec(),
        };
        let signers = match &self.signers {
            Some(file) => csr::signers_file(file)?,
            None => Signers::default(),
        };
        let signers = signers.signers;
        let explanation = match &self.topic {
            None => Explanation::whole(&credentials, &signers),
            Some(topic) => Explanation::of(topic, &credentials, &signers).ok_or_else(|| {
                let topics = Explanation::topics(&credentials, &signers);
                let nearest = nearest(topic, topics.iter().map(String::as_str)).map(str::to_owned);
                Error::UnknownTopic { name: topic.clone(), nearest }
            })?,
        };
        match self.output {
            ExplainFormat::Table => explanation.table(outside.out, outside.width)?,
            ExplainFormat::Json => report::json(&explanation, outside.out)?,
            ExplainFormat::Markdown => explanation.markdown(outside.out)?,
        }
        Ok(Exit::Done)
    }
}

/// The rows of a spec. Under a root that it names, its CAs do not sign themselves.
fn own(spec: &Spec) -> Vec<Credential> {
    let rooted = spec.authority.root_certificate().is_some();
    let row = |row: &Credential| {
        let is_below = rooted && matches!(row.kind, Kind::Authority { .. }) && row.name != ROOT.name;
        Credential {
            issuer: if is_below { Some(ROOT.name.clone()) } else { row.issuer.clone() },
            ..row.clone()
        }
    };
    own_rows(spec).map(row).collect()
}
