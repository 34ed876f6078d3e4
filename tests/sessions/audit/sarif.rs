//! SARIF, held to the schema of the standard.

use serde_json::Value;

use super::{faulty, holds, schema};
use crate::testbed::{SINGLE, Testbed};

pub fn sarif(bed: &Testbed, arguments: &[&str]) -> Value {
    let ran = bed.run(&[&["audit", "-o", "sarif"], arguments].concat()).anyhow();
    let log = ran.json();
    holds(&schema("tests/fixtures/sarif-2.1.0.json"), &log);
    let run = &log["runs"][0];
    // What the schema cannot say: indices and identifiers agree.
    let descriptors = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(descriptors[index]["id"], result["ruleId"]);
        let severity: f64 =
            descriptors[index]["properties"]["security-severity"].as_str().unwrap().parse().unwrap();
        assert!((0.0..=10.0).contains(&severity));
    }
    run.clone()
}

fn location<'a>(run: &'a Value, rule: &str) -> &'a Value {
    let results = run["results"].as_array().unwrap();
    let result =
        results.iter().find(|result| result["ruleId"] == rule).unwrap_or_else(|| panic!("{rule}: {run}"));
    &result["locations"][0]["physicalLocation"]
}

#[test]
fn sarif_is_what_the_standard_says() {
    let bed = faulty();
    let run = sarif(&bed, &["-d", "out"]);
    let artifact = &location(&run, "KP-FS001")["artifactLocation"];
    assert_eq!(
        (artifact["uri"].as_str(), artifact["uriBaseId"].as_str()),
        (Some("out/pki/sa.key"), Some("%SRCROOT%"))
    );
    assert!(run["originalUriBaseIds"].is_null());
    let levels: Vec<&str> =
        run["results"].as_array().unwrap().iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert!(
        levels.contains(&"error") && levels.iter().all(|level| ["error", "warning", "note"].contains(level))
    );
    for descriptor in run["tool"]["driver"]["rules"].as_array().unwrap() {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!descriptor[text]["text"].as_str().unwrap().is_empty(), "{descriptor}");
        }
        assert!(descriptor["help"]["markdown"].as_str().unwrap().contains("## What to do"));
    }
    holds(
        &schema("tests/fixtures/sarif-2.1.0.json"),
        &bed.run(&["audit", "-d", "out", "-o", "sarif"]).attention().json(),
    );
}

/// Which block of a file is meant: the certificate stands behind a comment and another one.
#[test]
fn a_region_is_the_line_of_the_block() {
    let bed = Testbed::applied(SINGLE);
    let chain = format!("# what follows\n# is a chain\n{}", bed.read("out/pki/apiserver.crt"));
    bed.write("out/pki/apiserver.crt", chain);
    let run = sarif(&bed, &["-d", "out", "--at", "2060-01-01"]);
    let results = run["results"].as_array().unwrap();
    let expired = results.iter().find(|result| {
        result["ruleId"] == "KP-TM001"
            && result["message"]["text"].as_str().unwrap().starts_with("pki/apiserver.crt:")
    });
    assert_eq!(expired.unwrap()["locations"][0]["physicalLocation"]["region"]["startLine"], 3);
}

/// Where the root of the locations is: the repository, the one directory, or the file system.
#[test]
fn locations_are_relative() {
    let bed = faulty();
    std::fs::create_dir_all(bed.path("a repository/here")).unwrap();
    std::fs::rename(bed.path("out"), bed.path("a repository/p:ki")).unwrap();
    let absolute = bed.path("a repository/p:ki").display().to_string();
    let run = sarif(&bed, &["-d", "./a repository/p:ki"]);
    assert_eq!(location(&run, "KP-FS001")["artifactLocation"]["uri"], "a%20repository/p%3Aki/pki/sa.key");
    let run = sarif(&bed, &["-d", &absolute]);
    assert_eq!(location(&run, "KP-FS001")["artifactLocation"]["uri"], "a%20repository/p%3Aki/pki/sa.key");
    let mut elsewhere = bed.command(&["audit", "-o", "sarif", "-d", &absolute]);
    elsewhere.current_dir(bed.path("a repository/here"));
    let log: Value = serde_json::from_slice(&elsewhere.output().unwrap().stdout).unwrap();
    let run = &log["runs"][0];
    assert_eq!(location(run, "KP-FS001")["artifactLocation"]["uri"], "pki/sa.key");
    let root = run["originalUriBaseIds"]["%SRCROOT%"]["uri"].as_str().unwrap();
    assert!(root.starts_with("file:///") && root.ends_with("/a%20repository/p%3Aki/"), "{root}");
}

/// An alert is the same after the directory was moved, after a run with another format, and with more directories.
#[test]
fn fingerprints_survive_a_move() {
    let bed = faulty();
    let prints = |arguments: &[&str]| -> Vec<(String, String)> {
        let report = bed.run(&[&["audit", "-o", "json"], arguments].concat()).attention().json();
        let of = |finding: &Value| (finding["rule"].to_string(), finding["fingerprint"].to_string());
        report["findings"].as_array().unwrap().iter().map(of).collect()
    };
    let before = prints(&["-d", "out"]);
    let distinct: std::collections::BTreeSet<_> = before.iter().map(|(_, print)| print).collect();
    assert_eq!(distinct.len(), before.len());
    std::fs::create_dir(bed.path("deep")).unwrap();
    std::fs::rename(bed.path("out"), bed.path("deep/elsewhere")).unwrap();
    assert_eq!(prints(&["-d", "deep/elsewhere"]), before);
    let run = sarif(&bed, &["-d", "deep/elsewhere"]);
    let results = run["results"].as_array().unwrap().iter();
    let in_sarif: Vec<String> =
        results.map(|result| result["partialFingerprints"]["kubepki/v1"].to_string()).collect();
    assert_eq!(in_sarif, before.into_iter().map(|(_, print)| print).collect::<Vec<_>>());
}
