//! What an audit found, for people and machines: one file for each format.
//!
//! The JSON document is public. `schema.json` beside this file is its JSON Schema, made from the types here.
//!
//! | Field | Holds |
//! |---|---|
//! | `apiVersion`, `kind` | `kubepki/v1`, `AuditReport` |
//! | `version` | the program's version, which is that of its rules |
//! | `judgedAt` | the moment that it was judged for (RFC 3339, UTC) |
//! | `directories[]` | what was looked at: [`DirectoryReport`] |
//! | `findings[]` | what is wrong, the worst first: [`FindingReport`] |
//! | `accepted[]` | what is wrong and was accepted: [`AcceptedReport`] |
//! | `gone[]` | what is no longer found and was there in the baseline: [`GoneReport`] |
//! | `checked[]`, `notApplicable[]` | every rule: what it was held against, or why it did not apply: [`CheckReport`] |
//! | `summary` | the verdict and the numbers: [`Summary`] |

pub mod baseline;
mod finding;
mod group;
mod held;
pub mod html;
mod junit;
mod prometheus;
mod sarif;
mod table;
pub mod waiver;
mod words;

use std::collections::BTreeMap;
use std::collections::HashSet;

use serde::Serialize;
use time::OffsetDateTime;

use super::API_VERSION;
use crate::audit::{Judgement, Rule, Scene, Severity, View};
use crate::infer::Fact;
use crate::moment::{date, rfc3339};
use baseline::Baseline;
pub use baseline::GoneReport;
pub use finding::{AcceptedBy, AcceptedReport, FindingReport, Fix};
use waiver::Waiver;

/// What an audit found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// `kubepki/v1`.
    api_version: &'static str,
    /// `AuditReport`.
    kind: &'static str,
    /// The program's version, which is that of its rules.
    version: &'static str,
    /// The moment that it was judged for.
    pub judged_at: String,
    /// What was looked at.
    pub directories: Vec<DirectoryReport>,
    /// What is wrong, the worst first.
    pub findings: Vec<FindingReport>,
    /// What is wrong and was accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptedReport>,
    /// What is no longer found and was there in the baseline.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<GoneReport>,
    /// Every rule that applied, and to how many things.
    pub checked: Vec<CheckReport>,
    /// Every rule that did not apply, and why.
    pub not_applicable: Vec<CheckReport>,
    /// The numbers.
    pub summary: Summary,
    /// From which severity on the PKI needs attention.
    #[serde(skip)]
    fail_on: Option<Severity>,
    /// Whether it was compared with an earlier report.
    #[serde(skip)]
    compared: bool,
    /// What cures what `kubepki apply` can cure: one command for each directory.
    #[serde(skip)]
    cures: Vec<String>,
}

/// A directory that was looked at.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DirectoryReport {
    /// Its path as it was given.
    pub path: String,
    /// Whose layout it has.
    pub layout: &'static str,
    /// The nodes whose files are in it.
    pub nodes: Vec<String>,
    /// What the cluster was read from; absent where a spec was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inferred: Option<Vec<FactReport>>,
}

/// Something that was found out of a directory.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FactReport {
    /// The field of the spec.
    pub field: &'static str,
    /// What it is.
    pub value: String,
    /// How sure that is: certain, likely, guessed.
    pub confidence: String,
    /// What it was read from.
    pub source: String,
}

/// A rule and what it was held against.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckReport {
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// To how many things it applied.
    pub count: usize,
    /// What they are.
    pub subject: &'static str,
    /// Why the rule did not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The numbers.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// `healthy`, or `attention` where a finding is as bad as `failOn`, or as `high` where that is `never`.
    pub verdict: &'static str,
    /// From which severity on the PKI needs attention, or `never`.
    pub fail_on: String,
    /// How many findings there are of each severity.
    pub findings: BTreeMap<String, usize>,
    /// How many findings were accepted.
    pub accepted: usize,
    /// How many rules applied.
    pub rules_checked: usize,
    /// How many certificates were looked at.
    pub certificates: usize,
    /// The last day on which everything is still valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_safe_day: Option<String>,
}

