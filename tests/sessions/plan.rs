//! `kubepki plan`: what it says, and that saying it touches nothing.

use crate::testbed::{FLEET, SINGLE, Testbed};

#[test]
fn a_plan_reads_like_this() {
    let bed = Testbed::applied(&format!("{SINGLE}encryptionAlgorithm: ECDSA-P256\n"));
    std::fs::remove_file(bed.path("out/pki/front-proxy-client.crt")).unwrap();
    std::fs::remove_file(bed.path("out/pki/front-proxy-client.key")).unwrap();
    std::fs::remove_file(bed.path("out/pki/etcd/peer.key")).unwrap();
    bed.set_mode("out/admin.conf", 0o644);
    bed.write("cluster.yaml", format!("{SINGLE}apiServer: {{certSANs: [10.0.0.9]}}\n"));
    let mut command = bed.command(&["plan", "-f", "cluster.yaml", "-d", "out"]);
    let ran = crate::testbed::Run::of(command.env("COLUMNS", "100"), "plan").success();
    let dates = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let is_date = |word: &str| word.len() == 10 && word.matches('-').count() == 2;
        words.iter().map(|word| if is_date(word) { "DATE" } else { word }).collect::<Vec<_>>().join(" ")
    };
    let shown: Vec<String> = ran.stdout.lines().map(dates).collect();
    assert_eq!(
        format!("\n{}", shown.join("\n")),
        "
  = keep    ca                        valid until DATE (9 years)
  ~ reissue apiserver                 SAN + 10.0.0.9
  = keep    apiserver-kubelet-client  valid until DATE (364 days)
  = keep    front-proxy-ca            valid until DATE (9 years)
  + create  front-proxy-client        missing
  = keep    etcd-ca                   valid until DATE (9 years)
  = keep    etcd-server               valid until DATE (364 days)
-/+ rekey   etcd-peer                 peer.key missing, although its certificate is there
  = keep    etcd-healthcheck-client   valid until DATE (364 days)
  = keep    apiserver-etcd-client     valid until DATE (364 days)
  = keep    sa                        a pair of ECDSA-P256 keys
  ~ chmod   admin.conf                has mode 644, looser than 600
  = keep    super-admin.conf          valid until DATE (364 days)
  = keep    kubelet.conf              valid until DATE (364 days)
  = keep    controller-manager.conf   valid until DATE (364 days)
  = keep    scheduler.conf            valid until DATE (364 days)

Plan: 1 to create, 1 to reissue, 1 to rekey, 1 to chmod, 12 to keep"
    );
}

#[test]
fn json_says_the_same_to_machines() {
    let bed = Testbed::with(FLEET);
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "-o", "json"]).success().json();
    assert_eq!((plan["apiVersion"].as_str(), plan["kind"].as_str()), (Some("kubepki/v1"), Some("Plan")));
    assert_eq!(plan["cluster"], "prod");
    let steps = plan["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == "cp1/apiserver").unwrap();
    assert_eq!(step["action"], "create");
    assert_eq!((&step["node"], &step["credential"]), (&"cp1".into(), &"apiserver".into()));
    let files = ["nodes/cp1/etc/kubernetes/pki/apiserver.crt", "nodes/cp1/etc/kubernetes/pki/apiserver.key"];
    assert_eq!(step["files"], serde_json::json!(files));
    assert_eq!(
        step["reasons"][0],
        serde_json::json!({"rule": "KP-ST001", "path": files[0], "message": "missing"})
    );
    assert_eq!(
        plan["summary"]["create"].as_u64().unwrap() + plan["summary"]["copy"].as_u64().unwrap(),
        steps.len() as u64
    );
}

#[test]
fn planning_needs_no_right_to_write_and_leaves_no_trace() {
    let bed = Testbed::applied(SINGLE);
    std::fs::remove_file(bed.path("out/admin.conf")).unwrap();
    let before = bed.snapshot("out");
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success().out("+ create  admin.conf");
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "--exit-code"]).attention();
    bed.run(&["apply", "--dry-run", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(bed.snapshot("out"), before);
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "nowhere", "--exit-code"]).attention();
    assert!(!bed.path("nowhere").exists());
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let bed = Testbed::with(FLEET);
    bed.shell(
        "kubepki plan -f cluster.yaml -d out | head -n 1 > first; kubepki explain | head -n 1 >> first",
    )
    .success();
    assert_eq!(bed.read("first").lines().count(), 2);
}

#[test]
fn colours_are_for_terminals() {
    let bed = Testbed::with(SINGLE);
    let plain = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(!plain.stdout.contains('\u{1b}'));
    let coloured = bed.run(&["--color", "always", "plan", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(coloured.stdout.contains("\u{1b}[32m"));
    let mut command = bed.command(&["plan", "-f", "cluster.yaml", "-d", "out"]);
    let forced = crate::testbed::Run::of(command.env("CLICOLOR_FORCE", "1"), "plan").success();
    assert!(forced.stdout.contains('\u{1b}'));
    let never = bed.run(&["--color", "never", "plan", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(!never.stdout.contains('\u{1b}'));
}

#[test]
fn misuse_is_exit_status_two() {
    let bed = Testbed::with(SINGLE);
    bed.run(&["plan"]).failure().err("--file <FILE>");
    bed.run(&["frobnicate"]).failure();
    bed.run(&["plan", "-f", "cluster.yaml", "--at", "soon"]).failure().err("write a day, 2027-03-01");
    bed.run(&["plan", "-f", "cluster.yaml", "--node", "cp2"])
        .failure()
        .err("the spec has no node `cp2`: it has cp1")
        .err("hint: did you mean `cp1`?");
    bed.run(&["plan", "-f", "cluster.yaml", "--authority", "x"]).failure().err("--node");
}
