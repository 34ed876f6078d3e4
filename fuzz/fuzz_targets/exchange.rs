//! A bundle of requests or of certificates: nothing panics; a request that is held is proved, is for no CA, and what is signed
//! for it is what was asked. The digests of the manifest are made right first, so that what is behind them is reached.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kubepki::exchange::bundle::{digest, manifest, named, read, write};
use kubepki::exchange::hold::hold;
use kubepki::exchange::sign::{answers, refused, sign};
use kubepki::exchange::{Answers, Requests};
use kubepki::moment::parse;
use kubepki::spec::kubeadm::Host;
use kubepki::spec::load::parse as spec;
use kubepki::target::{Selection, Targets};
use kubepki::x509::{Certificate, Issuer, PrivateKey};

static CA: LazyLock<(Certificate, PrivateKey)> = LazyLock::new(|| {
    let certificate = include_bytes!("../../tests/fixtures/kubeadm-1.36/stacked-ecdsa/kubernetes/pki/ca.crt");
    let key = include_bytes!("../../tests/fixtures/kubeadm-1.36/stacked-ecdsa/kubernetes/pki/ca.key");
    (Certificate::all_from_pem(certificate).unwrap().remove(0), PrivateKey::from_pem(key).unwrap())
});

static TARGETS: LazyLock<Targets> = LazyLock::new(|| {
    let nobody = Host { name: || None, address: |_| None };
    let (spec, _) = spec(include_str!("../../templates/single.yaml"), false, nobody).unwrap();
    Targets::of(&spec, &Selection { fleet: true, ..Selection::default() }).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(files) = read(bytes) else { return };
    assert_eq!(read(&write(&files, 7).unwrap()).unwrap(), files);
    if let Ok(answers) = manifest::<Answers>(&files, Answers::KIND) {
        for paper in &answers.certificates {
            let Ok(text) = named(&files, &paper.file, &paper.sha256) else { continue };
            let _ = Certificate::all_from_pem(text);
        }
    }
    let Ok(mut requests) = manifest::<Requests>(&files, Requests::KIND) else { return };
    let mut orders = Vec::new();
    for slip in &mut requests.requests {
        let Some(text) = files.get(&slip.file) else { continue };
        slip.sha256 = digest(text);
        let strict = hold(text, slip, Some(&TARGETS), &[]);
        let Ok(held) = hold(text, slip, None, &[]) else {
            assert!(strict.is_err(), "the spec allows no more than the manifest");
            continue;
        };
        assert!(held.request.verify_signature().is_ok());
        orders.push((slip.clone(), held));
    }
    let now = parse("2026-11-23").unwrap();
    let issuers = BTreeMap::from([("ca".to_owned(), Issuer::new(&CA.0, &CA.1).unwrap())]);
    orders.truncate(4);
    if !refused(&orders, &issuers, true, now).is_empty() {
        return;
    }
    let Ok(entries) = sign(&requests, &orders, &issuers, now) else { return };
    for ((slip, held), entry) in orders.iter().zip(&entries) {
        let signed = Certificate::from_der(&entry.der().unwrap()).unwrap();
        assert!(!signed.is_ca() && signed.public_key == held.request.public_key);
        assert_eq!(signed.public_key.fingerprint(), slip.public_key.to_lowercase());
    }
    let _ = answers(&requests, &orders, &entries, &issuers, now).map(|signed| write(&signed, 0));
});
