//! `kubepki audit`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::scene::SceneArgs;
use super::workspace::moment_arg;
use super::{Exit, Outside, terminal};
use crate::audit::{Severity, judge};
use crate::disk::read::MAX_SIZE;
use crate::disk::scan::USUAL;
use crate::disk::{DiskError, Scan};
use crate::error::Error;
use crate::report::audit::{AuditReport, Subject};
use crate::report::{self, Table};
use crate::version::Version;

/// Say what is wrong with the PKI of a directory, why it matters and what cures it
///
/// The directory may be anybody's: kubeadm's, kubepki's, another distribution's. Without a spec, the cluster is read
/// from the files; with one, they are held to it. Nothing is written.
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

    /// Look for private keys below this directory too; without one, where clouds and backups leave them
    /// (/var/lib/cloud, /var/backups and others: `kubepki explain KP-FS019`).
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    scan: Option<Vec<PathBuf>>,

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
    /// When a directory is not there, also one of `--scan`, or the spec cannot be used.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let looks = self.scene.look()?;
        let now = self.at.unwrap_or(outside.now);
        let scan = self.scan.as_deref().map(scan).transpose()?;
        let scene = looks.scene(now, self.at.is_some(), self.target_kubernetes).with_scan(scan.as_ref());
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

/// Looks for scattered keys below these directories, or where they usually are.
fn scan(places: &[PathBuf]) -> Result<Scan, Error> {
    for place in places {
        std::fs::metadata(place).map_err(DiskError::at(place, "cannot be looked at"))?;
    }
    let usual = USUAL.iter().map(PathBuf::from);
    let places = if places.is_empty() { usual.collect() } else { places.to_vec() };
    let scan = Scan::of(&places);
    if scan.too_large > 0 {
        let (count, most) = (scan.too_large, MAX_SIZE >> 20);
        terminal::warning(&format!("{count} files of more than {most} MiB were not scanned"));
    }
    if scan.overflow {
        terminal::warning("there is more to scan than is looked at: name a smaller directory with --scan");
    }
    Ok(scan)
}
