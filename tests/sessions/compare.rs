//! What we make from a configuration is, field for field, what kubeadm 1.36 made from it.

use std::fs;

use kubepki::disk::Kubeconfig;
use kubepki::x509::Certificate;
use kubepki::x509::certificate::Extension;
use time::Duration;

use crate::testbed::{Testbed, fixtures, peer};

/// Everything of a certificate that does not depend on its keys, its random numbers and the day it was made.
#[derive(Debug, PartialEq)]
struct Fields {
    version: u8,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    signature_algorithm: Vec<u8>,
    key: String,
    key_algorithm: Vec<u8>,
    lifetime: Duration,
    extensions: Vec<(String, bool, Vec<u8>)>,
    small_positive_serial: bool,
}

/// The second service address of a dual-stack cluster, which kubeadm leaves out.
const SECOND_SERVICE_IP: &str = "fd00:10:96::1";

fn fields(certificate: &Certificate) -> Fields {
    let value = |extension: &Extension| match extension.oid.to_string().as_str() {
        // Identifiers of keys: their length and form count.
        "2.5.29.14" | "2.5.29.35" => vec![0; extension.value.len()],
        "2.5.29.17" => {
            let mut names = certificate.subject_alt_names.clone();
            names.retain(|name| name.to_string() != SECOND_SERVICE_IP);
            names.iter().flat_map(|name| format!("{name:?},").into_bytes()).collect()
        }
        _ => extension.value.clone(),
    };
    // The algorithm in front of the key's bits: SEQUENCE { algorithm, BIT STRING }.
    let key = certificate.public_key.as_der();
    let bits = key.len() - certificate.public_key.bits().len();
    Fields {
        version: certificate.version,
        subject: certificate.subject.as_der().to_vec(),
        issuer: certificate.issuer.as_der().to_vec(),
        signature_algorithm: certificate.signature_algorithm.as_der().to_vec(),
        key: certificate.public_key.to_string(),
        key_algorithm: key[4..bits].to_vec(),
        lifetime: certificate.not_after - certificate.not_before,
        extensions: certificate
            .extensions
            .iter()
            .map(|extension| (extension.oid.to_string(), extension.critical, value(extension)))
            .collect(),
        small_positive_serial: certificate.serial.len() <= 8 && certificate.serial[0] < 0x80,
    }
}

