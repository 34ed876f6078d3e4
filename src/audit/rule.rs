//! What a rule is. Each stands in a file of its own under [`super::rules`]; its documentation is its manual.

use std::fmt;

use super::{Access, Case, Fault, File, Key, Node, Scene, Sighting};

/// A rule: what it looks at, does it apply, and does it hold?
pub struct Rule {
    /// Its public number, never changed and never used again.
    pub id: &'static str,
    /// Its name, which reads well after "allow".
    pub name: &'static str,
    /// How bad a breach usually is.
    pub severity: Severity,
    /// What it is held against, in the plural: where there are none, it does not apply.
    pub subject: &'static str,
    /// Its manual as the doc comment has it; [`Rule::manual`] is for reading.
    pub comment: &'static str,
    /// How it judges.
    pub scope: Scope,
}

/// What a rule is held against one by one: whether it has anything to say about it, and what is wrong with it.
#[allow(missing_docs, reason = "the names are those of the types")]
#[derive(Clone, Copy)]
pub enum Scope {
    /// Credentials.
    Case { applies: fn(&Case<'_>) -> bool, check: fn(&Case<'_>) -> Vec<Fault> },
    /// Files and directories, whatever is in them.
    File { applies: fn(&File<'_>) -> bool, check: fn(&File<'_>) -> Vec<Fault> },
    /// Kubeconfigs, wherever they stand.
    Access { applies: fn(&Access<'_>) -> bool, check: fn(&Access<'_>) -> Vec<Fault> },
    /// Keys, wherever they stand.
    Key { applies: fn(&Key<'_>) -> bool, check: fn(&Key<'_>) -> Vec<Fault> },
    /// Nodes, and the authority where it is apart.
    Node { applies: fn(&Node<'_>) -> bool, check: fn(&Node<'_>) -> Vec<Fault> },
    /// Everything at once.
    Scene { applies: fn(&Scene<'_>) -> bool, check: fn(&Scene<'_>) -> Vec<Fault> },
    /// Certificates, wherever they stand.
    Sighting { applies: fn(&Sighting<'_>) -> bool, check: fn(&Sighting<'_>) -> Vec<Fault> },
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
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

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];
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

    /// A section of the manual, each paragraph on one line.
    #[must_use]
    pub fn section(&self, heading: &str) -> String {
        let manual = self.manual();
        let start = format!("## {heading}\n");
        let Some((_, after)) = manual.split_once(&start) else { return String::new() };
        let text = after.split("\n## ").next().unwrap_or_default();
        let paragraphs = text.trim().split("\n\n").map(|paragraph| paragraph.replace('\n', " "));
        paragraphs.collect::<Vec<_>>().join("\n")
    }

    /// Why a breach matters: the first paragraph of that section.
    #[must_use]
    pub fn why(&self) -> String {
        self.section("Why it matters").lines().next().unwrap_or_default().to_owned()
    }

    /// The first sentence of the manual, on one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let manual = self.manual();
        manual.split("\n\n").next().unwrap_or_default().trim().replace('\n', " ")
    }
}

/// Declares the rule of a file: its doc comment becomes its manual, `applies` and `check` of the file its judgement. After
/// the severity stands what it is held against: the scope, and how the report calls it.
macro_rules! rule {
    ($(#[doc = $line:literal])+ $id:literal $name:literal $severity:ident $scope:ident $subject:literal) => {
        $(#[doc = $line])+
        pub static RULE: $crate::audit::Rule = $crate::audit::Rule {
            id: $id,
            name: $name,
            severity: $crate::audit::Severity::$severity,
            subject: $subject,
            comment: concat!($($line, "\n"),+),
            scope: $crate::audit::Scope::$scope { applies, check },
        };
    };
}
pub(super) use rule;
