//! The audit as one page that an auditor prints: everything is in it, and nothing in it runs.
//!
//! The page is the template in `templates/audit`, which escapes whatever a certificate or a file's name may say.

mod believers;
mod crosswalk;
mod drawing;
mod sheet;
mod stock;
mod timeline;
mod trust;

use std::collections::BTreeMap;
use std::io;

use askama::Template;
use rayon::prelude::*;
use time::OffsetDateTime;

use super::group::groups;
use super::{AcceptedBy, AuditReport, FindingReport};
use crate::audit::{Scene, Severity, View, rules};
use crate::disk::digest::{COMMAND, Digest};
use crate::error::Error;
use crate::moment::rfc3339;
use crate::report::style::{plain, short};
use crate::x509::hex::hex;
use crate::x509::sha256;
use believers::Believers;
use crosswalk::{Crosswalk, Framework, Outcome};
use drawing::Shape;
use stock::{Keys, Row, Stock, stock};
use timeline::Timeline;
use trust::Trust;

/// More of a text than this is not told: the names in it may be of any length.
const TEXT: usize = 1000;

/// Of more files than this, only some are named with a finding.
const FILES: usize = 12;

/// More findings of a severity that say different things are not told one by one.
const GROUPS: usize = 250;

/// With more certificates than this, those of one credential are one row of the inventory: the page stays one that can
/// be read and printed.
const ROWS: usize = 200;

/// Where a report comes from, beside what was judged.
#[derive(Debug)]
pub struct Provenance {
    /// When it was made.
    pub made: OffsetDateTime,
    /// What the files of the directories come down to.
    pub directories: Vec<Digest>,
    /// The other files that went into it: what each is, its path, and its SHA-256 in hexadecimal.
    pub files: Vec<(&'static str, String, String)>,
    /// The spec, where one was given.
    pub spec: Option<String>,
}

#[derive(Template)]
#[template(path = "audit/page.html")]
struct Page<'a> {
    report: &'a AuditReport,
    provenance: &'a Provenance,
    made: String,
    rule_set: String,
    command: &'static str,
    severities: Vec<Section>,
    ignored: Vec<Ignored>,
    trust: Trust,
    timeline: Timeline,
    crosswalks: [Crosswalk; 2],
    rows: Vec<Row>,
    certificates: usize,
}

/// The findings of a severity.
struct Section {
    severity: Severity,
    count: usize,
    findings: Vec<Entry>,
    rest: usize,
}

/// Findings that say the same.
struct Entry {
    rule: &'static str,
    name: &'static str,
    count: usize,
    files: String,
    message: Prose,
    why: Prose,
    label: &'static str,
    fix: Prose,
}

/// Findings that were ignored and say the same.
struct Ignored {
    rule: &'static str,
    files: String,
    message: Prose,
    reason: String,
    until: String,
}

/// Text with what stands in backticks apart: whether it does, and the text.
struct Prose(Vec<(bool, String)>);

impl Prose {
    fn of(text: &str) -> Self {
        let text = &short(text, TEXT);
        // A backtick without its partner stands for itself.
        let whole = text.matches('`').count() / 2 * 2;
        let parts = text.splitn(whole + 1, '`').enumerate();
        Self(parts.map(|(index, part)| (index % 2 == 1, part.to_owned())).collect())
    }
}

impl AuditReport {
    /// Writes the report as a page.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn html(
        &self,
        scene: &Scene<'_>,
        provenance: &Provenance,
        out: &mut dyn io::Write,
    ) -> Result<(), Error> {
        let now = scene.views.first().map_or(provenance.made, View::now);
        let stock = stock(scene);
        let (keys, believers) = (Keys::of(scene), Believers::in_scene(scene));
        let page = Page {
            report: self,
            provenance,
            made: rfc3339(provenance.made),
            rule_set: rule_set(),
            command: COMMAND,
            severities: Severity::ALL.into_iter().rev().map(|severity| self.section(severity)).collect(),
            ignored: self.ignored(),
            trust: Trust::of(self, &stock, &keys, now, |ca| believers.of(ca)),
            timeline: Timeline::of(&stock, now),
            crosswalks: [
                Crosswalk::of(self, "CIS Kubernetes Benchmark", Framework::Cis),
                Crosswalk::of(self, "DISA Kubernetes STIG", Framework::Stig),
            ],
            rows: self.rows(&stock, now),
            certificates: stock.len(),
        };
        let text =
            page.render().map_err(|error| Error::Format { format: "HTML", problem: error.to_string() })?;
        Ok(writeln!(out, "{}", text.trim_end())?)
    }

    fn section(&self, severity: Severity) -> Section {
        let groups = groups(self.of(severity));
        let entries = groups.iter().take(GROUPS).map(|group| Entry {
            rule: group.first.rule,
            name: group.first.name,
            count: group.all.len(),
            files: plain(&group.places(FILES)).into_owned(),
            message: Prose::of(&group.first.message),
            why: Prose::of(&group.first.why),
            label: group.first.fix.label(),
            fix: Prose::of(group.first.fix.text()),
        });
        Section {
            severity,
            count: self.count_of(severity),
            findings: entries.collect(),
            rest: groups.iter().skip(GROUPS).map(|group| group.all.len()).sum(),
        }
    }

    fn ignored(&self) -> Vec<Ignored> {
        let ignored = self.accepted.iter().filter(|accepted| accepted.accepted_by == AcceptedBy::Ignore);
        let mut reasons: BTreeMap<(&str, Option<&str>), Vec<&FindingReport>> = BTreeMap::new();
        for accepted in ignored {
            let reason = (accepted.reason.as_str(), accepted.until.as_deref());
            reasons.entry(reason).or_default().push(&accepted.finding);
        }
        let mut entries = Vec::new();
        for ((reason, until), findings) in reasons {
            entries.extend(groups(findings).iter().map(|group| Ignored {
                rule: group.first.rule,
                files: plain(&group.places(FILES)).into_owned(),
                message: Prose::of(&group.first.message),
                reason: plain(reason).into_owned(),
                until: until.unwrap_or("for good").to_owned(),
            }));
        }
        entries.truncate(GROUPS);
        entries
    }

    fn rows(&self, stock: &[Stock<'_>], now: OffsetDateTime) -> Vec<Row> {
        if stock.len() <= ROWS {
            return stock.par_iter().map(|one| one.row(self, now)).collect();
        }
        Row::of_credentials(self, stock, now)
    }
}

/// What tells one set of rules from another: a number made of their numbers, severities and manuals.
fn rule_set() -> String {
    let rules = rules::all().map(|rule| format!("{} {} {}\n", rule.id, rule.severity, rule.comment));
    let digest = hex(&sha256(rules.collect::<String>().as_bytes()));
    format!("{} rules, {}", rules::all().count(), digest.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_backticks_is_apart() {
        let parts = |text| {
            let Prose(parts) = Prose::of(text);
            parts
                .iter()
                .map(|(code, text)| format!("{}{text}", if *code { '#' } else { '-' }))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            parts("run `kubepki apply`, then `x`"),
            ["-run ", "#kubepki apply", "-, then ", "#x", "-"]
        );
        assert_eq!(parts("one ` alone"), ["-one ` alone"]);
        assert_eq!(parts("`a` and `"), ["-", "#a", "- and `"]);
    }
}
