//! `kubepki audit`: its formats as their readers read them, what is new, and what is accepted. What rules find is told in
//! `rules/`; nothing here depends on which rules there are.

mod accepted;
mod html;
mod junit;
mod prometheus;
mod sarif;

use std::path::Path;

use serde_json::Value;

use crate::testbed::{Ran, SINGLE, Testbed, fixtures};

/// A control plane with some things wrong: loose modes, a file of another CA, a broken one, and one that is a stranger.
fn faulty() -> Testbed {
    let bed = Testbed::applied(SINGLE);
    bed.set_mode("out/pki/sa.key", 0o644);
    bed.set_mode("out/admin.conf", 0o644);
    bed.copy("out/pki/front-proxy-client.crt", "out/pki/apiserver-kubelet-client.crt");
    bed.write("out/pki/etcd/peer.crt", "-----BEGIN CERTIFICATE-----\n");
    bed
}

fn rules(findings: &Value) -> Vec<&str> {
    findings.as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn schema(path: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    // A slip of the pen in the standard's own schema: this bracket has no partner, and is no regular expression.
    let text = text.replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[track_caller]
fn holds(schema: &jsonschema::Validator, document: &Value) {
    let faults: Vec<String> =
        schema.iter_errors(document).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert_eq!(faults, <[String; 0]>::default());
}

#[test]
fn tables_fit_their_width() {
    let bed = faulty();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "fresh"]).success();
    for columns in ["60", "80", "120", "200"] {
        for format in ["table", "wide"] {
            for directories in [&["-d", "out"][..], &["-d", "out", "-d", "fresh"]] {
                let mut command = bed.command(&["audit", "-o", format]);
                command.args(directories).env("COLUMNS", columns);
                let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
                for line in text.lines() {
                    assert!(line.chars().count() <= columns.parse().unwrap(), "{columns}: {line}");
                }
                assert_eq!(
                    text.matches("cured by: kubepki adopt -d out > cluster.yaml;").count(),
                    1,
                    "{text}"
                );
                assert!(text.contains("\nattention: "), "{text}");
            }
        }
    }
    let ran = bed.run(&["audit", "-d", "out", "-f", "cluster.yaml"]).attention();
    ran.out("fix: kubepki apply sets the mode to 600")
        .out("cured by: kubepki apply -f cluster.yaml -d out\n");
    bed.run(&["audit", "-d", "fresh", "--color", "always"]).success().out("\u{1b}[32mhealthy\u{1b}[0m");
}

/// The command that a finding names is one that can be run, whatever the directory is called.
#[test]
fn remedies_can_be_run() {
    let bed = Testbed::applied(SINGLE);
    std::fs::rename(bed.path("out"), bed.path("it's out")).unwrap();
    bed.set_mode("it's out/pki/sa.key", 0o644);
    bed.copy("it's out/pki/front-proxy-client.crt", "it's out/pki/apiserver-kubelet-client.crt");
    let report = bed.run(&["audit", "-d", "it's out", "-o", "json"]).attention().json();
    let remedies =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["remedy"].as_str().unwrap());
    for remedy in remedies.filter(|remedy| ["chmod", "kubepki"].iter().any(|begin| remedy.starts_with(begin)))
    {
        bed.shell(&remedy.replace("kubepki apply", "kubepki apply --yes")).success();
    }
    bed.run(&["audit", "-d", "it's out"]).success();
}

#[test]
fn json_is_as_its_schema_says() {
    let schema = schema("src/report/audit/schema.json");
    let bed = faulty();
    let report = bed.run(&["audit", "-d", "out", "-o", "json"]).attention().json();
    holds(&schema, &report);
    for field in ["rule", "name", "severity", "path", "role", "message", "why", "remedy", "fingerprint"] {
        assert!(report["findings"][0][field].is_string(), "{field}");
    }
    assert!(report["checked"].as_array().unwrap().iter().all(|check| check["count"].as_u64() > Some(0)));
    let skipped = report["notApplicable"].as_array().unwrap();
    assert!(skipped.iter().all(|check| check["reason"].as_str().unwrap().starts_with("there are no ")));
    assert_eq!(report["summary"]["verdict"], "attention");
    bed.write("known.json", report.to_string());
    bed.set_mode("out/pki/ca.key", 0o644);
    bed.set_mode("out/pki/sa.key", 0o600);
    let arguments =
        ["audit", "-d", "out", "-o", "json", "--baseline", "known.json", "--ignore", "readable-kubeconfig"];
    let report = bed.run(&arguments).attention().json();
    holds(&schema, &report);
    assert!(
        !report["gone"].as_array().unwrap().is_empty() && !report["accepted"].as_array().unwrap().is_empty()
    );
    // The schema says something: what is not a report does not pass.
    assert!(!schema.is_valid(&serde_json::json!({ "kind": "AuditReport" })));
}

#[test]
fn what_is_written_to_a_file_is_the_same() {
    let bed = faulty();
    for format in ["table", "wide", "json", "sarif", "junit", "html"] {
        let arguments = ["audit", "-d", "out", "--at", "2027-01-01", "-o", format];
        let printed: Ran = bed.run(&arguments).attention();
        let arguments = [&arguments[..], &["--color", "always", "--output-file", "written"]].concat();
        assert_eq!(bed.run(&arguments).attention().stdout, "");
        let (written, printed) = (bed.read("written"), printed.stdout);
        // The page tells when it was made.
        let timeless =
            |text: &str| text.lines().filter(|line| !line.contains("<dt>Made")).collect::<String>();
        assert_eq!(timeless(&written), timeless(&printed), "{format}");
    }
    let refused = |file: &str| bed.run(&["audit", "-d", "out", "--output-file", file]).failure();
    refused("/dev/stdout").err("--output-file: /dev/stdout is not a file").err("redirect standard output");
    refused("out").err("--output-file: out is not a file");
    refused("nowhere/report.html").err("error: nowhere/report.html: cannot be written");
}

/// A directory that kubeadm made, in every format.
#[test]
fn kubeadms_directory_in_every_format() {
    let bed = Testbed::new();
    bed.fixture("stacked-rsa");
    for format in ["table", "wide", "json", "sarif", "prometheus", "junit", "html"] {
        let directory = fixtures().join("stacked-rsa/kubernetes").display().to_string();
        for directory in ["stacked-rsa/kubernetes", &directory] {
            let ran = bed.run(&["audit", "-d", directory, "-o", format, "--fail-on", "never"]).success();
            assert!(ran.stdout.len() > 100, "{format}");
        }
    }
}
