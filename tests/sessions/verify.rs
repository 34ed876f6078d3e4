//! `kubepki verify`: what it reads, what it prints, how it ends, and what hostile files do to it.

use std::fs;
use std::time::{Duration, Instant};

use kubepki::x509::{
    ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, PublicKey, SubjectAltName,
    Usages, issue,
};
use time::OffsetDateTime;

use crate::testbed::{FLEET, SINGLE, Testbed};
use crate::workshop::{intermediate, leaf, root};

/// Everything that a fleet has holds under its CA, for its purpose and names, strictly, and in rustls' opinion.
#[test]
fn a_fleet_holds() {
    let bed = Testbed::applied(FLEET);
    let node = "out/nodes/cp1/etc/kubernetes";
    for (certificate, ca, purpose, name) in [
        ("pki/apiserver.crt", "ca", "server", Some("kubernetes.default.svc")),
        ("pki/apiserver.crt", "ca", "server", Some("10.96.0.1")),
        ("pki/apiserver-kubelet-client.crt", "ca", "client", None),
        ("pki/front-proxy-client.crt", "front-proxy-ca", "client", None),
        ("pki/etcd/server.crt", "etcd/ca", "server", Some("localhost")),
        ("pki/etcd/peer.crt", "etcd/ca", "client", Some("::1")),
        ("admin.conf", "ca", "client", None),
        ("kubelet.conf", "ca", "client", None),
    ] {
        let (file, ca) = (format!("{node}/{certificate}"), format!("out/authority/{ca}.crt"));
        let mut arguments =
            vec!["verify", &file, "--ca", &ca, "--purpose", purpose, "--strict", "-o", "json"];
        if let Some(name) = name {
            arguments.extend(["--name", name]);
        }
        let json = bed.run(&arguments).success().json();
        assert_eq!((&json["kind"], &json["valid"]), (&"Verification".into(), &true.into()), "{certificate}");
        assert_eq!(json["certificates"][0]["rustls"]["accepts"], true, "{certificate}");
        let other = if ca.contains("etcd") { "out/authority/ca.crt" } else { "out/authority/etcd/ca.crt" };
        bed.run(&["verify", &file, "--ca", other]).attention().out("of which no certificate is at hand");
    }
    // The CA of a kubeconfig is one as well.
    bed.run(&["verify", &format!("{node}/pki/apiserver.crt"), "--ca", &format!("{node}/admin.conf")])
        .success();
}

#[test]
fn the_table_draws_the_path_and_tells_every_reason() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    intermediate(bed, "mid", "root").make();
    leaf(bed, "leaf", "mid").days(100).make();
    let chain = ["verify", "leaf.crt", "--untrusted", "mid.crt", "--ca", "root.crt", "--purpose", "server"];
    let day = |days: i64| kubepki::moment::date(OffsetDateTime::now_utc() + time::Duration::days(days));
    let ran = bed.run(&[&chain[..], &["--name", "leaf.example.com"]].concat()).success();
    let expected = format!(
        "leaf.crt: valid as server for leaf.example.com\n  CN=leaf, until {} (99 days)\n  └─ CN=mid (mid.crt), until {} (2 years)\n     \
         └─ CN=root (root.crt), until {} (2 years), trusted\n",
        day(100),
        day(1000),
        day(1000)
    );
    assert_eq!(ran.stdout, expected);
    let at = day(400);
    let ran = bed
        .run(&[&chain[..], &["--name", "192.0.2.1", "--name", "a.example.com", "--at", &at]].concat())
        .attention();
    let ran = ran.out("leaf.crt: not valid as server for 192.0.2.1, a.example.com\n");
    let ran = ran.out("- CN=leaf ended at ").out("(RFC 5280 §6.1.3 (a)(2))\n");
    ran.out("- CN=leaf is not for 192.0.2.1, but for leaf.example.com (RFC 9525 §6)\n")
        .out("- CN=leaf is not for a.example.com, but for leaf.example.com (RFC 9525 §6)\n")
        .out("└─ CN=root (root.crt)");

    // What is trusted is told, and where rustls disagrees.
    root(bed, "ended").days(2).make();
    leaf(bed, "below", "ended").make();
    let ran = bed.run(&["verify", "below.crt", "--ca", "ended.crt", "--at", &day(9)]).attention();
    ran.out("trusted\n").out("- CN=ended ended at").out("  rustls would accept it\n");
}

