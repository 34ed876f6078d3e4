//! The audit as one page that an auditor prints: everything is in it, and nothing in it runs.
//!
//! The page is the template in `templates/audit`, which escapes whatever a certificate or a file's name may say.

mod crosswalk;
mod drawing;
mod stock;
mod timeline;
mod trust;

use std::io;

use askama::Template;
use rayon::prelude::*;
use time::OffsetDateTime;

use super::group::groups;
use super::{AcceptedBy, AuditReport};
use crate::audit::{Scene, Severity, View, rules};
use crate::disk::digest::{COMMAND, Digest};
use crate::error::Error;
use crate::moment::rfc3339;
use crate::report::style::plain;
use crate::x509::hex::hex;
use crate::x509::sha256;
use crosswalk::{Crosswalk, Framework, Outcome};
use drawing::Shape;
use stock::{Keys, Row, Stock, stock};
use timeline::Timeline;
use trust::Trust;

/// Of more files than this, only some are named with a finding.
const FILES: usize = 12;

/// More findings of a severity that say different things are not told one by one.
const GROUPS: usize = 250;

/// With more certificates than this, those of one credential are one row of the inventory: the page stays one that can
/// be read and printed.
const ROWS: usize = 500;

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
    severities: Vec<Section<'a>>,
    ignored: Vec<Ignored>,
    trust: Trust,
    timeline: Timeline,
    crosswalks: [Crosswalk; 2],
    rows: Vec<Row>,
    certificates: usize,
}

/// The findings of a severity.
struct Section<'a> {
    severity: Severity,
    count: usize,
    findings: Vec<Entry<'a>>,
    rest: usize,
}

/// Findings that say the same.
struct Entry<'a> {
    rule: &'static str,
    name: &'static str,
    count: usize,
    files: String,
    message: String,
    why: &'a str,
    label: &'static str,
    fix: String,
}

/// A finding that was ignored.
struct Ignored {
    rule: &'static str,
    place: String,
    message: String,
    reason: String,
    until: String,
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
        let keys = Keys::of(scene);
        let page = Page {
            report: self,
            provenance,
            made: rfc3339(provenance.made),
            rule_set: rule_set(),
            command: COMMAND,
            severities: Severity::ALL.into_iter().rev().map(|severity| self.section(severity)).collect(),
            ignored: self.ignored(),
            trust: Trust::of(self, &stock, &keys, now, |_| Vec::new()),
            timeline: Timeline::of(&stock, now),
            crosswalks: [
                Crosswalk::of(self, "CIS Kubernetes Benchmark", Framework::Cis),
                Crosswalk::of(self, "DISA Kubernetes STIG", Framework::Stig),
            ],
            rows: self.rows(&stock, now),
            certificates: stock.len(),
        };
        let text = page
            .render()
            .map_err(|error| Error::Format { format: "HTML", problem: error.to_string() })?;
        Ok(writeln!(out, "{}", text.trim_end())?)
    }

    fn section(&self, severity: Severity) -> Section<'_> {
        let groups = groups(self.of(severity));
        let entries = groups.iter().take(GROUPS).map(|group| Entry {
            rule: group.first.rule,
            name: group.first.name,
            count: group.all.len(),
            files: plain(&group.places(FILES)).into_owned(),
            message: plain(&group.first.message).into_owned(),
            why: &group.first.why,
            label: group.first.fix.label(),
            fix: plain(group.first.fix.text()).into_owned(),
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
        let entry = ignored.take(GROUPS).map(|accepted| Ignored {
            rule: accepted.finding.rule,
            place: plain(&accepted.finding.place()).into_owned(),
            message: plain(&accepted.finding.message).into_owned(),
            reason: plain(&accepted.reason).into_owned(),
            until: accepted.until.clone().unwrap_or_default(),
        });
        entry.collect()
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