/// A file with everything blanked that is different each time: base64 of certificates and keys.
fn form(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once("-data: ") {
            Some((name, data)) => {
                assert!(!data.contains(' '), "one unbroken line");
                format!("{name}-data: …")
            }
            None if line.starts_with("-----") || line.contains(':') => line.to_owned(),
            None => "…".to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Lines of base64 differ in number by the length of random integers: one is as good as twenty.
fn unfold(form: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = form.lines().collect();
    lines.dedup();
    lines
}

#[test]
fn every_field_is_kubeadms() {
    for name in ["stacked-ecdsa", "stacked-rsa", "external-etcd"] {
        let bed = Testbed::new();
        let config = fixtures().join(name).join("kubeadm.yaml");
        bed.run(&["apply", "-f", config.to_str().unwrap(), "-d", "out"]).success();
        let theirs_root = fixtures().join(name).join("kubernetes");
        let mut seen = Vec::new();
        for entry in walkdir::WalkDir::new(&theirs_root).sort_by_file_name() {
            let entry = entry.unwrap();
            if !entry.file_type().is_file() {
                continue;
            }
            let relative = entry.path().strip_prefix(&theirs_root).unwrap().to_str().unwrap().to_owned();
            let theirs = fs::read_to_string(entry.path()).unwrap();
            let ours = bed.read(format!("out/{relative}"));
            assert_eq!(unfold(&form(&ours)), unfold(&form(&theirs)), "{name}: {relative}");
            if relative.ends_with(".crt") {
                let theirs = Certificate::all_from_pem(theirs.as_bytes()).unwrap();
                let ours = Certificate::all_from_pem(ours.as_bytes()).unwrap();
                assert_eq!((ours.len(), theirs.len()), (1, 1));
                assert_eq!(fields(&ours[0]), fields(&theirs[0]), "{name}: {relative}");
            }
            if relative.ends_with(".conf") {
                let theirs = Kubeconfig::parse(&theirs).unwrap();
                let ours = Kubeconfig::parse(&ours).unwrap();
                let certificate =
                    |kubeconfig: &Kubeconfig| fields(&kubeconfig.certificate.embedded().unwrap()[0]);
                let (ours, mut theirs) = (certificate(&ours), certificate(&theirs));
                // kubeadm made its files with one command and its kubeconfigs, which begin with the CA, with the next.
                assert!((theirs.lifetime - ours.lifetime) <= Duration::seconds(2), "{name}: {relative}");
                theirs.lifetime = ours.lifetime;
                assert_eq!(ours, theirs, "{name}: {relative}");
            }
            let mode = if relative.ends_with(".crt") { 0o644 } else { 0o600 };
            assert_eq!(bed.mode(&format!("out/{relative}")), mode, "{name}: {relative}");
            seen.push(relative);
        }
        let all = bed.snapshot("out").into_keys().filter(|path| !path.starts_with(".kubepki"));
        let files = all.filter(|path| bed.path("out").join(path).is_file()).count();
        assert_eq!(files, seen.len(), "{name}: the same files, and no others");
    }
}

/// kubeconfigs begin when their CA did; files begin five minutes before they were made, and so does a renewal.
#[test]
fn certificates_begin_when_kubeadms_do() {
    let bed = Testbed::applied(crate::testbed::SINGLE);
    let ca = bed.certificate("out/pki/ca.crt");
    assert_eq!(bed.client("out/admin.conf").not_before, ca.not_before);
    fs::remove_file(bed.path("out/scheduler.conf")).unwrap();
    // A second later a new kubeconfig still begins with its CA, and a renewed one does not.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(bed.client("out/scheduler.conf").not_before, ca.not_before);
    bed.run(&["renew", "scheduler.conf", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
    let renewed = bed.client("out/scheduler.conf");
    assert!(renewed.not_before > ca.not_before);
    assert_eq!(renewed.not_after - renewed.not_before, Duration::hours(8760) + Duration::minutes(5));
    assert_eq!(bed.certificate("out/pki/apiserver.crt").not_before, renewed.not_before);
}

/// OpenSSL prints the same of ours as of kubeadm's, once keys, serials and dates are blanked.
#[test]
fn openssl_sees_no_difference() {
    let bed = Testbed::new();
    let name = "external-etcd";
    let config = fixtures().join(name).join("kubeadm.yaml");
    bed.run(&["apply", "-f", config.to_str().unwrap(), "-d", "out"]).success();
    let print = |path: &std::path::Path| {
        let mut command = peer("openssl");
        command.args([
            "x509",
            "-noout",
            "-text",
            "-certopt",
            "no_serial,no_validity,no_pubkey,no_sigdump",
            "-in",
        ]);
        let output = command.arg(path).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        // Key identifiers are lines of hexadecimal pairs and nothing else.
        let hex = |line: &str| {
            let line = line.trim().trim_start_matches("keyid:");
            line.len() == 59 && line.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
        };
        text.lines().filter(|line| !hex(line)).collect::<Vec<_>>().join("\n")
    };
    for file in ["ca.crt", "apiserver.crt", "apiserver-kubelet-client.crt", "front-proxy-client.crt"] {
        let theirs = print(&fixtures().join(name).join("kubernetes/pki").join(file));
        assert!(theirs.contains("X509v3 Key Usage: critical"), "{theirs}");
        assert_eq!(print(&bed.path("out/pki").join(file)), theirs, "{file}");
    }
}
