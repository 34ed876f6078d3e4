//! Files that are not what they seem, directories that others hold, disks that are full: a clear word, and nothing half
//! done.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::process::{Command, Stdio};

use crate::testbed::{Run, SINGLE, Testbed, changed, peer};

const PLAN: [&str; 6] = ["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"];
const APPLY: [&str; 6] = ["apply", "--yes", "-f", "cluster.yaml", "-d", "out"];

/// Runs kubepki under strace, which makes a system call fail or kills the process at it.
pub fn strace(bed: &Testbed, injection: &[&str], arguments: &[&str]) -> Run {
    let mut command = peer("strace");
    command.args(["-f", "-o", "trace"]).args(injection).arg(env!("CARGO_BIN_EXE_kubepki")).args(arguments);
    command.current_dir(bed.path("")).stdin(Stdio::null());
    Run::of(&mut command, &format!("strace {injection:?} kubepki {}", arguments.join(" ")))
}

#[test]
fn a_symlink_that_leads_out_is_not_followed() {
    let bed = Testbed::applied(SINGLE);
    bed.write("elsewhere/apiserver.key", bed.read("out/pki/apiserver.key"));
    fs::remove_file(bed.path("out/pki/apiserver.key")).unwrap();
    symlink(bed.path("elsewhere/apiserver.key"), bed.path("out/pki/apiserver.key")).unwrap();
    let outside = bed.snapshot("elsewhere");
    let ran = bed.run(&PLAN).attention();
    ran.out("! by hand apiserver ")
        .out("is a symlink that leads out of the directory, to ")
        .out("replace the link by the file");
    bed.run(&APPLY).attention();
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).attention();
    assert_eq!(bed.snapshot("elsewhere"), outside);

    // The same for a directory on the way, and for a link to nothing.
    let bed = Testbed::applied(SINGLE);
    fs::rename(bed.path("out/pki/etcd"), bed.path("etcd")).unwrap();
    symlink(bed.path("etcd"), bed.path("out/pki/etcd")).unwrap();
    let outside = bed.snapshot("etcd");
    bed.run(&APPLY).attention().out("! by hand etcd-ca ").out("leads out of the directory");
    assert_eq!(bed.snapshot("etcd"), outside);

    let bed = Testbed::with(SINGLE);
    fs::create_dir(bed.path("out")).unwrap();
    symlink("/nonexistent/admin.conf", bed.path("out/admin.conf")).unwrap();
    bed.run(&APPLY)
        .attention()
        .out("leads out of the directory, to /nonexistent/admin.conf")
        .out("15 created, 1 by hand");
    symlink("loop", bed.path("out/loop")).unwrap();
    fs::remove_file(bed.path("out/admin.conf")).unwrap();
    symlink("loop", bed.path("out/admin.conf")).unwrap();
    bed.run(&PLAN).attention().out("! by hand admin.conf ").out("too many levels of symbolic links");
}

/// kubespray keeps certificates in `ssl` and links `pki` to it.
#[test]
fn a_symlink_inside_is_followed_and_kept() {
    let bed = Testbed::with(SINGLE);
    fs::create_dir_all(bed.path("out/ssl")).unwrap();
    symlink("ssl", bed.path("out/pki")).unwrap();
    bed.run(&APPLY).success().out("16 created");
    assert!(bed.path("out/pki").is_symlink() && bed.path("out/ssl/apiserver.crt").is_file());
    bed.run(&PLAN).success();

    fs::rename(bed.path("out/ssl/apiserver.crt"), bed.path("out/ssl/apiserver-1.crt")).unwrap();
    symlink("apiserver-1.crt", bed.path("out/ssl/apiserver.crt")).unwrap();
    bed.run(&PLAN).success();
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(bed.path("out/ssl/apiserver.crt").is_symlink(), "the link is the user's");
    bed.assert_pairs_match("out");
    bed.run(&PLAN).success();

    // The directory itself may be reached as its user likes.
    symlink("out", bed.path("link")).unwrap();
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "link"]).success();
}

#[test]
fn a_directory_that_another_run_holds_is_waited_for_and_then_left() {
    let bed = Testbed::applied(SINGLE);
    fs::remove_file(bed.path("out/admin.conf")).unwrap();
    let hold = |seconds: &str| {
        let mut flock = peer("flock");
        flock.args(["out/.kubepki/lock", "sleep", seconds]).current_dir(bed.path(""));
        let child = flock.spawn().unwrap();
        // The child has the lock once nobody else gets it.
        let test = || {
            let mut test = Command::new("flock");
            test.args(["-n", "out/.kubepki/lock", "true"])
                .current_dir(bed.path(""))
                .status()
                .unwrap()
                .success()
        };
        while test() {}
        child
    };
    let mut short = hold("1");
    bed.run(&APPLY).success().out("1 created");
    short.wait().unwrap();

    fs::remove_file(bed.path("out/admin.conf")).unwrap();
    let mut long = hold("30");
    let before = bed.snapshot("out");
    let ran = bed.run(&APPLY).failure();
    let ran = ran.err("out is held by another run: kubepki apply with process ").err(" since 20");
    ran.err("hint: wait until it has ended and run this again");
    assert_eq!(bed.snapshot("out"), before);
    bed.run(&PLAN).attention();
    long.kill().unwrap();
    long.wait().unwrap();
}

