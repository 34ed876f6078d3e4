//! Certificate requests that others make: everything in them is kept, and what is broken is refused. The library that
//! issues certificates loses names and keys of such requests silently, so none of them passes through it.

use std::fs;

use kubepki::x509::issue::self_signed;
use kubepki::x509::{
    ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, PublicKey, Request,
    SubjectAltName, Usages,
};
use time::macros::datetime;

use crate::testbed::{Testbed, fixtures};

fn profile(subject: Name, names: Vec<SubjectAltName>, ca: bool) -> Profile {
    let key = if ca { vec![KeyUsage::CertSign] } else { vec![KeyUsage::DigitalSignature] };
    Profile {
        subject,
        subject_alt_names: names,
        usages: Usages { key, extended: vec![ExtendedKeyUsage::ClientAuth] },
        ca,
        path_length: None,
        name_constraints: None,
        not_before: datetime!(2026-11-22 0:00 UTC),
        not_after: datetime!(2046-11-22 0:00 UTC),
    }
}

fn request(bed: &Testbed, name: &str) -> Result<Request, String> {
    let blocks = kubepki::x509::pem::blocks(bed.read(name).as_bytes()).unwrap();
    Request::from_der(&blocks[0].contents).map_err(|error| error.to_string())
}

/// Makes a key and a request with openssl.
fn make(bed: &Testbed, key: &[&str], subject: &str, extra: &[&str]) -> Request {
    bed.peer("openssl", &[&["genpkey", "-out", "key"], key].concat()).success();
    let arguments = ["req", "-new", "-utf8", "-key", "key", "-subj", subject, "-out", "csr"];
    bed.peer("openssl", &[&arguments[..], extra].concat()).success();
    request(bed, "csr").unwrap()
}

const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const P384: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
const P521: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];
const RSA: [&str; 4] = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];

/// Whatever the request says, the certificate has the same subject and key to the byte, and verifies.
#[test]
fn subject_and_key_of_a_request_survive_to_the_byte() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let ca = self_signed(&profile(Name::new("ca", &[]).unwrap(), Vec::new(), true), &key).unwrap();
    let issuer = Issuer::new(&ca, &key).unwrap();
    for (subject, kind, extra) in [
        // Several groups, each in a set of its own: as OpenSSL writes them.
        ("/O=system:nodes/O=group-b/CN=system:node:a", &P256[..], &[][..]),
        // Several groups in one set: as Go writes them.
        ("/O=system:nodes+O=group-b/CN=system:node:a", &P256, &["-multivalue-rdn"]),
        ("/CN=Jürgen", &P256, &[]),
        ("/", &P256, &["-addext", "subjectAltName=DNS:a"]),
        // The hash of the request's signature says nothing about the key.
        ("/CN=a", &P384, &["-sha256"]),
        ("/CN=a", &P256, &["-sha384"]),
        ("/CN=a", &P521, &["-sha512"]),
        ("/CN=a", &RSA, &["-sha512"]),
        ("/CN=a", &["-algorithm", "ED25519"], &[]),
        // Extensions and kinds of names that nobody here knows.
        ("/CN=a", &P256, &["-addext", "tlsfeature=status_request"]),
        ("/CN=a", &P256, &["-addext", "extendedKeyUsage=1.3.6.1.4.1.311.10.3.4"]),
        (
            "/CN=a",
            &P256,
            &["-addext", "subjectAltName=otherName:1.2.3.4;UTF8:x,RID:1.2.3,email:a@example.com"],
        ),
    ] {
        let bed = Testbed::new();
        let request = make(&bed, kind, subject, extra);
        request.verify_signature().unwrap_or_else(|error| panic!("{subject} {kind:?} {extra:?}: {error}"));
        let profile = profile(request.subject.clone(), Vec::new(), false);
        let leaf = issuer.issue(&profile, &request.public_key).unwrap();
        assert_eq!(leaf.subject.as_der(), request.subject.as_der(), "{subject}");
        assert_eq!(leaf.public_key.as_der(), request.public_key.as_der(), "{kind:?}");
        bed.write("ca.crt", ca.to_pem().unwrap());
        bed.write("leaf.crt", leaf.to_pem().unwrap());
        bed.peer("openssl", &["verify", "-CAfile", "ca.crt", "leaf.crt"]).success();
        bed.peer("openssl", &["x509", "-in", "leaf.crt", "-noout", "-pubkey"]).success();
    }
}

#[test]
fn what_a_request_asks_for_is_read() {
    let bed = Testbed::new();
    let names =
        "subjectAltName=DNS:a.example.com,IP:192.0.2.1,IP:2001:db8::1,URI:spiffe://x,email:a@example.com";
    let request =
        make(&bed, &P256, "/O=b/O=a/CN=x", &["-addext", names, "-addext", "keyUsage=digitalSignature"]);
    assert_eq!(request.subject.organizations(), ["b", "a"]);
    let names: Vec<_> = request.subject_alt_names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a.example.com", "192.0.2.1", "2001:db8::1", "spiffe://x", "a@example.com"]);
    assert_eq!(request.usages.key, [KeyUsage::DigitalSignature]);
}

