//! `kubepki expiry`.

use clap::{Args, ValueEnum};
use time::{Duration, OffsetDateTime};

use super::scene::SceneArgs;
use super::workspace::moment_arg;
use super::{Exit, Outside};
use crate::error::Error;
use crate::report::Table;
use crate::report::expiry::Expiry;
use crate::spec::Period;

const SESSION: &str = "\
A session:
  kubepki expiry                                    as `kubeadm certs check-expiration`
  kubepki expiry --within 30d -o json               for machines; 1 if something ends within 30 days
  kubepki expiry -d out --at 2027-03-01             what will have ended then";

/// Tell what ends when: kubeadm's `certs check-expiration`, and what it leaves out
///
/// Columns and fields are kubeadm's, so that scripts which read the one read the other. kubelet.conf, the kubelet's own
/// certificates and credentials of your own are listed too, and a CA whose key is elsewhere hides nothing. Ends with 1 if
/// something has expired or, with --within, ends sooner than that.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct ExpiryVerb {
    #[command(flatten)]
    scene: SceneArgs,

    /// End with 1 if something ends sooner than this: 30d, 720h.
    #[arg(long, value_name = "DURATION")]
    within: Option<Period>,

    /// Count from this day or moment on.
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: ExpiryFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExpiryFormat {
    /// kubeadm's columns.
    #[value(alias = "text")]
    Table,
    /// kubeadm's fields.
    Json,
    /// The same as YAML.
    Yaml,
}

impl ExpiryVerb {
    /// Tells it.
    ///
    /// # Errors
    /// When a directory is not there or holds nothing of a cluster.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let looks = self.scene.look()?;
        let scene = looks.scene(self.at.unwrap_or(outside.now), self.at.is_some(), None);
        let expiry = Expiry::new(&scene);
        if expiry.is_empty() {
            let message = "there is no certificate of a cluster in it".to_owned();
            let hint =
                "`kubepki inspect DIR` says what the files are and until when they are valid".to_owned();
            return Err(Error::Usage { message, hint });
        }
        match self.output {
            ExpiryFormat::Table => expiry.table(outside.out, outside.width)?,
            ExpiryFormat::Json => expiry.json(outside.out)?,
            ExpiryFormat::Yaml => expiry.yaml(outside.out)?,
        }
        let within = self.within.map_or(Duration::ZERO, Period::duration);
        Ok(if expiry.ends_within(within) { Exit::Attention } else { Exit::Done })
    }
}
