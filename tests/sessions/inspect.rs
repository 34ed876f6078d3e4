//! `kubepki inspect`: what files say.

use crate::rules::revocation::{List, revoke};
use crate::testbed::{SINGLE, Testbed, fixtures};

#[test]
fn a_certificate_is_told_as_openssl_tells_it() {
    let bed = Testbed::applied(SINGLE);
    let ran = bed.run(&["inspect", "out/pki/apiserver.crt"]).success();
    let ran = ran.out("subject      CN=kube-apiserver").out("issuer       CN=kubernetes");
    let ran = ran
        .out("usages       digital signature, key encipherment, server auth")
        .out("key          ECDSA-P256");
    let names = "DNS:cp1, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, \
                 DNS:kubernetes.default.svc.cluster.local, IP:10.96.0.1, IP:192.0.2.10";
    let ran = ran.out(names);
    let openssl = |what: &str| {
        let printed =
            bed.peer("openssl", &["x509", "-in", "out/pki/apiserver.crt", "-noout", what]).success().stdout;
        printed.trim().split_once('=').unwrap().1.replace(':', "").to_lowercase()
    };
    let serial = openssl("-serial");
    let print =
        bed.peer("openssl", &["x509", "-in", "out/pki/apiserver.crt", "-noout", "-fingerprint", "-sha256"]);
    let print = print.success().stdout.trim().split_once('=').unwrap().1.replace(':', "").to_lowercase();
    ran.out(&serial).out(&print).not_out("Trust");
}

#[test]
fn a_directory_is_drawn_as_a_tree_of_trust() {
    let bed = Testbed::applied(SINGLE);
    let ran = bed.run(&["inspect", "out"]).success();
    let (_, trust) = ran.stdout.split_once("Trust\n").unwrap();
    let subjects: Vec<&str> = trust.lines().map(|line| line.split(" (").next().unwrap()).collect();
    assert_eq!(
        subjects,
        [
            "  CN=kubernetes",
            "  ├─ O=kubeadm:cluster-admins, CN=kubernetes-admin",
            "  ├─ CN=system:kube-controller-manager",
            "  ├─ O=system:nodes, CN=system:node:cp1",
            "  ├─ CN=kube-apiserver-kubelet-client",
            "  ├─ CN=kube-apiserver",
            "  ├─ CN=system:kube-scheduler",
            "  └─ O=system:masters, CN=kubernetes-super-admin",
            "  CN=etcd-ca",
            "  ├─ CN=kube-apiserver-etcd-client",
            "  ├─ CN=kube-etcd-healthcheck-client",
            "  ├─ CN=cp1",
            "  └─ CN=cp1",
            "  CN=front-proxy-ca",
            "  └─ CN=front-proxy-client",
        ]
    );
    assert!(trust.contains("(out/pki/apiserver.crt; key in out/pki/apiserver.key)"), "{trust}");
    assert!(trust.starts_with("  CN=kubernetes (out/admin.conf, "), "{trust}");

    let json = bed.run(&["inspect", "out", "-o", "json"]).success().json();
    assert_eq!((&json["kind"], json["trust"].as_array().unwrap().len()), (&"Inspection".into(), 15));
}

#[test]
fn a_chain_is_drawn_downwards_and_a_missing_root_is_named() {
    let bed = Testbed::new();
    let openssl = |arguments: &str| bed.peer("openssl", &arguments.split(' ').collect::<Vec<_>>()).success();
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!("req -x509 {new} -keyout root.key -out root.crt -subj /CN=root"));
    openssl(&format!("req {new} -keyout mid.key -out mid.csr -subj /CN=mid"));
    openssl("x509 -req -in mid.csr -CA root.crt -CAkey root.key -out mid.crt -days 9");
    openssl(&format!("req {new} -keyout leaf.key -out leaf.csr -subj /CN=leaf"));
    openssl("x509 -req -in leaf.csr -CA mid.crt -CAkey mid.key -out leaf.crt -days 9");
    let ran = bed.run(&["inspect", "leaf.crt", "mid.crt", "root.crt", "leaf.key"]).success();
    ran.out(
        "Trust\n  CN=root (root.crt)\n  └─ CN=mid (mid.crt)\n     └─ CN=leaf (leaf.crt; key in leaf.key)\n",
    );
    let ran = bed.run(&["inspect", "leaf.crt", "mid.crt"]).success();
    ran.out("Trust\n  CN=root (not among the files)\n  └─ CN=mid (mid.crt)\n     └─ CN=leaf (leaf.crt)\n");
    let ran = bed.run(&["inspect", "leaf.csr"]).success();
    ran.out("certificate request").out("subject      CN=leaf").out("ecdsa-with-SHA256, verifies");

    // DER, and standard input.
    openssl("x509 -in leaf.crt -outform DER -out leaf.der");
    openssl("req -in leaf.csr -outform DER -out csr.der");
    openssl("pkey -in leaf.key -outform DER -out key.der");
    openssl("pkey -in leaf.key -pubout -outform DER -out pub.der");
    bed.run(&["inspect", "leaf.der"]).success().out("subject      CN=leaf");
    bed.run(&["inspect", "csr.der"]).success().out("certificate request");
    bed.run(&["inspect", "key.der"]).success().out("private key").out("ECDSA-P256");
    bed.run(&["inspect", "pub.der"]).success().out("public key");
    bed.shell("kubepki inspect - < leaf.crt").success().out("CN=leaf");
}

