//! Killed at any moment, a request has no certificate or exactly one, and the ledger knows every number.

use std::fs;

use super::office;
use crate::disk::strace;
use crate::testbed::Testbed;

/// Every system call by which the loop changes something or makes it durable. A file is made right before its mode is set.
const CALLS: [&str; 10] =
    ["mkdir", "fchmod", "write", "pwrite64", "fsync", "fdatasync", "rename", "unlink", "ftruncate", "flock"];

const LIMIT: usize = 200;

/// A store with three requests: one that is approved and one that was only put there, and is approved by a policy.
fn prepared() -> Testbed {
    let bed = office();
    bed.submitted("one", &[]);
    bed.submitted("two", &[]);
    bed.csr(&["approve", "one", "two"]).success();
    let manifest = bed.csr(&["new", "three", "--cn", "three"]).success().stdout;
    bed.write("out/csr/three.yaml", manifest);
    bed.write(
        "policy.yaml",
        "apiVersion: kubepki/v1\nkind: Policy\nrules:\n- {decision: approve, signers: [kubernetes.io/*]}\n",
    );
    bed
}

const RUN: [&str; 7] = ["csr", "run", "--once", "-d", "out", "--policy", "policy.yaml"];

fn names() -> [&'static str; 3] {
    ["one", "two", "three"]
}

#[test]
fn after_sigkill_at_every_system_call_the_next_run_leaves_exactly_one_certificate() {
    let original = prepared();
    let (mut moments, mut orphans) = (0, 0);
    for call in CALLS {
        for count in 1.. {
            assert!(count < LIMIT, "{call} never comes to an end");
            let bed = Testbed::new();
            bed.shell(&format!("cp -a {}/. .", original.path("").display())).success();
            let ran =
                strace(&bed, &["-e", &format!("inject={call}:signal=KILL:when={count}")], &RUN).anyhow();
            if ran.code == Some(0) {
                break;
            }
            assert_eq!(ran.code, None, "{call} {count}: killed, and not failed: {}", ran.stderr);
            moments += 1;
            let moment = format!("{call} {count}");
            // What is on the disk now is what anybody may have seen.
            let seen: Vec<Option<String>> = names().map(|name| bed.serial(name)).into();
            let text = fs::read_to_string(bed.path("out/.kubepki/ledger")).unwrap_or_default();
            let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
            for serial in seen.iter().flatten() {
                assert!(
                    whole.contains(&format!("\"serial\":\"{serial}\"")),
                    "{moment}: {serial} is not in the ledger"
                );
            }
            let recorded = whole.lines().count();
            orphans += recorded - seen.iter().flatten().count().min(recorded);
            bed.run(&RUN).success();
            let after: Vec<String> = names().map(|name| bed.serial(name).unwrap()).into();
            for (before, after) in seen.iter().zip(&after) {
                assert!(
                    before.as_ref().is_none_or(|before| before == after),
                    "{moment}: a certificate was replaced"
                );
            }
            let mut ledger = bed.ledger();
            ledger.sort();
            let mut sorted = after.clone();
            sorted.sort();
            assert_eq!(ledger, sorted, "{moment}: one number for each request, and none that is nobody's");
            for name in fs::read_dir(bed.path("out/csr")).unwrap() {
                let name = name.unwrap().file_name().into_string().unwrap();
                assert!(!name.ends_with(".kubepki-new"), "{moment}: {name} is left");
            }
        }
    }
    assert!(moments >= 30, "{moments} moments");
    assert!(orphans >= 1, "no run was killed between ledger and object");
}

/// A ledger that knows a certificate and an object that does not: the very same one is put there.
#[test]
fn what_the_ledger_knows_is_not_signed_again() {
    let bed = office();
    bed.submitted("one", &[]);
    bed.csr(&["approve", "one"]).success();
    let before = bed.read("out/csr/one.yaml");
    bed.csr(&["run", "--once"]).success();
    let (serial, text) = (bed.serial("one"), bed.read("out/csr/one.yaml"));
    bed.write("out/csr/one.yaml", &before);
    bed.csr(&["run", "--once"]).success().out(&format!("serial {}", serial.clone().unwrap()));
    assert_eq!(bed.serial("one"), serial);
    assert_eq!(bed.ledger().len(), 1);
    let undated = |text: &str| {
        text.lines().filter(|line| !line.contains("resourceVersion")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(undated(&bed.read("out/csr/one.yaml")), undated(&text));
    // By hand it is the same, and a line that was cut is no line.
    bed.write("out/csr/one.yaml", &before);
    let ledger = bed.read("out/.kubepki/ledger");
    bed.write("out/.kubepki/ledger", ledger.clone() + &ledger[..100]);
    bed.csr(&["sign", "one"]).success();
    assert_eq!((bed.serial("one"), bed.read("out/.kubepki/ledger")), (serial, ledger.clone()));
    // A ledger that is none stops everything.
    bed.write("out/.kubepki/ledger", "hello\n".to_owned() + &ledger);
    bed.csr(&["run", "--once"])
        .failure()
        .err("ledger: line 1 is no entry of a ledger")
        .err("hint: nothing is signed");
}

#[test]
fn a_full_disk_is_survived() {
    for call in ["fdatasync:error=ENOSPC", "fsync:error=ENOSPC", "write:error=ENOSPC:when=1"] {
        let bed = office();
        bed.submitted("one", &[]);
        bed.csr(&["approve", "one"]).success();
        let ran = strace(&bed, &["-e", &format!("inject={call}")], &["csr", "run", "--once", "-d", "out"])
            .failure();
        ran.err("no space left on device");
        assert_eq!(bed.state("one"), "Approved");
        bed.csr(&["run", "--once"]).success();
        assert_eq!(bed.ledger(), [bed.serial("one").unwrap()], "{call}");
    }
}
