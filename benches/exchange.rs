//! Signing a bundle of 5,000 requests offline: held, signed, in the ledger, packed, beside the bare signatures.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints figures")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kubepki::exchange::bundle::{self, Files, add_manifest, digest, named};
use kubepki::exchange::hold::hold;
use kubepki::exchange::sign::{answers, each, sign};
use kubepki::exchange::{API_VERSION, Requests, Slip};
use kubepki::store::Ledger;
use kubepki::x509::issue::self_signed;
use kubepki::x509::{Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, Request, Usages};
use rayon::prelude::*;
use tempfile::TempDir;
use time::macros::datetime;

const REQUESTS: usize = 5_000;
/// How often each is measured; the median counts.
const RUNS: usize = 5;

fn main() {
    // `cargo test --benches` and `cargo clippy` only want to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let now = datetime!(2026-11-22 12:00 UTC);
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let profile = Profile {
        subject: Name::new("kubernetes", &[]).unwrap(),
        subject_alt_names: Vec::new(),
        usages: Usages { key: vec![KeyUsage::CertSign], extended: Vec::new() },
        ca: true,
        path_length: None,
        name_constraints: None,
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2036-01-01 0:00 UTC),
    };
    let ca = self_signed(&profile, &key).unwrap();
    let issuers = BTreeMap::from([("ca".to_owned(), Issuer::new(&ca, &key).unwrap())]);
    let tar = requests();
    let home = TempDir::new().unwrap();

    let bare = median(|run| {
        let messages: Vec<[u8; 12]> = (0..REQUESTS)
            .map(|n| {
                let mut m = [0; 12];
                m[..8].copy_from_slice(&n.to_be_bytes());
                m[8..].copy_from_slice(&run.to_be_bytes());
                m
            })
            .collect();
        let started = Instant::now();
        messages.par_iter().for_each(|message| drop(key.sign(message).unwrap()));
        started.elapsed()
    });
    let proofs = median(|_| {
        let files = bundle::read(&tar).unwrap();
        let texts: Vec<&Vec<u8>> =
            files.iter().filter(|(name, _)| name.ends_with(".csr")).map(|(_, text)| text).collect();
        let requests: Vec<Request> = texts
            .iter()
            .map(|text| Request::from_der(&kubepki::x509::pem::blocks(text).unwrap()[0].contents).unwrap())
            .collect();
        let started = Instant::now();
        requests.par_iter().for_each(|request| request.verify_signature().unwrap());
        started.elapsed()
    });
    let whole = median(|run| {
        let started = Instant::now();
        let files = bundle::read(&tar).unwrap();
        let manifest: Requests = bundle::manifest(&files, Requests::KIND).unwrap();
        let held = each(&manifest.requests, |slip| {
            hold(named(&files, &slip.file, &slip.sha256).unwrap(), slip, None, &[]).unwrap()
        });
        let orders: Vec<_> = manifest.requests.iter().cloned().zip(held).collect();
        let ledger = Ledger::open(&home.path().join(format!("ledger-{run}"))).unwrap();
        let entries = sign(&manifest, &orders, &issuers, now).unwrap();
        let entries = ledger.add(entries, now).unwrap();
        let signed = answers(&manifest, &orders, &entries, &issuers, now).unwrap();
        assert_eq!(bundle::write(&signed, 0).unwrap().len() % 512, 0);
        started.elapsed()
    });
    let row = |what: &str, took: Duration| {
        let each = took / u32::try_from(REQUESTS).unwrap();
        let ratio = bare.as_secs_f64() / took.as_secs_f64();
        println!("{what:<60} {took:>10.1?} {each:>10.1?} {ratio:>6.2}x");
    };
    println!("{REQUESTS} requests, P-256; medians of {RUNS} runs\n");
    row("bare signatures on all cores", bare);
    row("proofs that requesters have their keys", proofs);
    // A check of what was signed is a verification with a key of the same kind.
    let signatures = bare + proofs + proofs;
    row("the bare signatures, proofs, and checks of what was signed", signatures);
    row("a bundle: held, signed, checked, ledger, packed", whole);
    println!(
        "\nA bundle at {:.2} of the rate of its bare signature operations. The last column is the share of the bare \
         signing's rate.",
        signatures.as_secs_f64() / whole.as_secs_f64()
    );
}

fn median(run: impl Fn(u32) -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..u32::try_from(RUNS).unwrap()).map(run).collect();
    times.sort();
    times[RUNS / 2]
}

/// A bundle of kubelets' requests.
fn requests() -> Vec<u8> {
    let one = |index: usize| {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let node = format!("worker{index}");
        let subject = Name::new(&format!("system:node:{node}"), &["system:nodes".to_owned()]).unwrap();
        let request = Request::make(&subject, &[], &key).unwrap();
        let text = request.to_pem().unwrap().into_bytes();
        let slip = Slip {
            name: format!("{node}/kubelet.conf"),
            file: format!("requests/{node}/kubelet.conf.csr"),
            node,
            credential: "kubelet.conf".to_owned(),
            sha256: digest(&text),
            signer: "ca".to_owned(),
            subject: request.subject.to_string(),
            subject_alt_names: Vec::new(),
            usages: vec!["digital signature".to_owned(), "client auth".to_owned()],
            validity: "8760h".to_owned(),
            public_key: request.public_key.fingerprint(),
        };
        (slip, text)
    };
    let made: Vec<(Slip, Vec<u8>)> = (0..REQUESTS).into_par_iter().map(one).collect();
    let mut files = Files::new();
    let mut slips = Vec::new();
    for (slip, text) in made {
        files.insert(slip.file.clone(), text);
        slips.push(slip);
    }
    let manifest = Requests {
        api_version: API_VERSION.to_owned(),
        kind: Requests::KIND.to_owned(),
        id: "bench".to_owned(),
        cluster: "bench".to_owned(),
        time: "2026-11-22T12:00:00Z".to_owned(),
        requests: slips,
    };
    add_manifest(&mut files, &manifest).unwrap();
    bundle::write(&files, 0).unwrap()
}
