//! Whatever stands in a file's place, the audit says so of that file and goes on, in bounded time and memory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

use crate::rules::{audit, findings};
use crate::testbed::{SINGLE, Testbed, peer};

type Make = fn(&Testbed, &str);

/// What may stand in the place of a file, and what is said of it.
const THINGS: [(&str, Make); 16] = [
    ("nothing in it", |bed, path| drop(bed.write(path, ""))),
    ("a truncated block", |bed, path| {
        let text = bed.read("out/pki/ca.crt");
        bed.write(path, &text[..text.len() / 2]);
    }),
    ("a block that does not decode", |bed, path| {
        bed.write(path, "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
    }),
    ("a block that is no certificate", |bed, path| {
        bed.write(path, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    }),
    ("binary", |bed, path| drop(bed.write(path, [0xff, 0xfe, 0x00, 0x80].repeat(1000)))),
    ("100 MiB", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        File::create(bed.path(path)).unwrap().set_len(100 << 20).unwrap();
    }),
    ("a pipe", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        bed.peer("mkfifo", &[path]).success();
    }),
    ("a socket", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        // The path of a socket is short: it is made elsewhere and moved.
        let short = bed.path("s");
        drop(UnixListener::bind(&short).unwrap());
        fs::rename(short, bed.path(path)).unwrap();
    }),
    ("a device behind a link", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        symlink("/dev/zero", bed.path(path)).unwrap();
    }),
    ("a link to itself", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        symlink(bed.path(path), bed.path(path)).unwrap();
    }),
    ("a link to nothing", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        symlink("nowhere", bed.path(path)).unwrap();
    }),
    ("a directory", |bed, path| {
        fs::remove_file(bed.path(path)).ok();
        fs::create_dir(bed.path(path)).unwrap();
    }),
    ("aliases of aliases", |bed, path| {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..40 {
            let before = level - 1;
            text += &format!(
                "a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}, *a{before}]\n"
            );
        }
        bed.write(path, text);
    }),
    ("lists in lists", |bed, path| {
        drop(bed.write(path, format!("contexts: {}{}", "[".repeat(100_000), "]".repeat(100_000))));
    }),
    ("a million blocks that begin", |bed, path| {
        drop(bed.write(path, "-----BEGIN CERTIFICATE-----\n".repeat(100_000)));
    }),
    ("one line of three megabytes", |bed, path| drop(bed.write(path, "A".repeat(3 << 20)))),
];

#[test]
fn whatever_stands_in_a_files_place_is_a_finding_about_that_file() {
    for (what, make) in THINGS {
        for file in ["pki/apiserver.crt", "pki/etcd/peer.key", "admin.conf", "pki/sa.pub", "pki/ca.crt"] {
            let bed = Testbed::applied(SINGLE);
            let path = format!("out/{file}");
            make(&bed, &path);
            let started = Instant::now();
            for arguments in [&["-d", "out", "-f", "cluster.yaml"][..], &["-d", "out"]] {
                let report = audit(&bed, arguments);
                let about: Vec<&str> = findings(&report)
                    .filter(|finding| finding["path"] == file)
                    .map(|finding| finding["rule"].as_str().unwrap())
                    .collect();
                assert!(!about.is_empty(), "{what} in {file}: nothing is said\n{report:#}");
                // The rest is looked at all the same.
                let others = report["summary"]["certificates"].as_u64().unwrap();
                assert!(others >= 12, "{what} in {file}: only {others} certificates were looked at");
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{what} in {file}");
        }
    }
}

#[test]
fn the_same_beside_the_credentials_stops_nothing() {
    let bed = Testbed::applied(SINGLE);
    for (index, (_, make)) in THINGS.iter().enumerate() {
        make(&bed, &format!("out/pki/thing{index}.crt"));
    }
    let name = OsStr::from_bytes(b"not \xff utf-8 \x1b[31m.crt");
    fs::copy(bed.path("out/pki/apiserver.crt"), bed.path("out/pki").join(name)).unwrap();
    let started = Instant::now();
    let report = audit(&bed, &["-d", "out"]);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(report["summary"]["certificates"], 15);
    let table = bed.run(&["audit", "-d", "out"]).anyhow().stdout;
    assert!(!table.contains('\u{1b}'), "no control character reaches the terminal: {table}");
    // Without the bytes of a gigabyte in memory.
    let mut command = peer("time");
    command.args(["-f", "%M", env!("CARGO_BIN_EXE_kubepki"), "audit", "-d", "out"]).current_dir(bed.path(""));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let kibibytes: u64 = text.lines().last().unwrap().trim().parse().expect(&text);
    assert!(kibibytes < 200 << 10, "{kibibytes} KiB");
}

/// What a certificate authority of others may have signed: as many names as fit.
#[test]
fn a_certificate_of_many_names_and_a_long_key_are_read() {
    let bed = Testbed::applied(SINGLE);
    let names: Vec<String> = (0..100_000).map(|number| format!("DNS:host-{number}.example.com")).collect();
    bed.write("extensions", format!("[v3]\nsubjectAltName={}\n", names.join(",")));
    bed.shell(
        "openssl req -new -key out/pki/apiserver.key -subj /CN=kube-apiserver -out request &&
         openssl x509 -req -in request -extfile extensions -extensions v3 -days 30 \
           -CA out/pki/ca.crt -CAkey out/pki/ca.key -out out/pki/apiserver.crt",
    )
    .success();
    let started = Instant::now();
    let report = audit(&bed, &["-d", "out"]);
    assert!(findings(&report).any(|finding| finding["path"] == "pki/apiserver.crt"));
    bed.run(&["audit", "-d", "out"]).anyhow();
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn an_audit_needs_no_right_to_write_and_leaves_no_trace() {
    let bed = Testbed::applied(SINGLE);
    fs::remove_dir_all(bed.path("out/.kubepki")).unwrap();
    let before = bed.snapshot("out");
    for verb in ["audit", "adopt", "expiry"] {
        bed.run(&[verb, "-d", "out"]).success();
    }
    assert_eq!(bed.snapshot("out"), before);
}
