//! A certificate in DER that lies in a CA's place, in a server's, behind another in a bundle, and in a file of nobody's: the
//! rules come to their end, and never panic.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use kubepki::audit::{Scene, Terms, View, judge};
use kubepki::disk::{Inventory, Layout, Survey};
use kubepki::infer::provisional;
use kubepki::spec::Spec;
use kubepki::target::{Selection, Targets};
use kubepki::version::Version;
use kubepki::x509::pem;

/// A directory in memory, where there is one.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = PathBuf::from(format!("/dev/shm/kubepki-fuzz-{}", std::process::id()));
    fs::create_dir_all(directory.join("pki")).unwrap();
    fs::write(
        directory.join("pki/front-proxy-ca.crt"),
        include_str!("../../tests/fixtures/kubeadm-1.36/stacked-ecdsa/kubernetes/pki/ca.crt"),
    )
    .unwrap();
    directory
});
static SPEC: LazyLock<Spec> = LazyLock::new(|| provisional(&[]));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let one = pem::encode("CERTIFICATE", bytes).unwrap();
    fs::write(DIRECTORY.join("pki/ca.crt"), &one).unwrap();
    fs::write(DIRECTORY.join("pki/apiserver.crt"), format!("{one}{one}")).unwrap();
    // One that differs in its last octet is another certificate.
    let mut other = bytes.to_vec();
    if let Some(last) = other.last_mut() {
        *last ^= 1;
    }
    fs::write(DIRECTORY.join("pki/other.crt"), pem::encode("CERTIFICATE", &other).unwrap()).unwrap();
    let layout = Layout::new(&DIRECTORY, None, &SPEC.certificates_dir, false);
    let targets = Targets::of(&SPEC, &Selection::default()).unwrap();
    let survey = Survey::of(&layout, &targets, &mut Inventory::of(&layout, None));
    let now = kubepki::moment::parse("2026-11-24").unwrap();
    let terms = Terms { now, at: true, given: false, release: Some(Version::LATEST) };
    let _ = judge(&Scene::new(vec![View::new(&SPEC, &targets, &survey, terms)]));
});
