//! The CSR engine: decisions with signing beside the bare signature, the ledger, and the loop on a directory.
//!
//! A request's own signature is checked when the request is first seen, which takes three times as long as signing; what the
//! loop has seen once it does not check again. So the decision is measured both ways, and with the check of what was signed.

#![allow(clippy::unwrap_used, reason = "a benchmark")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use kubepki::csr::decide::Order;
use kubepki::csr::load::Signers;
use kubepki::csr::object::time as moment;
use kubepki::csr::rbac::Rbac;
use kubepki::csr::request::Wanted;
use kubepki::csr::{CertificateSigningRequest, Object, Policy, Step, decide, decide_read};
use kubepki::store::controller::Settings;
use kubepki::store::entry::{Asked, Entry, Reason};
use kubepki::store::readings::Readings;
use kubepki::store::{Authorities, Controller, Directory, Ledger, Store, Write};
use kubepki::x509::issue::{long_serial, self_signed};
use kubepki::x509::{
    Certificate, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, Request, Usages,
};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;

fn main() {
    divan::main();
}

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn clock() -> OffsetDateTime {
    NOW
}

fn authority() -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let profile = Profile {
        path_length: None,
        name_constraints: None,
        subject: Name::new("kubernetes", &[]).unwrap(),
        subject_alt_names: Vec::new(),
        usages: Usages { key: vec![KeyUsage::CertSign], extended: Vec::new() },
        ca: true,
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2036-01-01 0:00 UTC),
    };
    (self_signed(&profile, &key).unwrap(), key)
}

/// An approved request of a kubelet.
fn object(name: &str) -> CertificateSigningRequest {
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let subject = Name::new(&format!("system:node:{name}"), &["system:nodes".to_owned()]).unwrap();
    let request = Request::make(&subject, &[], &key).unwrap();
    let mut object = CertificateSigningRequest::default();
    object.metadata.name = Some(name.to_owned());
    object.metadata.uid = Some(format!("uid-of-{name}"));
    object.metadata.creation_timestamp = Some(moment(NOW));
    object.spec.request.0 = request.to_pem().unwrap().into_bytes();
    "kubernetes.io/kube-apiserver-client-kubelet".clone_into(&mut object.spec.signer_name);
    object.spec.usages = Some(vec!["digital signature".to_owned(), "client auth".to_owned()]);
    object.add_condition("Approved", "AutoApproved", "");
    object
}

struct Desk {
    signers: Signers,
    ends: Vec<(String, OffsetDateTime)>,
    rbac: Rbac,
}

impl Desk {
    fn new() -> Self {
        let ends = vec![("ca".to_owned(), datetime!(2036-01-01 0:00 UTC))];
        Self { signers: Signers::default(), ends, rbac: Rbac::default() }
    }

    fn policy(&self) -> Policy<'_> {
        Policy {
            signers: &self.signers.signers,
            authorities: &self.ends,
            rules: &[],
            spec: None,
            rbac: &self.rbac,
            trust_requester: false,
            clean: true,
        }
    }
}

fn order(step: Step) -> Box<Order> {
    match step {
        Step::Sign(order) => order,
        other => panic!("{other:?}"),
    }
}

/// The floor: a signature and nothing else.
#[divan::bench]
fn bare_signature(bencher: Bencher<'_, '_>) {
    let (_, key) = authority();
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| key.sign(black_box(&[7; 400])).unwrap());
}

/// The decision and the certificate, for a request that has been seen before.
#[divan::bench]
fn decide_and_sign(bencher: Bencher<'_, '_>) {
    let (certificate, key) = authority();
    let issuer = Issuer::new(&certificate, &key).unwrap();
    let (desk, object) = (Desk::new(), object("n"));
    let read = Wanted::read(&object.spec.request.0);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let order = order(decide_read(black_box(&object), &read, &desk.policy(), NOW).step);
        issuer.sign(&order.profile, &order.public_key, &long_serial().unwrap()).unwrap()
    });
}

