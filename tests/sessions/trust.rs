//! `kubepki trust`: objects of trust anchors, what is wrong with them, and how they differ from a tree.

use crate::testbed::{FLEET, SINGLE, Testbed};

#[test]
fn a_tree_becomes_bundles() {
    let bed = Testbed::applied(SINGLE);
    let yaml = bed.run(&["trust", "-d", "out"]).success().stdout;
    bed.write("bundles.yaml", &yaml);
    // kubectl reads the objects, and the bundles are the files, byte for byte.
    let patch = ["patch", "--local", "-f", "bundles.yaml", "--type=merge", "-p", "{}", "-o"];
    let fields = "jsonpath={.apiVersion} {.kind} {.metadata.name} {.spec.signerName};";
    let printed = bed.peer("kubectl", &[&patch[..], &[fields]].concat()).success().stdout;
    let hash = bed.shell("sha256sum < out/pki/ca.crt | head -c 24").success().stdout;
    let serving = "kubernetes.io/kube-apiserver-serving";
    let version = "certificates.k8s.io/v1beta1 ClusterTrustBundle";
    assert_eq!(
        printed,
        format!(
            "{version} kubernetes.io:kube-apiserver-serving:{hash} {serving};{version} front-proxy-ca ;{version} etcd-ca ;"
        )
    );
    let json = bed.run(&["trust", "-d", "out", "-o", "json"]).success().json();
    assert_eq!(json["items"][2]["spec"]["trustBundle"], bed.read("out/pki/etcd/ca.crt"));
    let old = bed.run(&["trust", "-d", "out", "--target-kubernetes", "1.32"]).success();
    old.out("certificates.k8s.io/v1alpha1");
    bed.run(&["trust", "-d", "out", "--target-kubernetes", "1.25"])
        .failure()
        .err("has no ClusterTrustBundle");
    bed.run(&["trust", "check", "bundles.yaml"]).success().out("etcd-ca: 1 trust anchor");
    bed.run(&["trust", "diff", "bundles.yaml", "-d", "out"]).success().out("  CN=etcd-ca, until ");
    bed.run(&["trust", "-d", "none"]).failure().err("none: there is no CA certificate");
}

#[test]
fn files_become_bundles_of_a_signer() {
    let bed = Testbed::applied(FLEET);
    bed.shell("cat out/authority/ca.crt out/authority/etcd/ca.crt > both.pem; cp both.pem Both_Two.pem")
        .success();
    let of = |more: &[&str]| bed.run(&[&["trust"], more].concat());
    let signer = ["--signer", "example.com/serving"];
    let hash = bed.shell("sha256sum < both.pem | head -c 24").success().stdout;
    of(&[&["both.pem"], &signer[..]].concat()).success().out(&format!("name: example.com:serving:{hash}\n"));
    for name in ["v1", "example.com:serving:v1"] {
        let ran = of(&[&["both.pem", "--name", name], &signer[..]].concat()).success();
        ran.out("name: example.com:serving:v1\n").out("signerName: example.com/serving\n");
    }
    of(&["both.pem", "Both_Two.pem"]).success().out("name: both\n").out("name: both-two\n");
    of(&["both.pem", "-d", "out"]).success().out("name: both\n").out("name: etcd-ca\n");
    // What an API server would refuse is not printed.
    bed.copy("out/nodes/cp1/etc/kubernetes/pki/apiserver.crt", "leaf.crt");
    bed.shell("cat both.pem leaf.crt > mixed.pem; cat both.pem both.pem > twice.pem").success();
    let lines = bed.read("both.pem").lines().count();
    of(&["mixed.pem"])
        .failure()
        .err(&format!("mixed.pem:{}: entry 2 does not have the CA bit set", lines + 1));
    of(&["twice.pem"]).failure().err("duplicate trust anchor (indices [0 2])");
    of(&["out/authority/ca.key"]).failure().err("entry 0 has bad block type: EC PRIVATE KEY");
    of(&["cluster.yaml"]).failure().err("at least one trust anchor");
    of(&["both.pem", "--name", "a:b"]).failure().err("is no name of a bundle");
    of(&["both.pem", "leaf.crt", "--name", "a"]).failure().err("2 files cannot have the same name");
    of(&["both.pem", "--signer", "serving"]).failure();
}

