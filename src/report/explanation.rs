//! Credentials, rules and signers in words.

use std::io;

use serde::Serialize;

use super::signer::{SignerReport, draw_signer, signer_report};
use super::style::{FAINT, HEAD, beside};
use super::{API_VERSION, Table};
use crate::audit::{Rule, rules};
use crate::catalog::{Base, Credential, Holders, Kind, Selector, Server};
use crate::csr::signer::Signer;

/// Everything that can be explained, or the one thing that was asked for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    api_version: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credentials: Vec<CredentialReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<RuleReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signers: Vec<SignerReport>,
    #[serde(skip)]
    whole: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CredentialReport {
    name: String,
    about: String,
    files: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    common_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    documented_common_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    organizations: Vec<SinceReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subject_alt_names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    usages: Vec<String>,
    /// Whether a spec may omit it.
    optional: bool,
    on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_on: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    servers: Vec<SinceReport>,
    since: String,
}

/// What holds from a release on.
#[derive(Serialize)]
struct SinceReport {
    since: String,
    value: Vec<String>,
}

#[derive(Serialize)]
struct RuleReport {
    id: &'static str,
    name: &'static str,
    severity: String,
    summary: String,
    manual: String,
}

impl Explanation {
    /// Everything: these credentials and signers, and every rule.
    #[must_use]
    pub fn whole<'a>(credentials: impl IntoIterator<Item = &'a Credential>, signers: &[Signer]) -> Self {
        let credentials = credentials.into_iter().map(credential_report).collect();
        let signers = signers.iter().map(signer_report).collect();
        Self::new(credentials, rules::all().map(rule_report).collect(), signers, true)
    }

    /// One of these credentials or signers, or a rule, by its name or number.
    #[must_use]
    pub fn of<'a>(
        topic: &str,
        credentials: impl IntoIterator<Item = &'a Credential>,
        signers: &[Signer],
    ) -> Option<Self> {
        let is = |name: &str| name.eq_ignore_ascii_case(topic) || name.strip_suffix(".conf") == Some(topic);
        let credential = credentials.into_iter().find(|row| is(&row.name)).map(credential_report);
        let rule = rules::all().find(|rule| is(rule.id) || is(rule.name)).map(rule_report);
        // `kubelet-serving` is as good as `kubernetes.io/kubelet-serving`.
        let short = |name: &str| name.strip_prefix("kubernetes.io/") == Some(topic);
        let signer = signers.iter().find(|signer| is(&signer.name) || short(&signer.name)).map(signer_report);
        let found = credential.is_some() || rule.is_some() || signer.is_some();
        found.then(|| {
            let (credentials, rules) = (credential.into_iter().collect(), rule.into_iter().collect());
            Self::new(credentials, rules, signer.into_iter().collect(), false)
        })
    }

    /// Every name that can be asked for.
    pub fn topics<'a>(
        credentials: impl IntoIterator<Item = &'a Credential>,
        signers: &[Signer],
    ) -> Vec<String> {
        let names = credentials.into_iter().map(|row| row.name.clone());
        let rules = rules::all().flat_map(|rule| [rule.id.to_owned(), rule.name.to_owned()]);
        names.chain(rules).chain(signers.iter().map(|signer| signer.name.clone())).collect()
    }

    fn new(
        credentials: Vec<CredentialReport>,
        rules: Vec<RuleReport>,
        signers: Vec<SignerReport>,
        whole: bool,
    ) -> Self {
        Self { api_version: API_VERSION, kind: "Explanation", credentials, rules, signers, whole }
    }

    /// The credentials as a table in Markdown, as it stands in the README.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn markdown(&self, out: &mut dyn io::Write) -> io::Result<()> {
        writeln!(out, "| Credential | Files | Signed by | Subject | Alternative names | For |")?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for row in &self.credentials {
            let organizations = row.organizations.last().filter(|since| !since.value.is_empty());
            let organizations = organizations.map(|since| format!("O={}, ", since.value.join(", ")));
            let subject = match row.common_name.as_str() {
                "" => String::new(),
                name => format!("`{}CN={name}`", organizations.unwrap_or_default()),
            };
            let files: Vec<String> = row.files.iter().map(|file| format!("`{file}`")).collect();
            let names: Vec<String> = row.subject_alt_names.iter().map(|name| format!("`{name}`")).collect();
            let purposes = row.usages.iter().filter(|usage| usage.ends_with("auth") || *usage == "cert sign");
            writeln!(
                out,
                "| {} | {} | {} | {subject} | {} | {} |",
                row.name,
                files.join(" "),
                row.issuer.as_deref().unwrap_or(if row.usages.is_empty() { "" } else { "itself" }),
                names.join(" "),
                purposes.cloned().collect::<Vec<_>>().join(", ")
            )?;
        }
        Ok(())
    }
}

