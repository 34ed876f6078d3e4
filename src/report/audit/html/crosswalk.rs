//! What the rules say of the controls of a benchmark. Which control a rule is about stands in the rule's own references,
//! and nowhere else.

use std::collections::{BTreeMap, HashMap};

use crate::audit::{Rule, rules};
use crate::report::audit::AuditReport;

/// A list of controls that somebody published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    /// The CIS Kubernetes Benchmark.
    Cis,
    /// The Kubernetes STIG of the DISA.
    Stig,
}

/// A framework with what the rules say of its controls.
#[derive(Debug)]
pub struct Crosswalk {
    /// What it is called.
    pub name: &'static str,
    /// Its controls that a rule is about, in their order.
    pub controls: Vec<Control>,
}

/// A control.
#[derive(Debug)]
pub struct Control {
    /// Its number.
    pub id: String,
    /// How it came out.
    pub outcome: Outcome,
    /// The rules that are about it.
    pub rules: Vec<Cited>,
}

/// A rule that is about a control.
#[derive(Debug)]
pub struct Cited {
    /// The rule.
    pub rule: &'static Rule,
    /// How many findings it has.
    pub findings: usize,
}

/// How a control came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A rule found something.
    Fail,
    /// What a rule found was accepted.
    Accepted,
    /// A rule applied, and none found anything.
    Pass,
    /// No rule applied.
    NotApplicable,
}

impl Outcome {
    /// What it is called, in the page and in its style sheet.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Accepted => "accepted",
            Self::Pass => "pass",
            Self::NotApplicable => "not applicable",
        }
    }

    /// The class of its words.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Fail => "bad",
            Self::Accepted => "warn",
            Self::Pass => "good",
            Self::NotApplicable => "muted",
        }
    }
}

impl Crosswalk {
    /// What a report says of a framework.
    #[must_use]
    pub fn of(report: &AuditReport, name: &'static str, framework: Framework) -> Self {
        let mut found: HashMap<&str, usize> = HashMap::new();
        for finding in &report.findings {
            *found.entry(finding.rule).or_default() += 1;
        }
        let mut controls: BTreeMap<Number, Vec<Cited>> = BTreeMap::new();
        for rule in rules::all() {
            let findings = found.get(rule.id).copied().unwrap_or_default();
            for number in framework.cited(&rule.section("References")) {
                controls.entry(number).or_default().push(Cited { rule, findings });
            }
        }
        let outcome = |rules: &[Cited]| {
            let is =
                |rule: &str, mut all: std::slice::Iter<'_, Cited>| all.any(|cited| cited.rule.id == rule);
            if rules.iter().any(|cited| cited.findings > 0) {
                Outcome::Fail
            } else if report.accepted.iter().any(|accepted| is(accepted.finding.rule, rules.iter())) {
                Outcome::Accepted
            } else if report.checked.iter().any(|check| is(check.rule, rules.iter())) {
                Outcome::Pass
            } else {
                Outcome::NotApplicable
            }
        };
        let controls = controls.into_iter().map(|(number, rules)| Control {
            id: framework.write(&number),
            outcome: outcome(&rules),
            rules,
        });
        Self { name, controls: controls.collect() }
    }

    /// How many controls came out so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.controls.iter().filter(|control| control.outcome == outcome).count()
    }
}

/// `1.1.21` as numbers, so that 1.1.9 comes before 1.1.10.
type Number = Vec<u32>;

/// The word that CIS' numbers follow.
const CIS: &str = "CIS";

/// A range of more controls than this is a slip of the pen.
const LONGEST_RANGE: u32 = 50;

impl Framework {
    /// The controls that a text cites, each once, in their order.
    fn cited(self, text: &str) -> Vec<Number> {
        let mut found: Vec<Number> = match self {
            Self::Stig => {
                text.split(|c: char| !c.is_alphanumeric() && c != '-').filter_map(vulnerability).collect()
            }
            Self::Cis => text.split(CIS).skip(1).flat_map(list).collect(),
        };
        found.sort_unstable();
        found.dedup();
        found
    }

