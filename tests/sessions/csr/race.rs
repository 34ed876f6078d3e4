//! Several at once: no write is lost, and nothing is signed twice.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use kubepki::csr::object::Object;

use super::office;
use crate::testbed::Testbed;

/// A loop that watches, ended with the test.
struct Watcher(Child);

impl Watcher {
    fn of(bed: &Testbed, arguments: &[&str]) -> Self {
        let mut command = bed.command(&[&["csr", "run", "-d", "out"], arguments].concat());
        Self(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what} never happens");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_loops_and_a_person_on_one_store() {
    let bed = office();
    let _loops = [Watcher::of(&bed, &[]), Watcher::of(&bed, &[])];
    let names: Vec<String> = (0..12).map(|number| format!("r{number}")).collect();
    std::thread::scope(|scope| {
        for half in names.chunks(6) {
            let bed = &bed;
            scope.spawn(move || {
                for name in half {
                    bed.submitted(name, &[]);
                    bed.csr(&["approve", name]).success();
                }
            });
        }
    });
    for name in &names {
        until(name, || bed.state(name) == "Approved,Issued");
    }
    let mut serials: Vec<String> = names.iter().map(|name| bed.serial(name).unwrap()).collect();
    let mut ledger = bed.ledger();
    serials.sort();
    ledger.sort();
    assert_eq!(serials, ledger, "one certificate for each request, and no number that is nobody's");
}

/// Two processes that write to the same objects: what both have written is there.
#[test]
fn processes_do_not_lose_each_others_writes() {
    let bed = office();
    let names: Vec<String> = (0..8).map(|number| format!("r{number}")).collect();
    for name in &names {
        bed.submitted(name, &[]);
    }
    std::thread::scope(|scope| {
        let bed = &bed;
        let names = &names;
        scope.spawn(move || names.iter().for_each(|name| drop(bed.csr(&["approve", name]).success())));
        scope.spawn(move || {
            names.iter().rev().for_each(|name| drop(bed.csr(&["approve", name, "--force"]).success()));
        });
        scope.spawn(move || {
            for _ in 0..4 {
                bed.csr(&["run", "--once"]).anyhow();
            }
        });
    });
    bed.csr(&["run", "--once"]).success();
    for name in &names {
        let object = bed.stored(name);
        assert_eq!(object.conditions().len(), 1, "{name}");
        assert_eq!(object.state(), "Approved,Issued");
    }
    assert_eq!(bed.ledger().len(), names.len());
}

/// The loop sees what appears, half of it first, what is edited by hand, what vanishes and what comes twice, and goes on.
#[test]
fn the_loop_survives_what_people_do() {
    let bed = office();
    bed.submitted("first", &[]);
    let mut watcher = Watcher::of(&bed, &["--policy", "policy.yaml"]);
    until("the loop refuses a policy that is not there", || watcher.0.try_wait().unwrap().is_some());
    bed.write(
        "policy.yaml",
        "apiVersion: kubepki/v1\nkind: Policy\nrules:\n- {name: yes, decision: approve, signers: [kubernetes.io/*], commonNames: [good*]}\n",
    );
    bed.shell("sed -i 's/name: yes/name: good ones/' policy.yaml").success();
    let mut watcher = Watcher::of(&bed, &["--policy", "policy.yaml"]);
    let manifest = |name: &str| bed.csr(&["new", name, "--cn", name]).success().stdout;
    let good = manifest("good-1");
    // Half of it, then all.
    bed.write("out/csr/good-1.yaml", &good[..good.len() / 2]);
    std::thread::sleep(Duration::from_millis(300));
    bed.write("out/csr/good-1.yaml", &good);
    until("half a file", || {
        bed.path("out/csr/good-1.yaml").exists() && bed.read("out/csr/good-1.yaml").contains("certificate:")
    });
    // Rubbish, a copy, a file that vanishes, a directory, a pipe.
    bed.write("out/csr/rubbish.yaml", "a: [");
    bed.copy("out/csr/good-1.yaml", "out/csr/copy.yaml");
    fs::create_dir(bed.path("out/csr/folder.yaml")).unwrap();
    bed.peer("mkfifo", &["out/csr/pipe.yaml"]).success();
    bed.write("out/csr/gone.yaml", manifest("gone"));
    fs::remove_file(bed.path("out/csr/gone.yaml")).unwrap();
    // Approved by hand, in a file.
    let text = bed.read("out/csr/first.yaml");
    bed.write(
        "out/csr/first.yaml",
        text.replace("status: {}", "status:\n  conditions:\n  - {type: Approved, status: \"True\"}"),
    );
    until("approval by hand", || bed.read("out/csr/first.yaml").contains("certificate:"));
    // Another CA, a bad one, and a good one again.
    bed.shell("cp out/pki/ca.key ca.key; echo rubbish > out/pki/ca.key").success();
    std::thread::sleep(Duration::from_secs(6));
    bed.write("out/csr/good-2.yaml", manifest("good-2"));
    until("approved without a CA", || bed.read("out/csr/good-2.yaml").contains("Approved"));
    assert!(!bed.read("out/csr/good-2.yaml").contains("certificate:"));
    bed.shell("cp ca.key out/pki/ca.key").success();
    until("the CA is back", || bed.read("out/csr/good-2.yaml").contains("certificate:"));
    // One line for each decision, when it is on the disk, and one for each trouble.
    std::thread::sleep(Duration::from_secs(1));
    watcher.0.kill().unwrap();
    let lines = |stream: Box<dyn std::io::Read>| {
        BufReader::new(stream).lines().map(Result::unwrap).collect::<Vec<_>>()
    };
    let told = lines(Box::new(watcher.0.stdout.take().unwrap()));
    let troubles = lines(Box::new(watcher.0.stderr.take().unwrap()));
    let count = |lines: &[String], words: &str| lines.iter().filter(|line| line.contains(words)).count();
    for words in [
        "good-1 admitted: asked for by system:anonymous",
        "good-1 approved by good ones: Decided by good ones.",
        "good-1 signed by",
        "first signed by",
        "good-2 approved by",
        "good-2 signed by",
    ] {
        assert_eq!(count(&told, words), 1, "{words}: {told:#?}");
    }
    for words in [
        "rubbish.yaml does not parse",
        "copy.yaml names the request `good-1` as `good-1.yaml` does, which counts",
        "folder.yaml is a directory",
        "pipe.yaml is a pipe",
        "CA ca does not sign: out/pki/ca.key: ",
        "good-2 waits: the CA `ca` is not at hand: out/pki/ca.key",
    ] {
        assert_eq!(count(&troubles, words), 1, "{words}: {troubles:#?}");
    }
    assert_eq!(
        count(&troubles, "good-1.yaml does not parse"),
        0,
        "nobody is told of half a file: {troubles:#?}"
    );
    assert_eq!(bed.ledger().len(), 3);
}
