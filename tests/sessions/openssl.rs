//! OpenSSL's opinion on everything that we make: chains, purposes, names, keys, strictly.

use kubepki::catalog::{CATALOG, Kind};
use kubepki::x509::{ExtendedKeyUsage, SubjectAltName};

use crate::testbed::{FLEET, SINGLE, Testbed};

fn verify(bed: &Testbed, ca: &str, arguments: &[&str], certificate: &str) -> bool {
    let verify = ["verify", "-x509_strict", "-CAfile", ca];
    bed.peer("openssl", &[&verify, arguments, &[certificate]].concat()).anyhow().code == Some(0)
}

/// Verifies every certificate of a control plane's directory as its peers would.
fn verify_all(bed: &Testbed, directory: &str) {
    let ca_of = |name: &str| {
        let row = CATALOG.iter().find(|row| row.name == name).unwrap();
        format!("{directory}/pki/{}.crt", row.place)
    };
    let mut count = 0;
    for row in CATALOG.iter() {
        let Some(issuer) = &row.issuer else { continue };
        let (file, certificate) = if let Kind::Kubeconfig { .. } = row.kind {
            let path = format!("{directory}/{}", row.place);
            if !bed.path(&path).exists() {
                continue;
            }
            let certificate = bed.client(&path);
            bed.write("embedded.crt", certificate.to_pem().unwrap());
            ("embedded.crt".to_owned(), certificate)
        } else {
            let file = format!("{directory}/pki/{}.crt", row.place);
            (file.clone(), bed.certificate(&file))
        };
        let ca = ca_of(issuer);
        for (purpose, usage) in
            [("sslserver", ExtendedKeyUsage::ServerAuth), ("sslclient", ExtendedKeyUsage::ClientAuth)]
        {
            let meant = row.extended_key_usages.contains(&usage);
            assert_eq!(verify(bed, &ca, &["-purpose", purpose], &file), meant, "{} as {purpose}", row.name);
        }
        for name in &certificate.subject_alt_names {
            let text = name.to_string();
            let flag = if matches!(name, SubjectAltName::Ip(_)) { "-verify_ip" } else { "-verify_hostname" };
            let text = text.strip_prefix("*.").map_or(text.clone(), |rest| format!("any.{rest}"));
            assert!(verify(bed, &ca, &[flag, &text], &file), "{}: {text}", row.name);
        }
        assert!(!verify(bed, &ca, &["-verify_hostname", "evil.example.com"], &file));
        for other in ["ca", "front-proxy-ca", "etcd-ca"].iter().filter(|other| *other != issuer) {
            assert!(!verify(bed, &ca_of(other), &[], &file), "{} under {other}", row.name);
        }
        count += 1;
    }
    assert!(count >= 11, "{count} certificates");
    for ca in ["ca", "front-proxy-ca", "etcd-ca"] {
        let ca = ca_of(ca);
        assert!(verify(bed, &ca, &[], &ca));
    }
}

#[test]
fn every_chain_purpose_and_name_holds() {
    let names = "apiServer: {certSANs: ['*.wild.example.com', 203.0.113.7, '2001:db8::7']}\nnetworking: {serviceSubnet: '10.96.0.0/12,fd00:10:96::/112'}\n";
    let bed = Testbed::applied(&format!("{FLEET}{names}"));
    for node in ["cp1", "cp2"] {
        verify_all(&bed, &format!("out/nodes/{node}/etc/kubernetes"));
    }
    let worker = bed.client("out/nodes/worker1/etc/kubernetes/kubelet.conf");
    bed.write("worker.crt", worker.to_pem().unwrap());
    assert!(verify(&bed, "out/authority/ca.crt", &["-purpose", "sslclient"], "worker.crt"));
}

#[test]
fn every_algorithm_holds() {
    for algorithm in ["RSA-2048", "ECDSA-P384"] {
        let bed =
            Testbed::applied(&format!("{SINGLE}encryptionAlgorithm: {algorithm}\nnaming: documented\n"));
        verify_all(&bed, "out");
    }
}

#[test]
fn keys_are_sound_and_of_the_form_that_openssl_writes() {
    for algorithm in ["RSA-2048", "ECDSA-P256", "ECDSA-P384"] {
        let bed = Testbed::applied(&format!("{SINGLE}encryptionAlgorithm: {algorithm}\n"));
        for key in ["ca", "apiserver", "etcd/peer", "sa"] {
            let file = format!("out/pki/{key}.key");
            bed.peer("openssl", &["pkey", "-check", "-noout", "-in", &file]).success();
            // The same bytes as OpenSSL's own traditional form.
            let tool = if algorithm.starts_with("RSA") { &["rsa", "-traditional"][..] } else { &["ec"] };
            let written = bed.peer("openssl", &[tool, &["-in", &file]].concat()).success().stdout;
            assert_eq!(bed.read(&file), written, "{file}");
        }
        // A token that is signed with the one is accepted with the other.
        bed.write("token", "header.payload");
        bed.peer("openssl", &["dgst", "-sha256", "-sign", "out/pki/sa.key", "-out", "signature", "token"])
            .success();
        let check = ["dgst", "-sha256", "-verify", "out/pki/sa.pub", "-signature", "signature", "token"];
        bed.peer("openssl", &check).success().out("Verified OK");
    }
}
