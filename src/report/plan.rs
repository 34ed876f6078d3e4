//! The plan, before and after it is carried out.

use std::io;

use serde::Serialize;

use super::style::{BAD, CHANGED, FAINT, GOOD, HEAD, beside};
use super::{API_VERSION, Table};
use crate::audit::View;
use crate::disk::Layout;
use crate::moment::rfc3339;
use crate::plan::{Action, Other, Plan, Reason, Step};
use crate::target::Site;

/// A plan as a document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    api_version: &'static str,
    kind: &'static str,
    cluster: String,
    directory: String,
    judged_at: String,
    /// What has become of it: only in the report of an `apply` or a `renew`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    steps: Vec<StepReport>,
    /// What is done about files and directories that no credential has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<OtherReport>,
    summary: Summary,
}

/// What has become of a plan.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// How many files were written.
    pub files_written: usize,
    /// How many files an earlier run had left to be put in place.
    pub files_recovered: usize,
    /// Where replaced files are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The archives that were written or were right already.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub archives: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepReport {
    action: &'static str,
    name: String,
    credential: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    files: Vec<String>,
    reasons: Vec<ReasonReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip)]
    site: Site,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OtherReport {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<String>,
    path: String,
    reasons: Vec<ReasonReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(PartialEq, Serialize)]
struct ReasonReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    path: String,
    message: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    create: usize,
    reissue: usize,
    rekey: usize,
    rewrite: usize,
    copy: usize,
    chmod: usize,
    request: usize,
    by_hand: usize,
    keep: usize,
}

impl PlanReport {
    /// The report of a plan; with an outcome, that of an apply.
    #[must_use]
    pub fn new(
        kind: &'static str,
        cluster: &str,
        layout: &Layout,
        view: &View<'_>,
        plan: &Plan,
        outcome: Option<Outcome>,
    ) -> Self {
        let steps = plan.steps.iter().filter_map(|step| step_report(view, step)).collect();
        let count = |word| plan.counts().find(|(known, _)| *known == word).map_or(0, |(_, count)| count);
        Self {
            api_version: API_VERSION,
            kind,
            cluster: cluster.to_owned(),
            directory: layout.root().display().to_string(),
            judged_at: rfc3339(view.now()),
            outcome,
            steps,
            others: plan.others.iter().map(other_report).collect(),
            summary: Summary {
                create: count("create"),
                reissue: count("reissue"),
                rekey: count("rekey"),
                rewrite: count("rewrite"),
                copy: count("copy"),
                chmod: count("chmod"),
                request: count("request"),
                by_hand: count("by hand"),
                keep: count("keep"),
            },
        }
    }

    /// The counts of what is done, in words: `3 to create, 1 to reissue, 12 to keep`.
    fn counts(&self) -> String {
        let Summary { create, reissue, rekey, rewrite, copy, chmod, request, by_hand, keep } = self.summary;
        let done = self.outcome.is_some();
        let counts = [
            (create, "to create", "created"),
            (reissue, "to reissue", "reissued"),
            (rekey, "to rekey", "rekeyed"),
            (rewrite, "to rewrite", "rewritten"),
            (copy, "to copy", "copied"),
            (chmod, "to chmod", "modes set"),
            (request, "to request", "to request"),
            (by_hand, "by hand", "by hand"),
            (keep, "to keep", "kept"),
        ];
        let words = counts.iter().filter(|(count, ..)| *count > 0);
        let words: Vec<_> =
            words.map(|(count, plan, past)| format!("{count} {}", if done { past } else { plan })).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }
}

fn step_report(view: &View<'_>, step: &Step) -> Option<StepReport> {
    let case = view.case(step.target)?;
    let files = case.entries().iter().filter(|entry| entry.file.required);
    Some(StepReport {
        action: step.action.word(),
        name: view.targets.name(case.target),
        credential: case.target.credential.clone(),
        node: match &case.target.site {
            Site::Node(node) => Some(node.clone()),
            Site::Authority => None,
        },
        files: files.map(|entry| entry.file.path.display().to_string()).collect(),
        reasons: step.reasons.iter().map(reason_report).collect(),
        hint: match &step.action {
            Action::ByHand(text) => Some(text.clone()),
            Action::Request => Some(SIGNED_ELSEWHERE.to_owned()),
            _ => None,
        },
        site: case.target.site.clone(),
    })
}

fn other_report(other: &Other) -> OtherReport {
    OtherReport {
        action: other.action.word(),
        node: other.site.as_ref().map(ToString::to_string),
        // The directory itself has no path below it.
        path: if other.path.as_os_str().is_empty() {
            ".".to_owned()
        } else {
            other.path.display().to_string()
        },
        reasons: other.reasons.iter().map(reason_report).collect(),
        hint: match &other.action {
            Action::ByHand(text) => Some(text.clone()),
            _ => None,
        },
    }
}

fn reason_report(reason: &Reason) -> ReasonReport {
    let (path, message) = (reason.path.display().to_string(), reason.message.clone());
    ReasonReport { rule: reason.rule, path, message }
}

/// What is to be done about a request; the same for all of them, so the table says it once.
const SIGNED_ELSEWHERE: &str = "the CA's key is not here: `kubepki request` makes the requests, `kubepki sign` signs \
                                them where the key is";

/// Sites whose steps read the same, told once.
struct Group<'a> {
    sites: Vec<&'a Site>,
    steps: Vec<&'a StepReport>,
}

