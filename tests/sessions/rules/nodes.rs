use std::fs;

use crate::testbed::{FLEET, Testbed};

use super::{Case, cures, fleet, respec, sign_dated};

const SERVER: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n";
const TOGETHER: &[&str] = &["-d", "out", "-d", "other", "-d", "third"];

pub const CASES: &[Case] = &[
    Case::finds("KP-XN001", |bed| {
        fleet(bed);
        let copy = "out/nodes/cp2/etc/kubernetes/pki/sa.pub";
        bed.write(copy, bed.read(copy) + "\n");
    }),
    Case::passes("KP-XN001", fleet),
    // The second of three has a front-proxy CA of its own.
    Case::finds("KP-XN001", |bed| {
        planes(bed);
        make(bed, "other/pki/front-proxy-ca", "front-proxy-ca");
    })
    .with(TOGETHER)
    .of("critical"),
    Case::passes("KP-XN001", planes).with(TOGETHER),
    // A CA that was renewed with its key is the same CA.
    Case::passes("KP-XN001", |bed| {
        planes(bed);
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
        let dates = ["20250101000000Z", "20450101000000Z"];
        sign_dated(bed, "other/pki/ca", "other/pki/ca", "/CN=kubernetes", extensions, dates);
    })
    .with(TOGETHER),
    Case::finds("KP-XN002", |bed| {
        fleet(bed);
        copy_pair(bed, "apiserver");
    })
    .of("high"),
    Case::finds("KP-XN002", |bed| {
        fleet(bed);
        copy_pair(bed, "front-proxy-client");
    })
    .of("medium"),
    Case::finds("KP-XN002", planes).with(TOGETHER),
    // A person may take a kubeconfig along.
    Case::passes("KP-XN002", |bed| {
        fleet(bed);
        let of = |node: &str| format!("out/nodes/{node}/etc/kubernetes/admin.conf");
        bed.copy(&of("cp1"), &of("cp2"));
    }),
    Case::passes("KP-XN002", fleet),
    // The third signs with a new CA that the first does not trust.
    Case::finds("KP-XN003", |bed| {
        planes(bed);
        make(bed, "new", "kubernetes-2");
        let (old, new) = (bed.read("out/pki/ca.crt"), bed.read("new.crt"));
        bed.write("other/pki/ca.crt", format!("{old}{new}"));
        bed.write("third/pki/ca.crt", format!("{new}{old}"));
    })
    .with(TOGETHER)
    .of("high"),
    // Everybody trusts both, whoever signs with which.
    Case::passes("KP-XN003", |bed| {
        planes(bed);
        make(bed, "new", "kubernetes-2");
        let (old, new) = (bed.read("out/pki/ca.crt"), bed.read("new.crt"));
        for (plane, text) in [("out", [&old, &new]), ("other", [&old, &new]), ("third", [&new, &old])] {
            bed.write(&format!("{plane}/pki/ca.crt"), format!("{}{}", text[0], text[1]));
        }
    })
    .with(TOGETHER),
    Case::finds("KP-XN004", |bed| {
        fleet(bed);
        let (name, ca) = ("out/nodes/cp2/etc/kubernetes/pki/apiserver", "out/authority/ca");
        let dates = ["20260101000000Z", "20270601000000Z"];
        sign_dated(bed, name, ca, "/CN=kube-apiserver", SERVER, dates);
    })
    .of("low"),
    Case::finds("KP-XN004", |bed| {
        fleet(bed);
        bed.write("p384.yaml", format!("{FLEET}encryptionAlgorithm: ECDSA-P384\n"));
        bed.run(&["renew", "cp3/scheduler.conf", "-f", "p384.yaml", "-d", "out"]).success();
    })
    .with(&["-d", "out"])
    .of("low"),
    Case::passes("KP-XN004", fleet),
    Case::finds("KP-XN005", |bed| {
        fleet(bed);
        bed.write(
            "cluster.yaml",
            FLEET.replace("- {name: worker2, roles: [worker], addresses: [192.0.2.22]}\n", ""),
        );
    })
    .of("medium"),
    Case::passes("KP-XN005", fleet),
];

/// The directories of three control planes: copies of one.
fn planes(bed: &Testbed) {
    bed.shell("cp -r out other; cp -r out third").success();
}

/// A CA in place of another.
fn make(bed: &Testbed, name: &str, common_name: &str) {
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let subject = format!("/CN={common_name}");
    bed.peer("openssl", &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", &key]).success();
    let make = ["req", "-x509", "-key", &key, "-subj", &subject, "-days", "3650", "-out", &certificate];
    bed.peer("openssl", &make).success();
    bed.set_mode(&key, 0o600);
}

fn copy_pair(bed: &Testbed, name: &str) {
    for suffix in ["crt", "key"] {
        let of = |node: &str| format!("out/nodes/{node}/etc/kubernetes/pki/{name}.{suffix}");
        bed.copy(&of("cp1"), &of("cp2"));
    }
}

#[test]
fn a_copied_certificate_is_replaced_with_its_key() {
    let bed = Testbed::applied(FLEET);
    copy_pair(&bed, "etcd/peer");
    let key = bed.key("out/nodes/cp1/etc/kubernetes/pki/etcd/peer.key");
    cures(&bed, "KP-XN002");
    assert_ne!(bed.key("out/nodes/cp2/etc/kubernetes/pki/etcd/peer.key").public_key(), key.public_key());
}

/// Which of two is right nobody can say: both are named, neither is touched.
#[test]
fn directories_of_two_clusters_are_told_apart() {
    let bed = Testbed::with(crate::testbed::SINGLE);
    for directory in ["out", "other"] {
        bed.run(&["apply", "-f", "cluster.yaml", "-d", directory]).success();
    }
    let report = super::audit(&bed, &["-d", "out", "-d", "other"]);
    let found: Vec<&str> = super::findings(&report)
        .filter(|finding| finding["rule"] == "KP-XN001")
        .map(|finding| finding["message"].as_str().unwrap())
        .collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&"is another CA than pki/ca.crt of directory 1"), "{found:?}");
    fs::remove_dir_all(bed.path("other")).unwrap();
    respec(&bed, "");
}
