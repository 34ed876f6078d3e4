//! Every rule has a directory that it finds fault with, and the fresh directory with which it does not.

use std::fs;
use std::os::unix::fs::symlink;

use kubepki::audit::rules;

use crate::testbed::{FLEET, SINGLE, Testbed};

type Break = fn(&Testbed);

/// For each rule what breaks a fresh directory, and the moment at which it is looked at if not now.
const CASES: [(&str, Break, Option<&str>); 22] = [
    ("KP-FS001", |bed| bed.set_mode("out/pki/ca.key", 0o640), None),
    ("KP-FS003", |bed| bed.set_mode("out/pki/ca.crt", 0o664), None),
    ("KP-FS004", |bed| bed.set_mode("out/admin.conf", 0o604), None),
    (
        "KP-FS009",
        |bed| {
            fs::rename(bed.path("out/pki/ca.crt"), bed.path("ca.crt")).unwrap();
            symlink(bed.path("ca.crt"), bed.path("out/pki/ca.crt")).unwrap();
        },
        None,
    ),
    ("KP-ST001", |bed| fs::remove_file(bed.path("out/pki/etcd/peer.crt")).unwrap(), None),
    ("KP-ST002", |bed| drop(bed.write("out/pki/apiserver.crt", "text")), None),
    ("KP-ST003", |bed| bed.copy("out/pki/etcd/peer.key", "out/pki/etcd/server.key"), None),
    ("KP-TM001", |_| {}, Some("2030-01-01")),
    ("KP-TM002", |bed| short_lived(bed), None),
    ("KP-TM003", |_| {}, Some("2020-01-01")),
    ("KP-KY015", |bed| respec(bed, "encryptionAlgorithm: ECDSA-P384\n"), None),
    ("KP-X5001", |bed| bed.copy("out/pki/apiserver.crt", "out/pki/ca.crt"), None),
    ("KP-X5001", |bed| sign(bed, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n"), None),
    (
        "KP-TR001",
        |bed| {
            bed.copy("out/pki/front-proxy-client.crt", "out/pki/apiserver-kubelet-client.crt");
            bed.copy("out/pki/front-proxy-client.key", "out/pki/apiserver-kubelet-client.key");
        },
        None,
    ),
    ("KP-SP001", |bed| respec(bed, "naming: documented\n"), None),
    ("KP-SP002", |bed| respec(bed, "apiServer: {certSANs: [new.example.com]}\n"), None),
    ("KP-SP003", |bed| sign(bed, "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n"), None),
    ("KP-SP004", |bed| respec(bed, "certificateValidityPeriod: 24h\n"), None),
    ("KP-SP005", |bed| respec(bed, "controlPlaneEndpoint: new.example.com\n"), None),
    (
        "KP-KC002",
        |bed| {
            bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
            bed.copy("other/admin.conf", "out/admin.conf");
        },
        None,
    ),
    (
        "KP-SA001",
        |bed| {
            bed.peer("openssl", &["ec", "-in", "out/pki/ca.key", "-pubout", "-out", "out/pki/sa.pub"])
                .success();
        },
        None,
    ),
    (
        "KP-XN001",
        |bed| {
            bed.write("cluster.yaml", FLEET);
            fs::remove_dir_all(bed.path("out")).unwrap();
            bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
            let copy = "out/nodes/cp2/etc/kubernetes/pki/sa.pub";
            bed.write(copy, bed.read(copy) + "\n");
        },
        None,
    ),
];

fn respec(bed: &Testbed, more: &str) {
    bed.write("cluster.yaml", format!("{SINGLE}{more}"));
}

/// A certificate of six minutes, five of which are the allowance for clocks and over when it is issued.
fn short_lived(bed: &Testbed) {
    respec(bed, "certificateValidityPeriod: 60s\n");
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// Replaces the API server's certificate by one with these extensions, for the same key and by the same CA.
fn sign(bed: &Testbed, extensions: &str) {
    bed.write("extensions", extensions);
    let request =
        ["req", "-new", "-key", "out/pki/apiserver.key", "-subj", "/CN=kube-apiserver", "-out", "request"];
    bed.peer("openssl", &request).success();
    let sign = "x509 -req -in request -days 365 -CA out/pki/ca.crt -CAkey out/pki/ca.key -extfile extensions";
    let sign: Vec<&str> = sign.split(' ').chain(["-out", "out/pki/apiserver.crt"]).collect();
    bed.peer("openssl", &sign).success();
}

/// The rules that find something in a plan.
fn found(bed: &Testbed, at: Option<&str>) -> Vec<String> {
    let mut arguments = vec!["plan", "-f", "cluster.yaml", "-d", "out", "-o", "json"];
    arguments.extend(at.into_iter().flat_map(|at| ["--at", at]));
    let plan = bed.run(&arguments).success().json();
    let reasons =
        plan["steps"].as_array().unwrap().iter().flat_map(|step| step["reasons"].as_array().unwrap());
    reasons.filter_map(|reason| reason["rule"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_rule_finds_what_it_is_for() {
    for (rule, break_it, at) in CASES {
        let bed = Testbed::applied(SINGLE);
        break_it(&bed);
        let found = found(&bed, at);
        assert!(found.iter().any(|found| found == rule), "{rule} is not among {found:?}");
    }
    for rule in rules::ALL {
        assert!(CASES.iter().any(|(id, ..)| *id == rule.id), "{} has no case", rule.id);
    }
}

#[test]
fn no_rule_finds_fault_with_what_was_just_made() {
    for spec in [SINGLE, FLEET] {
        let bed = Testbed::applied(spec);
        assert_eq!(found(&bed, None), <[String; 0]>::default());
    }
}