#[test]
fn all_requests_of_kubeadm_are_read() {
    let mut count = 0;
    for entry in walkdir::WalkDir::new(fixtures().join("generate-csr")) {
        let path = entry.unwrap().into_path();
        if path.extension().is_some_and(|suffix| suffix == "csr") {
            let blocks = kubepki::x509::pem::blocks(&fs::read(&path).unwrap()).unwrap();
            let request = Request::from_der(&blocks[0].contents).unwrap();
            request.verify_signature().unwrap();
            assert!(request.subject.common_name().is_some());
            count += 1;
        }
    }
    assert_eq!(count, 12);
}

/// Every byte counts: a request that was changed anywhere is refused, or its signature does not hold.
#[test]
fn a_request_that_was_tampered_with_is_not_believed() {
    let bed = Testbed::new();
    let der = make(&bed, &P256, "/O=a/CN=x", &["-addext", "subjectAltName=DNS:a"]).as_der().to_vec();
    for position in 0..der.len() {
        let mut changed = der.clone();
        changed[position] ^= 0x01;
        let believed = Request::from_der(&changed).is_ok_and(|request| request.verify_signature().is_ok());
        assert!(!believed, "byte {position}");
    }
    let trailing = [&der[..], &[0]].concat();
    assert!(Request::from_der(&trailing).is_err());
    for length in 0..der.len() {
        assert!(Request::from_der(&der[..length]).is_err(), "cut at {length}");
    }
}

/// Another's key beside a CA certificate is noticed.
#[test]
fn a_foreign_key_is_no_issuer() {
    let [one, two] = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let ca = self_signed(&profile(Name::new("ca", &[]).unwrap(), Vec::new(), true), &one).unwrap();
    assert!(Issuer::new(&ca, &one).is_some());
    assert!(Issuer::new(&ca, &two).is_none());
}

/// Strings, criticality, order and identifiers are Go's and not the library's.
#[test]
fn a_certificate_is_gos_to_the_octet() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let names = vec![SubjectAltName::Dns("a".into())];
    let ca = self_signed(&profile(Name::new("ca", &[]).unwrap(), names.clone(), true), &key).unwrap();
    assert_eq!(ca.subject_key_identifier, Some(key.public_key().identifier()));
    assert_eq!(ca.authority_key_identifier, None);
    let issuer = Issuer::new(&ca, &key).unwrap();
    let subject = Name::new("x", &["b".into(), "a".into()]).unwrap();
    let leaf = issuer.issue(&profile(subject, names.clone(), false), key.public_key()).unwrap();
    let extensions: Vec<(String, bool)> =
        leaf.extensions.iter().map(|extension| (extension.oid.to_string(), extension.critical)).collect();
    let expected = [
        ("2.5.29.15", true),
        ("2.5.29.37", false),
        ("2.5.29.19", true),
        ("2.5.29.35", false),
        ("2.5.29.17", false),
    ];
    assert_eq!(extensions, expected.map(|(oid, critical)| (oid.to_owned(), critical)));
    assert_eq!(leaf.extensions[2].value, [0x30, 0x00], "an empty basicConstraints");
    assert_eq!(leaf.subject_key_identifier, None);
    assert_eq!(leaf.authority_key_identifier, ca.subject_key_identifier);
    // 30 len 31 len 30 … : PrintableString (0x13) for both, the set of organizations first.
    let strings = leaf.subject.as_der().iter().filter(|byte| **byte == 0x13).count();
    assert_eq!(strings, 3);
    // Without a subject the names are all there is, and become critical.
    let nobody = issuer.issue(&profile(Name::default(), names, false), key.public_key()).unwrap();
    assert!(nobody.extensions.last().unwrap().critical);
}

#[test]
fn serial_numbers_are_random_positive_and_short() {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let profile = profile(Name::new("ca", &[]).unwrap(), Vec::new(), true);
    let serials: std::collections::HashSet<Vec<u8>> =
        (0..200).map(|_| self_signed(&profile, &key).unwrap().serial).collect();
    assert_eq!(serials.len(), 200);
    for serial in serials {
        assert!(serial.len() <= 8 && serial[0] < 0x80, "{serial:02x?}");
        assert!(serial[0] != 0 || serial[1] >= 0x80, "no octet too many: {serial:02x?}");
    }
}

/// Public keys come from certificates too: the form in which both write them is one.
#[test]
fn a_public_key_reads_the_same_from_everywhere() {
    let bed = Testbed::new();
    let request = make(&bed, &P384, "/CN=a", &[]);
    bed.peer("openssl", &["pkey", "-in", "key", "-pubout", "-out", "pub"]).success();
    let blocks = kubepki::x509::pem::blocks(bed.read("pub").as_bytes()).unwrap();
    let public = PublicKey::from_der(&blocks[0].contents).unwrap();
    assert_eq!(public, request.public_key);
    assert_eq!(public, *bed.key("key").public_key());
    // A key that was read as PKCS#8 is written as SEC 1 under SEC 1's label, and not as one under the other's.
    let written = bed.key("key").to_pem().unwrap();
    assert!(written.starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
    bed.write("written", written.as_bytes());
    bed.peer("openssl", &["ec", "-in", "written", "-check", "-noout"]).success();
}
