//! Requests of somebody who means harm: each with its refusal, or with what comes of it, which is harmless.

use std::time::Instant;

use kubepki::csr::User;
use kubepki::csr::request::Wanted;

use crate::bed::{CLIENT, Edit, KUBELET, LEGACY, SERVING, World, ask, asking, create};
use crate::forge::{Forge, alt_names, csr, extension, oid, request_for, tlv, wrap};

/// What it is, the signer, usages, bytes; whether and why it is not made; what is done when it lies there approved.
type Row = (&'static str, &'static str, &'static str, Vec<u8>, &'static str, &'static str);

/// The table.
pub fn rows() -> Vec<Row> {
    const MASTERS: &str =
        "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed";
    const MASTERS_FAIL: &str =
        "fail use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed";
    const ORG: &str = "fail subject organization is not system:nodes";
    const TYPE: &str = "PEM block type must be CERTIFICATE REQUEST";
    const TWICE: &str = "x509: certificate request contains duplicate requested extensions";
    let ca = extension("2.5.29.19", true, &tlv(0x30, &[0x01, 0x01, 0xff]));
    let dns = |name: &str| alt_names(&[tlv(0x82, name.as_bytes())]);
    let otherwise = |edit: fn(&mut Forge)| {
        let mut forge = Forge::new("CN=a");
        edit(&mut forge);
        forge.pem()
    };
    let request = csr("CN=a");
    let evil = csr("O=system:masters, CN=evil");
    vec![
        // Signatures
        (
            "a spoilt signature",
            CLIENT,
            "c",
            Forge { spoilt: true, ..Forge::new("CN=a") }.pem(),
            "x509: ECDSA verification failure",
            "retry unable to parse csr: x509: ECDSA verification failure",
        ),
        (
            "another's key",
            CLIENT,
            "c",
            otherwise(|it| it.public_key = crate::bed::authority().1.public_key().as_der().to_vec()),
            "x509: ECDSA verification failure",
            "retry unable to parse csr: x509: ECDSA verification failure",
        ),
        (
            "no signature",
            CLIENT,
            "c",
            otherwise(|it| it.algorithm = tlv(0x30, &oid("1.2.3"))),
            "x509: cannot verify signature: algorithm unimplemented",
            "retry unable to parse csr: x509: cannot verify signature: algorithm unimplemented",
        ),
        // A CA
        ("CA:TRUE", CLIENT, "c", csr("CN=a, ca!"), "", "sign"),
        ("CA:TRUE and its usages", LEGACY, "cert sign+crl sign", csr("CN=a, ca!, ku!"), "legacy", "sign"),
        ("CA:TRUE twice", CLIENT, "c", Forge::extensions(&[ca.clone(), ca]).pem(), TWICE, "retry"),
        (
            "the usage of CAs",
            CLIENT,
            "c+cert sign",
            csr("CN=a"),
            "",
            "fail invalid usage for client certificate: cert sign",
        ),
        ("the CA's own name", CLIENT, "c", csr("CN=kubernetes"), "", "sign"),
        // Masters
        ("masters", CLIENT, "c", csr("O=system:masters, CN=a"), MASTERS, MASTERS_FAIL),
        ("masters among many", CLIENT, "c", csr("O=a, O=b, O=system:masters, O=c"), MASTERS, MASTERS_FAIL),
        (
            "masters in PrintableString",
            CLIENT,
            "c",
            Forge::subject(&[vec![("2.5.4.10", 0x13, b"system:masters")]]).pem(),
            MASTERS,
            MASTERS_FAIL,
        ),
        (
            "masters in T61String",
            CLIENT,
            "c",
            Forge::subject(&[vec![("2.5.4.10", 0x14, b"system:masters")]]).pem(),
            MASTERS,
            MASTERS_FAIL,
        ),
        (
            "masters in BMPString",
            CLIENT,
            "c",
            Forge::subject(&[vec![("2.5.4.10", 0x1e, b"\0s\0y\0s\0t\0e\0m\0:\0m\0a\0s\0t\0e\0r\0s")]]).pem(),
            MASTERS,
            MASTERS_FAIL,
        ),
        (
            "masters in BMPString with an end",
            CLIENT,
            "c",
            Forge::subject(&[vec![("2.5.4.10", 0x1e, b"\0s\0y\0s\0t\0e\0m\0:\0m\0a\0s\0t\0e\0r\0s\0\0")]])
                .pem(),
            MASTERS,
            MASTERS_FAIL,
        ),
        (
            "masters in a string that nobody reads",
            CLIENT,
            "c",
            Forge::subject(&[vec![("2.5.4.10", 0x1c, b"system:masters")]]).pem(),
            "",
            "sign",
        ),
        (
            "masters beside a common name",
            CLIENT,
            "c",
            Forge::subject(&[vec![("2.5.4.3", 0x0c, b"a"), ("2.5.4.10", 0x0c, b"system:masters")]]).pem(),
            MASTERS,
            MASTERS_FAIL,
        ),
        ("masters as a unit", CLIENT, "c", csr("OU=system:masters, CN=a"), "", "sign"),
        ("masters as a name", CLIENT, "c", csr("CN=system:masters"), "", "sign"),
        ("masters in capitals", CLIENT, "c", csr("O=SYSTEM:MASTERS, CN=a"), "", "sign"),
        ("masters with a blank behind", CLIENT, "c", csr("O=system:masters , CN=a"), "", "sign"),
        ("masters with NUL behind", CLIENT, "c", csr("O=system:masters\0, CN=a"), "", "sign"),
        ("masters in Cyrillic", CLIENT, "c", csr("O=system:mаsters, CN=a"), "", "sign"),
        ("masters with a soft hyphen", CLIENT, "c", csr("O=system:mas\u{ad}ters, CN=a"), "", "sign"),
        ("masters, full width", CLIENT, "c", csr("O=ｓｙｓｔｅｍ:masters, CN=a"), "", "sign"),
        ("masters through kubelets", KUBELET, "d+c", csr("O=system:masters, CN=system:node:a"), "", ORG),
        (
            "masters beside nodes",
            KUBELET,
            "d+c",
            csr("O=system:nodes, O=system:masters, CN=system:node:a"),
            "",
            ORG,
        ),
        (
            "masters beside nodes in one set",
            KUBELET,
            "d+c",
            Forge::subject(&[
                vec![("2.5.4.10", 0x0c, b"system:nodes"), ("2.5.4.10", 0x0c, b"system:masters")],
                vec![("2.5.4.3", 0x0c, b"system:node:a")],
            ])
            .pem(),
            "",
            ORG,
        ),
        (
            "masters through servers",
            SERVING,
            "d+s",
            csr("O=system:masters, CN=system:node:a, dns:a"),
            "",
            ORG,
        ),
        ("nodes twice", KUBELET, "d+c", csr("O=system:nodes, O=system:nodes, CN=system:node:a"), "", ORG),
        // Who somebody is
        ("the user's UID", CLIENT, "c", csr("CN=a, KUID=1234"), "", "sign"),
        (
            "two common names",
            KUBELET,
            "d+c",
            csr("O=system:nodes, CN=system:node:a, CN=system:admin"),
            "",
            "fail subject common name does not begin with system:node:",
        ),
        (
            "names that nobody sees",
            KUBELET,
            "d+c",
            csr("O=system:nodes, CN=system:node:a, other:root@example.com, dir:root"),
            "",
            "sign",
        ),
        (
            "names that nobody sees, for a server",
            SERVING,
            "d+s",
            csr("O=system:nodes, CN=system:node:a, other:kubernetes"),
            "",
            "fail DNS or IP subjectAltName is required",
        ),
        // Extensions
        (
            "names twice",
            SERVING,
            "d+s",
            Forge::extensions(&[dns("a"), dns("kubernetes")]).pem(),
            TWICE,
            "retry",
        ),
        (
            "names in a second value",
            KUBELET,
            "d+c",
            {
                let mut forge = Forge::new("O=system:nodes, CN=system:node:a");
                forge.attributes = vec![request_for(&[&[], &[dns("kubernetes")]])];
                forge.pem()
            },
            "",
            "sign",
        ),
        (
            "names in a second attribute",
            KUBELET,
            "d+c",
            {
                let mut forge = Forge::new("O=system:nodes, CN=system:node:a");
                forge.attributes = vec![request_for(&[&[]]), request_for(&[&[dns("kubernetes")]])];
                forge.pem()
            },
            "",
            "fail DNS subjectAltNames are not allowed",
        ),
        (
            "the same names in two attributes",
            KUBELET,
            "d+c",
            {
                let mut forge = Forge::new("O=system:nodes, CN=system:node:a");
                forge.attributes = vec![request_for(&[&[dns("a")]]), request_for(&[&[dns("a")]])];
                forge.pem()
            },
            TWICE,
            "retry",
        ),
        ("critical extensions that nobody knows", CLIENT, "c", csr("CN=a, oid!"), "", "sign"),
        // Armour
        (
            "another label",
            CLIENT,
            "c",
            kubepki::x509::pem::encode("CERTIFICATE", &Forge::new("CN=a").der()).unwrap().into_bytes(),
            TYPE,
            "retry",
        ),
        ("a good block, then a bad", CLIENT, "c", [&request[..], &evil].concat(), "", "sign"),
        ("a bad block, then a good", CLIENT, "c", [&evil[..], &request].concat(), MASTERS, MASTERS_FAIL),
        (
            "a block that does not decode, then a bad",
            CLIENT,
            "c",
            [b"-----BEGIN CERTIFICATE REQUEST-----\n*\n-----END CERTIFICATE REQUEST-----\n", &evil[..]]
                .concat(),
            MASTERS,
            MASTERS_FAIL,
        ),
        (
            "two requests in a block",
            CLIENT,
            "c",
            wrap(&[Forge::new("CN=a").der(), Forge::new("O=system:masters").der()].concat()),
            "asn1: syntax error: trailing data",
            "retry",
        ),
        ("NUL behind the block", CLIENT, "c", [&request[..], b"\0\0\0"].concat(), "", "sign"),
        // Keys
        (
            "something beside the key",
            CLIENT,
            "c",
            otherwise(|it| {
                let key = it.public_key[2..].to_vec();
                it.public_key = tlv(0x30, &[&key[..], &tlv(0x04, b"smuggled")].concat());
            }),
            "x509: the public key is not in its one form",
            "retry",
        ),
    ]
}

#[test]
fn each_is_refused_or_comes_to_nothing() {
    let world = World::new();
    for (what, signer, usages, bytes, refused, expected) in rows() {
        let refusal = create(asking(signer, usages, bytes.clone()), &User::anonymous()).err();
        match (&refusal, refused) {
            (None, "") => {}
            (Some(refusal), text) => {
                assert!(!text.is_empty() && refusal.message.contains(text), "{what}: {refusal}");
            }
            (None, text) => panic!("{what}: is made, and should be refused: {text}"),
        }
        let object = asking(signer, usages, bytes).has_condition("Approved");
        let step = world.step(&object);
        assert!(step.starts_with(expected), "{what}: {step}");
        if step == "sign" {
            let certificate = world.certificate(&object);
            assert!(!certificate.is_ca() && certificate.is_well_formed(), "{what}");
            let name = certificate.subject.to_string();
            assert!(
                !name.replace(", ", "+").split('+').any(|part| part == "O=system:masters"),
                "{what}: {name}"
            );
            assert!(!name.contains("57683") && !name.contains("DC="), "{what}: {name}");
            let plain = |name: &kubepki::x509::SubjectAltName| {
                !matches!(name, kubepki::x509::SubjectAltName::Other(_))
            };
            assert!(certificate.subject_alt_names.iter().all(plain), "{what}");
        }
    }
}

/// A mebibyte of whatever takes no time to speak of: nothing is quadratic.
#[test]
fn a_megabyte_is_read_in_time() {
    const SIZE: usize = 1 << 20;
    let names: Vec<Vec<u8>> =
        (0..SIZE / 10).map(|number| tlv(0x82, format!("n{number}").as_bytes())).collect();
    let groups: String = (0..SIZE / 30).map(|number| format!("O=group{number}, ")).collect();
    let many: Vec<Vec<u8>> =
        (0..SIZE / 16).map(|number| extension(&format!("1.2.3.{number}"), false, b"")).collect();
    let attributes = |count: usize| (0..count).map(|_| request_for(&[&[]])).collect::<Vec<_>>();
    for (what, bytes) in [
        ("junk", vec![b'-'; SIZE]),
        ("beginnings", b"-----BEGIN CERTIFICATE REQUEST-----\n".repeat(SIZE / 36)),
        ("ends", b"\n-----END CERTIFICATE REQUEST-----".repeat(SIZE / 35)),
        ("headers", [b"-----BEGIN A-----\n".to_vec(), b"a: b\n".repeat(SIZE / 5)].concat()),
        ("empty blocks", b"-----BEGIN A-----\n!\n-----END A-----\n".repeat(SIZE / 36)),
        ("line breaks", vec![b'\n'; SIZE]),
        ("a long name", csr(&format!("CN={}", "x".repeat(SIZE)))),
        ("many groups", csr(groups.trim_end_matches(", "))),
        ("many names", Forge::extensions(&[alt_names(&names)]).pem()),
        ("many extensions", Forge::extensions(&many).pem()),
        ("many attributes", {
            let mut forge = Forge::new("CN=a");
            forge.attributes = attributes(SIZE / 20);
            forge.pem()
        }),
        ("deep nesting", {
            let mut der = Vec::new();
            for _ in 0..1000 {
                der = tlv(0x30, &der);
            }
            wrap(&der)
        }),
    ] {
        let begun = Instant::now();
        let object = asking(CLIENT, "c", bytes);
        let _ = Wanted::read(&object.spec.request.0);
        let _ = create(object.clone(), &User::anonymous());
        let _ = World::new().decide(&object.has_condition("Approved"));
        let taken = begun.elapsed();
        // On a slow and busy machine, without optimisation.
        assert!(taken.as_secs() < 60, "{what}: {taken:?}");
    }
}

/// Names of whatever characters go into a message that cannot be mistaken for another.
#[test]
fn what_cannot_be_seen_is_written_out() {
    let object = ask(CLIENT, "s", "CN=a").with(|object| {
        object.metadata.name = Some("a\u{202e}b\u{1b}[2J\"/".to_owned());
    });
    assert_eq!(
        create(object, &User::anonymous()).unwrap_err().message,
        "CertificateSigningRequest.certificates.k8s.io \"a\\u202eb\\x1b[2J\\\"/\" is invalid: metadata.name: Invalid \
         value: \"a\\u202eb\\x1b[2J\\\"/\": may not contain '/'"
    );
}
