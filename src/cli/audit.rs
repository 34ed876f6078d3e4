//! `kubepki audit`.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::scene::{Look, Looks, SceneArgs};
use super::workspace::moment_arg;
use super::{Exit, Outside, terminal};
use crate::audit::{Severity, judge};
use crate::disk::scan::USUAL;
use crate::disk::{DiskError, Scan, durable, read};
use crate::error::Error;
use crate::report::audit::baseline::Baseline;
use crate::report::audit::html::Provenance;
use crate::report::audit::waiver::Waiver;
use crate::report::audit::{AuditReport, Place, Subject};
use crate::report::{self, Table};
use crate::version::Version;
use crate::x509::hex::hex;

/// Say what is wrong with the PKI of a directory, why it matters and what cures it
///
/// The directory may be anybody's: kubeadm's, kubepki's, another distribution's. Without a spec, the cluster is read from
/// the files; with one, they are held to it. Nothing is written but the report.
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Audit {
    #[command(flatten)]
    scene: SceneArgs,

    /// Judge as of this day or moment: will it start then?
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    /// Say which certificates this release will refuse.
    #[arg(long, value_name = "VERSION")]
    target_kubernetes: Option<Version>,

    /// From which severity on the exit status is 1: info, low, medium, high, critical, or never.
    #[arg(long, value_name = "SEVERITY", default_value = "high", hide_possible_values = true,
          value_parser = fail_on_parser())]
    fail_on: FailOn,

    /// Show and count only what this earlier report (-o json) does not have, and tell what is gone since.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Do not show what a rule finds, everywhere or in one PATH, which may have `*`; may be repeated.
    #[arg(long, value_name = "RULE[:PATH]", value_parser = Waiver::from_argument)]
    ignore: Vec<Waiver>,

    /// The same with reasons: a YAML list of {rule, path, reason, until}.
    #[arg(long, value_name = "FILE")]
    ignore_file: Option<PathBuf>,

    /// Look for private keys below this directory too; without one, where clouds and backups leave them
    /// (/var/lib/cloud, /var/backups and others: `kubepki explain KP-FS019`).
    #[arg(long, value_name = "DIR", num_args = 0..=1)]
    scan: Option<Vec<PathBuf>>,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: AuditFormat,

    /// Write it to this file, all or nothing and readable by everyone, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output_file: Option<PathBuf>,
}

const SESSION: &str = "\
A session:
  kubepki audit -d /etc/kubernetes              what is wrong, why, and what cures it
  kubepki explain KP-TM001                      the manual of a rule
  kubepki audit --at 2027-03-01                 will it start then?
  kubepki audit -o json > known.json            what is wrong today
  kubepki audit --baseline known.json           what is new since
  kubepki audit --ignore KP-ID001:super-admin.conf --fail-on medium
  kubepki audit -d cp1 -d cp2 -o html --output-file report.html
  kubepki audit -o prometheus --output-file /var/lib/node_exporter/kubepki.prom

A file for --ignore-file:
  - rule: KP-ID001
    path: super-admin.conf
    reason: break-glass, sealed in the safe
    until: 2027-06-30

Exit status: 0 nothing as bad as --fail-on was found; 1 something was; 2 the command failed or was
misused.";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum AuditFormat {
    /// For people.
    Table,
    /// For people: what is known of the cluster, why each finding matters, and what was checked.
    Wide,
    /// For machines.
    Json,
    /// For code-scanning viewers: SARIF 2.1.0.
    Sarif,
    /// For node_exporter's textfile collector.
    Prometheus,
    /// For CI servers: JUnit's XML.
    Junit,
    /// For auditors: one page, to be read or printed.
    Html,
}

/// From which severity on the exit status is 1.
#[derive(Clone, Copy, Debug)]
struct FailOn(Option<Severity>);

const NEVER: &str = "never";

fn fail_on_parser() -> impl TypedValueParser<Value = FailOn> {
    let severities = Severity::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let values = severities.chain([clap::builder::PossibleValue::new(NEVER)]);
    PossibleValuesParser::new(values).map(|text| FailOn(Severity::from_str(&text, true).ok()))
}

