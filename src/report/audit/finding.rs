//! What is wrong, and what was accepted of it.

use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Place;
use crate::audit::case::Signing;
use crate::audit::{Case, Finding, Remedy, Scene, Severity, View};
use crate::catalog::Keeper;
use crate::x509::hex::hex;
use crate::x509::sha256;

/// Something that is wrong.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FindingReport {
    /// The rule's number.
    pub rule: &'static str,
    /// The rule's name.
    pub name: &'static str,
    /// How bad it is: critical, high, medium, low, info.
    pub severity: String,
    /// The directory, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// The node, or `authority`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The file, relative to the directory; absolute where it is kept apart from it.
    pub path: String,
    /// The line of the PEM block that is meant, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What is wrong: a fragment that follows the path.
    pub message: String,
    /// Why it matters.
    pub why: String,
    /// What cures it: a command, or what a person has to do.
    pub remedy: String,
    /// What stays the same when the same is found again, whatever the path.
    pub fingerprint: String,
    #[serde(skip)]
    pub(super) rank: Severity,
    #[serde(skip)]
    pub(super) fix: Fix,
    /// The position of the directory.
    #[serde(skip)]
    pub(super) place: usize,
}

/// What cures a finding, in a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fix {
    /// `kubepki apply` does it: what it does.
    Apply(String),
    /// A person must do it.
    ByHand(String),
    /// Nobody must; this is what could be done.
    Advice(String),
}

/// Something that is wrong and was accepted.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AcceptedReport {
    /// What is wrong.
    #[serde(flatten)]
    pub finding: FindingReport,
    /// Why it was accepted: the reason in the file.
    pub reason: String,
    /// Who accepted it: `ignore`, or `baseline` for what was there before.
    pub accepted_by: AcceptedBy,
    /// The last day on which it is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// Who accepted a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum AcceptedBy {
    /// It was there before.
    Baseline,
    /// The user, who gave a reason.
    Ignore,
}

impl Fix {
    /// The word that stands before the text: who acts.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Apply(_) => "fix",
            Self::ByHand(_) => "by hand",
            Self::Advice(_) => "advice",
        }
    }

    /// What is done.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Apply(text) | Self::ByHand(text) | Self::Advice(text) => text,
        }
    }
}

impl FindingReport {
    /// The file with the directory before it, where there are several.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.directory {
            Some(directory) if !self.path.starts_with('/') => format!("{directory}/{}", self.path),
            _ => self.path.clone(),
        }
    }
}

/// What is wrong, the worst first.
pub(super) fn findings(
    scene: &Scene<'_>,
    findings: &[Finding],
    places: &[Place<'_>],
    spec: Option<&str>,
) -> Vec<FindingReport> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut reasons: HashMap<&str, String> = HashMap::new();
    let mut reports: Vec<FindingReport> = findings
        .iter()
        .map(|finding| {
            let view = scene.views.get(finding.anchor.view);
            let case = view.and_then(|view| view.case(finding.anchor.target?));
            let place = places.get(finding.anchor.view);
            let (fix, remedy) = cure(finding, case.as_ref(), place, spec);
            let path = finding.path.display().to_string();
            FindingReport {
                rule: finding.rule.id,
                name: finding.rule.name,
                severity: finding.severity.to_string(),
                directory: place.map(|place| place.path.clone()).filter(|_| scene.views.len() > 1),
                node: finding.anchor.site.as_ref().map(ToString::to_string),
                path: if path.is_empty() { ".".to_owned() } else { path },
                line: view.and_then(|view| line(view, finding)),
                role: case.map(|case| case.target.credential.clone()),
                message: finding.message.clone(),
                why: reasons.entry(finding.rule.id).or_insert_with(|| finding.rule.why()).clone(),
                remedy,
                fingerprint: fingerprint(finding, case.as_ref(), &mut seen),
                rank: finding.severity,
                fix,
                place: finding.anchor.view,
            }
        })
        .collect();
    reports.sort_by_key(|finding| std::cmp::Reverse(finding.rank));
    reports
}

