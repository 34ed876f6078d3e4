//! Archives that only their node can read, packed for it and unpacked on it, with age as peer.

use crate::testbed::{FLEET, SINGLE, Testbed};

const APPLY: &[&str] = &["apply", "-f", "cluster.yaml", "-d", "out", "--archive"];

/// A key that age-keygen made, in `NAME.key`, and whom to encrypt to.
fn recipient(bed: &Testbed, name: &str) -> String {
    bed.peer("age-keygen", &["-o", &format!("{name}.key")]).success();
    bed.peer("age-keygen", &["-y", &format!("{name}.key")]).success().stdout.trim().to_owned()
}

/// A fleet whose archives are encrypted: each to its node, and all to the operator.
fn fleet() -> (Testbed, Vec<String>) {
    let bed = Testbed::with(FLEET);
    let nodes = ["cp1", "cp2", "cp3", "worker1", "worker2"];
    let mut flags = vec!["--recipient".to_owned(), recipient(&bed, "operator")];
    for node in nodes {
        flags.extend(["--recipient".to_owned(), format!("{node}={}", recipient(&bed, node))]);
    }
    let all: Vec<&str> = APPLY.iter().copied().chain(flags.iter().map(String::as_str)).collect();
    bed.run(&all).success().out("Archives: out/nodes/cp1.tar.age and 4 more");
    (bed, flags)
}

fn unpack(node: &str, key: &str, more: &[&str]) -> Vec<String> {
    let file = format!("out/nodes/{node}.tar.age");
    let arguments = ["unpack", &file, "--identity", key, "-d", "host"];
    arguments.iter().chain(more).map(|argument| (*argument).to_owned()).collect()
}

