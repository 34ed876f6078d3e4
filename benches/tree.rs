//! How long it takes to make a tree, as a whole process, beside what OpenSSL says the same primitives cost.
//!
//! Every figure is the median of several runs in directories that do not exist yet; everything is synced to the disk that
//! holds the build directory. Ratios, not seconds, are what to compare between machines.

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

use kubepki::x509::{KeyAlgorithm, PrivateKey};
use rayon::prelude::*;

/// How a tree is made: its name, its spec, how many keys it needs and how many certificates, and how often it is made.
struct Case {
    name: &'static str,
    spec: String,
    algorithm: KeyAlgorithm,
    keys: u32,
    signatures: u32,
    runs: usize,
}

fn main() {
    // `cargo test --benches` and `cargo clippy` only want to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let single = |algorithm: &str| {
        format!(
            "apiVersion: kubepki/v1\nkind: Cluster\nencryptionAlgorithm: {algorithm}\nnodes:\n\
             - {{name: cp1, roles: [control-plane], addresses: [192.0.2.10]}}\n"
        )
    };
    let cases = [
        Case {
            name: "one control plane, ECDSA-P256",
            spec: single("ECDSA-P256"),
            algorithm: KeyAlgorithm::EcdsaP256,
            keys: 16,
            signatures: 15,
            runs: 31,
        },
        Case {
            name: "one control plane, RSA-2048",
            spec: single("RSA-2048"),
            algorithm: KeyAlgorithm::Rsa2048,
            keys: 16,
            signatures: 15,
            runs: 15,
        },
        Case {
            name: "3 control planes, 1,000 workers, ECDSA-P256",
            spec: fleet(),
            algorithm: KeyAlgorithm::EcdsaP256,
            keys: 4 + 3 * 11 + 1 + 1000,
            signatures: 3 + 3 * 11 + 1 + 1000,
            runs: 7,
        },
    ];
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{cores} cores; medians; every tree is durable when the process ends\n");
    println!("{:<46} {:>9} {:>9} {:>9} {:>12} {:>7}", "", "wall", "again", "peak", "primitives", "ratio");
    let signs = openssl_signs_per_second();
    for case in &cases {
        let home = scratch(case.name);
        let spec = home.join("cluster.yaml");
        fs::write(&spec, &case.spec).unwrap();
        // Each tree in a directory of its own, and all removed at the end: for some seconds ext4 avoids the inodes of files
        // that were just removed, and looks for others at every file that is made.
        let mut trees = (0..).map(|number| home.join(format!("out{number}")));
        let mut next = || trees.next().unwrap();
        let wall = median(case.runs, || apply(&spec, &next()));
        let made = next();
        apply(&spec, &made);
        let again = median(case.runs, || apply(&spec, &made));
        let peak = peak(&spec, &next());
        let (primitives, what) = primitives(case, signs);
        let ratio = wall.as_secs_f64() / primitives.as_secs_f64();
        println!(
            "{:<46} {:>9} {:>9} {:>9} {:>12} {ratio:>6.2}x  {what}",
            case.name,
            milliseconds(wall),
            milliseconds(again),
            peak,
            milliseconds(primitives),
        );
        fs::remove_dir_all(home).unwrap();
    }
    println!(
        "\n`again` is a second run, which finds nothing to do. `primitives` is what the keys and signatures of the tree \
         cost:\nfor ECDSA as many signatures as `openssl speed ecdsap256` makes in one second on one core, a key counted \
         as one;\nfor RSA the same keys made by the library alone on all cores."
    );
    println!("openssl genrsa 2048, one key, whole process: {}", milliseconds(openssl_genrsa()));
}

fn fleet() -> String {
    let mut spec = String::from(
        "apiVersion: kubepki/v1\nkind: Cluster\ncontrolPlaneEndpoint: api.example.com:6443\nnodes:\n",
    );
    for number in 1..=3 {
        spec += &format!("- {{name: cp{number}, roles: [control-plane], addresses: [192.0.2.{number}]}}\n");
    }
    for number in 0..1000 {
        let (high, low) = (number / 250, number % 250 + 1);
        spec += &format!("- {{name: worker{number}, roles: [worker], addresses: [198.18.{high}.{low}]}}\n");
    }
    spec
}

/// What the keys and signatures of a case cost by themselves, and how that was found.
fn primitives(case: &Case, signs_per_second: f64) -> (Duration, &'static str) {
    if case.algorithm.is_slow() {
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let started = Instant::now();
                let keys = (0..case.keys).into_par_iter().with_max_len(1);
                keys.for_each(|_| drop(PrivateKey::generate(case.algorithm).unwrap()));
                started.elapsed()
            })
            .collect();
        times.sort();
        (times[times.len() / 2], "keys on all cores")
    } else {
        let operations = f64::from(case.keys + case.signatures);
        (Duration::from_secs_f64(operations / signs_per_second), "openssl speed, one core")
    }
}

fn apply(spec: &Path, out: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_kubepki"))
        .args(["apply", "-f"])
        .arg(spec)
        .arg("-d")
        .arg(out)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

/// The largest resident set of a run, by GNU time.
fn peak(spec: &Path, out: &Path) -> String {
    let mut command = Command::new("/usr/bin/time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_kubepki"), "apply", "-f"]).arg(spec).arg("-d").arg(out);
    let output = command.stdout(Stdio::null()).output().expect("GNU time: tests/peers.sh installs it");
    let kibibytes: f64 = String::from_utf8(output.stderr).unwrap().trim().parse().unwrap();
    format!("{:.1} MiB", kibibytes / 1024.0)
}

/// What `openssl speed` says of signatures with P-256 on one core.
fn openssl_signs_per_second() -> f64 {
    let output = Command::new("openssl").args(["speed", "-seconds", "1", "-mr", "ecdsap256"]).output();
    let text = String::from_utf8(output.expect("openssl: tests/peers.sh installs it").stdout).unwrap();
    // +F4:number:bits:signatures a second:verifications a second; OpenSSL 1.1 had the seconds of one instead.
    let line = text.lines().find(|line| line.starts_with("+F4:")).unwrap();
    let figure = line.split(':').nth(3).unwrap().parse::<f64>().unwrap();
    if figure < 1.0 { 1.0 / figure } else { figure }
}

fn openssl_genrsa() -> Duration {
    median(9, || {
        let mut command = Command::new("openssl");
        command.args(["genrsa", "2048"]).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success());
    })
}

fn median(runs: usize, mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..=runs)
        .map(|_| {
            let started = Instant::now();
            run();
            started.elapsed()
        })
        // The first warms up.
        .skip(1)
        .collect();
    times.sort();
    times[times.len() / 2]
}

fn scratch(name: &str) -> PathBuf {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}
