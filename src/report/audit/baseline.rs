//! An earlier report, which says what is not new.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{AcceptedBy, KIND};
use crate::report::API_VERSION;
use crate::spec::Problem;
use crate::spec::load::{self, LoadError};
use crate::spec::tree::Position;

/// An earlier report.
#[derive(Debug)]
pub struct Baseline {
    /// What was wrong then: found, or accepted because it was there still earlier. What was ignored is not among it: it
    /// is wrong again when it is no longer ignored.
    pub known: Vec<GoneReport>,
}

/// Something that was wrong.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct GoneReport {
    /// The rule's number.
    pub rule: String,
    /// The rule's name.
    pub name: String,
    /// How bad it was.
    pub severity: String,
    /// The file.
    pub path: String,
    /// What was wrong.
    pub message: String,
    /// By what it is known.
    pub fingerprint: String,
}

/// What is read of an earlier report; what later versions add to it is passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    findings: Vec<GoneReport>,
    #[serde(default)]
    accepted: Vec<Accepted>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    #[serde(flatten)]
    finding: GoneReport,
    accepted_by: AcceptedBy,
}

impl Baseline {
    /// Reads what `kubepki audit -o json` has written.
    ///
    /// # Errors
    /// When the file cannot be read or is no such report.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let text = load::text(path)?;
        Self::parse(&text).map_err(|problem| LoadError::Invalid {
            name: path.display().to_string(),
            problems: vec![problem],
        })
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let problem = |position: Option<Position>, message: String| {
            let hint = "`kubepki audit -o json > baseline.json` writes one";
            Problem { fatal: true, position, field: String::new(), message, hint: Some(hint.to_owned()) }
        };
        let document: Document = serde_json::from_str(text).map_err(|error| {
            let position = Position { line: error.line(), column: error.column().max(1) };
            // The library ends its sentences with the position.
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            problem(
                Some(position).filter(|position| position.line > 0),
                format!("is no audit report: {message}"),
            )
        })?;
        let Document { api_version, kind, findings, accepted } = document;
        if kind != KIND || api_version != API_VERSION {
            let message = format!(
                "is `{}` of `{}`, not `{KIND}` of `{API_VERSION}`",
                kind.escape_debug(),
                api_version.escape_debug()
            );
            return Err(problem(None, message));
        }
        let accepted = accepted.into_iter().filter(|accepted| accepted.accepted_by == AcceptedBy::Baseline);
        Ok(Self { known: findings.into_iter().chain(accepted.map(|accepted| accepted.finding)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_refused_with_its_place() {
        for (text, line, message) in [
            ("", Some(1), "is no audit report: EOF while parsing a value"),
            ("{\n \"kind\": 1}", Some(2), "is no audit report: invalid type: integer `1`, expected a string"),
            ("{}", None, "is `` of ``, not `AuditReport` of `kubepki/v1`"),
            (
                "{\"apiVersion\": \"kubepki/v1\", \"kind\": \"Plan\"}",
                None,
                "is `Plan` of `kubepki/v1`, not `AuditReport` of `kubepki/v1`",
            ),
        ] {
            let problem = Baseline::parse(text).unwrap_err();
            assert_eq!(problem.message, message);
            assert_eq!(problem.position.map(|position| position.line), line, "{text}");
        }
    }

    #[test]
    fn what_was_ignored_is_not_known() {
        let finding = |rule: &str, more: &str| {
            format!(
                "{{\"rule\": \"{rule}\", \"name\": \"n\", \"severity\": \"low\", \"path\": \"p\", \"message\": \"m\", \
                 \"fingerprint\": \"{rule}\"{more}}}"
            )
        };
        let text = format!(
            "{{\"apiVersion\": \"kubepki/v1\", \"kind\": \"AuditReport\", \"findings\": [{}], \"accepted\": [{}, {}]}}",
            finding("A", ""),
            finding("B", ", \"acceptedBy\": \"baseline\", \"reason\": \"r\""),
            finding("C", ", \"acceptedBy\": \"ignore\", \"reason\": \"r\"")
        );
        let known: Vec<String> =
            Baseline::parse(&text).unwrap().known.into_iter().map(|one| one.rule).collect();
        assert_eq!(known, ["A", "B"]);
    }
}
