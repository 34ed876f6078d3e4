//! What is not new, and what is accepted.

use serde_json::Value;

use super::sarif::sarif;
use super::{faulty, rules};
use crate::testbed::{SINGLE, Testbed};

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
    audit(&["--ignore", "readable-key:pki/ca.key"])
        .attention()
        .out("KP-FS001  pki/sa.key")
        .not_out("KP-FS001  pki/ca.key");
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