impl Table for PlanReport {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        let groups = self.groups();
        let several = groups.len() > 1 || groups.iter().any(|group| group.sites.len() > 1);
        let longest = self.steps.iter().map(|step| step.credential.len()).max().unwrap_or_default();
        for group in &groups {
            if several {
                writeln!(out, "{HEAD}{}{HEAD:#}", heading(&group.sites))?;
            }
            for step in &group.steps {
                row(out, step, longest, width)?;
            }
        }
        if !self.others.is_empty() && several {
            writeln!(out, "{HEAD}other files{HEAD:#}")?;
        }
        for other in &self.others {
            other_row(out, other, longest, width)?;
        }
        if !self.steps.is_empty() || !self.others.is_empty() {
            writeln!(out)?;
        }
        let head = if self.outcome.is_some() { "Done" } else { "Plan" };
        writeln!(out, "{HEAD}{head}:{HEAD:#} {}", self.counts())?;
        if self.summary.request > 0 {
            writeln!(out, "{BAD}To request:{BAD:#} {SIGNED_ELSEWHERE}")?;
        }
        if let Some(outcome) = &self.outcome {
            if outcome.files_recovered > 0 {
                let files = outcome.files_recovered;
                writeln!(
                    out,
                    "An interrupted run had left {files} files to be put in place: that was done first"
                )?;
            }
            if let Some(backup) = &outcome.backup {
                writeln!(out, "What was replaced is kept in {backup}")?;
                writeln!(
                    out,
                    "Components read their files when they start: restart those whose files were replaced"
                )?;
            }
            if let (Some(first), count) = (outcome.archives.first(), outcome.archives.len()) {
                let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
                writeln!(out, "Archives: {first}{more}")?;
            }
        }
        Ok(())
    }
}

impl PlanReport {
    fn groups(&self) -> Vec<Group<'_>> {
        let mut sites: Vec<Group<'_>> = Vec::new();
        for step in &self.steps {
            match sites.last_mut() {
                Some(group) if *group.sites[0] == step.site => group.steps.push(step),
                _ => sites.push(Group { sites: vec![&step.site], steps: vec![step] }),
            }
        }
        // Only nodes that follow each other are joined, so that the order stays that of the spec.
        let mut groups: Vec<Group<'_>> = Vec::new();
        for site in sites {
            match groups.last_mut() {
                Some(group) if reads_same(&group.steps, &site.steps) => group.sites.extend(site.sites),
                _ => groups.push(site),
            }
        }
        groups
    }
}

fn reads_same(one: &[&StepReport], other: &[&StepReport]) -> bool {
    let line = |step: &StepReport| {
        let reasons: Vec<String> = step.reasons.iter().map(|reason| reason.message.clone()).collect();
        (step.action, step.credential.clone(), reasons, step.hint.clone())
    };
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| line(one) == line(other))
}

fn heading(sites: &[&Site]) -> String {
    match sites {
        [] => String::new(),
        [one] => one.to_string(),
        [one, two] => format!("{one}, {two}"),
        [first, .., last] => format!("{first} … {last} ({} nodes)", sites.len()),
    }
}

fn other_row(out: &mut dyn io::Write, other: &OtherReport, longest: usize, width: usize) -> io::Result<()> {
    let (sign, style) = sign(other.action);
    write!(out, "{style}{sign:>3} {:<7}{style:#} {:<longest$}  ", other.action, other.path)?;
    let indent = longest + 14;
    if other.path.chars().count() > longest {
        write!(out, "\n{:indent$}", "")?;
    }
    let mut messages: Vec<&str> = other.reasons.iter().map(|reason| reason.message.as_str()).collect();
    messages.dedup();
    beside(out, &messages.join("; "), indent, width, anstyle::Style::new())?;
    if let Some(hint) = &other.hint {
        write!(out, "{:indent$}", "")?;
        beside(out, hint, indent, width, BAD)?;
    }
    Ok(())
}

/// The sign before an action, and its colour.
fn sign(action: &str) -> (&'static str, anstyle::Style) {
    match action {
        "create" | "copy" => ("+", GOOD),
        "rekey" => ("-/+", CHANGED),
        "request" => ("?", BAD),
        "by hand" => ("!", BAD),
        "keep" => ("=", FAINT),
        _ => ("~", CHANGED),
    }
}

fn row(out: &mut dyn io::Write, step: &StepReport, longest: usize, width: usize) -> io::Result<()> {
    let (sign, style) = sign(step.action);
    write!(out, "{style}{sign:>3} {:<7}{style:#} {:<longest$}  ", step.action, step.credential)?;
    let mut messages: Vec<String> = Vec::new();
    for reason in &step.reasons {
        // The first file is the one that the name stands for; others are named.
        let other = step.files.first().is_none_or(|first| *first != reason.path);
        let message = if other && reason.rule.is_some() && step.files.len() > 1 {
            let name = reason.path.rsplit('/').next().unwrap_or_default();
            format!("{name} {}", reason.message)
        } else {
            reason.message.clone()
        };
        if messages.contains(&message) {
            continue;
        }
        // Names that are missed for several reasons are one list.
        let names = message.strip_prefix("SAN");
        match messages.last_mut().filter(|last| last.starts_with("SAN")).zip(names) {
            Some((last, names)) => last.push_str(names),
            None => messages.push(message),
        }
    }
    let indent = longest + 14;
    let faint = if step.action == "keep" { FAINT } else { anstyle::Style::new() };
    beside(out, &messages.join("; "), indent, width, faint)?;
    if let Some(hint) = step.hint.as_ref().filter(|hint| *hint != SIGNED_ELSEWHERE) {
        write!(out, "{:indent$}", "")?;
        beside(out, hint, indent, width, BAD)?;
    }
    Ok(())
}