fn run(bed: &Testbed, arguments: &[String]) -> crate::testbed::Run {
    bed.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_node_gets_what_is_its_own() {
    let (bed, flags) = fleet();
    assert_eq!(bed.mode("out/nodes/cp1.tar.age"), 0o600);
    assert!(!bed.path("out/nodes/cp1.tar").exists());
    let list = bed.shell("age -d -i cp1.key out/nodes/cp1.tar.age | tar t | head -1").success().stdout;
    assert_eq!(list, "etc/kubernetes/.kubepki/archive.json\n");
    let first = run(&bed, &unpack("cp1", "cp1.key", &[])).success();
    first.out("+ etc/kubernetes/pki/ca.crt\n").out("cp1 in ").out("created\n");
    // The tree is the overlay, file for file and mode for mode; directories are as they should be, whatever the umask.
    let diff = "cd out/nodes/cp1 && find . -type f -exec cmp {} ../../../host/{} \\;";
    assert_eq!(bed.shell(diff).success().stdout, "");
    let modes = |root: &str| {
        bed.shell(&format!("cd {root}; find . -path '*/.kubepki*' -prune -o -printf '%p %m\\n' | sort"))
    };
    let (ours, theirs) = (modes("host/etc").success().stdout, modes("out/nodes/cp1/etc").success().stdout);
    assert_eq!(ours, theirs);
    bed.assert_pairs_match("host");
    // Again, it is all there, and nothing is written, not even a lock.
    let before = bed.snapshot("host");
    run(&bed, &unpack("cp1", "cp1.key", &[])).success().out("= etc/kubernetes/pki/ca.crt\n").out(" kept\n");
    assert_eq!(bed.snapshot("host"), before);
    // The operator may open each; another node none but its own.
    let ran = run(&bed, &unpack("worker1", "operator.key", &["--yes", "-o", "json"])).success();
    assert_eq!(
        (&ran.json()["node"], &ran.json()["files"][0]["fate"]),
        (&"worker1".into(), &"replaced".into())
    );
    let ran = bed.run(&["unpack", "out/nodes/cp1.tar.age", "--identity", "cp2.key", "-d", "other"]).failure();
    ran.err("out/nodes/cp1.tar.age: is encrypted to another key");
    assert!(!bed.path("other").exists());
    // The same files for the same recipients are not encrypted again.
    let before = bed.snapshot("out/nodes");
    let all: Vec<&str> = APPLY.iter().copied().chain(flags.iter().map(String::as_str)).collect();
    bed.run(&all).success();
    assert_eq!(bed.snapshot("out/nodes"), before);
    bed.run(&["audit", "-d", "out", "-f", "cluster.yaml", "--fail-on", "low"]).success();
}

#[test]
fn what_is_there_is_replaced_if_that_is_wanted() {
    let (bed, _) = fleet();
    run(&bed, &unpack("cp1", "cp1.key", &[])).success();
    let good = bed.read("host/etc/kubernetes/pki/apiserver.crt");
    bed.write("host/etc/kubernetes/pki/apiserver.crt", "other");
    bed.set_mode("host/etc/kubernetes/pki/sa.key", 0o644);
    let before = bed.snapshot("host");
    let ran = run(&bed, &unpack("cp1", "cp1.key", &[])).failure();
    ran.err("1 files would be replaced").err("--yes").err("~ etc/kubernetes/pki/apiserver.crt");
    assert_eq!(bed.snapshot("host"), before);
    let ran = run(&bed, &unpack("cp1", "cp1.key", &["--yes"])).success();
    ran.out("1 replaced, 1 tightened").out("What was replaced is kept in ");
    assert_eq!(bed.read("host/etc/kubernetes/pki/apiserver.crt"), good);
    assert_eq!(bed.mode("host/etc/kubernetes/pki/sa.key"), 0o600);
    bed.shell("grep -qx other $(find host/etc/kubernetes/.kubepki/backup -name apiserver.crt)").success();
    bed.shell("rm host/etc/kubernetes/pki/sa.pub; mkdir host/etc/kubernetes/pki/sa.pub; rm host/etc/kubernetes/pki/ca.crt").success();
    run(&bed, &unpack("cp1", "cp1.key", &["--yes"])).failure().err("pki/sa.pub is a directory, not a file");
    assert!(!bed.path("host/etc/kubernetes/pki/ca.crt").exists(), "then nothing is written");
    // What is in the way is not followed out of the tree, and then nothing at all is written.
    bed.shell("rm -r host/etc/kubernetes/pki; mkdir away; ln -s ../../../away host/etc/kubernetes/pki")
        .success();
    run(&bed, &unpack("cp1", "cp1.key", &["--yes"])).failure().err("leads out of the directory");
    assert_eq!(bed.shell("ls away").success().stdout, "");
}

#[test]
fn a_single_node_and_its_own_key() {
    let bed = Testbed::with(SINGLE);
    let own = bed.run(&["unpack", "--new-identity", "node.key"]).success().stdout;
    assert_eq!(bed.mode("node.key"), 0o600);
    assert_eq!(bed.peer("age-keygen", &["-y", "node.key"]).success().stdout, own);
    bed.run(&["unpack", "--new-identity", "node.key"]).failure().err("node.key is there already");
    bed.run(APPLY).success();
    let plain = bed.path("cp1.tar");
    assert!(plain.exists());
    let ran = bed.run(&[APPLY, &["--recipient", own.trim()]].concat()).success();
    ran.err("cp1.tar is not encrypted: delete it").out("Archives: cp1.tar.age");
    bed.run(&["unpack", "cp1.tar.age", "--identity", "node.key", "-d", "host"]).success();
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "host/etc/kubernetes"]).success();
    bed.set_mode("node.key", 0o644);
    let ran = bed.run(&["unpack", "cp1.tar.age", "--identity", "node.key", "-d", "host"]).success();
    ran.err("node.key has mode 644: others can read the key");
    for (arguments, told) in [
        (&["unpack", "cp1.tar", "--identity", "node.key"][..], "cp1.tar: is no age file that can be read"),
        (&["unpack", "cp1.tar.age", "--identity", "cluster.yaml"], "cluster.yaml: line 2 is no age key"),
        (&["unpack", "none", "--identity", "node.key"], "none is missing"),
        (&["unpack", "cp1.tar.age"], "--identity <KEYFILE>"),
    ] {
        bed.run(arguments).failure().err(told);
    }
}