#[test]
fn every_fault_has_its_line() {
    let bed = Testbed::applied(SINGLE);
    bed.shell("kubepki trust -d out > good.yaml; kubepki trust -d out -o json > good.json").success();
    bed.run(&["trust", "check", "good.yaml", "good.json", "out/pki/ca.crt"]).success();
    let good = bed.read("good.yaml");
    let line = |text: &str, wanted: &str| text.lines().position(|line| line.contains(wanted)).unwrap() + 1;
    let bad =
        good.replace("v1beta1", "v1").replace("name: etcd-ca", "name: Etcd").replace("signerName", "signer");
    bed.write("bad.yaml", &bad);
    let ran = bed.run(&["trust", "check", "bad.yaml", "-o", "json"]).attention();
    let faults: Vec<String> = ran.json()["bundles"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|bundle| bundle["faults"].as_array().unwrap().clone())
        .map(|fault| format!("{}: {}", fault["line"], fault["message"].as_str().unwrap()))
        .collect();
    let has = |text: &str| assert!(faults.iter().any(|fault| fault.contains(text)), "{text}: {faults:?}");
    has("1: apiVersion: there is no `certificates.k8s.io/v1` of it");
    has(&format!("{}: metadata.name: Invalid value: \"Etcd\"", line(&bad, "name: Etcd")));
    has(&format!("{}: spec: unknown field `signer`", line(&bad, "signer: ")));
    has("ClusterTrustBundle without signer name must not have");
    // The second block of a bundle, in its own line.
    bed.copy("out/pki/apiserver.crt", "leaf.crt");
    bed.shell("sed 's/^/    /' leaf.crt | cat good.yaml - > leaf.yaml").success();
    let ran = bed.run(&["trust", "check", "leaf.yaml"]).attention();
    let begin = good.lines().count() + 1;
    ran.out(&format!(
        "leaf.yaml:{begin}: spec.trustBundle: Invalid value: \"<value omitted>\": entry 1 does not"
    ));
    bed.write("no.yaml", "kind: [\n");
    bed.run(&["trust", "check", "no.yaml"]).failure().err("no.yaml:");
    bed.run(&["trust", "check", "cluster.yaml"]).failure().err("there is no ClusterTrustBundle in it");
}

#[test]
fn bundles_are_compared_with_a_tree() {
    let bed = Testbed::applied(SINGLE);
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
    bed.shell("kubepki trust -d other > other.yaml; cat out/pki/ca.crt other/pki/ca.crt > both.pem")
        .success();
    let ran = bed.run(&["trust", "diff", "both.pem", "-d", "out"]).attention();
    ran.out("--- out/pki/ca.crt\n+++ both.pem\n  CN=kubernetes, until ").out("\n+ CN=kubernetes, until ");
    let json = bed.run(&["trust", "diff", "other.yaml", "-d", "out", "-o", "json"]).attention().json();
    let serving = &json["bundles"][0];
    assert_eq!((serving["same"].as_array().unwrap().len(), &serving["tree"]), (0, &"out/pki/ca.crt".into()));
    assert_eq!(serving["onlyInTree"][0]["sha256"], bed.certificate("out/pki/ca.crt").fingerprint());
    assert_eq!(serving["onlyInFile"][0]["sha256"], bed.certificate("other/pki/ca.crt").fingerprint());
    assert_eq!(json["bundles"][2]["tree"], "out/pki/etcd/ca.crt");
    // Another's is passed over, unless it is said whose it is.
    bed.shell("kubepki trust other/pki/etcd/ca.crt --signer example.com/a > a.yaml").success();
    bed.run(&["trust", "diff", "a.yaml", "-d", "out"]).success().err("is none of the tree's");
    bed.run(&["trust", "diff", "a.yaml", "-d", "other", "--ca", "etcd-ca"]).success().out("  CN=etcd-ca");
    bed.run(&["trust", "diff", "a.yaml", "-d", "other", "--ca", "x"])
        .failure()
        .err("there are ca, front-proxy-ca");
}
