//! The sentences of a report that several formats share.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::{AcceptedBy, AuditReport, DirectoryReport, FactReport, Fix};
use crate::audit::Severity;

/// Of more findings that are gone than this, only some are named.
const GONE: usize = 3;

/// Of more values of a field than this, only some are told.
const VALUES: usize = 12;

impl DirectoryReport {
    /// What was inferred, with the values together that are of one field and as sure as each other: the names of two
    /// hundred nodes are one matter.
    pub(super) fn facts(&self) -> Vec<FactReport> {
        let mut all: IndexMap<(&str, &str, &str), Vec<&FactReport>> = IndexMap::new();
        for fact in self.inferred.iter().flatten() {
            let same = (fact.field, fact.confidence.as_str(), fact.source.as_str());
            all.entry(same).or_default().push(fact);
        }
        let told = |facts: Vec<&FactReport>| {
            let values: Vec<&str> = facts.iter().take(VALUES).map(|fact| fact.value.as_str()).collect();
            let mut value = values.join(", ");
            if facts.len() > VALUES {
                value += &format!(" and {} more", facts.len() - VALUES);
            }
            facts.first().map(|first| FactReport { value, ..(*first).clone() })
        };
        all.into_values().filter_map(told).collect()
    }
}

impl AuditReport {
    /// `2 critical, 1 high`; empty where nothing was found.
    pub(super) fn counts(&self) -> String {
        let counts = Severity::ALL.into_iter().rev().map(|severity| (self.count_of(severity), severity));
        let counts =
            counts.filter(|(count, _)| *count > 0).map(|(count, severity)| format!("{count} {severity}"));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// The commands that cure what `kubepki apply` can cure, one for each directory that has something of it.
    pub(super) fn cures(&self) -> Vec<&str> {
        let here = self.findings.iter().filter(|finding| matches!(finding.fix, Fix::Apply(_)));
        let here: HashSet<usize> = here.map(|finding| finding.place).collect();
        let cures = self.cures.iter().enumerate().filter(|(place, _)| here.contains(place));
        cures.map(|(_, cure)| cure.as_str()).collect()
    }

    /// How much is not shown, and why.
    pub(super) fn aside(&self) -> Option<String> {
        let by = |who| self.accepted.iter().filter(|accepted| accepted.accepted_by == who).count();
        let (ignored, known) = (by(AcceptedBy::Ignore), by(AcceptedBy::Baseline));
        let ignored = (ignored > 0).then(|| format!("{ignored} ignored"));
        let known = (known > 0).then(|| format!("{known} known from the baseline"));
        let parts: Vec<String> = ignored.into_iter().chain(known).collect();
        (!parts.is_empty()).then(|| format!("not shown: {}", parts.join(", ")))
    }

    /// What is gone since the baseline.
    pub(super) fn gone_line(&self) -> Option<String> {
        if self.gone.is_empty() {
            return None;
        }
        let named: Vec<String> =
            self.gone.iter().take(GONE).map(|gone| format!("{} {}", gone.rule, gone.path)).collect();
        let more = match self.gone.len().saturating_sub(GONE) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("gone since the baseline: {}{more}", named.join(", ")))
    }

    /// What was checked, and until when all is well.
    pub(super) fn scope(&self) -> String {
        let rules = self.checked.len() + self.not_applicable.len();
        let (checked, certificates) = (self.summary.rules_checked, self.summary.certificates);
        let mut text = format!("{checked} of {rules} rules applied to {certificates} certificates");
        if let Some(day) = &self.summary.last_safe_day {
            text += &format!("; the last day on which all of them are valid is {day}");
        }
        text
    }
}
