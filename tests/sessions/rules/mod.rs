//! Every rule has a directory that it finds fault with, and one that it looks at and finds none with. One file for each
//! family; `Case::finds` and `Case::passes` are how a case is written down.

mod files;
mod forge;
mod go;
mod keys;
mod kubeconfig;
mod nodes;
mod once;
mod service_account;
mod spec;
mod structure;
mod time;
mod trust;
mod x509;

use std::collections::BTreeSet;

use kubepki::audit::rules;
use serde_json::Value;

use crate::testbed::{FLEET, SINGLE, Testbed};

/// A directory and what a rule says of it.
pub struct Case {
    rule: &'static str,
    make: fn(&Testbed),
    arguments: &'static [&'static str],
    severity: Option<&'static str>,
    finds: bool,
}

impl Case {
    /// A fresh directory of one control plane in `out`, its spec in `cluster.yaml`, changed by `make`: the rule finds
    /// fault with it.
    pub const fn finds(rule: &'static str, make: fn(&Testbed)) -> Self {
        Self { rule, make, arguments: &[], severity: None, finds: true }
    }

    /// The rule applies to it, and finds no fault.
    pub const fn passes(rule: &'static str, make: fn(&Testbed)) -> Self {
        Self { rule, make, arguments: &[], severity: None, finds: false }
    }

    /// The same, with these arguments of `audit` instead of `-d out -f cluster.yaml`.
    pub const fn with(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }

    /// The same, and the finding has this severity.
    pub const fn of(self, severity: &'static str) -> Self {
        Self { severity: Some(severity), ..self }
    }

    fn hold(&self) {
        let bed = Testbed::applied(SINGLE);
        (self.make)(&bed);
        let usual: &[&str] = &["-d", "out", "-f", "cluster.yaml"];
        let arguments = if self.arguments.is_empty() { usual } else { self.arguments };
        let report = audit(&bed, arguments);
        let rule = self.rule;
        let found: Vec<&Value> = findings(&report).filter(|finding| finding["rule"] == rule).collect();
        let checked = report["checked"].as_array().unwrap().iter().any(|check| check["rule"] == rule);
        assert!(checked, "{rule} applies to nothing: {:#}", report["notApplicable"]);
        if self.finds {
            let all: Vec<String> = findings(&report).map(|finding| finding["rule"].to_string()).collect();
            assert!(!found.is_empty(), "{rule} is not among {all:?}");
        } else {
            assert!(found.is_empty(), "{rule}: {found:#?}");
        }
        if let Some(severity) = self.severity {
            assert!(found.iter().any(|finding| finding["severity"] == severity), "{rule}: {found:#?}");
        }
    }
}

/// The report of an audit.
pub fn audit(bed: &Testbed, arguments: &[&str]) -> Value {
    let mut all = vec!["audit", "-o", "json"];
    all.extend(arguments);
    let ran = bed.run(&all).anyhow();
    assert!(matches!(ran.code, Some(0 | 1)), "{}", ran.stderr);
    ran.json()
}

pub fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().unwrap().iter()
}

const FAMILIES: &[&[Case]] = &[
    files::CASES,
    go::CASES,
    keys::CASES,
    kubeconfig::CASES,
    nodes::CASES,
    service_account::CASES,
    spec::CASES,
    structure::CASES,
    time::CASES,
    trust::CASES,
    x509::CASES,
];

#[test]
fn every_rule_has_a_case_of_both_kinds() {
    let cases = || FAMILIES.iter().copied().flatten();
    for finds in [true, false] {
        let have: BTreeSet<&str> = cases().filter(|case| case.finds == finds).map(|case| case.rule).collect();
        let lack: Vec<&str> = rules::all().map(|rule| rule.id).filter(|id| !have.contains(id)).collect();
        assert!(lack.is_empty(), "no case in which it {}: {lack:?}", if finds { "finds" } else { "passes" });
    }
}

fn hold(cases: &[Case]) {
    cases.iter().for_each(Case::hold);
}

#[test]
fn files_rules() {
    hold(files::CASES);
}

#[test]
fn go_rules() {
    hold(go::CASES);
}

#[test]
fn keys_rules() {
    hold(keys::CASES);
}

#[test]
fn kubeconfig_rules() {
    hold(kubeconfig::CASES);
}

#[test]
fn nodes_rules() {
    hold(nodes::CASES);
}

#[test]
fn service_account_rules() {
    hold(service_account::CASES);
}

#[test]
fn spec_rules() {
    hold(spec::CASES);
}

#[test]
fn structure_rules() {
    hold(structure::CASES);
}

#[test]
fn time_rules() {
    hold(time::CASES);
}

#[test]
fn trust_rules() {
    hold(trust::CASES);
}

#[test]
fn x509_rules() {
    hold(x509::CASES);
}

/// A tree that was just made has nothing worth a person's time: with and without its spec.
#[test]
fn what_was_just_made_has_no_finding_of_weight() {
    for spec in [SINGLE, FLEET] {
        let bed = Testbed::applied(spec);
        for arguments in [&["-d", "out"][..], &["-d", "out", "-f", "cluster.yaml"]] {
            assert_eq!(weighty(&audit(&bed, arguments)), <[String; 0]>::default());
        }
        bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "--exit-code"]).success();
    }
}

#[test]
fn what_kubeadm_made_has_no_finding_of_weight() {
    for name in ["stacked-rsa", "stacked-ecdsa", "external-etcd", "external-ca"] {
        let bed = Testbed::new();
        bed.fixture(name);
        let (directory, config) = (format!("{name}/kubernetes"), format!("{name}/kubeadm.yaml"));
        for arguments in [&["-d", &directory][..], &["-d", &directory, "-f", &config]] {
            assert_eq!(weighty(&audit(&bed, arguments)), <[String; 0]>::default(), "{name} {arguments:?}");
        }
    }
}

fn weighty(report: &Value) -> Vec<String> {
    let mild = |finding: &&Value| !["info", "low"].contains(&finding["severity"].as_str().unwrap());
    let text = |finding: &Value| format!("{} {} {}", finding["rule"], finding["path"], finding["message"]);
    findings(report).filter(mild).map(text).collect()
}

/// The spec of the testbed with more in it.
pub fn respec(bed: &Testbed, more: &str) {
    bed.write("cluster.yaml", format!("{SINGLE}{more}"));
}

/// Replaces a certificate by one with this subject and these extensions (openssl's notation), for the same key and by
/// the same CA. `name` is a path without suffix, such as `out/pki/apiserver`.
pub fn sign(bed: &Testbed, name: &str, ca: &str, subject: &str, extensions: &str) {
    sign_with(bed, name, ca, subject, extensions, &["-days", "365"]);
}

/// The same with more arguments for `openssl x509 -req`.
pub fn sign_with(bed: &Testbed, name: &str, ca: &str, subject: &str, extensions: &str, more: &[&str]) {
    bed.write("extensions", extensions);
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let request = ["req", "-new", "-utf8", "-key", &key, "-subj", subject, "-out", "request"];
    bed.peer("openssl", &request).success();
    let (ca_certificate, ca_key) = (format!("{ca}.crt"), format!("{ca}.key"));
    let mut sign = vec!["x509", "-req", "-in", "request", "-extfile", "extensions", "-out", &certificate];
    sign.extend(["-CA", &ca_certificate, "-CAkey", &ca_key]);
    sign.extend(more);
    bed.peer("openssl", &sign).success();
    bed.set_mode(&certificate, 0o644);
}
