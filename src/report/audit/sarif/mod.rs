//! The audit for code-scanning viewers: SARIF 2.1.0 (OASIS Standard, 2020).
//!
//! A viewer compares runs by fingerprints, so that everything that was found is in it: what was ignored is suppressed
//! with its justification (§3.27.23), and with a baseline each result says whether it is new, unchanged or absent
//! (§3.27.24).

mod location;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::{AcceptedBy, AcceptedReport, AuditReport, FindingReport, GoneReport};
use crate::audit::{Rule, Severity, rules};
use crate::error::Error;
use crate::report;
use location::{Bases, Location};

/// The name of our fingerprint: its number goes up when what it is made of changes (§3.27.17).
const FINGERPRINT: &str = "kubepki/v1";

impl AuditReport {
    /// Writes the report as SARIF. `here` is the directory that relative paths are relative to.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn sarif(&self, here: &Path, out: &mut dyn io::Write) -> Result<(), Error> {
        report::json(&Log::of(self, here), out)
    }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    original_uri_base_ids: BTreeMap<&'static str, Location>,
    column_kind: &'static str,
    results: Vec<SarifResult<'a>>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

/// A rule (§3.49).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Text,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct RuleProperties {
    tags: Vec<String>,
    /// What GitHub reads the severity of an alert from.
    security_severity: &'static str,
    precision: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    markdown: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [ResultLocation; 1],
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'a>>,
    properties: ResultProperties<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultLocation {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Location,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
}

#[derive(Serialize)]
struct Suppression<'a> {
    kind: &'static str,
    status: &'static str,
    justification: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<Until<'a>>,
}

#[derive(Serialize)]
struct Until<'a> {
    until: &'a str,
}

#[derive(Serialize)]
struct ResultProperties<'a> {
    severity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'a str>,
}

impl<'a> Log<'a> {
    fn of(report: &'a AuditReport, here: &Path) -> Self {
        let bases = Bases::of(report, here);
        let index: BTreeMap<&str, usize> =
            rules::all().enumerate().map(|(index, rule)| (rule.id, index)).collect();
        let found = |finding, state| result(finding, &bases, &index, state);
        let new = report.compared.then_some("new");
        let mut results: Vec<SarifResult<'_>> =
            report.findings.iter().map(|finding| found(finding, new)).collect();
        for accepted in &report.accepted {
            let state = match accepted.accepted_by {
                AcceptedBy::Baseline => Some("unchanged"),
                AcceptedBy::Ignore => new,
            };
            let suppressions = suppression(accepted).into_iter().collect();
            results.push(SarifResult { suppressions, ..found(&accepted.finding, state) });
        }
        results.extend(report.gone.iter().map(|gone| absent(gone, &bases, &index)));
        Self {
            schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
            version: "2.1.0",
            runs: [Run {
                tool: Tool {
                    driver: Driver {
                        name: "kubepki",
                        semantic_version: report.version,
                        rules: rules::all().map(descriptor).collect(),
                    },
                },
                invocations: [Invocation { execution_successful: true }],
                original_uri_base_ids: bases.definitions(),
                column_kind: "unicodeCodePoints",
                results,
            }],
        }
    }
}

fn result<'a>(
    finding: &'a FindingReport,
    bases: &Bases,
    index: &BTreeMap<&str, usize>,
    baseline_state: Option<&'static str>,
) -> SarifResult<'a> {
    SarifResult {
        rule_id: finding.rule,
        rule_index: index.get(finding.rule).copied(),
        level: level(finding.rank),
        message: Text {
            text: format!(
                "{}: {}. {}: {}",
                finding.place(),
                finding.message,
                finding.fix.label(),
                finding.remedy
            ),
            markdown: None,
        },
        locations: [ResultLocation {
            physical_location: PhysicalLocation {
                artifact_location: bases.location(finding.place, &finding.path),
                region: finding.line.map(|start_line| Region { start_line }),
            },
        }],
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, finding.fingerprint.as_str())]),
        baseline_state,
        suppressions: Vec::new(),
        properties: ResultProperties {
            severity: &finding.severity,
            role: finding.role.as_deref(),
            node: finding.node.as_deref(),
            remedy: Some(&finding.remedy),
        },
    }
}

fn suppression(accepted: &AcceptedReport) -> Option<Suppression<'_>> {
    (accepted.accepted_by == AcceptedBy::Ignore).then(|| Suppression {
        kind: "external",
        status: "accepted",
        justification: &accepted.reason,
        properties: accepted.until.as_deref().map(|until| Until { until }),
    })
}

/// What the baseline had and is found no longer.
fn absent<'a>(gone: &'a GoneReport, bases: &Bases, index: &BTreeMap<&str, usize>) -> SarifResult<'a> {
    let severity = Severity::ALL.into_iter().find(|severity| severity.to_string() == gone.severity);
    SarifResult {
        rule_id: &gone.rule,
        rule_index: index.get(gone.rule.as_str()).copied(),
        level: level(severity.unwrap_or(Severity::Info)),
        message: Text { text: format!("{}: {}", gone.path, gone.message), markdown: None },
        locations: [ResultLocation {
            physical_location: PhysicalLocation {
                artifact_location: bases.location(0, &gone.path),
                region: None,
            },
        }],
        partial_fingerprints: BTreeMap::from([(FINGERPRINT, gone.fingerprint.as_str())]),
        baseline_state: Some("absent"),
        suppressions: Vec::new(),
        properties: ResultProperties { severity: &gone.severity, role: None, node: None, remedy: None },
    }
}

fn descriptor(rule: &'static Rule) -> Descriptor {
    let manual = rule.manual();
    let family = rules::FAMILIES.iter().find(|family| family.rules.iter().any(|other| other.id == rule.id));
    let family = family.map(|family| family.folder.replace('_', "-"));
    Descriptor {
        id: rule.id,
        name: pascal(rule.name),
        short_description: Text { text: rule.summary(), markdown: None },
        full_description: Text { text: rule.why(), markdown: None },
        help: Text { text: manual.trim().to_owned(), markdown: Some(format!("{}\n", manual.trim())) },
        default_configuration: Configuration { level: level(rule.severity) },
        properties: RuleProperties {
            tags: ["security", "kubernetes", "pki"].into_iter().map(str::to_owned).chain(family).collect(),
            security_severity: security_severity(rule.severity),
            precision: "very-high",
        },
    }
}

/// `NotYetValid`: SARIF asks for a readable identifier, and viewers expect Pascal case (§3.49.7).
fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Numbers within the bounds that GitHub's code scanning sets: critical above 9, high from 7, medium from 4, low below.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.5",
        Severity::Info => "0.0",
    }
}