/// Never the path alone: an alert should survive that a directory is moved. Where several findings are of one rule,
/// credential and key, a number tells them apart.
fn fingerprint(finding: &Finding, case: Option<&Case<'_>>, seen: &mut HashMap<String, usize>) -> String {
    let name = finding.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let site = finding.anchor.site.as_ref().map(ToString::to_string).unwrap_or_default();
    let role = case.map_or(name.as_str(), |case| &case.target.credential);
    let key = finding.anchor.key.as_deref().unwrap_or_default();
    let identity = [finding.rule.id, &site, role, &name, key].join("\n");
    let number = seen.entry(identity.clone()).and_modify(|number| *number += 1).or_insert(0);
    hex(&sha256(format!("{identity}\n{number}").as_bytes())[..16])
}

fn line(view: &View<'_>, finding: &Finding) -> Option<usize> {
    let key = finding.anchor.key.as_deref()?;
    let found = match finding.anchor.target {
        Some(target) => {
            let mut entries = view.survey.of_target(target).iter();
            &entries.find(|entry| entry.file.path == finding.path)?.found
        }
        None => &view.survey.stray(&finding.path)?.found,
    };
    found.present()?.content.line_of(key)
}

/// What cures a finding: in a word, and as one command or what a person has to do.
fn cure(
    finding: &Finding,
    case: Option<&Case<'_>>,
    place: Option<&Place<'_>>,
    spec: Option<&str>,
) -> (Fix, String) {
    let word = match &finding.remedy {
        Remedy::Advice(text) => return (Fix::Advice(text.clone()), text.clone()),
        Remedy::ByHand(text) => return by_hand(text.clone()),
        Remedy::Chmod(mode) => return chmod(finding, *mode, case, place),
        Remedy::Copy => "copies it from the authority",
        Remedy::Rewrite => "writes it again",
        Remedy::Reissue => "reissues it",
        Remedy::Rekey => "reissues it with a new key",
        Remedy::Issue => "makes it",
    };
    let Some(case) = case.filter(|case| case.is_ours()) else {
        return by_hand("replace the file".to_owned());
    };
    if let Some(issuer) = case.certifier().filter(|_| finding.remedy.signs()) {
        match issuer.signing() {
            Signing::Elsewhere => {
                return by_hand(
                    "have it signed by who has the CA's key, or put that key beside its certificate for one run of \
                     `kubepki apply`"
                        .to_owned(),
                );
            }
            Signing::Nobody if !issuer.may_be_made() => {
                let name = issuer.view.targets.name(issuer.target);
                return by_hand(format!("mend `{name}` first: it signs this"));
            }
            _ => {}
        }
    }
    let command = place.map(|place| place.apply(spec)).unwrap_or_default();
    (Fix::Apply(format!("kubepki apply {word}")), command)
}

/// `kubepki apply` sets the mode of whatever is below its directory.
fn chmod(finding: &Finding, mode: u32, case: Option<&Case<'_>>, place: Option<&Place<'_>>) -> (Fix, String) {
    let directory = place.map_or(Path::new(""), |place| Path::new(&place.path));
    let command = format!("chmod {mode:03o} {}", quote(&directory.join(&finding.path).display().to_string()));
    let ours = match case {
        Some(case) => case.target.keeper == Keeper::Kubepki,
        None => place.is_some_and(Place::is_ours) && finding.path.is_relative(),
    };
    if ours {
        (Fix::Apply(format!("kubepki apply sets the mode to {mode:03o}")), command)
    } else {
        (Fix::ByHand(command.clone()), command)
    }
}

fn by_hand(text: String) -> (Fix, String) {
    (Fix::ByHand(text.clone()), text)
}

/// A word as the shell reads it.
pub(super) fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