#[test]
fn recipients_are_of_nodes_that_there_are() {
    let bed = Testbed::with(FLEET);
    let one = recipient(&bed, "one");
    let refused = |more: &[&str]| bed.run(&[APPLY, more].concat()).failure();
    refused(&["--recipient", &format!("cp1={one}")]).err("the archive of cp2 has no recipient");
    refused(&["--recipient", &format!("cp9={one}")]).err("there is no node `cp9`").err("did you mean");
    refused(&["--recipient", "age1nobody"]).err("is no age recipient");
    assert!(!bed.path("out").exists(), "nothing is made before that is clear");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--recipient", &one]).failure().err("--archive");
}

/// An archive that somebody made for a node with what it ought not to have: nothing of it is unpacked.
#[test]
fn what_is_not_as_its_list_says_is_not_unpacked() {
    let bed = Testbed::with(SINGLE);
    let own = recipient(&bed, "node");
    bed.run(&[APPLY, &["--recipient", &own]].concat()).success();
    for (change, told) in [
        (
            "members.append(link('etc/kubernetes/pki/link', tarfile.SYMTYPE))",
            "is neither a file nor a directory",
        ),
        (
            "members.append(link('etc/kubernetes/pki/link', tarfile.LNKTYPE))",
            "is neither a file nor a directory",
        ),
        (
            "members.append(link('etc/kubernetes/pki/null', tarfile.CHRTYPE))",
            "is neither a file nor a directory",
        ),
        ("members.append(file('../../etc/shadow', b'x'))", "leads out of the bundle"),
        ("members.append(file('/etc/shadow', b'x'))", "is an absolute path"),
        ("members.append(file('etc/cron.d/x', b'x'))", "`etc/cron.d/x` is not in the list"),
        ("members.append(members[-1])", "is in it twice"),
        (
            "members.append(file('etc/big', bytes(5 << 20)))",
            "larger than 64 MiB, or has more than 10000 files, or one of more than 4 MiB",
        ),
        ("members.pop()", "is in the list, and not there"),
        (
            "members[-1] = file(members[-1][0].name, b'x')",
            "has the SHA-256 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
        ),
        ("members.pop(0)", "has no etc/kubernetes/.kubepki/archive.json"),
    ] {
        bed.shell(&format!(
            r#"python3 - <<'PY'
import io, subprocess, tarfile
plain = subprocess.run(["age", "-d", "-i", "node.key", "cp1.tar.age"], check=True, capture_output=True).stdout
with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
    members = [(member, tar.extractfile(member).read() if member.isfile() else None) for member in tar]
def file(name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data
def link(name, kind):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/shadow"
    return info, None
{change}
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
    for info, data in members:
        tar.addfile(info, io.BytesIO(data) if data is not None else None)
subprocess.run(["age", "-r", "{own}", "-o", "bad.age"], check=True, input=out.getvalue())
PY"#
        ))
        .success();
        bed.run(&["unpack", "bad.age", "--identity", "node.key", "-d", "host"])
            .failure()
            .err("bad.age: ")
            .err(told);
        assert!(!bed.path("host").exists(), "{told}");
    }
    // Cut off, and changed in the middle.
    let bytes = std::fs::read(bed.path("cp1.tar.age")).unwrap();
    for (at, length) in [(bytes.len() - 1, bytes.len()), (bytes.len() / 2, bytes.len()), (0, bytes.len() / 2)]
    {
        let mut bad = bytes[..length].to_vec();
        bad[at] ^= u8::from(length == bytes.len());
        bed.write("bad.age", bad);
        bed.run(&["unpack", "bad.age", "--identity", "node.key", "-d", "host"]).failure().err("bad.age: ");
        assert!(!bed.path("host").exists());
    }
}
