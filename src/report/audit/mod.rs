//! What an audit found, for people and machines: one file for each format.

mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use super::API_VERSION;
use crate::audit::case::Signing;
use crate::audit::{Finding, Judgement, Remedy, Rule, Scene, Severity, View};
use crate::catalog::Keeper;
use crate::infer::Fact;
use crate::moment::{date, rfc3339};
use crate::x509::hex::hex;
use crate::x509::sha256;

/// What an audit found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    api_version: &'static str,
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
    /// Every rule that applied, and to how many things.
    pub checked: Vec<CheckReport>,
    /// Every rule that did not apply, and why.
    pub not_applicable: Vec<CheckReport>,
    /// The numbers.
    pub summary: Summary,
}

/// A directory that was looked at.
#[derive(Serialize)]
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
#[derive(Clone, Serialize)]
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

/// Something that is wrong.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingReport {
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// How bad it is.
    pub severity: String,
    /// The directory, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The node, or `authority`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The file, relative to the directory.
    pub path: String,
    /// The credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// What cures it: a command, or what a person has to do.
    pub remedy: String,
    /// What stays the same when the same is found again, whatever the path.
    pub fingerprint: String,
    #[serde(skip)]
    pub(super) rank: Severity,
}

/// Something that is wrong and was accepted.
#[derive(Serialize)]
pub struct AcceptedReport {
    /// What is wrong.
    #[serde(flatten)]
    pub finding: FindingReport,
    /// Why it was accepted: the reason in the file, or `baseline`.
    pub reason: String,
}

/// A rule and what it was held against.
#[derive(Serialize)]
pub struct CheckReport {
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// To how many things it applied.
    pub count: usize,
    /// What they are; for a rule that did not apply, that there are none.
    pub subject: String,
}

/// The numbers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// `healthy`, or `attention` where a finding is as bad as `failOn`.
    pub verdict: &'static str,
    /// From which severity on the PKI needs attention.
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
pub struct Subject<'a> {
    /// The directories: their paths, layouts, and what was inferred, in the order of the scene.
    pub directories: Vec<(String, &'static str, Option<&'a [Fact]>)>,
    /// The spec's path, where one was given.
    pub spec: Option<String>,
    /// From which severity on the PKI needs attention.
    pub fail_on: Severity,
}

impl AuditReport {
    /// The report of a judgement.
    #[must_use]
    pub fn new(scene: &Scene<'_>, judgement: &Judgement, subject: &Subject<'_>) -> Self {
        let mut findings = findings(scene, judgement, subject);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.rank));
        let now = scene.views.first().map(View::now);
        let directories = subject.directories.iter().zip(&scene.views);
        let directories = directories.map(|((path, layout, facts), view)| DirectoryReport {
            path: path.clone(),
            layout,
            nodes: view
                .nodes()
                .filter(|node| !node.is_authority())
                .map(|node| node.site().to_string())
                .collect(),
            inferred: facts.map(|facts| facts.iter().map(FactReport::from).collect()),
        });
        let check = |(rule, count): &(&'static Rule, usize)| CheckReport {
            rule: rule.id,
            name: rule.name,
            count: *count,
            subject: if *count > 0 {
                rule.subject.to_owned()
            } else {
                format!("there are no {}", rule.subject)
            },
        };
        let (applied, others): (Vec<_>, Vec<_>) = judgement.checked.iter().partition(|(_, count)| *count > 0);
        let mut report = Self {
            api_version: API_VERSION,
            kind: "AuditReport",
            version: env!("CARGO_PKG_VERSION"),
            judged_at: now.map(rfc3339).unwrap_or_default(),
            directories: directories.collect(),
            findings,
            accepted: Vec::new(),
            checked: applied.into_iter().map(check).collect(),
            not_applicable: others.into_iter().map(check).collect(),
            summary: Summary {
                verdict: "",
                fail_on: subject.fail_on.to_string(),
                findings: BTreeMap::new(),
                accepted: 0,
                rules_checked: 0,
                certificates: scene.sightings().count(),
                last_safe_day: crate::audit::last_safe_day(scene).map(date),
            },
        };
        report.summary.rules_checked = report.checked.len();
        report.count(subject.fail_on);
        report
    }

    /// Takes findings out that were accepted; `reason` says why, for each that was.
    pub fn accept(&mut self, fail_on: Severity, reason: impl Fn(&FindingReport) -> Option<String>) {
        let mut kept = Vec::new();
        for finding in std::mem::take(&mut self.findings) {
            match reason(&finding) {
                Some(reason) => self.accepted.push(AcceptedReport { finding, reason }),
                None => kept.push(finding),
            }
        }
        self.findings = kept;
        self.count(fail_on);
    }

    /// Whether a finding is as bad as the user will not have it.
    #[must_use]
    pub fn needs_attention(&self, fail_on: Severity) -> bool {
        self.findings.iter().any(|finding| finding.rank >= fail_on)
    }

    fn count(&mut self, fail_on: Severity) {
        self.summary.verdict = if self.needs_attention(fail_on) { "attention" } else { "healthy" };
        self.summary.accepted = self.accepted.len();
        let count =
            |severity: Severity| self.findings.iter().filter(|finding| finding.rank == severity).count();
        self.summary.findings =
            Severity::ALL.iter().map(|severity| (severity.to_string(), count(*severity))).collect();
    }
}

