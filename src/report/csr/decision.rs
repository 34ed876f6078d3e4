//! What is decided about a request, and why.

use std::io;

use serde::Serialize;

use super::plain;
use crate::csr::{Decision, Step};
use crate::moment::rfc3339;
use crate::report::style::{FAINT, HEAD, beside};
use crate::report::{API_VERSION, Table};

/// What would be done about a request now, and every rule that was asked.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DecisionReport {
    api_version: &'static str,
    kind: &'static str,
    name: String,
    signer: String,
    state: String,
    requester: String,
    groups: Vec<String>,
    rules: Vec<RuleSaid>,
    decision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    why: String,
}

#[derive(Debug, Serialize)]
struct RuleSaid {
    rule: String,
    said: String,
}

/// What is known of a request before anything is decided.
#[derive(Clone, Debug)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Its signer.
    pub signer: String,
    /// Its conditions.
    pub state: String,
    /// Who asks, as far as that is believed.
    pub requester: String,
    /// The groups of who asks.
    pub groups: Vec<String>,
}

impl DecisionReport {
    /// The report of a decision.
    #[must_use]
    pub fn new(about: About, decision: &Decision) -> Self {
        let About { name, signer, state, requester, groups } = about;
        let (word, rule, why) = match &decision.step {
            Step::Approve { message, rule, .. } => ("approve", Some(rule.clone()), message.clone()),
            Step::Deny { message, rule, .. } => ("deny", Some(rule.clone()), message.clone()),
            Step::Sign(order) => {
                let from = rfc3339(order.profile.not_before);
                let until = rfc3339(order.profile.not_after);
                let why = format!(
                    "it is approved: a certificate of CA {} from {from} until {until}",
                    order.authority
                );
                ("sign", None, why)
            }
            Step::Fail(message) => ("fail", None, message.clone()),
            Step::Retry(message) => ("retry", None, message.clone()),
            Step::Remove(case) => ("remove", None, case.to_string()),
            Step::Rest(why) => ("nothing", None, (*why).to_owned()),
        };
        let said = |trace: &crate::csr::approve::Trace| RuleSaid {
            rule: trace.rule.clone(),
            said: trace.said.clone(),
        };
        Self {
            api_version: API_VERSION,
            kind: "Decision",
            name,
            signer,
            state,
            requester,
            groups,
            rules: decision.traces.iter().map(said).collect(),
            decision: word.to_owned(),
            rule,
            why,
        }
    }

    /// The report of an object about which nothing is decided, because of what it is.
    #[must_use]
    pub fn invalid(about: About, problem: &str) -> Self {
        let decision = Decision { step: Step::Rest(""), traces: Vec::new() };
        Self {
            decision: "nothing".to_owned(),
            why: format!("it is not valid: {problem}"),
            ..Self::new(about, &decision)
        }
    }
}

impl Table for DecisionReport {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        writeln!(out, "{HEAD}{}{HEAD:#} ({}, {})", plain(&self.name), plain(&self.signer), self.state)?;
        let groups =
            if self.groups.is_empty() { String::new() } else { format!(" in {}", self.groups.join(", ")) };
        let decision = match &self.rule {
            Some(rule) => format!("{} by {rule}: {}", self.decision, self.why),
            None => format!("{}: {}", self.decision, self.why),
        };
        let mut rows = vec![("asked for by".to_owned(), format!("{}{groups}", self.requester))];
        rows.extend(self.rules.iter().map(|said| (said.rule.clone(), said.said.clone())));
        rows.push(("decision".to_owned(), decision));
        let column = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default().min(40);
        for (name, text) in rows {
            write!(out, "  {FAINT}{:<column$}{FAINT:#}  ", plain(&name))?;
            beside(out, &plain(&text), column + 4, width, anstyle::Style::new())?;
        }
        Ok(())
    }
}
