//! What it costs to verify a leaf below an intermediate below a root: in the library, beside the two signatures that have
//! to be checked anyway and beside rustls-webpki, and as a whole process for each of many files, beside `openssl verify`.
//!
//! Every figure is the median of several runs, and what is compared runs in turn, so that other load meets all alike. Ratios,
//! not microseconds, are what to compare between machines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that prints figures"
)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kubepki::x509::issue::self_signed;
use kubepki::x509::path::{Conditions, Purpose, Validator};
use kubepki::x509::{
    Certificate, ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, SubjectAltName,
    Usages, chain, rustls,
};
use time::macros::datetime;

/// How many certificates a whole process verifies.
const FILES: u32 = 2000;

fn main() {
    // `cargo test --benches` and `cargo clippy` only want to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    println!(
        "medians, for one leaf with its intermediate and root; the first two ratios are to the signatures, the others to the left\n"
    );
    println!(
        "{:<12} {:>11} {:>17} {:>17} {:>17}   {:>13} {:>13} {:>7}",
        "",
        "signatures",
        "ours",
        "ours, from DER",
        "webpki, from DER",
        "openssl, file",
        "ours, file",
        "ratio"
    );
    for (name, algorithm) in [("ECDSA-P256", KeyAlgorithm::EcdsaP256), ("RSA-2048", KeyAlgorithm::Rsa2048)] {
        line(name, &path(algorithm));
    }
    println!(
        "\n`signatures` are two signatures checked, and nothing else. `ours` is the validator with certificates that are read;\n\
         `from DER` both read them too. A file is one of {FILES} that one process verifies, its start left out; ours asks\n\
         rustls too, so it checks every signature twice."
    );
}

fn line(name: &str, path: &[Certificate; 3]) {
    let [root, intermediate, leaf] = path;
    let mut conditions = Conditions::at(datetime!(2027-06-01 0:00 UTC));
    conditions.purpose = Purpose::Server;
    conditions.names = vec!["leaf.example.com".parse().unwrap()];
    let [signatures, ours, from_der, webpki] = in_turn(
        15,
        [
            &mut many(|| {
                chain::signed_by(black_box(leaf), intermediate).unwrap();
                chain::signed_by(black_box(intermediate), root).unwrap();
            }),
            &mut many(|| {
                let verdict = Validator::new(&[root], &[intermediate]).validate(black_box(leaf), &conditions);
                assert!(verdict.is_valid());
            }),
            &mut many(|| {
                let read = |certificate: &Certificate| {
                    Certificate::from_der(black_box(certificate.as_der())).unwrap()
                };
                let (root, intermediate, leaf) = (read(root), read(intermediate), read(leaf));
                assert!(Validator::new(&[&root], &[&intermediate]).validate(&leaf, &conditions).is_valid());
            }),
            &mut many(|| rustls::opinion(black_box(leaf), &[root], &[intermediate], &conditions).unwrap()),
        ],
    )
    .map(|time| time / MANY);
    let home = scratch(name);
    let [ca, untrusted, leaf] = write(&home, path);
    let openssl = ["openssl", "verify", "-CAfile", &ca, "-untrusted", &untrusted, "-purpose", "sslserver"];
    let kubepki = env!("CARGO_BIN_EXE_kubepki");
    let kubepki = [kubepki, "verify", "--ca", &ca, "--untrusted", &untrusted, "--purpose", "server"];
    let run = |command: &[&str], count: u32| {
        let mut process = Command::new(command[0]);
        process.args(&command[1..]).args((0..count).map(|_| leaf.as_str())).stdout(Stdio::null());
        assert!(process.status().expect("openssl: tests/peers.sh installs it").success());
    };
    let [one, many, ours_one, ours_many] = in_turn(
        7,
        [&mut || run(&openssl, 1), &mut || run(&openssl, FILES + 1), &mut || run(&kubepki, 1), &mut || {
            run(&kubepki, FILES + 1);
        }],
    );
    let openssl = many.saturating_sub(one) / FILES;
    let process = ours_many.saturating_sub(ours_one) / FILES;
    fs::remove_dir_all(home).unwrap();
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    println!(
        "{name:<12} {:>11} {:>9} {:>6.2}x {:>9} {:>6.2}x {:>9} {:>6.2}x   {:>13} {:>13} {:>6.2}x",
        micros(signatures),
        micros(ours),
        ratio(ours, signatures),
        micros(from_der),
        ratio(from_der, signatures),
        micros(webpki),
        ratio(webpki, from_der),
        micros(openssl),
        micros(process),
        ratio(process, openssl),
    );
}

/// A root, an intermediate and a leaf with keys of one kind.
fn path(algorithm: KeyAlgorithm) -> [Certificate; 3] {
    let profile = |name: &str, ca: bool| Profile {
        subject: Name::new(name, &[]).unwrap(),
        subject_alt_names: if ca {
            Vec::new()
        } else {
            vec![SubjectAltName::Dns(format!("{name}.example.com"))]
        },
        usages: Usages {
            key: vec![if ca { KeyUsage::CertSign } else { KeyUsage::DigitalSignature }],
            extended: if ca { Vec::new() } else { vec![ExtendedKeyUsage::ServerAuth] },
        },
        ca,
        path_length: None,
        name_constraints: None,
        not_before: datetime!(2026-11-22 0:00 UTC),
        not_after: datetime!(2036-11-22 0:00 UTC),
    };
    let keys = [(); 3].map(|()| PrivateKey::generate(algorithm).unwrap());
    let root = self_signed(&profile("root", true), &keys[0]).unwrap();
    let issuer = Issuer::new(&root, &keys[0]).unwrap();
    let intermediate = issuer.issue(&profile("intermediate", true), keys[1].public_key()).unwrap();
    let issuer = Issuer::new(&intermediate, &keys[1]).unwrap();
    let leaf = issuer.issue(&profile("leaf", false), keys[2].public_key()).unwrap();
    [root, intermediate, leaf]
}

fn write(home: &Path, path: &[Certificate; 3]) -> [String; 3] {
    let mut names = ["root.crt", "intermediate.crt", "leaf.crt"].into_iter();
    path.each_ref().map(|certificate| {
        let file = home.join(names.next().unwrap());
        fs::write(&file, certificate.to_pem().unwrap()).unwrap();
        file.to_str().unwrap().to_owned()
    })
}

/// How often what is fast is done to be timed.
const MANY: u32 = 200;

fn many(mut run: impl FnMut()) -> impl FnMut() {
    move || (0..MANY).for_each(|_| run())
}

/// The median time of each of several things, done in turn.
fn in_turn<const N: usize>(rounds: usize, mut things: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (thing, times) in things.iter_mut().zip(&mut times) {
            let started = Instant::now();
            thing();
            // The first warms up.
            if round > 0 {
                times.push(started.elapsed());
            }
        }
    }
    times.map(|mut times: Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    })
}

fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("verify-{name}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn micros(duration: Duration) -> String {
    format!("{:.1} µs", duration.as_secs_f64() * 1_000_000.0)
}
