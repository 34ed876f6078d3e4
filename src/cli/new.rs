//! `kubepki new`.

use clap::{Args, ValueEnum};

use super::show::SpecFormat;
use super::{Exit, Outside};
use crate::error::Error;
use crate::spec::load::{LoadError, parse_here};
use crate::spec::show::Document;

/// Print a spec to begin with
#[derive(Debug, Args)]
pub struct New {
    /// The shape of the cluster.
    #[arg(value_name = "SHAPE", default_value = "single")]
    shape: Shape,

    /// The notation: YAML has comments.
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: SpecFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shape {
    /// One control plane.
    Single,
    /// Three control planes behind an endpoint, and workers.
    Ha,
    /// Control planes whose etcd is on machines of its own.
    ExternalEtcd,
}

impl Shape {
    fn template(self) -> &'static str {
        match self {
            Self::Single => include_str!("../../templates/single.yaml"),
            Self::Ha => include_str!("../../templates/ha.yaml"),
            Self::ExternalEtcd => include_str!("../../templates/external-etcd.yaml"),
        }
    }
}

impl New {
    /// Prints the spec.
    ///
    /// # Errors
    /// When standard output fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let template = self.shape.template();
        if self.output == SpecFormat::Yaml {
            outside.out.write_all(template.as_bytes())?;
        } else {
            let (spec, _) = parse_here(template, false)
                .map_err(|problems| LoadError::Invalid { name: "template".to_owned(), problems })?;
            self.output.print(&Document::from(&spec), outside)?;
        }
        Ok(Exit::Done)
    }
}
