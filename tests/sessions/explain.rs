//! `kubepki explain`, `completions`, `man`, `manifests`, `--help`.

use kubepki::audit::rules;
use kubepki::catalog::CATALOG;
use kubepki::csr::signer::BUILT_IN;

use crate::testbed::{SINGLE, Testbed, peer};

#[test]
fn every_credential_and_every_rule_has_its_words() {
    let bed = Testbed::new();
    let list = bed.run(&["explain"]).success();
    for row in CATALOG.iter() {
        assert!(list.stdout.contains(&row.name), "{}", row.name);
        bed.run(&["explain", &row.name]).success().out(&row.about);
    }
    for rule in rules::all() {
        assert!(list.stdout.contains(rule.id), "{}", rule.id);
        let by_id = bed
            .run(&["explain", rule.id])
            .success()
            .out("Why it matters")
            .out("What to do")
            .out("References");
        assert_eq!(bed.run(&["explain", rule.name]).success().stdout, by_id.stdout);
    }
    bed.run(&["explain", "apiserver"])
        .success()
        .out("kubernetes.default.svc.<dns-domain>")
        .out("server auth");
    let ran = bed.run(&["explain", "admin"]).success();
    ran.out("system:masters; from v1.29.0 kubeadm:cluster-admins");
    let json = bed.run(&["explain", "KP-TM001", "-o", "json"]).success().json();
    assert_eq!(json["rules"][0]["name"], "expired");
    let headings = [
        "trust distribution",
        "permitted subjects",
        "permitted x509 extensions",
        "permitted key usages",
        "expiration",
        "CA bit",
    ];
    for signer in BUILT_IN.iter().map(|signer| signer.name) {
        assert!(list.stdout.contains(signer), "{signer}");
        let ran = bed.run(&["explain", signer]).success();
        for heading in headings {
            assert!(ran.stdout.contains(&format!("\n  {heading} ")), "{signer}: {heading}");
        }
        assert_eq!(
            bed.run(&["explain", signer.trim_start_matches("kubernetes.io/")]).success().stdout,
            ran.stdout
        );
    }
    bed.write(
        "signers.yaml",
        "apiVersion: kubepki/v1\nkind: Signers\nsigners:\n- {name: example.com/serving, about: Web servers., certFile: a, keyFile: b,\n  \
         dnsNames: ['*.example.com'], requiredUsages: [server auth], duration: 90d, ca: true}\n",
    );
    let ran = bed.run(&["explain", "example.com/serving", "--signers", "signers.yaml"]).success();
    let ran = ran
        .out("Web servers.")
        .out("DNS names *.example.com; others are dropped")
        .out("must have server auth");
    ran.out("from 10 minutes to 90 days").out("always set: what it signs is a CA");
    bed.run(&["explain", "apisrver"])
        .failure()
        .err("nothing is called `apisrver`")
        .err("did you mean `apiserver`?");
}

#[test]
fn completions_are_what_shells_accept() {
    let bed = Testbed::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = bed.run(&["completions", shell]).success().stdout;
        assert!(script.contains("kubepki"), "{shell}");
        if shell == "bash" {
            bed.write("completion.bash", script);
            let mut bash = peer("bash");
            bash.args(["-c", "source completion.bash && complete -p kubepki"]).current_dir(bed.path(""));
            assert!(bash.status().unwrap().success());
        }
    }
    bed.run(&["completions", "tcsh"]).failure();
}

#[test]
fn manual_pages_of_every_verb() {
    let bed = Testbed::new();
    bed.run(&["man"]).success().out(".TH kubepki 1").out("A session:");
    bed.run(&["man", "renew"]).success().out("\\-\\-keep\\-key");
    bed.run(&["man", "frob"]).failure().err("there is no verb `frob`");
    std::fs::create_dir(bed.path("man1")).unwrap();
    bed.run(&["man", "--dir", "man1"]).success();
    let verbs = [
        "",
        "-adopt",
        "-apply",
        "-audit",
        "-ca",
        "-cfssl",
        "-completions",
        "-csr",
        "-expiry",
        "-explain",
        "-import",
        "-inspect",
        "-man",
        "-manifests",
        "-new",
        "-plan",
        "-renew",
        "-request",
        "-serve",
        "-show",
        "-sign",
        "-trust",
        "-unpack",
        "-user",
        "-verify",
    ];
    for verb in verbs {
        assert!(bed.read(format!("man1/kubepki{verb}.1")).starts_with(".ie"), "{verb}");
    }
    assert_eq!(std::fs::read_dir(bed.path("man1")).unwrap().count(), verbs.len());
}

#[test]
fn help_shows_a_session_and_every_flag_its_words() {
    let bed = Testbed::new();
    let help = bed.run(&["--help"]).success().out("A session:").out("Exit status: 0 done, or healthy");
    for verb in [
        "apply",
        "adopt",
        "audit",
        "completions",
        "expiry",
        "explain",
        "inspect",
        "man",
        "manifests",
        "new",
        "plan",
        "renew",
        "show",
        "trust",
        "unpack",
        "user",
        "verify",
    ] {
        assert!(help.stdout.contains(&format!("\n  {verb} ")), "{verb}");
        let help = bed.run(&[verb, "--help"]).success();
        // What begins with a dash and a blank is a value that a flag may have.
        let flag = |line: &&str| line.trim_start().starts_with('-') && !line.trim_start().starts_with("- ");
        for line in help.stdout.lines().filter(flag) {
            let words =
                line.trim().split("  ").count() > 1 || help.stdout.contains(&format!("{line}\n          "));
            assert!(words, "{verb}: {line}");
        }
    }
    bed.run(&["--version"]).success().out(env!("CARGO_PKG_VERSION"));
}

/// kubectl reads the manifests as objects, without a cluster.
#[test]
fn manifests_are_kubernetes_objects() {
    let bed = Testbed::with(SINGLE);
    bed.shell("kubepki manifests rbac > rbac.yaml; kubepki manifests rbac -o json > rbac.json").success();
    let kubectl = |arguments: &[&str]| bed.peer("kubectl", arguments).success().stdout;
    for file in ["rbac.yaml", "rbac.json"] {
        let names =
            "jsonpath={range .items[*]}{.metadata.name} {.roleRef.name} {.subjects[0].name}{\"\\n\"}{end}";
        // `kubectl patch --local` parses and prints objects and asks nobody.
        let patch = ["patch", "--local", "-f", file, "--type=merge", "-p", "{}", "-o"];
        let printed = kubectl(
            &[&patch[..], &["jsonpath={.metadata.name}={.roleRef.name}={.subjects[0].name};"]].concat(),
        );
        assert_eq!(
            printed,
            "kubeadm:cluster-admins=cluster-admin=kubeadm:cluster-admins;\
             kubeadm:apiserver-kubelet-client=system:kubelet-api-admin=kube-apiserver-kubelet-client;",
            "{names}"
        );
    }
    // The subjects are those that the certificates of the same release name.
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(bed.client("out/admin.conf").subject.organizations(), ["kubeadm:cluster-admins"]);
    let client = bed.certificate("out/pki/apiserver-kubelet-client.crt");
    assert_eq!(client.subject.common_name(), Some("kube-apiserver-kubelet-client"));
}
