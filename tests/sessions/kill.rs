//! Killed at any moment, the next run finishes the work.
//!
//! strace kills the process at the n-th call of each system call that changes anything or makes it durable, for every n
//! that there is: no clock, no luck. After each the tree is looked at, then `apply` is run again, and the tree must be whole.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::disk::strace;
use crate::testbed::{Ran, SINGLE, Snapshot, Testbed};

/// Every system call by which the program changes a directory. A file is created right before its mode is set, so that the
/// moment after `openat` is the one before `fchmod`.
const CALLS: [&str; 9] =
    ["mkdir", "chmod", "fchmod", "write", "fsync", "linkat", "rename", "unlink", "ftruncate"];

/// No call is made more often than this.
const LIMIT: usize = 500;

const APPLY: [&str; 6] = ["apply", "--yes", "-f", "cluster.yaml", "-d", "out"];

/// Runs `apply` in a fresh testbed once for every moment to be killed at, and hands over what is left each time.
fn at_every_moment(bed: impl Fn() -> Testbed, mut look: impl FnMut(&Testbed, &str)) {
    for call in CALLS {
        for count in 1.. {
            assert!(count < LIMIT, "{call} never comes to an end");
            let bed = bed();
            let injection = format!("inject={call}:signal=KILL:when={count}");
            let ran: Ran = strace(&bed, &["-e", &injection], &APPLY).anyhow();
            if ran.code == Some(0) {
                break;
            }
            assert_eq!(ran.code, None, "killed, and not failed: {}", ran.stderr);
            let moment = format!("{call} {count}");
            look(&bed, &moment);
            bed.run(&APPLY).success();
            assert_whole(&bed, &moment);
        }
    }
}

#[track_caller]
fn assert_whole(bed: &Testbed, moment: &str) {
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    bed.assert_pairs_match("out");
    for path in bed.snapshot("out").into_keys() {
        let name = path.display().to_string();
        assert!(!name.ends_with(".kubepki-new") && !name.ends_with("journal"), "{moment}: {name} is left");
    }
}

/// The files of the tree, temporary ones left out.
fn files(snapshot: &Snapshot) -> BTreeMap<PathBuf, Vec<u8>> {
    let temporary = |path: &PathBuf| path.to_string_lossy().ends_with(".kubepki-new");
    let all = snapshot.iter().filter(|(path, _)| !path.starts_with(".kubepki") && !temporary(path));
    all.map(|(path, (_, _, bytes))| (path.clone(), bytes.clone()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

/// A fresh tree: until the decision nothing of it is there.
#[test]
fn a_new_tree_is_finished_by_the_next_run() {
    let (mut before, mut between, mut after) = (0, 0, 0);
    at_every_moment(
        || Testbed::with(SINGLE),
        |bed, moment| {
            let files = if bed.path("out").exists() { files(&bed.snapshot("out")).len() } else { 0 };
            if bed.path("out/.kubepki/journal").exists() {
                between += 1;
            } else if files == 0 {
                before += 1;
            } else {
                assert_eq!(files, 27, "{moment}: all or nothing");
                after += 1;
            }
        },
    );
    assert!(before >= 20 && between >= 27 && after >= 1, "{before} {between} {after}");
}

/// Pairs and kubeconfigs replaced: until the decision everything is as it was, and after it the next run puts all in place.
#[test]
fn replaced_pairs_are_never_left_apart() {
    let original = Testbed::applied(SINGLE);
    let spec =
        format!("{SINGLE}apiServer: {{certSANs: [new.example.com]}}\nencryptionAlgorithm: ECDSA-P384\n");
    let old = files(&original.snapshot("out"));
    let (mut undone, mut decided, mut done) = (0, 0, 0);
    at_every_moment(
        || {
            let bed = Testbed::with(&spec);
            bed.shell(&format!("cp -a {} .", original.path("out").display())).success();
            bed
        },
        |bed, moment| {
            let now = files(&bed.snapshot("out"));
            if bed.path("out/.kubepki/journal").exists() {
                decided += 1;
                // What plan shows is already what the next run begins with.
                let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
                ran.out("Plan: 16 to keep");
                bed.run(&APPLY).success().out("16 kept");
            } else if now == old {
                undone += 1;
                bed.run(&APPLY).success().out("12 rekeyed");
            } else {
                done += 1;
                assert_whole(bed, moment);
            }
        },
    );
    assert!(undone >= 20 && decided >= 19 && done >= 1, "{undone} {decided} {done}");
}