#[test]
fn kubeconfigs_and_requests_of_kubeadm() {
    let bed = Testbed::new();
    let file = |name: &str| fixtures().join(name).display().to_string();
    let ran = bed.run(&["inspect", &file("stacked-ecdsa/kubernetes/admin.conf")]).success();
    let ran = ran.out("server       https://api.prod.example.com:6443").out("user         kubernetes-admin");
    ran.out("O=kubeadm:cluster-admins, CN=kubernetes-admin").out("CN=kubernetes");
    let ran = bed.run(&["inspect", &file("generate-csr/kubernetes/pki/apiserver.csr")]).success();
    ran.out("IP:10.96.0.1, IP:192.0.2.10, IP:127.0.0.1, IP:203.0.113.7");
}

/// Nothing of a private key is ever shown, but that it is there and to which public key it belongs.
#[test]
fn no_key_is_shown() {
    let bed = Testbed::applied(SINGLE);
    let ran = bed.run(&["inspect", "out"]).success();
    let json = bed.run(&["inspect", "out", "-o", "json"]).success();
    for entry in walkdir::WalkDir::new(bed.path("out/pki")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|suffix| suffix == "key") {
            let text = std::fs::read_to_string(&path).unwrap();
            let line = text.lines().nth(1).unwrap();
            assert!(!ran.stdout.contains(line) && !json.stdout.contains(line), "{}", path.display());
        }
    }
}

#[test]
fn time_and_faults_are_told() {
    let bed = Testbed::applied(SINGLE);
    bed.run(&["inspect", "out/pki/apiserver.crt"]).success().out("(valid for another 364 days)");
    bed.run(&["inspect", "--at", "2040-01-01", "out/pki/apiserver.crt"]).success().out("(expired ");
    bed.write("text", "hello\n");
    bed.write("binary", [0x30, 0x82, 0xff]);
    bed.write("empty", "");
    bed.write("cut.crt", &bed.read("out/pki/ca.crt")[..200]);
    bed.shell("mkfifo pipe").success();
    for (file, message) in [
        ("text", "is not a kubeconfig"),
        ("binary", "the certificate is not valid DER"),
        ("empty", "is empty"),
        ("cut.crt", "is not valid PEM: a BEGIN line has no END line"),
        ("pipe", "is a pipe, not a file"),
        ("/dev/zero", "is a device, not a file"),
        ("nothing", "is missing"),
    ] {
        bed.run(&["inspect", file, "out/pki/ca.crt"]).attention().out(message).out("CN=kubernetes");
    }
}

/// A certificate that a component would not read is shown with what is wrong with it.
#[test]
fn anomalies_are_told() {
    let bed = Testbed::new();
    let openssl = |arguments: &str| bed.peer("openssl", &arguments.split(' ').collect::<Vec<_>>()).success();
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=odd";
    openssl(&format!("{new} -out odd.crt -addext subjectAltName=DER:30:05:87:03:01:02:03"));
    let ran = bed.run(&["inspect", "odd.crt"]).attention().out("subject      CN=odd");
    ran.out(
        "anomaly      has an alternative name that is an address of 3 octets, which are neither 4 nor 16",
    );
    let json = bed.run(&["inspect", "odd.crt", "-o", "json"]).attention().json();
    assert_eq!(json["files"][0]["items"][0]["anomalies"].as_array().unwrap().len(), 1);
    openssl(&format!("{new} -out even.crt"));
    bed.run(&["inspect", "even.crt"]).success().not_out("anomaly");
}

#[test]
fn a_revocation_list_says_what_is_revoked() {
    let bed = Testbed::applied(SINGLE);
    for name in ["crl.pem", "crl.der"] {
        let revoked = &["out/pki/apiserver.crt"];
        revoke(&bed, name, &List { revoked, ..List::NEW });
        let ran = bed.run(&["inspect", name]).success();
        ran.out("revocation list")
            .out("CN=kubernetes")
            .out("the next one is due in 29 days")
            .out("(keyCompromise)");
        let report = bed.run(&["inspect", name, "-o", "json"]).success().json();
        let list = &report["files"][0]["items"][0];
        assert_eq!((list["type"].as_str(), list["number"].as_str()), (Some("revocationList"), Some("01")));
        assert_eq!(list["revoked"][0]["reason"], "keyCompromise");
    }
    bed.run(&["inspect", "crl.der", "--at", "2030-01-01"]).success().out("the next one was due 3 years ago");
}