impl Audit {
    /// Audits; ends with 1 if something is as bad as `--fail-on`.
    ///
    /// # Errors
    /// When a directory is not there, also one of `--scan`, or the spec, the baseline or the list of what to ignore cannot
    /// be used.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let mut waivers = self.ignore.clone();
        if let Some(file) = &self.ignore_file {
            waivers.extend(Waiver::load(file).map_err(Error::Input)?);
        }
        let baseline = self.baseline.as_deref().map(Baseline::load).transpose().map_err(Error::Input)?;
        let looks = self.scene.look()?;
        let now = self.at.unwrap_or(outside.now);
        let scan = self.scan.as_deref().map(scan).transpose()?;
        let scene = looks.scene(now, self.at.is_some(), self.target_kubernetes).with_scan(scan.as_ref());
        let judgement = judge(&scene);
        let subject = Subject {
            places: looks.all.iter().map(place).collect(),
            spec: self.scene.file.as_ref().map(|file| file.display().to_string()),
            fail_on: self.fail_on.0,
        };
        let mut report = AuditReport::new(&scene, &judgement, &subject);
        let covered = report.waive(&waivers, now);
        tell(&waivers, &covered, now);
        if let Some(baseline) = &baseline {
            report.compare(baseline);
        }
        let mut bytes = Vec::new();
        {
            let mut plain = anstream::StripStream::new(&mut bytes as &mut dyn Write);
            let out: &mut dyn Write = if self.output_file.is_some() { &mut plain } else { outside.out };
            match self.output {
                AuditFormat::Table => report.table(out, outside.width)?,
                AuditFormat::Wide => report.wide(out, outside.width)?,
                AuditFormat::Json => report::json(&report, out)?,
                AuditFormat::Sarif => report.sarif(&here()?, out)?,
                AuditFormat::Prometheus => report.prometheus(&scene, outside.now, out)?,
                AuditFormat::Junit => report.junit(out)?,
                AuditFormat::Html => report.html(&scene, &self.provenance(&looks, outside.now), out)?,
            }
        }
        if let Some(file) = &self.output_file {
            replace(file, &bytes)?;
        }
        Ok(if report.needs_attention() { Exit::Attention } else { Exit::Done })
    }
}

impl Audit {
    fn provenance(&self, looks: &Looks, made: OffsetDateTime) -> Provenance {
        let files = [
            ("the spec", &self.scene.file),
            ("the baseline", &self.baseline),
            ("the list of what is accepted", &self.ignore_file),
        ];
        let files = files.into_iter().filter_map(|(what, path)| {
            let path = path.as_deref().filter(|path| *path != Path::new("-"))?;
            Some((what, path.display().to_string(), hex(&read::bytes(path).ok()?.sha256)))
        });
        Provenance {
            made,
            directories: looks.all.iter().flat_map(Look::digests).collect(),
            files: files.collect(),
            spec: self.scene.file.as_ref().map(|file| file.display().to_string()),
        }
    }
}

/// The directory that relative paths are relative to.
fn here() -> Result<PathBuf, Error> {
    let here = Path::new(".");
    Ok(std::path::absolute(here).map_err(DiskError::at(here, "cannot be found"))?)
}

fn place(look: &Look) -> Place<'_> {
    Place {
        path: look.directory.display().to_string(),
        layout: look.layout,
        node: look.node.as_deref(),
        facts: look.facts.as_deref(),
        ours: look.ours,
    }
}

/// Tells which waivers hide nothing: those whose time is over, and those that no finding is about.
fn tell(waivers: &[Waiver], covered: &[usize], now: OffsetDateTime) {
    for (waiver, covered) in waivers.iter().zip(covered) {
        let (origin, rule) = (&waiver.origin, waiver.rule.id);
        match waiver.until.filter(|_| waiver.has_ended(now)) {
            Some(until) => {
                terminal::warning(&format!(
                    "{origin}: {rule} is ignored no longer: it was accepted until {until}"
                ));
                terminal::hint("take the entry out, or accept it again with another day");
            }
            None if *covered == 0 => {
                terminal::note(&format!("{origin}: {rule} hides nothing: no finding is like it"));
            }
            None => {}
        }
    }
}

/// Writes a file all or nothing. What stands there must be a file: a device would be replaced by one, and /dev/stdout
/// leads to whatever file the shell has opened.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let special = ["/dev", "/proc"].iter().any(|place| path.starts_with(place));
    if special || real.file_name().is_none() || (real.exists() && !real.is_file()) {
        let message = format!("--output-file: {} is not a file", path.display());
        let hint = "leave it out and redirect standard output".to_owned();
        return Err(Error::Usage { message, hint });
    }
    durable::replace(&real, bytes, MODE).map(drop).map_err(Error::Disk)
}

/// The mode of what `--output-file` writes: node_exporter reads it as another user, and nothing in it is secret.
const MODE: u32 = 0o644;

/// Looks for scattered keys below these directories, or where they usually are.
fn scan(places: &[PathBuf]) -> Result<Scan, Error> {
    for place in places {
        std::fs::metadata(place).map_err(DiskError::at(place, "cannot be looked at"))?;
    }
    let usual = USUAL.iter().map(PathBuf::from);
    let places = if places.is_empty() { usual.collect() } else { places.to_vec() };
    let scan = Scan::of(&places);
    if scan.too_large > 0 {
        let (count, most) = (scan.too_large, read::MAX_SIZE >> 20);
        terminal::warning(&format!("{count} files of more than {most} MiB were not scanned"));
    }
    if scan.overflow {
        terminal::warning("there is more to scan than is looked at: name a smaller directory with --scan");
    }
    Ok(scan)
}