#[test]
fn every_form_of_a_certificate_is_read() {
    let bed = &Testbed::new();
    for order in [
        root(bed, "root"),
        intermediate(bed, "mid", "root"),
        leaf(bed, "leaf", "mid"),
        leaf(bed, "direct", "root"),
    ] {
        order.make();
    }
    bed.write("chain.pem", bed.read("leaf.key") + &bed.read("leaf.crt") + &bed.read("mid.crt"));
    bed.write("ca.pem", bed.read("direct.crt") + &bed.read("root.crt"));
    bed.peer("openssl", &["x509", "-in", "root.crt", "-outform", "DER", "-out", "root.der"]).success();
    bed.peer("openssl", &["x509", "-in", "direct.crt", "-outform", "DER", "-out", "direct.der"]).success();
    let ran = bed.run(&["verify", "chain.pem", "direct.der", "--ca", "root.der"]).success();
    ran.out("└─ CN=mid (chain.pem)").out("└─ CN=root (root.der)");
    bed.run(&["verify", "leaf.crt", "--ca", "root.der"]).attention();
    // Several files of each kind.
    let many = [
        "verify",
        "leaf.crt",
        "--untrusted",
        "direct.crt",
        "--untrusted",
        "mid.crt",
        "--ca",
        "ca.pem",
        "--ca",
        "mid.crt",
    ];
    bed.run(&many).success().out("CN=mid (mid.crt)");

    // A kubeconfig that points to files, as a kubelet's does: beside itself.
    let kubeconfig = |certificate: &str| {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{{name: a, cluster: {{server: 'https://a', certificate-authority: root.crt}}}}]\n\
             contexts: [{{name: a, context: {{cluster: a, user: a}}}}]\nusers: [{{name: a, user: {{{certificate}}}}}]\n"
        )
    };
    bed.write("etc/kubelet.conf", kubeconfig("client-certificate: pki/current.pem"));
    bed.write("etc/pki/current.pem", bed.read("direct.crt"));
    bed.write("etc/root.crt", bed.read("root.crt"));
    let ran = bed.run(&["verify", "etc/kubelet.conf", "--ca", "etc/kubelet.conf"]).success();
    ran.out("etc/kubelet.conf: valid as client");
    bed.write("etc/none.conf", kubeconfig("token: t"));
    bed.run(&["verify", "etc/none.conf", "--ca", "root.crt"])
        .failure()
        .err("etc/none.conf: holds no certificate for this");
    bed.write("etc/itself.conf", kubeconfig("client-certificate: itself.conf"));
    bed.run(&["verify", "etc/itself.conf", "--ca", "root.crt"])
        .failure()
        .err("etc/itself.conf: holds no certificate");
}

#[test]
fn json_tells_path_reasons_and_the_second_opinion() {
    let bed = &Testbed::new();
    root(bed, "root").make();
    leaf(bed, "leaf", "root").serial("0").make();
    let ask =
        ["verify", "leaf.crt", "--ca", "root.crt", "--strict", "--name", "other.example.com", "-o", "json"];
    let json = bed.run(&ask).attention().json();
    assert_eq!(json["apiVersion"], "kubepki/v1");
    assert_eq!((&json["strict"], &json["names"][0]), (&true.into(), &"other.example.com".into()));
    let report = &json["certificates"][0];
    assert_eq!(
        (&report["file"], &report["purpose"], &report["valid"]),
        (&"leaf.crt".into(), &"any".into(), &false.into())
    );
    let path = report["path"].as_array().unwrap();
    assert_eq!((path.len(), &path[1]["file"], &path[1]["trusted"]), (2, &"root.crt".into(), &true.into()));
    assert_eq!(path[0]["sha256"], bed.certificate("leaf.crt").fingerprint());
    let expected = serde_json::json!([
        {
            "code": "name-mismatch",
            "depth": 0,
            "message": "is not for other.example.com, but for leaf.example.com",
            "section": "RFC 9525 §6"
        },
        {
            "code": "serial-number",
            "depth": 0,
            "message": "has the serial number 00, which is not positive",
            "section": "RFC 5280 §4.1.2.2"
        },
    ]);
    assert_eq!(report["reasons"], expected);
    assert_eq!(report["rustls"], serde_json::json!({"accepts": false, "reason": "CertNotValidForName"}));
}

