//! Every rule has a directory that it finds fault with, and one that it looks at and finds none with. One file for each
//! family; `Case::finds` and `Case::passes` are how a case is written down.

mod alt_names;
mod cures;
mod defaults;
mod etcd;
mod files;
mod forge;
mod front_proxy;
mod go;
mod identity;
mod keys;
mod kubeconfig;
mod kubelet;
mod nodes;
mod once;
pub mod revocation;
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
    nowhere: bool,
}

impl Case {
    /// A fresh directory of one control plane in `out`, its spec in `cluster.yaml`, changed by `make`: the rule finds
    /// fault with it.
    pub const fn finds(rule: &'static str, make: fn(&Testbed)) -> Self {
        Self { rule, make, arguments: &[], severity: None, finds: true, nowhere: false }
    }

    /// The rule applies to it, and finds no fault.
    pub const fn passes(rule: &'static str, make: fn(&Testbed)) -> Self {
        Self { rule, make, arguments: &[], severity: None, finds: false, nowhere: false }
    }

    /// The same, with these arguments of `audit` instead of `-d out -f cluster.yaml`.
    pub const fn with(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }

    /// The same, and the finding has this severity.
    pub const fn of(self, severity: &'static str) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// The same, and it is right that the rule applies to nothing: wherever it applies, it finds something.
    pub const fn nowhere(self) -> Self {
        Self { nowhere: true, ..self }
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
        assert!(checked != self.nowhere, "{rule} applies to nothing: {:#}", report["notApplicable"]);
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
    etcd::CASES,
    files::CASES,
    front_proxy::CASES,
    alt_names::CASES,
    identity::CASES,
    go::CASES,
    keys::CASES,
    kubeconfig::CASES,
    kubelet::CASES,
    nodes::CASES,
    revocation::CASES,
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
fn etcd_rules() {
    hold(etcd::CASES);
}

#[test]
fn alt_names_rules() {
    hold(alt_names::CASES);
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
fn front_proxy_rules() {
    hold(front_proxy::CASES);
}

#[test]
fn identity_rules() {
    hold(identity::CASES);
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
fn kubelet_rules() {
    hold(kubelet::CASES);
}

#[test]
fn nodes_rules() {
    hold(nodes::CASES);
}

#[test]
fn revocation_rules() {
    hold(revocation::CASES);
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

/// However the cluster is meant to be, and whatever the examples show.
#[test]
fn what_was_just_made_in_another_way_has_no_finding_of_weight() {
    let mut specs: Vec<(String, String)> = [
        "naming: documented",
        "encryptionAlgorithm: RSA-2048",
        "networking: {serviceSubnet: '10.96.0.0/12,fd00:10:96::/112', dnsDomain: prod.local}",
        "kubernetesVersion: v1.28.9",
        "certificateValidityPeriod: 1h",
        "apiServer: {certSANs: ['*.example.com', 203.0.113.7]}",
    ]
    .iter()
    .map(|more| ("cluster.yaml".to_owned(), format!("{SINGLE}{more}\n")))
    .collect();
    specs.push(("cluster.yaml".to_owned(), SINGLE.replace("192.0.2.10", "2001:db8::10")));
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in std::fs::read_dir(examples).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name != "README.md" && entry.path().is_file() {
            specs.push((name, std::fs::read_to_string(entry.path()).unwrap()));
        }
    }
    for (name, spec) in specs {
        let bed = Testbed::new();
        bed.write(&name, &spec);
        bed.run(&["apply", "-f", &name, "-d", "out"]).success();
        for arguments in [&["-d", "out"][..], &["-d", "out", "-f", &name]] {
            assert_eq!(weighty(&audit(&bed, arguments)), <[String; 0]>::default(), "{arguments:?} of {spec}");
        }
        bed.run(&["plan", "-f", &name, "-d", "out", "--exit-code"]).success();
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

/// Three control planes and two workers in place of the one control plane.
pub fn fleet(bed: &Testbed) {
    bed.write("cluster.yaml", FLEET);
    std::fs::remove_dir_all(bed.path("out")).unwrap();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// The manifest of a static pod, with these flags.
pub fn manifest(bed: &Testbed, component: &str, flags: &[&str]) {
    manifest_in(bed, "out", component, flags);
}

/// The same in another directory.
pub fn manifest_in(bed: &Testbed, directory: &str, component: &str, flags: &[&str]) {
    let flags: String = flags.iter().map(|flag| format!("    - --{flag}\n")).collect();
    let text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {component}, namespace: kube-system}}\nspec:\n  containers:\n  \
         - command:\n    - {component}\n{flags}    image: registry.k8s.io/{component}:v1.36.1\n"
    );
    let path = format!("{directory}/manifests/{component}.yaml");
    bed.write(&path, text);
    bed.set_mode(&path, 0o600);
}

/// Replaces a certificate as [`sign`] does, with the dates that are given (`YYYYMMDDHHMMSSZ`). A CA may sign itself.
pub fn sign_dated(bed: &Testbed, name: &str, ca: &str, subject: &str, extensions: &str, dates: [&str; 2]) {
    bed.write("extensions", extensions);
    bed.write("index.txt", "");
    bed.write(
        "ca.cnf",
        "[ca]\ndefault_ca = all\n[all]\ndatabase = index.txt\nnew_certs_dir = .\ndefault_md = sha256\npolicy = any\n\
         rand_serial = yes\nunique_subject = no\n[any]\ncommonName = optional\norganizationName = optional\n",
    );
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let (ca_certificate, ca_key) = (format!("{ca}.crt"), format!("{ca}.key"));
    let mut sign = vec!["ca", "-batch", "-notext", "-config", "ca.cnf", "-out", "dated.crt"];
    sign.extend([
        "-extfile",
        "extensions",
        "-keyfile",
        &ca_key,
        "-startdate",
        dates[0],
        "-enddate",
        dates[1],
    ]);
    if name == ca {
        // The name's bytes stay: openssl would choose another string type than Go.
        sign.extend(["-preserveDN", "-ss_cert", &ca_certificate]);
    } else {
        let request = ["req", "-new", "-utf8", "-key", &key, "-subj", subject, "-out", "request"];
        bed.peer("openssl", &request).success();
        sign.extend(["-in", "request"]);
    }
    sign.extend(["-cert", &ca_certificate]);
    bed.peer("openssl", &sign).success();
    std::fs::rename(bed.path("dated.crt"), bed.path(&certificate)).unwrap();
    bed.set_mode(&certificate, 0o644);
}

/// Breaks nothing itself: what the rule finds, `apply` cures, and the rule finds it no more.
#[track_caller]
pub fn cures(bed: &Testbed, rule: &str) {
    let arguments = ["-d", "out", "-f", "cluster.yaml"];
    let found = |report: &Value| findings(report).filter(|finding| finding["rule"] == rule).count();
    assert!(found(&audit(bed, &arguments)) > 0, "{rule} finds nothing");
    bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).anyhow();
    let left = audit(bed, &arguments);
    assert_eq!(found(&left), 0, "{rule} is still found: {:#}", left["findings"]);
}

/// A certificate and its key, of no credential.
pub fn stray(bed: &Testbed, name: &str, ca: &str, subject: &str, extensions: &str) {
    let key = format!("{name}.key");
    let make = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key];
    bed.peer("openssl", &make).success();
    bed.set_mode(&key, 0o600);
    sign(bed, name, ca, subject, extensions);
}

/// A certificate and key in one file as the kubelet keeps them, in `kubelet/pki` and reached by a symlink. `name` is
/// `kubelet-client` or `kubelet-server`.
pub fn kubelet_certificate(bed: &Testbed, name: &str, subject: &str, extensions: &str) {
    stray(bed, "kubelet-pair", "out/pki/ca", subject, extensions);
    let file = format!("{name}-2026-01-01-00-00-00.pem");
    let path = format!("kubelet/pki/{file}");
    bed.write(&path, bed.read("kubelet-pair.crt") + &bed.read("kubelet-pair.key"));
    bed.set_mode(&path, 0o600);
    let link = bed.path(format!("kubelet/pki/{name}-current.pem"));
    std::fs::remove_file(&link).ok();
    std::os::unix::fs::symlink(file, link).unwrap();
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
