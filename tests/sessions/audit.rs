//! `kubepki audit`: its formats as their readers read them, what is new, and what is accepted. What rules find is told in
//! `rules/`; nothing here depends on which rules there are.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::testbed::{FLEET, Ran, SINGLE, Testbed, fixtures, peer};

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
    assert!(skipped.iter().all(|check| check["subject"].as_str().unwrap().starts_with("there are no ")));
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

fn sarif(bed: &Testbed, arguments: &[&str]) -> Value {
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

#[test]
fn a_baseline_leaves_what_is_new() {
    let bed = faulty();
    let known = bed.run(&["audit", "-d", "out", "-o", "json"]).attention();
    bed.write("known.json", &known.stdout);
    let with = ["audit", "-d", "out", "--baseline", "known.json"];
    let count = known.json()["findings"].as_array().unwrap().len();
    let ran = bed.run(&with).success();
    ran.out("healthy: nothing new\n").out(&format!("not shown: {count} known from the baseline\n"));
    // Something new, and something gone.
    bed.set_mode("out/pki/ca.key", 0o640);
    bed.set_mode("out/pki/sa.key", 0o600);
    let ran = bed.run(&with).attention().out("1 critical since the baseline").out("KP-FS001  pki/ca.key");
    let ran = ran.out("gone since the baseline: KP-FS001 pki/sa.key\n").not_out("KP-TR001");
    drop(ran);
    let report = bed.run(&[&with[..], &["-o", "json"]].concat()).attention().json();
    assert_eq!((rules(&report["findings"]), rules(&report["gone"])), (vec!["KP-FS001"], vec!["KP-FS001"]));
    // A report that was made with a baseline is one.
    bed.write("next.json", report.to_string());
    bed.run(&["audit", "-d", "out", "--baseline", "next.json"]).success().out("nothing new");
    let run = sarif(&bed, &["-d", "out", "--baseline", "known.json"]);
    let states = |wanted: &str| {
        run["results"].as_array().unwrap().iter().filter(|result| result["baselineState"] == wanted).count()
    };
    assert_eq!((states("new"), states("unchanged"), states("absent")), (1, count - 1, 1));
}

#[test]
fn what_is_accepted_is_not_shown_and_still_planned() {
    let bed = faulty();
    bed.write(
        "accepted.yaml",
        "- rule: KP-FS001\n  path: 'pki/s*.key'\n  reason: a laboratory\n  until: 2036-01-01\n\
         - {rule: wrong-issuer, reason: known}\n\
         - {rule: KP-FS004, reason: was known, until: 2020-01-01}\n\
         - {rule: KP-XN001, reason: nothing of the kind}\n",
    );
    let with = ["audit", "-d", "out", "--ignore-file", "accepted.yaml"];
    let ran = bed.run(&with).attention().not_out("KP-FS001").not_out("KP-TR001").out("KP-FS004");
    let ran = ran.out("not shown: 2 ignored\n");
    let ran = ran
        .err("warning: accepted.yaml:6:3: KP-FS004 is ignored no longer: it was accepted until 2020-01-01");
    ran.err("note: accepted.yaml:7:3: KP-XN001 hides nothing");
    // An accepted risk is told with its reason, and expires with the moment of the judgement.
    let wide = [&with[..], &["-o", "wide"]].concat();
    bed.run(&wide).attention().out("Ignored\n").out("(a laboratory, until 2036-01-01)");
    let later = [&with[..], &["--at", "2036-01-02"]].concat();
    bed.run(&later).attention().out("KP-FS001").err("it was accepted until 2036-01-01");
    let run = sarif(&bed, &["-d", "out", "--ignore-file", "accepted.yaml"]);
    let results = run["results"].as_array().unwrap().iter();
    let suppressed: Vec<&Value> = results.filter(|result| !result["suppressions"].is_null()).collect();
    assert_eq!(suppressed.len(), 2);
    let suppression =
        &suppressed.iter().find(|result| result["ruleId"] == "KP-FS001").unwrap()["suppressions"][0];
    assert_eq!(suppression["justification"], "a laboratory");
    assert_eq!(suppression["properties"]["until"], "2036-01-01");
    // Whatever is hidden, the plan is the same.
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    plan.out("apiserver-kubelet-client").out("chmod");
}

#[test]
fn arguments_hide_too() {
    let bed = Testbed::applied(SINGLE);
    bed.set_mode("out/pki/sa.key", 0o644);
    bed.set_mode("out/pki/ca.key", 0o644);
    let audit = |more: &[&str]| bed.run(&[&["audit", "-d", "out"], more].concat());
    audit(&["--ignore", "KP-FS001"]).success();
    audit(&["--ignore", "readable-key:pki/*a.key"]).success();
    audit(&["--ignore", "readable-key:pki/ca.key"]).attention().out("pki/sa.key").not_out("pki/ca.key:");
    audit(&["--ignore", "KP-FS001:pki/ca.key", "--ignore", "KP-FS001:out/pki/sa.key"]).attention();
    audit(&["--ignore", "KP-FS001:nowhere"])
        .attention()
        .err("note: --ignore KP-FS001:nowhere: KP-FS001 hides nothing");
    audit(&["--ignore", "KP-FS0001"]).failure().err("`KP-FS0001` is no rule: did you mean `KP-FS001`?");
    audit(&["--fail-on", "never"]).success().out("attention: 2 critical");
    audit(&["--fail-on", "grave"]).failure().err("info, low, medium, high, critical, never");
}

#[test]
fn files_that_cannot_be_used_are_told_with_their_line() {
    let bed = Testbed::applied(SINGLE);
    let audit = |flag: &str, file: &str| bed.run(&["audit", "-d", "out", flag, file]).failure();
    audit("--baseline", "nowhere.json").err("error: nowhere.json: no such file or directory");
    bed.write("cut.json", "{\n\"kind\": ");
    audit("--baseline", "cut.json")
        .err("error: cut.json:2:")
        .err("hint: `kubepki audit -o json > baseline.json`");
    bed.write(
        "plan.json",
        bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "-o", "json"]).success().stdout,
    );
    audit("--baseline", "plan.json").err("is `Plan` of `kubepki/v1`, not `AuditReport`");
    bed.write("list.yaml", "- rule: KP-FS001\n- rule: expierd\n  reason: x\n  unitl: 2027-01-01\n");
    let ran = audit("--ignore-file", "list.yaml");
    let ran = ran
        .err("error: list.yaml:1:3: [0]: has no `reason`")
        .err("list.yaml:2:9: [1].rule: `expierd` is no rule");
    ran.err("hint: did you mean `expired`?")
        .err("list.yaml:4:3: [1].unitl: unknown field")
        .err("did you mean `until`?");
    bed.write("list.yaml", "- [");
    audit("--ignore-file", "list.yaml").err("error: list.yaml:").err("not valid YAML");
}

