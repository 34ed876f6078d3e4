//! The policy file: the user's own rules of approval.

use super::common::{patterns, ranges, read, usages};
use crate::csr::policy::{Outcome, Rule};
use crate::spec::reader::{Fields, Problems};
use crate::spec::{Period, Problem};

/// Reads a policy file.
///
/// # Errors
/// Every problem.
pub fn rules(text: &str) -> Result<Vec<Rule>, Vec<Problem>> {
    read(text, "Policy", |fields, problems| {
        fields.all_fields("rules").into_iter().map(|fields| rule(fields, problems)).collect()
    })
}

fn rule(mut fields: Fields<'_>, problems: &Problems) -> Rule {
    let at = fields.at();
    if !fields.has("decision") {
        problems.error(&at, "has no `decision`: approve, deny or pending");
    }
    let outcome = fields.choice("decision", &Outcome::ALL).map(|outcome| outcome.value);
    let text = |text: Option<crate::spec::reader::At<String>>| text.map(|text| text.value);
    let period = |text: &str| text.parse::<Period>().map_err(|error| error.to_string());
    let rule = Rule {
        name: text(fields.text("name")),
        outcome: outcome.unwrap_or_default(),
        message: text(fields.text("message")),
        signers: patterns(&mut fields, "signers").unwrap_or_default(),
        users: patterns(&mut fields, "users").unwrap_or_default(),
        groups: patterns(&mut fields, "groups").unwrap_or_default(),
        common_names: patterns(&mut fields, "commonNames"),
        organizations: patterns(&mut fields, "organizations"),
        dns_names: patterns(&mut fields, "dnsNames"),
        ip_addresses: ranges(&mut fields, "ipAddresses", problems),
        email_addresses: patterns(&mut fields, "emailAddresses"),
        uris: patterns(&mut fields, "uris"),
        usages: usages(&mut fields, "usages", problems),
        max_lifetime: fields.parsed("maxLifetime", period).map(|period| period.value.duration()),
    };
    if rule.outcome == Outcome::Approve && rule.signers.is_empty() {
        problems.error(&at, "approves for whatever signer: name its `signers`");
    }
    fields.finish();
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        let text = "apiVersion: kubepki/v1
kind: Policy
rules:
- {name: masters, decision: deny, organizations: [system:masters], message: Never.}
- name: web
  decision: approve
  signers: [example.com/*]
  groups: [web]
  commonNames: []
  dnsNames: ['*.web.example.com']
  ipAddresses: [192.0.2.7]
  usages: [server auth]
  maxLifetime: 90d
- {decision: pending}
";
        let all = rules(text).unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!((all[0].outcome, all[1].outcome), (Outcome::Deny, Outcome::Approve));
        assert_eq!(all[1].common_names.as_deref(), Some(&[][..]), "an empty list allows none");
        assert_eq!(all[2].common_names, None, "no list allows any");
    }

    #[test]
    fn what_would_approve_too_much_is_a_fault() {
        let head = "apiVersion: kubepki/v1\nkind: Policy\nrules:\n";
        for (rule, words) in [
            ("- {decision: approve}", "approves for whatever signer"),
            ("- {name: a}", "has no `decision`"),
            ("- {decision: aprove, signers: [a/*]}", "`aprove` is not one of approve, deny, pending"),
            ("- {decision: deny, maxLifetime: soon}", "not a duration"),
            ("- {decision: deny, dnsnames: [a]}", "unknown field"),
        ] {
            let problems = rules(&format!("{head}{rule}")).unwrap_err();
            assert!(problems.iter().any(|problem| problem.message.contains(words)), "{problems:?}");
        }
    }
}