#[test]
fn misuse_ends_with_2_and_a_hint() {
    let bed = Testbed::applied(SINGLE);
    let ca = "out/pki/ca.crt";
    bed.write("text", "hello\n");
    bed.write("cut.crt", &bed.read(ca)[..200]);
    for (arguments, message, hint) in [
        (&["nothing.crt", "--ca", ca][..], "nothing.crt: is missing", "kubepki inspect"),
        (&[ca, "--ca", "nothing.crt"], "nothing.crt: is missing", "kubepki inspect"),
        (&[ca, "--ca", "out/pki/ca.key"], "out/pki/ca.key: holds no certificate", "kubepki inspect"),
        (&["out/pki/ca.key", "--ca", ca], "out/pki/ca.key: holds no certificate", "kubepki inspect"),
        (&[ca, "--ca", "text"], "text: is not a kubeconfig", "kubepki inspect"),
        (&[ca, "--ca", "cut.crt"], "cut.crt: is not valid PEM", "kubepki inspect"),
        (&[ca, "--ca", ca, "--untrusted", "cut.crt"], "cut.crt: is not valid PEM", "kubepki inspect"),
        (&[ca, "--ca", "/dev/zero"], "/dev/zero: is a device, not a file", "kubepki inspect"),
        (&["out", "--ca", ca], "out: is a directory, not a file", "kubepki inspect"),
        (
            &[ca, "--ca", ca, "--name", "*.a.example"],
            "`*.a.example` is neither an IP address nor a DNS name",
            "give one of them",
        ),
        (&[ca, "--ca", ca, "--name", "müller.example"], "`müller.example` is neither", "xn--"),
        (&[ca, "--ca", ca, "--name", "https://a"], "`https://a` is neither", "--name api.example.com"),
        (&[ca, "--ca", ca, "--name", "10.0.0.300"], "`10.0.0.300` is neither", "--name 192.0.2.10"),
        (&[ca], "--ca <FILE>", "--help"),
        (&["--ca", ca], "<CERT>", "--help"),
        (&[ca, "--ca", ca, "--purpose", "mail"], "invalid value 'mail'", "server, client, any"),
        (&[ca, "--ca", ca, "--at", "tomorrow"], "invalid value 'tomorrow'", "2027-03-01"),
    ] {
        let ran = bed.run(&[&["verify"], arguments].concat()).failure();
        ran.err(message).err(hint);
    }
    let help = bed.run(&["verify", "--help"]).success();
    help.out("Examples:\n  kubepki verify pki/apiserver.crt --ca pki/ca.crt")
        .out("Exit status: 0 all are valid");
}

/// A certificate that makes no sense is one that is not valid, and does not hide the others.
#[test]
fn what_cannot_be_read_is_not_valid() {
    let bed = Testbed::applied(SINGLE);
    bed.write("cut.crt", &bed.read("out/pki/apiserver.crt")[..200]);
    bed.write("binary.crt", [0x30, 0x82, 0xff]);
    let mixed =
        bed.read("out/pki/apiserver.crt") + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    bed.write("mixed.crt", mixed);
    let files = ["cut.crt", "binary.crt", "mixed.crt", "out/pki/apiserver.crt"];
    let ran = bed.run(&[&["verify", "--ca", "out/pki/ca.crt"], &files[..]].concat()).attention();
    ran.out("cut.crt: not valid\n  - is not valid PEM")
        .out("mixed.crt: not valid\n  - the certificate")
        .out("out/pki/apiserver.crt: valid\n");
    let json = bed.run(&["verify", "cut.crt", "--ca", "out/pki/ca.crt", "-o", "json"]).attention().json();
    assert_eq!(json["certificates"][0]["reasons"][0]["code"], "unreadable");
}