/// A node_exporter that ends with the test.
struct Exporter(Child);

impl Drop for Exporter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What node_exporter makes of the files in a directory.
fn exported(directory: &Path) -> String {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = peer("prometheus-node-exporter");
    command.args(["--collector.disable-defaults", "--collector.textfile", "--web.disable-exporter-metrics"]);
    command.arg(format!("--collector.textfile.directory={}", directory.display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _exporter = Exporter(command.spawn().unwrap());
    let begun = Instant::now();
    let mut connection = loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(connection) => break connection,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    connection.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    connection.read_to_string(&mut text).unwrap();
    text
}

/// The real reader of the file reads every sample of it, also of names that are nothing but trouble.
#[test]
fn node_exporter_reads_the_metrics() {
    let bed = faulty();
    let subject = "/O=a\\\\b\"c/OU=one/OU=two/CN=\u{202e}name {x=\"y\"}";
    bed.peer(
        "openssl",
        &[
            "req",
            "-x509",
            "-utf8",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "out/pki/odd.key",
            "-out",
            "out/pki/o\"dd.crt",
            "-subj",
            subject,
            "-set_serial",
            "0x00ffffffffffffffffff",
        ],
    )
    .success();
    // The same certificate again in the same file, and in others.
    let twice = bed.read("out/pki/front-proxy-ca.crt").repeat(2);
    bed.write("out/pki/twice.crt", twice);
    std::fs::create_dir(bed.path("textfile")).unwrap();
    let arguments = ["audit", "-d", "out", "-o", "prometheus", "--output-file", "textfile/kubepki.prom"];
    let ran = bed.run(&arguments).attention();
    assert_eq!(ran.stdout, "");
    assert_eq!(bed.mode("textfile/kubepki.prom"), 0o644);
    let written = bed.read("textfile/kubepki.prom");
    let seen = exported(&bed.path("textfile"));
    assert!(seen.contains("node_textfile_scrape_error 0"), "{seen}");
    let series = |text: &str| {
        text.lines().filter(|line| line.starts_with("x509_") || line.starts_with("kubepki_")).count()
    };
    assert_eq!(series(&seen), series(&written), "{seen}");
    for name in [
        "x509_cert_not_after",
        "x509_cert_not_before",
        "x509_cert_expired",
        "x509_cert_expires_in_seconds",
        "x509_cert_valid_since_seconds",
        "x509_cert_error",
        "x509_source_up",
        "x509_source_errors_total",
        "kubepki_finding",
        "kubepki_audit_findings",
        "kubepki_audit_last_run_timestamp_seconds",
        "kubepki_build_info",
    ] {
        assert!(
            written.contains(&format!("# HELP {name} ")) && written.contains(&format!("# TYPE {name} ")),
            "{name}"
        );
    }
    let line = written
        .lines()
        .find(|line| line.starts_with("x509_cert_not_after{serial_number=\"4722366482869645213695\""))
        .unwrap();
    for label in [
        r#"subject_O="a\\b\"c""#,
        r#"subject_OU="one""#,
        "subject_CN=\"\u{202e}name {x=\\\"y\\\"}\"",
        r#"subject_C="""#,
        r#"filename="o\"dd.crt""#,
        r#"filepath="out/pki/o\"dd.crt""#,
        r#"embedded_kind="""#,
        r#"embedded_key="""#,
    ] {
        assert!(line.contains(label), "{label}: {line}");
    }
    assert!(written.contains("filename=\"admin.conf\",filepath=\"out/admin.conf\",embedded_kind=\"user\",embedded_key=\"kubernetes-admin\"} 0\n"));
    assert!(written.contains(
        "x509_source_errors_total{source_kind=\"file\",source_name=\"out\",reason=\"bad_pem\"} 1\n"
    ));
    // In an order that does not change, but for the moment.
    let again = bed.run(&["audit", "-d", "out", "-o", "prometheus", "--at", "2027-01-01"]).anyhow().stdout;
    let twice = bed.run(&["audit", "-d", "out", "-o", "prometheus", "--at", "2027-01-01"]).anyhow().stdout;
    let timeless = |text: &str| {
        text.lines().filter(|line| !line.contains("last_run")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(timeless(&again), timeless(&twice));
}

/// Elements of an XML document with their attributes, in their order.
fn elements(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return found,
            Event::Start(element) | Event::Empty(element) => {
                let attributes = element.attributes().map(Result::unwrap).map(|attribute| {
                    let value =
                        attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned();
                    (attribute.key.as_ref().to_owned(), value)
                });
                let attributes = attributes.collect();
                found.push((element.name().as_ref().to_owned(), attributes));
            }
            _ => {}
        }
    }
}

#[test]
fn junit_fails_where_the_exit_status_does() {
    let bed = faulty();
    bed.write("out/pki/<&\u{1b}\">.crt", "-----BEGIN CERTIFICATE-----\n");
    let report = bed.run(&["audit", "-d", "out", "-o", "json"]).attention().json();
    let xml = bed.run(&["audit", "-d", "out", "-o", "junit"]).attention().stdout;
    let all = elements(&xml);
    let count = |name: &str| all.iter().filter(|(other, _)| other == name).count();
    let attribute = |index: usize, name: &str| -> String {
        all[index].1.iter().find(|(other, _)| other == name).unwrap().1.clone()
    };
    let length = |field: &str| report[field].as_array().unwrap().len();
    assert_eq!((all[0].0.as_str(), all[1].0.as_str()), ("testsuites", "testsuite"));
    assert_eq!(count("testcase"), length("checked") + length("notApplicable"));
    assert_eq!(attribute(0, "tests"), count("testcase").to_string());
    assert_eq!(count("skipped"), length("notApplicable"));
    assert_eq!(attribute(0, "skipped"), count("skipped").to_string());
    let bad = report["findings"].as_array().unwrap().iter();
    let bad: Vec<&Value> =
        bad.filter(|finding| ["high", "critical"].contains(&finding["severity"].as_str().unwrap())).collect();
    assert_eq!(count("failure"), bad.len());
    let failing: std::collections::BTreeSet<&str> =
        bad.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(attribute(0, "failures"), failing.len().to_string());
    for (name, attributes) in &all {
        let has = |wanted: &str| attributes.iter().any(|(other, _)| other == wanted);
        match name.as_str() {
            "testsuite" => assert!(
                ["name", "tests", "failures", "errors", "skipped", "timestamp"].iter().all(|a| has(a))
            ),
            "testcase" => assert!(has("name") && has("classname") && has("time")),
            "failure" => assert!(has("message") && has("type")),
            _ => {}
        }
    }
    let lenient = bed.run(&["audit", "-d", "out", "-o", "junit", "--fail-on", "never"]).success().stdout;
    assert!(!lenient.contains("<failure") && lenient.contains("<system-out>"));
    bed.write("report.xml", xml);
    bed.peer("xmllint", &["--noout", "report.xml"]).success();
}

#[test]
fn a_page_is_whole_and_holds_no_foreign_code() {
    let bed = faulty();
    let subject = format!(
        "/CN=<script>alert(1)<\\/script>\u{202e}/O=<img src=x onerror=alert(1)>/OU={}",
        "x".repeat(60)
    );
    bed.peer(
        "openssl",
        &[
            "req",
            "-x509",
            "-utf8",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "out/pki/odd.key",
            "-out",
            "out/pki/<b>\"'&.crt",
            "-subj",
            &subject,
        ],
    )
    .success();
    bed.write("accepted.yaml", "- {rule: KP-FS001, reason: '</td><script>', until: 2036-01-01}\n");
    let arguments = [
        "audit",
        "-d",
        "out",
        "-o",
        "html",
        "--ignore-file",
        "accepted.yaml",
        "--output-file",
        "report.html",
    ];
    bed.run(&arguments).attention();
    let page = bed.read("report.html");
    assert!(
        !page.contains("<script")
            && !page.contains("<img")
            && !page.contains("<b>\"")
            && !page.contains('\u{202e}')
    );
    assert!(page.contains("&#60;script&#62;alert(1)"));
    // Nothing is fetched.
    for outside in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.replace("onerror", "").replace("&#60;img src=x", "").contains(outside), "{outside}");
    }
    for part in [
        "Needs attention",
        "kubepki 0.",
        "<svg",
        "CIS Kubernetes Benchmark",
        "1.1.21",
        "CN=kube-apiserver",
        "id=\"inventory\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // Every certificate is in it, by its fingerprint.
    for path in ["out/pki/ca.crt", "out/pki/apiserver.crt", "out/pki/etcd/ca.crt"] {
        assert!(page.contains(&bed.certificate(path).fingerprint()), "{path}");
    }
    // The number of the directory can be made with other tools, by the command that the page tells.
    let (_, after) = page.split_once("prints in it: <code>").unwrap();
    let command = after.split("</code>").next().unwrap().replace("&#39;", "'");
    let number = bed.shell(&format!("cd out && {command}")).success().stdout;
    assert!(page.contains(number.split(' ').next().unwrap()), "{number}");
    let html = bed.run(&["audit", "-d", "out", "-o", "html", "--fail-on", "never"]).success().stdout;
    assert!(well_formed(&html));
}

/// Whether every element that must be closed is. Void elements are not.
fn well_formed(html: &str) -> bool {
    let void = ["meta", "br", "hr", "!doctype"];
    let mut open: Vec<String> = Vec::new();
    for tag in html.split('<').skip(1).map(|after| after.split('>').next().unwrap()) {
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| !c.is_whitespace() && *c != '/').collect();
        if tag.starts_with('/') {
            if open.pop().as_deref() != Some(&name) {
                return false;
            }
        } else if !tag.ends_with('/') && !void.contains(&name.as_str()) {
            open.push(name);
        }
    }
    open.is_empty()
}

