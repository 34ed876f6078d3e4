//! Bundles of trust anchors: what is wrong with them, and how they differ from a tree's CAs.

use std::io;

use serde::Serialize;

use super::style::{BAD, GOOD, plain};
use super::{API_VERSION, Table};
use crate::api::trust_file::Bundle;
use crate::moment::{date, rfc3339};
use crate::x509::Certificate;

/// A trust anchor.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Anchor {
    subject: String,
    sha256: String,
    not_after: String,
    #[serde(skip)]
    until: String,
}

impl Anchor {
    fn of(certificate: &Certificate) -> Self {
        Self {
            subject: certificate.subject.to_string(),
            sha256: certificate.fingerprint(),
            not_after: rfc3339(certificate.not_after),
            until: date(certificate.not_after),
        }
    }

    fn line(&self) -> String {
        format!("{}, until {}, SHA-256 {}", plain(&self.subject), self.until, self.sha256)
    }
}

/// What is wrong with bundles.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustCheck {
    api_version: &'static str,
    kind: &'static str,
    bundles: Vec<Checked>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    file: String,
    line: usize,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    signer_name: String,
    anchors: Vec<Anchor>,
    faults: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Told {
    line: usize,
    message: String,
}

impl TrustCheck {
    /// The report of the bundles of these files.
    #[must_use]
    pub fn new(found: &[(String, Vec<Bundle>)]) -> Self {
        let checked = |file: &String, bundle: &Bundle| Checked {
            file: file.clone(),
            line: bundle.line,
            name: bundle.name.clone(),
            signer_name: bundle.signer.clone(),
            anchors: bundle.anchors.iter().map(Anchor::of).collect(),
            faults: bundle
                .faults
                .iter()
                .map(|fault| Told { line: fault.line, message: fault.words.clone() })
                .collect(),
        };
        let all = found.iter().flat_map(|(file, bundles)| bundles.iter().map(move |one| checked(file, one)));
        Self { api_version: API_VERSION, kind: "TrustCheck", bundles: all.collect() }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.bundles.iter().all(|bundle| bundle.faults.is_empty())
    }
}

impl Table for TrustCheck {
    fn table(&self, out: &mut dyn io::Write, _: usize) -> io::Result<()> {
        for bundle in &self.bundles {
            let file = plain(&bundle.file);
            for fault in &bundle.faults {
                writeln!(out, "{file}:{}: {BAD}{}{BAD:#}", fault.line, plain(&fault.message))?;
            }
            if bundle.faults.is_empty() {
                let name =
                    if bundle.name.is_empty() { String::new() } else { format!(" {}:", plain(&bundle.name)) };
                let count = match bundle.anchors.len() {
                    1 => "1 trust anchor".to_owned(),
                    count => format!("{count} trust anchors"),
                };
                writeln!(out, "{file}:{}:{name} {count}", bundle.line)?;
            }
        }
        Ok(())
    }
}

/// How bundles differ from the CAs of a tree.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustDiff {
    api_version: &'static str,
    kind: &'static str,
    bundles: Vec<Difference>,
}

/// How a bundle differs from a CA's.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    file: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    tree: String,
    same: Vec<Anchor>,
    only_in_file: Vec<Anchor>,
    only_in_tree: Vec<Anchor>,
}

impl Difference {
    /// How a bundle of a file differs from the certificates at a path of the tree.
    #[must_use]
    pub fn new(file: &str, bundle: &Bundle, tree: &str, own: &[&Certificate]) -> Self {
        let theirs: Vec<&Certificate> = bundle.anchors.iter().collect();
        let of = |list: &[&Certificate], others: &[&Certificate], both: bool| {
            let kept = list.iter().filter(|one| others.contains(one) == both);
            kept.map(|one| Anchor::of(one)).collect()
        };
        Self {
            file: file.to_owned(),
            name: bundle.name.clone(),
            tree: tree.to_owned(),
            same: of(&theirs, own, true),
            only_in_file: of(&theirs, own, false),
            only_in_tree: of(own, &theirs, false),
        }
    }
}

impl TrustDiff {
    /// The report of these.
    #[must_use]
    pub fn new(bundles: Vec<Difference>) -> Self {
        Self { api_version: API_VERSION, kind: "TrustDiff", bundles }
    }

    /// Whether all have the same anchors.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.bundles.iter().all(|one| one.only_in_file.is_empty() && one.only_in_tree.is_empty())
    }
}

impl Table for TrustDiff {
    fn table(&self, out: &mut dyn io::Write, _: usize) -> io::Result<()> {
        for bundle in &self.bundles {
            let name =
                if bundle.name.is_empty() { String::new() } else { format!(" {}", plain(&bundle.name)) };
            writeln!(out, "--- {}", plain(&bundle.tree))?;
            writeln!(out, "+++ {}{name}", plain(&bundle.file))?;
            for anchor in &bundle.same {
                writeln!(out, "  {}", anchor.line())?;
            }
            for anchor in &bundle.only_in_tree {
                writeln!(out, "{BAD}- {}{BAD:#}", anchor.line())?;
            }
            for anchor in &bundle.only_in_file {
                writeln!(out, "{GOOD}+ {}{GOOD:#}", anchor.line())?;
            }
        }
        Ok(())
    }
}