fn credential_report(row: &Credential) -> CredentialReport {
    // Without `..`, so that a new column cannot be forgotten here.
    let Credential {
        name,
        kind,
        issuer,
        place,
        base,
        suffixes,
        optional,
        holders: on,
        since,
        common_name,
        documented_common_name,
        organizations,
        subject_alt_names,
        key_usages,
        extended_key_usages,
        about,
    } = row;
    let (key_on, servers) = match kind {
        Kind::Authority { key_holders } => (Some(holders(key_holders)), Vec::new()),
        Kind::Pair | Kind::KeyPair => (None, Vec::new()),
        Kind::Kubeconfig { server, .. } => (None, server.clone()),
    };
    let directory = if *base == Base::Certificates { "pki/" } else { "" };
    let usages = key_usages.iter().map(ToString::to_string);
    CredentialReport {
        name: name.clone(),
        about: about.clone(),
        files: kind
            .files()
            .iter()
            .map(|role| format!("{directory}{}", suffixes.file(place, *role)))
            .collect(),
        optional: *optional,
        issuer: issuer.clone(),
        common_name: common_name.clone(),
        documented_common_name: documented_common_name.clone(),
        organizations: organizations
            .iter()
            .map(|entry| SinceReport { since: entry.version.to_string(), value: entry.value.clone() })
            .collect(),
        subject_alt_names: subject_alt_names.clone(),
        usages: usages.chain(extended_key_usages.iter().map(ToString::to_string)).collect(),
        on: holders(on),
        key_on,
        servers: servers
            .iter()
            .map(|entry| SinceReport {
                since: entry.version.to_string(),
                value: vec![
                    match entry.value {
                        Server::Endpoint => "the control plane endpoint",
                        Server::Local => "the node's own API server",
                    }
                    .to_owned(),
                ],
            })
            .collect(),
        since: since.to_string(),
    }
}