/// What a report is made from beside the judgement.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The directories, in the order of the scene.
    pub places: Vec<Place<'a>>,
    /// The spec's path, where one was given.
    pub spec: Option<String>,
    /// From which severity on the PKI needs attention; none: never.
    pub fail_on: Option<Severity>,
}

/// A directory as the user knows it.
#[derive(Debug)]
pub struct Place<'a> {
    /// Its path as it was given.
    pub path: String,
    /// Whose layout it has.
    pub layout: &'static str,
    /// The node of the spec whose directory it is, where the spec has several and this is no fleet's.
    pub node: Option<&'a str>,
    /// What was inferred, where there is no spec.
    pub facts: Option<&'a [Fact]>,
    /// Whether kubepki writes such directories.
    pub ours: bool,
}

impl Place<'_> {
    /// The command that cures what kubepki can cure.
    fn apply(&self, spec: Option<&str>) -> String {
        let directory = finding::quote(&self.path);
        match spec {
            Some(spec) => {
                let node = self.node.map(|node| format!(" --node {}", finding::quote(node)));
                let node = node.unwrap_or_default();
                format!("kubepki apply -f {} -d {directory}{node}", finding::quote(spec))
            }
            None => format!(
                "kubepki adopt -d {directory} > cluster.yaml; kubepki apply -f cluster.yaml -d {directory}"
            ),
        }
    }

    fn is_ours(&self) -> bool {
        self.ours
    }
}

impl AuditReport {
    /// The report of a judgement.
    #[must_use]
    pub fn new(scene: &Scene<'_>, judgement: &Judgement, subject: &Subject<'_>) -> Self {
        let Subject { places, spec, fail_on } = subject;
        let findings = finding::findings(scene, &judgement.findings, places, spec.as_deref());
        let now = scene.views.first().map(View::now);
        let directories = places.iter().zip(&scene.views);
        let checks = |applied: bool| {
            let checks = judgement.checked.iter().filter(|(_, count)| (*count > 0) == applied);
            checks.map(CheckReport::from).collect::<Vec<_>>()
        };
        let checked = checks(true);
        let mut report = Self {
            api_version: API_VERSION,
            kind: KIND,
            version: env!("CARGO_PKG_VERSION"),
            judged_at: now.map(rfc3339).unwrap_or_default(),
            directories: directories.map(|(place, view)| DirectoryReport::new(place, view)).collect(),
            findings,
            accepted: Vec::new(),
            gone: Vec::new(),
            summary: Summary {
                verdict: "",
                fail_on: fail_on.map_or_else(|| "never".to_owned(), |severity| severity.to_string()),
                findings: BTreeMap::new(),
                accepted: 0,
                rules_checked: checked.len(),
                certificates: scene.sightings().count(),
                last_safe_day: crate::audit::last_safe_day(scene).map(date),
            },
            checked,
            not_applicable: checks(false),
            fail_on: *fail_on,
            compared: false,
            cures: places.iter().map(|place| place.apply(spec.as_deref())).collect(),
        };
        report.count();
        report
    }

    /// Takes findings out that the user accepts. Says for each waiver how many findings it covers, whether or not they
    /// are still there after the earlier ones.
    pub fn waive(&mut self, waivers: &[Waiver], now: OffsetDateTime) -> Vec<usize> {
        let covered = waivers
            .iter()
            .map(|waiver| self.findings.iter().filter(|finding| waiver.covers(finding)).count())
            .collect();
        self.accept(|finding| {
            let waiver = waivers.iter().find(|waiver| !waiver.has_ended(now) && waiver.covers(finding))?;
            Some((AcceptedBy::Ignore, waiver.reason.clone(), waiver.until.map(|until| until.to_string())))
        });
        covered
    }

