//! How long an audit takes, as a whole process, beside `openssl verify` on the same files in the same run.
//!
//! Ratios, not seconds, are what to compare between machines.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program that prints figures"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kubepki::x509::{
    ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, SubjectAltName, Usages,
    issue,
};
use rayon::prelude::*;
use time::OffsetDateTime;

/// How many certificates lie in the flat directory.
const FLAT: usize = 10_000;
/// How many workers the fleet has, beside three control planes.
const WORKERS: usize = 1_000;
/// How often each is measured; the median counts.
const RUNS: usize = 5;

fn main() {
    // `cargo test --benches` and `cargo clippy` only want to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit");
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores; medians of {RUNS} runs of whole processes\n");
    println!(
        "{:<44} {:>9} {:>16} {:>9} {:>12} {:>7}",
        "", "wall", "per certificate", "peak", "openssl", "ratio"
    );

    let flat = flat(&home);
    row("a flat directory of 10,000 certificates", &flat, FLAT, || openssl(&flat));

    let fleet = fleet(&home);
    let nodes = WORKERS + 3;
    // What openssl can verify of it: the clients' certificates are inside kubeconfigs.
    row("a fleet of 3 control planes, 1,000 workers", &fleet, nodes + 3 * 12, || Duration::ZERO);
    println!(
        "\n`openssl` is `openssl verify` for the same files in one process; it looks at chains and nothing else. The ratio is \
         of the times."
    );
    fs::remove_dir_all(home).unwrap();
}

fn row(name: &str, directory: &Path, certificates: usize, peer: impl Fn() -> Duration) {
    let mut times: Vec<Duration> = (0..RUNS).map(|_| audit(directory).0).collect();
    times.sort();
    let wall = times[RUNS / 2];
    let mut peers: Vec<Duration> = (0..RUNS).map(|_| peer()).collect();
    peers.sort();
    let peer = peers[RUNS / 2];
    let each = wall.as_secs_f64() * 1e6 / f64::from(u32::try_from(certificates).unwrap());
    let (theirs, ratio) = if peer.is_zero() {
        ("-".to_owned(), "-".to_owned())
    } else {
        let ratio = wall.as_secs_f64() / peer.as_secs_f64();
        (format!("{:.1} ms", peer.as_secs_f64() * 1e3), format!("{ratio:.2}x"))
    };
    println!(
        "{name:<44} {:>9} {:>16} {:>9} {theirs:>12} {ratio:>7}",
        format!("{:.1} ms", wall.as_secs_f64() * 1e3),
        format!("{each:.1} us"),
        audit(directory).1
    );
}

/// An audit's time, and the largest resident set of another by GNU time.
fn audit(directory: &Path) -> (Duration, String) {
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_kubepki"), "audit", "-o", "json", "-d"]).arg(directory);
    let started = Instant::now();
    let output = command.stdout(Stdio::null()).output().expect("GNU time: tests/peers.sh installs it");
    let elapsed = started.elapsed();
    let text = String::from_utf8(output.stderr).unwrap();
    let kibibytes: f64 = text.lines().last().unwrap().trim().parse().expect(&text);
    (elapsed, format!("{:.1} MiB", kibibytes / 1024.0))
}

fn openssl(directory: &Path) -> Duration {
    let files = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let leaves: Vec<PathBuf> = files.filter(|path| !path.ends_with("ca.crt")).collect();
    let started = Instant::now();
    let mut command = Command::new("openssl");
    command.arg("verify").arg("-CAfile").arg(directory.join("ca.crt")).args(&leaves);
    let status = command.stdout(Stdio::null()).status().expect("openssl: tests/peers.sh installs it");
    assert!(status.success());
    started.elapsed()
}

/// One CA and ten thousand servers' certificates that it has signed.
fn flat(home: &Path) -> PathBuf {
    let directory = home.join("flat");
    fs::create_dir_all(&directory).unwrap();
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let profile = |name: &str, ca: bool| Profile {
        subject: Name::new(name, &[]).unwrap(),
        subject_alt_names: vec![SubjectAltName::Dns(name.to_owned())],
        usages: if ca {
            let key = vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment, KeyUsage::CertSign];
            Usages { key, extended: Vec::new() }
        } else {
            Usages { key: vec![KeyUsage::DigitalSignature], extended: vec![ExtendedKeyUsage::ServerAuth] }
        },
        ca,
        path_length: None,
        name_constraints: None,
        not_before: now - time::Duration::minutes(5),
        not_after: now + time::Duration::days(if ca { 3650 } else { 365 }),
    };
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let ca = issue::self_signed(&profile("benchmark-ca", true), &key).unwrap();
    fs::write(directory.join("ca.crt"), ca.to_pem().unwrap()).unwrap();
    let issuer = Issuer::new(&ca, &key).unwrap();
    (1..FLAT).into_par_iter().for_each(|number| {
        let name = format!("server-{number}.example.com");
        let own = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let signed = issuer.issue(&profile(&name, false), own.public_key()).unwrap();
        fs::write(directory.join(format!("{name}.crt")), signed.to_pem().unwrap()).unwrap();
    });
    directory
}

fn fleet(home: &Path) -> PathBuf {
    let mut spec = String::from(
        "apiVersion: kubepki/v1\nkind: Cluster\ncontrolPlaneEndpoint: api.example.com:6443\nnodes:\n",
    );
    for number in 1..=3 {
        spec += &format!("- {{name: cp{number}, roles: [control-plane], addresses: [192.0.2.{number}]}}\n");
    }
    for number in 0..WORKERS {
        let (high, low) = (number / 250, number % 250 + 1);
        spec += &format!("- {{name: worker{number}, roles: [worker], addresses: [198.18.{high}.{low}]}}\n");
    }
    let (file, directory) = (home.join("cluster.yaml"), home.join("fleet"));
    fs::write(&file, spec).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubepki"));
    command.arg("apply").arg("-f").arg(&file).arg("-d").arg(&directory).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
    directory
}
