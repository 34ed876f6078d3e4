//! Signers in words, along the six headings under which the Kubernetes page describes its own.

use std::io;

use serde::Serialize;

use super::style::{FAINT, HEAD, beside};
use crate::csr::signer::{Custom, Pattern, Rules, Signer};
use crate::moment::span;

/// A signer in words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignerReport {
    pub name: String,
    pub about: String,
    trust_distribution: String,
    permitted_subjects: String,
    permitted_extensions: String,
    permitted_usages: String,
    expiration: String,
    ca_bit: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<&'static str>,
}

pub(super) fn signer_report(signer: &Signer) -> SignerReport {
    let expiration = format!(
        "as asked for, from 10 minutes to {longest}; {longest} where nothing is asked for. It begins 5 minutes earlier, and ends with \
         the CA at the latest",
        longest = span(signer.longest)
    );
    let chain = signer.append_chain.then_some("the CA's certificate follows");
    let name = signer.name.clone();
    match &signer.rules {
        Rules::BuiltIn(rules) => SignerReport {
            name,
            about: rules.about.to_owned(),
            trust_distribution: rules.trust_distribution.to_owned(),
            permitted_subjects: rules.permitted_subjects.to_owned(),
            permitted_extensions: rules.permitted_extensions.to_owned(),
            permitted_usages: rules.permitted_usages.to_owned(),
            expiration,
            ca_bit: NO_CA.to_owned(),
            chain,
        },
        Rules::Custom(rules) => SignerReport {
            name,
            about: sentence(&rules.about, "A signer of the user's own."),
            trust_distribution: sentence(
                &rules.trust_distribution,
                "nobody has said how its CA reaches who must trust it",
            ),
            permitted_subjects: subjects(rules),
            permitted_extensions: extensions(rules),
            permitted_usages: usages(rules),
            expiration,
            ca_bit: if rules.authority { "always set: what it signs is a CA" } else { NO_CA }.to_owned(),
            chain,
        },
    }
}

const NO_CA: &str = "never set: it is CA:FALSE, whatever is asked for";

fn sentence(text: &str, otherwise: &str) -> String {
    if text.is_empty() { otherwise } else { text }.to_owned()
}

fn list(patterns: &[Pattern]) -> String {
    patterns.iter().map(|pattern| pattern.0.as_str()).collect::<Vec<_>>().join(", ")
}

/// The lists that are not empty, each with its name.
fn named(lists: &[(&str, String)], none: &str) -> String {
    let texts =
        lists.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| format!("{name} {list}"));
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { none.to_owned() } else { texts.join("; ") }
}

fn subjects(rules: &Custom) -> String {
    let lists = [("common names", list(&rules.common_names)), ("organizations", list(&rules.organizations))];
    named(&lists, "only the empty one") + "; other attributes are refused"
}

fn extensions(rules: &Custom) -> String {
    let addresses: Vec<String> = rules.ip_addresses.iter().map(|range| range.0.to_string()).collect();
    let lists = [
        ("DNS names", list(&rules.dns_names)),
        ("IP addresses", addresses.join(", ")),
        ("e-mail addresses", list(&rules.email_addresses)),
        ("URIs", list(&rules.uris)),
    ];
    named(&lists, "none: subject alternative names are refused") + "; others are dropped"
}

fn usages(rules: &Custom) -> String {
    let lists =
        [("must have", rules.required_usages.join(", ")), ("may have", rules.permitted_usages.join(", "))];
    named(&lists, "none")
}

pub(super) fn draw_signer(out: &mut dyn io::Write, row: &SignerReport, width: usize) -> io::Result<()> {
    writeln!(out, "{HEAD}{}{HEAD:#}", row.name)?;
    beside(out, &row.about, 0, width, anstyle::Style::new())?;
    writeln!(out)?;
    let lines = [
        ("trust distribution", row.trust_distribution.as_str()),
        ("permitted subjects", &row.permitted_subjects),
        ("permitted x509 extensions", &row.permitted_extensions),
        ("permitted key usages", &row.permitted_usages),
        ("expiration", &row.expiration),
        ("CA bit", &row.ca_bit),
        ("chain", row.chain.unwrap_or_default()),
    ];
    for (label, text) in lines.into_iter().filter(|(_, text)| !text.is_empty()) {
        write!(out, "  {FAINT}{label:<25}{FAINT:#} ")?;
        beside(out, text, 28, width, anstyle::Style::new())?;
    }
    Ok(())
}
