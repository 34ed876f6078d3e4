//! One fault of a certificate or key is told once, beside at most one word about the release that refuses it; and what
//! `apply` can cure is gone afterwards.

use crate::testbed::{SINGLE, Testbed};

use super::forge::{bytes, forge, name, tlv, write};
use super::keys::{EXTENSIONS, SERVER, malformed_key, with_key};
use super::{audit, findings, sign, sign_with};

const CA: &str = "out/pki/ca";
const SUBJECT: &str = "/CN=kube-apiserver";

/// What is done to the API server's certificate or key, and the rules that tell of it.
type Once = (fn(&Testbed), &'static [&'static str]);

const CASES: &[Once] = &[
    (|bed| forge(bed, SERVER, CA, |server| server.aged(365, 400)), &["KP-TM001"]),
    (|bed| forge(bed, SERVER, CA, |server| server.aged(365, 360)), &["KP-TM002"]),
    (|bed| forge(bed, SERVER, CA, |server| server.aged(365, -10)), &["KP-TM003"]),
    (|bed| forge(bed, SERVER, CA, |server| server.aged(500, 0)), &["KP-TM006"]),
    (|bed| forge(bed, SERVER, CA, |server| server.aged(2000, 0)), &["KP-TM007"]),
    (|bed| forge(bed, SERVER, CA, |server| server.valid("20261001000000.5Z", &in_a_year())), &["KP-TM011"]),
    (|bed| with_key(bed, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]), &["KP-KY001"]),
    (
        |bed| with_key(bed, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"]),
        &["KP-GO006", "KP-KY001"],
    ),
    (
        |bed| sign_with(bed, SERVER, CA, SUBJECT, EXTENSIONS, &["-days", "365", "-sha1"]),
        &["KP-GO002", "KP-KY002"],
    ),
    (|bed| with_key(bed, &["-algorithm", "ED25519"]), &["KP-KY007"]),
    (|bed| with_key(bed, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp224r1"]), &["KP-KY006"]),
    (malformed_key, &["KP-GO007", "KP-KY012", "KP-KY015"]),
    (|bed| resign(bed, "keyEncipherment", "keyEncipherment,keyCertSign"), &["KP-X5004"]),
    (|bed| resign(bed, "serverAuth", "clientAuth"), &["KP-X5005"]),
    (|bed| resign(bed, "serverAuth", "serverAuth,anyExtendedKeyUsage"), &["KP-X5005"]),
    (|bed| resign(bed, "serverAuth", "serverAuth,clientAuth"), &["KP-X5006"]),
    (|bed| forge(bed, SERVER, CA, |server| server.serial = tlv(0x02, &[0x80, 1])), &["KP-GO005", "KP-X5007"]),
    (|bed| forge(bed, SERVER, CA, |server| server.without(35)), &["KP-X5009"]),
    (
        |bed| forge(bed, SERVER, CA, |server| server.extensions.push(server.extensions[0].clone())),
        &["KP-GO003", "KP-X5015"],
    ),
    (
        |bed| {
            forge(bed, SERVER, CA, |server| server.extension(17, false, &tlv(0x30, &tlv(0x87, &[1, 2, 3]))));
        },
        &["KP-X5013"],
    ),
    (|bed| forge(bed, SERVER, CA, |server| server.version = tlv(0xa0, &[2, 1, 1])), &["KP-X5016"]),
    (
        |bed| forge(bed, SERVER, CA, |server| server.subject = name(3, 0x13, b"kube-apiserver_")),
        &["KP-SP001", "KP-X5021"],
    ),
    (
        |bed| {
            let mut der = bytes(bed, "out/pki/apiserver.crt");
            *der.last_mut().unwrap() ^= 1;
            write(bed, "out/pki/apiserver.crt", &der);
        },
        &["KP-X5022"],
    ),
    // It is another CA's, although that has the name.
    (
        |bed| {
            let issuer = bed.certificate("out/pki/ca.crt").subject.as_der().to_vec();
            let key = bed.key("out/pki/front-proxy-ca.key").public_key().identifier();
            forge(bed, SERVER, "out/pki/front-proxy-ca", |server| {
                server.issuer = issuer;
                server.extension(35, false, &tlv(0x30, &tlv(0x80, &key)));
            });
        },
        &["KP-TR001"],
    ),
];

#[test]
fn a_fault_is_told_once_and_cured() {
    for (make, expected) in CASES {
        let bed = Testbed::applied(SINGLE);
        make(&bed);
        assert_eq!(weighty(&bed), *expected, "{expected:?}");
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--yes"]).success();
        assert_eq!(weighty(&bed), <[&str; 0]>::default(), "{expected:?}");
        bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    }
}

fn in_a_year() -> String {
    let then = time::OffsetDateTime::now_utc() + time::Duration::days(300);
    kubepki::moment::compact(then).replace('T', "")[2..].to_owned()
}

/// Two targets that hold one certificate are both renewed.
#[test]
fn what_two_files_hold_is_cured_in_both() {
    let kubeconfig = "{name: deploy.conf, kind: kubeconfig, issuer: ca, subject: {commonName: kubernetes-admin, \
                      organizations: ['kubeadm:cluster-admins']}, usages: [client auth], nodes: [cp1]}";
    let spec = format!("{SINGLE}credentials: [{kubeconfig}]\ncertificateValidityPeriod: 60s\n");
    let bed = Testbed::applied(&spec);
    bed.copy("out/admin.conf", "out/deploy.conf");
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"])
        .success()
        .out("rekey   admin.conf")
        .out("rekey   deploy.conf");
}

fn resign(bed: &Testbed, instead_of: &str, extension: &str) {
    sign(bed, SERVER, CA, SUBJECT, &EXTENSIONS.replace(instead_of, extension));
}

/// The names that the certificates made here do not have.
const LACKING: &[&str] = &["KP-SP002", "KP-SN001", "KP-SN002", "KP-SN003"];

/// The rules that find something of weight, but for those names.
fn weighty(bed: &Testbed) -> Vec<String> {
    let report = audit(bed, &["-d", "out", "-f", "cluster.yaml"]);
    let mild = |severity: &serde_json::Value| ["info", "low"].contains(&severity.as_str().unwrap());
    let mut rules: Vec<String> = findings(&report)
        .filter(|finding| !mild(&finding["severity"]))
        .map(|finding| finding["rule"].as_str().unwrap().to_owned())
        .filter(|rule| !LACKING.contains(&rule.as_str()))
        .collect();
    rules.sort();
    rules
}