    /// Takes out what an earlier report has too, and notes what is gone since.
    pub fn compare(&mut self, baseline: &Baseline) {
        let accepted = self.accepted.iter().map(|accepted| &accepted.finding);
        let now: HashSet<&str> =
            self.findings.iter().chain(accepted).map(|finding| finding.fingerprint.as_str()).collect();
        self.gone = baseline
            .known
            .iter()
            .filter(|known| !now.contains(known.fingerprint.as_str()))
            .cloned()
            .collect();
        let known: HashSet<&str> = baseline.known.iter().map(|known| known.fingerprint.as_str()).collect();
        self.accept(|finding| {
            let known = known.contains(finding.fingerprint.as_str());
            known.then(|| (AcceptedBy::Baseline, "it was there before".to_owned(), None))
        });
        self.compared = true;
    }

    fn accept(&mut self, accepted: impl Fn(&FindingReport) -> Option<(AcceptedBy, String, Option<String>)>) {
        for finding in std::mem::take(&mut self.findings) {
            match accepted(&finding) {
                Some((accepted_by, reason, until)) => {
                    self.accepted.push(AcceptedReport { finding, reason, accepted_by, until });
                }
                None => self.findings.push(finding),
            }
        }
        self.count();
    }

    /// Whether a finding is as bad as the user will not have it.
    #[must_use]
    pub fn needs_attention(&self) -> bool {
        self.findings.iter().any(|finding| self.fails(finding))
    }

    fn is_healthy(&self) -> bool {
        let fail_on = self.fail_on.unwrap_or(Severity::High);
        self.findings.iter().all(|finding| finding.rank < fail_on)
    }

    fn fails(&self, finding: &FindingReport) -> bool {
        self.fail_on.is_some_and(|fail_on| finding.rank >= fail_on)
    }

    fn count(&mut self) {
        self.summary.verdict = if self.is_healthy() { "healthy" } else { "attention" };
        self.summary.accepted = self.accepted.len();
        let mut counts: BTreeMap<String, usize> =
            Severity::ALL.iter().map(|severity| (severity.to_string(), 0)).collect();
        for finding in &self.findings {
            *counts.entry(finding.severity.clone()).or_default() += 1;
        }
        self.summary.findings = counts;
    }

    fn count_of(&self, severity: Severity) -> usize {
        self.summary.findings.get(&severity.to_string()).copied().unwrap_or_default()
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &FindingReport> {
        self.findings.iter().filter(move |finding| finding.rank == severity)
    }
}

/// The `kind` of the document.
const KIND: &str = "AuditReport";

impl DirectoryReport {
    fn new(place: &Place<'_>, view: &View<'_>) -> Self {
        let nodes = view.nodes().filter(|node| !node.is_authority());
        Self {
            path: place.path.clone(),
            layout: place.layout,
            nodes: nodes.map(|node| node.site().to_string()).collect(),
            inferred: place.facts.map(|facts| facts.iter().map(FactReport::from).collect()),
        }
    }
}

impl From<&(&'static Rule, usize)> for CheckReport {
    fn from((rule, count): &(&'static Rule, usize)) -> Self {
        let reason = (*count == 0).then(|| format!("there are no {}", rule.subject));
        Self { rule: rule.id, name: rule.name, count: *count, subject: rule.subject, reason }
    }
}

impl CheckReport {
    /// What the rule was held against and how many they are, or why it was not.
    fn scope(&self) -> String {
        self.reason.clone().unwrap_or_else(|| format!("{} {}", self.count, self.subject))
    }
}

impl From<&Fact> for FactReport {
    fn from(fact: &Fact) -> Self {
        let Fact { field, value, confidence, source } = fact;
        Self { field, value: value.clone(), confidence: confidence.to_string(), source: source.clone() }
    }
}

#[cfg(test)]
mod sample;

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema is the types'. `GOLDEN=write` in the environment writes it anew.
    #[test]
    fn the_published_schema_is_the_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings.into_generator().into_root_schema_for::<AuditReport>();
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/audit/schema.json");
        if std::env::var_os("GOLDEN").is_some_and(|mode| mode == "write") {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "GOLDEN=write writes it");
    }
}