impl From<&Fact> for FactReport {
    fn from(fact: &Fact) -> Self {
        let Fact { field, value, confidence, source } = fact;
        Self { field, value: value.clone(), confidence: confidence.to_string(), source: source.clone() }
    }
}

fn findings(scene: &Scene<'_>, judgement: &Judgement, subject: &Subject<'_>) -> Vec<FindingReport> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let reports = judgement.findings.iter().map(|finding| {
        let view = scene.views.get(finding.anchor.view);
        let case = view.and_then(|view| view.case(finding.anchor.target?));
        let directory = subject.directories.get(finding.anchor.view).map(|(path, ..)| path.clone());
        let role = case.map(|case| case.target.credential.clone());
        let path = finding.path.display().to_string();
        // Never the path alone: an alert should survive that a directory is moved. Where several findings are of one
        // rule, credential and key, the number tells them apart.
        let name =
            finding.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let site = finding.anchor.site.as_ref().map(ToString::to_string).unwrap_or_default();
        let key = finding.anchor.key.as_deref().unwrap_or_default();
        let identity = [finding.rule.id, &site, role.as_deref().unwrap_or(&name), &name, key].join("\n");
        let number = seen.entry(identity.clone()).and_modify(|number| *number += 1).or_insert(0);
        let fingerprint = hex(&sha256(format!("{identity}\n{number}").as_bytes())[..16]);
        FindingReport {
            rule: finding.rule.id,
            name: finding.rule.name,
            severity: finding.severity.to_string(),
            directory: directory.clone().filter(|_| scene.views.len() > 1),
            node: finding.anchor.site.as_ref().map(ToString::to_string),
            path: if path.is_empty() { ".".to_owned() } else { path },
            role,
            message: finding.message.clone(),
            why: finding.rule.why(),
            remedy: remedy(
                finding,
                case.as_ref(),
                directory.as_deref().unwrap_or("DIR"),
                subject.spec.as_deref(),
            ),
            fingerprint,
            rank: finding.severity,
        }
    });
    reports.collect()
}

/// What cures a finding: one command, or what a person has to do.
fn remedy(
    finding: &Finding,
    case: Option<&crate::audit::Case<'_>>,
    directory: &str,
    spec: Option<&str>,
) -> String {
    match &finding.remedy {
        Remedy::Advice(text) | Remedy::ByHand(text) => text.clone(),
        Remedy::Chmod(mode) => {
            let path = if finding.path.is_absolute() {
                finding.path.display().to_string()
            } else {
                format!("{directory}/{}", finding.path.display()).trim_end_matches('/').to_owned()
            };
            format!("chmod {mode:03o} {path}")
        }
        acts => {
            let issuer = case.and_then(crate::audit::Case::issuer);
            let elsewhere = issuer.is_some_and(|issuer| matches!(issuer.signing(), Signing::Elsewhere));
            if acts.signs() && elsewhere {
                return "have it signed by who has the CA's key, or put that key beside its certificate for one run of \
                        `kubepki apply`"
                    .to_owned();
            }
            let ours = case.is_some_and(|case| case.target.keeper == Keeper::Kubepki);
            match spec {
                Some(spec) => format!("kubepki apply -f {spec} -d {directory}"),
                None if ours => format!(
                    "kubepki adopt -d {directory} > cluster.yaml; kubepki apply -f cluster.yaml -d {directory}"
                ),
                None => "replace the file".to_owned(),
            }
        }
    }
}