/// A page of a large fleet is no longer than that of a small one, but for what has to be said of each node.
#[test]
fn a_page_of_a_fleet_stays_bounded() {
    let bed = Testbed::applied(FLEET);
    let page = |bed: &Testbed| {
        bed.run(&["audit", "-d", "out", "-o", "html", "--at", "2060-01-01"]).attention().stdout
    };
    let small = page(&bed);
    assert!(small.contains("apiserver ×3") && small.contains("kubelet.conf ×5"), "nodes are drawn together");
    for node in 3..600 {
        let (from, to) =
            ("out/nodes/worker1/etc/kubernetes/pki", format!("out/nodes/worker{node}/etc/kubernetes/pki"));
        std::fs::create_dir_all(bed.path(&to)).unwrap();
        bed.copy(&format!("{from}/ca.crt"), &format!("{to}/ca.crt"));
    }
    bed.shell(
        "openssl ecparam -name prime256v1 -genkey -noout -out k; for n in $(seq 600); do openssl req -x509 -key k -subj /CN=n$n \
         -out out/nodes/worker1/etc/kubernetes/pki/x$n.crt; done",
    )
    .success();
    let large = page(&bed);
    assert!(large.len() < 4 * small.len(), "{} and {}", small.len(), large.len());
    assert!(large.contains("those of one credential are one row"));
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