    fn write(self, number: &Number) -> String {
        let parts: Vec<String> = number.iter().map(ToString::to_string).collect();
        match self {
            Self::Cis => parts.join("."),
            Self::Stig => format!("V-{}", parts.concat()),
        }
    }
}

/// `V-242467`.
fn vulnerability(word: &str) -> Option<Number> {
    let number = word.strip_prefix("V-")?;
    Some(vec![number.parse().ok()?])
}

/// The numbers that follow the name of the benchmark: `1.1.13, 1.1.15 and 4.1.5`, `1.1.19 to 1.1.21`.
fn list(after: &str) -> Vec<Number> {
    let after = after.trim_start().trim_start_matches("Kubernetes Benchmark");
    let mut found: Vec<Number> = Vec::new();
    let mut range = false;
    for word in after.split_whitespace() {
        let ends = word.ends_with([';', '.', ')']);
        match word.trim_end_matches([',', ';', '.', ')']) {
            "and" | "or" => range = false,
            "to" => range = true,
            number => {
                let Some(number) = dotted(number) else { return found };
                match found.last().cloned().filter(|_| range) {
                    Some(first) => found.extend(between(&first, &number)),
                    None => found.push(number),
                }
                range = false;
            }
        }
        if ends {
            break;
        }
    }
    found
}

fn dotted(word: &str) -> Option<Number> {
    let parts: Option<Number> = word.split('.').map(|part| part.parse().ok()).collect();
    parts.filter(|parts| parts.len() > 1)
}

/// What follows the first number up to the last, both of one section.
fn between(first: &[u32], last: &Number) -> Vec<Number> {
    let (Some((from, section)), Some((to, other))) = (first.split_last(), last.split_last()) else {
        return vec![last.clone()];
    };
    if section != other || to <= from || to - from > LONGEST_RANGE {
        return vec![last.clone()];
    }
    (from + 1..=*to).map(|part| section.iter().copied().chain([part]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn citations_are_read_as_they_are_written() {
        let cis =
            |text| Framework::Cis.cited(text).iter().map(|n| Framework::Cis.write(n)).collect::<Vec<_>>();
        for (text, controls) in [
            ("CIS Kubernetes Benchmark 1.1.20; DISA STIG V-242466.", &["1.1.20"][..]),
            (
                "CIS Kubernetes Benchmark 1.1.13, 1.1.15, 1.1.9 and 4.1.5; DISA STIG V-242460, which is laxer.",
                &["1.1.9", "1.1.13", "1.1.15", "4.1.5"],
            ),
            ("CIS Kubernetes Benchmark 1.1.19 to 1.1.21.", &["1.1.19", "1.1.20", "1.1.21"]),
            ("RFC 5280 §4.1.2.5; CIS 2.7 (etcd).", &["2.7"]),
            ("CIS Kubernetes Benchmark 2.1 to 2.3 and 2.5 of 2024", &["2.1", "2.2", "2.3", "2.5"]),
            ("CIS Kubernetes Benchmark 1.1.1 to 1.1.999999.", &["1.1.1", "1.1.999999"]),
            ("CIS, without numbers. 1.2.3", &[]),
            ("RFC 5280 §4.2.1.9.", &[]),
        ] {
            assert_eq!(cis(text), controls, "{text}");
        }
        let stig = Framework::Stig.cited("DISA STIG V-242466, V-242460 (which is laxer).");
        assert_eq!(stig, [[242_460], [242_466]]);
    }

    #[test]
    fn no_citation_of_a_rule_is_missed() {
        for rule in rules::all() {
            let references = rule.section("References");
            for (mark, framework) in [("CIS", Framework::Cis), ("STIG", Framework::Stig)] {
                let cited = framework.cited(&references);
                assert_eq!(references.contains(mark), !cited.is_empty(), "{}: {references}", rule.id);
            }
        }
    }
}