/// Provisioning may start twice at once: both end well, and there is one CA.
#[test]
fn two_runs_at_once_make_one_tree() {
    let bed = Testbed::with(SINGLE);
    let children: Vec<_> = (0..4)
        .map(|_| {
            let mut command = bed.command(&["apply", "-f", "cluster.yaml", "-d", "out"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    bed.run(&PLAN).success();
    bed.assert_pairs_match("out");
    assert!(!bed.path("out/.kubepki/backup").exists(), "nothing was made twice");
}

#[test]
fn a_full_disk_changes_nothing() {
    let room = "hint: nothing was changed: make room and run it again";
    for call in ["fsync:error=ENOSPC:when=2+", "mkdir:error=ENOSPC:when=3+"] {
        let bed = Testbed::with(SINGLE);
        let ran = strace(&bed, &["-e", &format!("inject={call}")], &APPLY[..]).failure();
        let ran = ran.err("no space left on device").err(room).err("/out/");
        assert!(!ran.stderr.contains("BEGIN"));
        let left: Vec<_> = bed.snapshot("out").into_keys().collect();
        let own = |path: &std::path::PathBuf| path.starts_with(".kubepki") || path.as_os_str().is_empty();
        assert!(left.iter().all(own), "{call}: {left:?}");
        bed.run(&APPLY).success().out("16 created");
    }

    let bed = Testbed::applied(SINGLE);
    let before = bed.snapshot("out");
    for call in ["fsync:error=ENOSPC", "fsync:error=EIO:when=3+"] {
        let renew = ["renew", "--all", "-f", "cluster.yaml", "-d", "out"];
        strace(&bed, &["-e", &format!("inject={call}")], &renew).failure().err("error: ");
        assert_eq!(changed(&before, &bed.snapshot("out")), <[&str; 0]>::default(), "{call}");
    }
    bed.run(&PLAN).success();
}

/// Once the change has been decided on, what fails is done by the next run.
#[test]
fn a_failure_after_the_decision_is_made_good() {
    let bed = Testbed::applied(SINGLE);
    let renew = ["renew", "--all", "-f", "cluster.yaml", "-d", "out"];
    let ran = strace(&bed, &["-e", "inject=rename:error=EROFS:when=5"], &renew).failure();
    ran.err("cannot be put in place: read-only file system").err("hint: all files are ready: run it again");
    let ran = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("Plan: 16 to keep").err("note: an interrupted run left ");
    bed.run(&APPLY).success().out("An interrupted run had left 15 files");
    bed.assert_pairs_match("out");
    bed.run(&PLAN).success();
}

/// The directory may be somewhere else, or be reached in another way, when the next run comes.
#[test]
fn an_interrupted_change_is_finished_wherever_the_directory_is() {
    let bed = Testbed::applied(SINGLE);
    let renew = ["renew", "--all", "-f", "cluster.yaml", "-d", "out"];
    strace(&bed, &["-e", "inject=rename:signal=KILL:when=5"], &renew).anyhow();
    fs::rename(bed.path("out"), bed.path("moved")).unwrap();
    symlink("moved", bed.path("link")).unwrap();
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "link"]).success().out("Plan: 16 to keep");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "link"])
        .success()
        .out("An interrupted run had left 15 files");
    bed.assert_pairs_match("moved");
    assert!(!bed.path("out").exists());
}

/// Where a file system has no hard links the backup is a copy.
#[test]
fn a_backup_may_be_a_copy() {
    let bed = Testbed::applied(SINGLE);
    let old = bed.read("out/pki/apiserver.key");
    let renew = ["renew", "apiserver", "-f", "cluster.yaml", "-d", "out", "-o", "json"];
    let ran = strace(&bed, &["-e", "inject=linkat:error=EPERM"], &renew).success();
    let backup = bed.path(ran.json()["outcome"]["backup"].as_str().unwrap());
    let kept = backup.join("pki/apiserver.key");
    assert_eq!(fs::read_to_string(&kept).unwrap(), old);
    assert_eq!(fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);
}

/// The kernel's own refusal, in the middle of a file: no file may grow.
#[test]
fn a_file_that_cannot_be_written_whole_is_not_there() {
    let bed = Testbed::with(SINGLE);
    let script = format!("trap '' XFSZ; ulimit -f 1; kubepki {}", APPLY.join(" "));
    bed.shell(&script).failure().err("cannot be written: file too large");
    assert!(!bed.path("out/pki").exists());
    bed.run(&APPLY).success().out("16 created");
}

