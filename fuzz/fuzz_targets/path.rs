//! Certificates one after the other, first a byte of conditions: a leaf, intermediates, an anchor. Once as they stand, and
//! once with the same key and a good signature in each, so that what is mutated is judged and not only refused. Nothing
//! panics; a path that is said to hold is one of signatures, valid, to the anchor; and what holds strictly holds.
#![no_main]

use std::sync::LazyLock;

use kubepki::x509::der::{elements, sequence, tagged};
use kubepki::x509::path::{Conditions, Purpose, Validator};
use kubepki::x509::{Certificate, PrivateKey, chain, rustls};

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    let pem = include_bytes!("../../tests/fixtures/kubeadm-1.36/stacked-ecdsa/kubernetes/pki/ca.key");
    PrivateKey::from_pem(pem).unwrap()
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((flags, rest)) = bytes.split_first() else { return };
    let Ok(elements) = elements(rest, "input") else { return };
    let read = |der: &&[u8]| Certificate::from_der(der).ok();
    check(*flags, &elements.iter().filter_map(read).collect::<Vec<_>>());
    let signed = |der: &&[u8]| Certificate::from_der(&signed(der)?).ok();
    check(*flags, &elements.iter().filter_map(signed).collect::<Vec<_>>());
});

/// 2026-11-22, when the fixtures were made, and a century around it.
fn conditions(flags: u8) -> Conditions {
    let fixture = kubepki::moment::parse("2026-11-23").unwrap();
    let mut conditions = Conditions::at(match flags & 0x03 {
        0 => kubepki::moment::parse("1970-01-01").unwrap(),
        1 => kubepki::moment::parse("2049-12-31").unwrap(),
        _ => fixture,
    });
    conditions.purpose = match flags >> 2 & 0x03 {
        0 => Purpose::Server,
        1 => Purpose::Client,
        _ => Purpose::Any,
    };
    conditions.strict = flags & 0x10 != 0;
    if flags & 0x20 != 0 {
        conditions.names = vec!["kubernetes".parse().unwrap(), "10.96.0.1".parse().unwrap()];
    }
    conditions
}

fn check(flags: u8, certificates: &[Certificate]) {
    let all: Vec<&Certificate> = certificates.iter().collect();
    let ([leaf, ..], Some((anchor, others))) = (&all[..], all.split_last()) else { return };
    let conditions = conditions(flags);
    let validator = Validator::new(&[anchor], others);
    let verdict = validator.validate(leaf, &conditions);
    let _ = verdict
        .reasons
        .iter()
        .map(|reason| format!("{} {}", reason.fault, reason.fault.section()).len())
        .sum::<usize>();
    let _ = rustls::opinion(leaf, &[anchor], others, &conditions);
    assert_eq!(&verdict.path[0].certificate, leaf);
    if !verdict.is_valid() {
        return;
    }
    let last = verdict.path.last().unwrap();
    assert!(last.trusted);
    for pair in verdict.path.windows(2) {
        assert!(chain::signed_by(pair[0].certificate, pair[1].certificate).is_ok());
        assert!(pair[1].certificate.is_ca() || pair[1].certificate.version == 1);
    }
    for step in &verdict.path {
        let certificate = step.certificate;
        assert!((certificate.not_before..=certificate.not_after).contains(&conditions.at));
        assert!(certificate.refusal().is_none());
        assert!(!conditions.strict || certificate.is_well_formed());
    }
    for name in &conditions.names {
        assert!(name.is_of(leaf));
    }
    assert!(validator.validate(leaf, &Conditions { strict: false, ..conditions }).is_valid());
}

/// The certificate with another key, and a signature of that key.
fn signed(der: &[u8]) -> Option<Vec<u8>> {
    const WHAT: &str = "a certificate";
    let algorithm = [0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let parts = elements(tagged(der, WHAT).ok()?.1, WHAT).ok()?;
    let mut fields = elements(tagged(parts.first()?, WHAT).ok()?.1, WHAT).ok()?;
    let begin = usize::from(fields.first()?.first()? == &0xa0);
    *fields.get_mut(begin + 1)? = &algorithm;
    *fields.get_mut(begin + 5)? = KEY.public_key().as_der();
    let tbs = sequence(&fields, WHAT).ok()?;
    let signature = KEY.sign(&tbs).ok()?;
    let length = u8::try_from(signature.len() + 1).ok()?;
    let signature = [&[0x03, length, 0x00], &signature[..]].concat();
    sequence(&[&tbs, &algorithm, &signature], WHAT).ok()
}
