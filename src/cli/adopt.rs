//! `kubepki adopt`.

use clap::Args;

use super::scene::SceneArgs;
use super::show::SpecFormat;
use super::{Exit, Outside, terminal};
use crate::error::Error;
use crate::infer::Confidence;
use crate::spec::show::Document;

const SESSION: &str = "\
A session:
  kubepki adopt -d /etc/kubernetes > cluster.yaml   what this is, as a spec
  kubepki plan -f cluster.yaml                      changes nothing
  kubepki adopt -d cp1 -d cp2 -d cp3 -o toml        one cluster of several nodes

What is only a guess is told beside it.";

/// Print the spec of a directory that somebody made: what `plan` and `apply` would keep as it is
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Adopt {
    #[command(flatten)]
    scene: SceneArgs,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: SpecFormat,
}

impl Adopt {
    /// Reads the directories and prints the spec.
    ///
    /// # Errors
    /// When a directory is not there or holds nothing of a cluster.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let looks = self.scene.look()?;
        let spec = crate::infer::merge(looks.all.iter().map(|look| &look.spec));
        let Some(spec) = spec.filter(|spec| !spec.nodes.is_empty()) else {
            let message = "there is nothing of a cluster in it".to_owned();
            let hint = "`kubepki audit` says what the files are".to_owned();
            return Err(Error::Usage { message, hint });
        };
        for fact in looks.all.iter().filter_map(|look| look.facts.as_ref()).flatten() {
            if fact.confidence == Confidence::Guessed {
                terminal::note(&format!("{}: `{}` is a guess: {}", fact.field, fact.value, fact.source));
            }
        }
        self.output.print(&Document::from(&spec), outside)?;
        Ok(Exit::Done)
    }
}