#[test]
fn a_read_only_file_system_is_named() {
    let bed = Testbed::applied(SINGLE);
    fs::remove_file(bed.path("out/admin.conf")).unwrap();
    let lock = bed.path("out/.kubepki/lock").display().to_string();
    let ran = strace(&bed, &["-P", &lock, "-e", "inject=openat:error=EROFS"], &APPLY[..]).failure();
    ran.err("lock: the lock cannot be taken: read-only file system")
        .err("hint: the file system is read-only");
    assert!(!bed.path("out/admin.conf").exists());
}

#[test]
fn a_file_where_the_directory_should_be() {
    let bed = Testbed::with(SINGLE);
    bed.write("out", "");
    let ran = bed.run(&APPLY).failure();
    ran.err("out: cannot be made: ").err("hint: ");
    assert_eq!(bed.read("out"), "");
}

/// Root reads everything; another user is told what it may not read, and nothing of it is replaced.
#[test]
fn what_the_user_may_not_read_is_left_alone() {
    let bed = Testbed::applied(SINGLE);
    let root = rustix_is_root(&bed);
    let before = bed.snapshot("out");
    bed.set_mode("", 0o755);
    if !root {
        bed.set_mode("out/pki/apiserver.key", 0o000);
        bed.set_mode("out/admin.conf", 0o000);
    }
    let program = env!("CARGO_BIN_EXE_kubepki");
    let bare = format!("{program} {}", PLAN.join(" "));
    let as_nobody = format!(
        "cp {program} kubepki; setpriv --reuid=65534 --regid=65534 --clear-groups ./kubepki {}",
        PLAN.join(" ")
    );
    let ran = bed.shell(if root { &as_nobody } else { &bare }).attention();
    ran.out("cannot be read: permission denied")
        .out("make it readable, or run kubepki as its owner")
        .not_out("rekey");
    assert_eq!(changed(&before, &bed.snapshot("out")), <[&str; 0]>::default());
}

/// etcd may run as a user of its own that owns its keys: who replaces them must not take them away.
#[test]
fn owners_survive_a_replacement() {
    let bed = Testbed::applied(SINGLE);
    let file = bed.path("out/pki/etcd/server.key");
    let (uid, gid) = if rustix_is_root(&bed) {
        (1234, 4321)
    } else {
        (fs::metadata(&file).unwrap().uid(), fs::metadata(&file).unwrap().gid())
    };
    for file in ["server.key", "server.crt"] {
        chown(bed.path("out/pki/etcd").join(file), Some(uid), Some(gid)).unwrap();
    }
    bed.run(&["renew", "etcd-server", "-f", "cluster.yaml", "-d", "out"]).success();
    for name in ["server.key", "server.crt"] {
        let metadata = fs::metadata(bed.path("out/pki/etcd").join(name)).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (uid, gid), "{name}");
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A private key has its mode from its first byte: there is no moment at which others may read it.
#[test]
fn keys_are_never_readable_by_others() {
    let bed = Testbed::with(SINGLE);
    let mut command = peer("strace");
    let script = format!("umask 000; exec {} {}", env!("CARGO_BIN_EXE_kubepki"), APPLY.join(" "));
    command.args(["-f", "-o", "trace", "-e", "trace=openat,chmod,fchmod,fchmodat", "sh", "-c", &script]);
    Run::of(command.current_dir(bed.path("")), "strace").success();
    let trace = bed.read("trace");
    let created = trace.lines().filter(|line| line.contains("O_CREAT") && line.contains(".kubepki-new"));
    let mut keys = 0;
    for line in created {
        assert!(line.contains("O_EXCL"), "{line}");
        if line.contains(".key.") || line.contains(".conf.") {
            assert!(line.contains(", 0600"), "{line}");
            keys += 1;
        }
    }
    assert_eq!(keys, 11 + 5);
    assert!(!trace.contains("0666") && !trace.contains("0777"), "{trace}");
}

/// What an earlier, killed run has left lying is swept up.
#[test]
fn leftovers_are_swept_up() {
    let bed = Testbed::applied(SINGLE);
    bed.write("out/pki/.apiserver.key.AbCdEf.kubepki-new", "half a key");
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
    assert!(!bed.path("out/pki/.apiserver.key.AbCdEf.kubepki-new").exists());
}

/// A journal decides what is renamed to where: one that is not ours is not obeyed.
#[test]
fn a_foreign_journal_is_refused() {
    for journal in [
        "{}",
        "not json",
        r#"{"renames":[["/etc/passwd","/tmp/x"]]}"#,
        r#"{"renames":[["/tmp/.x.kubepki-new","/etc/shadow"]]}"#,
        r#"{"renames":[["../x/.x.kubepki-new","../x/y"]]}"#,
    ] {
        let bed = Testbed::applied(SINGLE);
        bed.write("out/.kubepki/journal", journal);
        bed.run(&APPLY).failure().err("journal: is not a journal");
    }
}

fn rustix_is_root(bed: &Testbed) -> bool {
    fs::metadata(bed.path("")).unwrap().uid() == 0
}