/// A certificate with 100,000 alternative names, and one with an RSA key of 64 KiB.
#[test]
fn hostile_certificates_take_no_time() {
    let bed = Testbed::new();
    let now = OffsetDateTime::now_utc();
    let profile = |name: &str, ca: bool, names: Vec<SubjectAltName>| Profile {
        subject: Name::new(name, &[]).unwrap(),
        subject_alt_names: names,
        usages: Usages {
            key: vec![if ca { KeyUsage::CertSign } else { KeyUsage::DigitalSignature }],
            extended: if ca { Vec::new() } else { vec![ExtendedKeyUsage::ServerAuth] },
        },
        ca,
        path_length: None,
        name_constraints: None,
        not_before: now - Duration::from_secs(60),
        not_after: now + Duration::from_secs(86_400),
    };
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let ca = issue::self_signed(&profile("ca", true, Vec::new()), &key).unwrap();
    let issuer = Issuer::new(&ca, &key).unwrap();
    fs::write(bed.path("ca.crt"), ca.as_der()).unwrap();

    let names = (0..100_000).map(|number| SubjectAltName::Dns(format!("host-{number}.example.com")));
    let many = issuer.issue(&profile("many", false, names.collect()), key.public_key()).unwrap();
    fs::write(bed.path("many.crt"), many.as_der()).unwrap();
    // SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { SEQUENCE { modulus, exponent } } }
    let wrap = |tag: u8, content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x83], &length[1..], content].concat()
    };
    let modulus = wrap(0x02, &[&[0x00, 0xc1][..], &vec![0xa5; 65_535]].concat());
    let pair = wrap(0x30, &[&modulus[..], &[0x02, 0x03, 0x01, 0x00, 0x01]].concat());
    let algorithm =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let spki = wrap(0x30, &[&algorithm[..], &wrap(0x03, &[&[0x00], &pair[..]].concat())].concat());
    let huge_key = PublicKey::from_der(&spki).unwrap();
    assert_eq!(huge_key.to_string(), "RSA-524288");
    let huge = issuer
        .issue(&profile("huge", false, vec![SubjectAltName::Dns("huge".to_owned())]), &huge_key)
        .unwrap();
    fs::write(bed.path("huge.crt"), huge.as_der()).unwrap();
    let huge_ca = issuer.issue(&profile("huge-ca", true, Vec::new()), &huge_key).unwrap();
    fs::write(bed.path("huge-ca.crt"), huge_ca.as_der()).unwrap();

    let took = |what: &str, arguments: &[&str], valid: bool| {
        let started = Instant::now();
        let ran = bed.run(&[&["verify"], arguments].concat()).anyhow();
        let took = started.elapsed();
        println!("{what}: {took:?}");
        assert_eq!(ran.code, Some(i32::from(!valid)), "{what}: {} {}", ran.stdout, ran.stderr);
        assert!(took < Duration::from_secs(60), "{what}: {took:?}");
    };
    took(
        "100,000 names, the last of them",
        &["many.crt", "--ca", "ca.crt", "--name", "host-99999.example.com"],
        true,
    );
    took("100,000 names, none of them", &["many.crt", "--ca", "ca.crt", "--name", "host.example.org"], false);
    took("a key of 64 KiB", &["huge.crt", "--ca", "ca.crt"], true);
    took("a CA with a key of 64 KiB", &["huge-ca.crt", "--ca", "ca.crt", "--untrusted", "huge-ca.crt"], true);
    took("trust in a key of 64 KiB", &["many.crt", "--ca", "huge-ca.crt"], false);
}
