//! The pure parts by themselves: keys, certificates, parsing, targets, plans.

#![allow(clippy::unwrap_used, reason = "a benchmark")]

use divan::{Bencher, black_box};
use kubepki::spec::load::parse_here;
use kubepki::target::{Selection, Targets};
use kubepki::x509::issue::self_signed;
use kubepki::x509::{
    Certificate, ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, Usages, chain,
};
use time::macros::datetime;

fn main() {
    divan::main();
}

fn profile(common_name: &str, ca: bool) -> Profile {
    let key = if ca { vec![KeyUsage::CertSign] } else { vec![KeyUsage::DigitalSignature] };
    Profile {
        subject: Name::new(common_name, &["system:nodes".to_owned()]).unwrap(),
        subject_alt_names: Vec::new(),
        usages: Usages { key, extended: vec![ExtendedKeyUsage::ClientAuth] },
        ca,
        path_length: None,
        name_constraints: None,
        not_before: datetime!(2026-11-22 0:00 UTC),
        not_after: datetime!(2036-11-22 0:00 UTC),
    }
}

fn authority(algorithm: KeyAlgorithm) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(algorithm).unwrap();
    (self_signed(&profile("ca", true), &key).unwrap(), key)
}

const ALGORITHMS: [KeyAlgorithm; 2] = [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048];

/// The floor of `issue`: a signature and nothing else.
#[divan::bench(args = ALGORITHMS)]
fn sign(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm) {
    let key = PrivateKey::generate(algorithm).unwrap();
    bencher.bench_local(|| key.sign(black_box(&[7; 400])).unwrap());
}

#[divan::bench(args = ALGORITHMS)]
fn issue(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm) {
    let (certificate, key) = authority(algorithm);
    let issuer = Issuer::new(&certificate, &key).unwrap();
    let profile = profile("system:node:cp1", false);
    bencher.bench_local(|| issuer.issue(black_box(&profile), key.public_key()).unwrap());
}

#[divan::bench]
fn generate_p256() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

#[divan::bench]
fn parse_certificate(bencher: Bencher<'_, '_>) {
    let (certificate, _) = authority(KeyAlgorithm::EcdsaP256);
    bencher.bench_local(|| Certificate::from_der(black_box(certificate.as_der())).unwrap());
}

#[divan::bench(args = ALGORITHMS)]
fn verify(bencher: Bencher<'_, '_>, algorithm: KeyAlgorithm) {
    let (certificate, _) = authority(algorithm);
    bencher.bench_local(|| chain::signed_by(black_box(&certificate), &certificate).unwrap());
}

#[divan::bench]
fn targets_of_a_thousand_workers(bencher: Bencher<'_, '_>) {
    let workers = (0..1000).map(|number| {
        let address = format!("198.18.{}.{}", number / 250, number % 250 + 1);
        format!("- {{name: worker{number}, roles: [worker], addresses: [{address}]}}\n")
    });
    let head = "apiVersion: kubepki/v1\nkind: Cluster\nnodes:\n\
                - {name: cp1, roles: [control-plane], addresses: [192.0.2.1]}\n";
    let text = head.to_owned() + &workers.collect::<String>();
    let (spec, _) = parse_here(&text, false).unwrap();
    bencher.bench_local(|| Targets::of(black_box(&spec), &Selection::default()).unwrap());
}