fn holders(holders: &Holders) -> String {
    match holders {
        Holders::ClusterNodes => "control planes and workers".to_owned(),
        Holders::ControlPlanes => "control planes".to_owned(),
        Holders::FirstControlPlane => "the first control plane".to_owned(),
        Holders::EtcdMembers => "etcd members".to_owned(),
        Holders::EtcdUsers => "etcd members and control planes".to_owned(),
        Holders::EtcdClients => "control planes, where etcd is of this spec".to_owned(),
        Holders::StackedControlPlanes => "control planes that are etcd members".to_owned(),
        Holders::Selected(selectors) => {
            let names = selectors.iter().map(|selector| match selector {
                Selector::Role(role) => format!("nodes with the role {role}"),
                Selector::Node(name) => name.clone(),
            });
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

fn rule_report(rule: &Rule) -> RuleReport {
    RuleReport {
        id: rule.id,
        name: rule.name,
        severity: rule.severity.to_string(),
        summary: rule.summary(),
        manual: rule.manual(),
    }
}

impl Table for Explanation {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        if !self.whole {
            for row in &self.credentials {
                draw_credential(out, row, width)?;
            }
            for rule in &self.rules {
                draw_rule(out, rule, width)?;
            }
            for signer in &self.signers {
                draw_signer(out, signer, width)?;
            }
            return Ok(());
        }
        let longest = |names: &mut dyn Iterator<Item = usize>| names.max().unwrap_or_default();
        writeln!(out, "{HEAD}Credentials{HEAD:#} (kubepki explain NAME)")?;
        let column = longest(&mut self.credentials.iter().map(|row| row.name.len()));
        for row in &self.credentials {
            write!(out, "  {:<column$}  ", row.name)?;
            beside(out, &row.about, column + 4, width, anstyle::Style::new())?;
        }
        writeln!(out, "\n{HEAD}Signers{HEAD:#} (kubepki explain SIGNER)")?;
        let column = longest(&mut self.signers.iter().map(|row| row.name.len()));
        for row in &self.signers {
            write!(out, "  {:<column$}  ", row.name)?;
            beside(out, &row.about, column + 4, width, anstyle::Style::new())?;
        }
        writeln!(out, "\n{HEAD}Rules{HEAD:#} (kubepki explain ID)")?;
        let column = longest(&mut self.rules.iter().map(|rule| rule.name.len()));
        for rule in &self.rules {
            write!(out, "  {}  {:<column$}  {FAINT}{:<8}{FAINT:#}  ", rule.id, rule.name, rule.severity)?;
            beside(out, &rule.summary, column + 24, width, anstyle::Style::new())?;
        }
        Ok(())
    }
}

fn draw_credential(out: &mut dyn io::Write, row: &CredentialReport, width: usize) -> io::Result<()> {
    writeln!(out, "{HEAD}{}{HEAD:#}", row.name)?;
    beside(out, &row.about, 0, width, anstyle::Style::new())?;
    writeln!(out)?;
    let mut line = |label: &str, text: &str| -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        write!(out, "  {FAINT}{label:<14}{FAINT:#} ")?;
        beside(out, text, 17, width, anstyle::Style::new())
    };
    line("files", &row.files.join(", "))?;
    line("on", &row.on)?;
    line("optional", if row.optional { "yes: a spec may omit it" } else { "" })?;
    line("key on", row.key_on.as_deref().unwrap_or_default())?;
    line("signed by", row.issuer.as_deref().unwrap_or(if row.usages.is_empty() { "" } else { "itself" }))?;
    line("common name", &row.common_name)?;
    line("documented as", row.documented_common_name.as_deref().unwrap_or_default())?;
    line("organizations", &eras(&row.organizations, "none"))?;
    line("alt names", &row.subject_alt_names.join(", "))?;
    line("usages", &row.usages.join(", "))?;
    line("server", &eras(&row.servers, ""))?;
    if row.since != "v1.0.0" {
        line("since", &row.since)?;
    }
    Ok(())
}

/// `system:masters; from v1.29.0 kubeadm:cluster-admins`.
fn eras(entries: &[SinceReport], none: &str) -> String {
    let words =
        |entry: &SinceReport| if entry.value.is_empty() { none.to_owned() } else { entry.value.join(", ") };
    let parts = entries.iter().enumerate().map(|(index, entry)| match index {
        0 => words(entry),
        _ => format!("from {} {}", entry.since, words(entry)),
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn draw_rule(out: &mut dyn io::Write, rule: &RuleReport, width: usize) -> io::Result<()> {
    writeln!(out, "{HEAD}{} {}{HEAD:#} ({})\n", rule.id, rule.name, rule.severity)?;
    for paragraph in rule.manual.trim().split("\n\n") {
        if let Some(heading) = paragraph.strip_prefix("## ") {
            writeln!(out, "{HEAD}{heading}{HEAD:#}")?;
        } else {
            beside(out, &paragraph.replace('\n', " "), 0, width, anstyle::Style::new())?;
            writeln!(out)?;
        }
    }
    Ok(())
}
