//! What a rule is. Each stands in a file of its own under [`super::rules`]; its documentation is its manual.

use std::fmt;

use super::{Case, Fault};

/// A rule: does it apply to a target, and does it hold?
pub struct Rule {
    /// Its public number, never changed and never used again.
    pub id: &'static str,
    /// Its name, which reads well after "allow".
    pub name: &'static str,
    /// How bad a breach is.
    pub severity: Severity,
    /// Its manual as the doc comment has it; [`Rule::manual`] is for reading.
    pub comment: &'static str,
    /// Whether the rule has anything to say about a target.
    pub applies: fn(&Case<'_>) -> bool,
    /// What is wrong with a target that it applies to.
    pub check: fn(&Case<'_>) -> Vec<Fault>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Untidy.
    Low,
    /// Weakens the cluster, or will.
    Medium,
    /// Breaks something, now or soon.
    High,
    /// A certain outage, or a way in.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({} {})", self.id, self.name)
    }
}

impl Rule {
    /// Its manual in Markdown.
    #[must_use]
    pub fn manual(&self) -> String {
        let lines = self.comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The first sentence of the manual, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let manual = self.manual();
        manual.split("\n\n").next().unwrap_or_default().trim().replace('\n', " ")
    }
}

/// Declares the rule of a file: its doc comment becomes its manual, `applies` and `check` of the file its judgement.
macro_rules! rule {
    ($(#[doc = $line:literal])+ $id:literal $name:literal $severity:ident) => {
        $(#[doc = $line])+
        pub static RULE: $crate::audit::Rule = $crate::audit::Rule {
            id: $id,
            name: $name,
            severity: $crate::audit::Severity::$severity,
            comment: concat!($($line, "\n"),+),
            applies,
            check,
        };
    };
}
pub(super) use rule;
