//! `kubepki audit`.

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::scene::SceneArgs;
use super::workspace::moment_arg;
use super::{Exit, Outside};
use crate::audit::{Severity, judge};
use crate::error::Error;
use crate::report::audit::{AuditReport, Subject};
use crate::report::{self, Table};
use crate::version::Version;

/// Say what is wrong with the PKI of a directory, why it matters and what cures it
///
/// The directory may be anybody's: kubeadm's, kubepki's, another distribution's. Without a spec, the cluster is read from
/// the files; with one, they are held to it. Nothing is written.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(flatten)]
    scene: SceneArgs,

    /// Judge as of this day or moment: will it start then?
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    /// Say which certificates this release will refuse.
    #[arg(long, value_name = "VERSION")]
    target_kubernetes: Option<Version>,

    /// From which severity on the exit status is 1.
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    fail_on: Severity,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: AuditFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    /// For people.
    Table,
    /// For people: what is known of the cluster, why each finding matters, and what was checked.
    Wide,
    /// For machines.
    Json,
}

impl Audit {
    /// Audits; ends with 1 if something is as bad as `--fail-on`.
    ///
    /// # Errors
    /// When a directory is not there, or the spec cannot be used.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let looks = self.scene.look()?;
        let now = self.at.unwrap_or(outside.now);
        let scene = looks.scene(now, self.at.is_some(), self.target_kubernetes);
        let judgement = judge(&scene);
        let directories = looks.all.iter();
        let directories = directories
            .map(|look| (look.directory.display().to_string(), look.layout, look.facts.as_deref()))
            .collect();
        let spec = self.scene.file.as_ref().map(|file| file.display().to_string());
        let subject = Subject { directories, spec, fail_on: self.fail_on };
        let report = AuditReport::new(&scene, &judgement, &subject);
        match self.output {
            AuditFormat::Table => report.table(outside.out, outside.width)?,
            AuditFormat::Wide => report.wide(outside.out, outside.width)?,
            AuditFormat::Json => report::json(&report, outside.out)?,
        }
        Ok(if report.needs_attention(self.fail_on) { Exit::Attention } else { Exit::Done })
    }
}