/// The same, and what was signed is checked before it is handed out.
#[divan::bench]
fn decide_sign_and_check(bencher: Bencher<'_, '_>) {
    let (certificate, key) = authority();
    let issuer = Issuer::new(&certificate, &key).unwrap();
    let (desk, object) = (Desk::new(), object("n"));
    let read = Wanted::read(&object.spec.request.0);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let order = order(decide_read(black_box(&object), &read, &desk.policy(), NOW).step);
        let der = issuer.sign(&order.profile, &order.public_key, &long_serial().unwrap()).unwrap();
        issuer.check(&der).unwrap();
        der
    });
}

/// The decision and the certificate, for a request that is seen for the first time: its own signature is checked.
#[divan::bench]
fn read_decide_and_sign(bencher: Bencher<'_, '_>) {
    let (certificate, key) = authority();
    let issuer = Issuer::new(&certificate, &key).unwrap();
    let (desk, object) = (Desk::new(), object("n"));
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let order = order(decide(black_box(&object), &desk.policy(), NOW).step);
        issuer.sign(&order.profile, &order.public_key, &long_serial().unwrap()).unwrap()
    });
}

/// What reading costs by itself.
#[divan::bench]
fn read_request(bencher: Bencher<'_, '_>) {
    let object = object("n");
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| Wanted::read(black_box(&object.spec.request.0)).unwrap());
}

/// Entries on the disk: so many threads bring one each, again and again, and wait for it.
#[divan::bench(args = [1, 16, 64], sample_count = 5, sample_size = 1)]
fn ledger(bencher: Bencher<'_, '_>, threads: usize) {
    const EACH: usize = 400;
    let (certificate, _) = authority();
    let reason = Reason { rule: None, reason: String::new(), message: String::new() };
    let entry = Entry::new(&certificate, "example.com/a", reason, NOW);
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let ledger = Ledger::open(&home.path().join("ledger")).unwrap();
    let turn = std::sync::atomic::AtomicUsize::new(0);
    bencher.counter(ItemsCount::new(threads * EACH)).bench_local(|| {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..EACH {
                        let number = turn.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        let request = Asked { name: "a".to_owned(), uid: number.to_string() };
                        let entry = Entry { request: Some(request), ..entry.clone() };
                        ledger.add(vec![entry], NOW).unwrap();
                    }
                });
            }
        });
    });
}

const MANY: usize = 10_000;

/// A directory with approved requests, and its CA.
fn prepared() -> TempDir {
    let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (certificate, key) = authority();
    fs::write(home.path().join("ca.crt"), certificate.to_pem().unwrap()).unwrap();
    fs::write(home.path().join("ca.key"), &*key.to_pem().unwrap()).unwrap();
    let store = Directory::new(&home.path().join("csr"), clock);
    let writes = (0..MANY).map(|number| Write::Create(Arc::new(object(&format!("node-{number}"))))).collect();
    store.commit(writes).unwrap().into_iter().for_each(|done| drop(done.unwrap()));
    home
}

fn run(home: &Path) -> usize {
    let store = Directory::new(&home.join("csr"), clock);
    let ledger = Ledger::open(&home.join("ledger")).unwrap();
    let settings = Settings {
        signers: Signers::default().signers,
        rules: Vec::new(),
        spec: None,
        rbac: Rbac::default(),
        trust_requester: false,
        trust_files: false,
        clean: true,
        readings: Readings::default(),
    };
    let authorities = Authorities::new(vec![("ca".to_owned(), home.join("ca.crt"), home.join("ca.key"))]);
    let mut told = 0;
    Controller::new(&store, &ledger, authorities, &settings, clock).once(&mut |_| told += 1).unwrap();
    told
}

/// `csr run --once` over ten thousand approved requests, one file each: read, checked, decided, signed, in the ledger, on the
/// disk.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn durable_loop(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(prepared)
        .input_counter(|_| ItemsCount::new(MANY))
        .bench_local_values(|home| assert_eq!(run(home.path()), MANY + 1));
}
