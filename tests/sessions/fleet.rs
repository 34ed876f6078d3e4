//! Several nodes: the fleet's directory, one node of it, and archives.

use std::fs;

use crate::testbed::{FLEET, Testbed, changed};

fn files(bed: &Testbed, directory: &str) -> Vec<String> {
    let all = bed.snapshot(directory).into_keys();
    let files = all.filter(|path| bed.path(directory).join(path).is_file() && !path.starts_with(".kubepki"));
    files.map(|path| path.display().to_string()).collect()
}

const CONTROL_PLANE: usize = 26;

#[test]
fn each_node_gets_what_it_needs_and_no_more() {
    let bed = Testbed::applied(FLEET);
    assert_eq!(
        files(&bed, "out/authority"),
        [
            "ca.crt",
            "ca.key",
            "etcd/ca.crt",
            "etcd/ca.key",
            "front-proxy-ca.crt",
            "front-proxy-ca.key",
            "sa.key",
            "sa.pub"
        ]
    );
    assert_eq!(files(&bed, "out/nodes/worker1/etc/kubernetes"), ["kubelet.conf", "pki/ca.crt"]);
    assert_eq!(files(&bed, "out/nodes/cp1/etc/kubernetes").len(), CONTROL_PLANE + 1, "with super-admin.conf");
    assert_eq!(files(&bed, "out/nodes/cp2/etc/kubernetes").len(), CONTROL_PLANE);
    bed.assert_pairs_match("out");
    for (node, file) in [("cp1", "ca.crt"), ("cp3", "etcd/ca.key"), ("cp2", "sa.key"), ("worker2", "ca.crt")]
    {
        let copy = bed.read(format!("out/nodes/{node}/etc/kubernetes/pki/{file}"));
        assert_eq!(copy, bed.read(format!("out/authority/{file}")), "{node} {file}");
    }
    let keys: std::collections::HashSet<String> = ["cp1", "cp2", "cp3"]
        .map(|node| bed.read(format!("out/nodes/{node}/etc/kubernetes/pki/apiserver.key")))
        .into();
    assert_eq!(keys.len(), 3, "each its own");
    let worker = bed.client("out/nodes/worker2/etc/kubernetes/kubelet.conf");
    assert_eq!(worker.subject.to_string(), "O=system:nodes, CN=system:node:worker2");
    let kubeconfig = bed.kubeconfig("out/nodes/worker2/etc/kubernetes/kubelet.conf");
    assert_eq!(kubeconfig.server, "https://api.prod.example.com:6443");
}

#[test]
fn a_new_node_is_added_and_nobody_else_touched() {
    let bed = Testbed::applied(FLEET);
    let before = bed.snapshot("out");
    bed.write(
        "cluster.yaml",
        format!("{FLEET}- {{name: worker3, roles: [worker], addresses: [192.0.2.23]}}\n"),
    );
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    ran.out("1 created, 1 copied, 54 kept");
    let now = changed(&before, &bed.snapshot("out"));
    assert!(now.iter().all(|path| path.starts_with("nodes/worker3")), "{now:?}");
}

#[test]
fn a_copy_that_differs_is_the_authoritys_again() {
    let bed = Testbed::applied(FLEET);
    let file = "out/nodes/cp2/etc/kubernetes/pki/sa.pub";
    bed.write(file, bed.read("out/nodes/cp2/etc/kubernetes/pki/apiserver.crt"));
    fs::remove_file(bed.path("out/nodes/cp3/etc/kubernetes/pki/ca.key")).unwrap();
    let plan = bed.run(&["plan", "-f", "cluster.yaml", "-d", "out"]).success();
    let plan = plan.out("+ copy    sa                        sa.pub differs from authority/sa.pub");
    plan.out("ca.key missing: the authority has it");
    bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success().out("2 copied, 52 kept");
    assert_eq!(bed.read(file), bed.read("out/authority/sa.pub"));

    // What the authority itself gets anew goes on to its copies in the same run.
    bed.write("out/authority/sa.pub", "");
    bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success();
    bed.assert_pairs_match("out");
}

/// The keys of CAs may be taken away from the directory: the nodes' copies are not missed, and nobody signs.
#[test]
fn an_authority_without_keys_is_an_external_one() {
    let bed = Testbed::applied(FLEET);
    for entry in walkdir::WalkDir::new(bed.path("out")) {
        let path = entry.unwrap().into_path();
        if path.ends_with("ca.key") || path.ends_with("front-proxy-ca.key") {
            fs::remove_file(path).unwrap();
        }
    }
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "out"]).success().out("54 to keep");
    bed.write(
        "cluster.yaml",
        format!("{FLEET}- {{name: worker3, roles: [worker], addresses: [192.0.2.23]}}\n"),
    );
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).attention();
    ran.out("1 copied, 1 to request").out("? request kubelet.conf");
    assert!(bed.path("out/nodes/worker3/etc/kubernetes/pki/ca.crt").exists());
}

#[test]
fn one_node_may_be_made_by_itself() {
    let bed = Testbed::with(FLEET);
    // The first control plane makes the cluster's CAs, as `kubeadm init` does.
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "cp1", "--node", "cp1"]).success().out("16 created");
    assert_eq!(files(&bed, "cp1").len(), CONTROL_PLANE + 1);
    assert!(files(&bed, "cp1").contains(&"pki/ca.key".to_owned()));

    // The others take what the first has: a second CA would split the cluster.
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "cp2", "--node", "cp2"]).attention();
    ran.out("! by hand ca ")
        .out("copy it from the first control plane, or name the directory that has it with --authority");
    assert!(!bed.path("cp2/pki/ca.crt").exists() && !bed.path("cp2/pki/sa.key").exists());
    for (from, to) in [
        ("cp1/pki/ca", "cp2/pki/ca"),
        ("cp1/pki/front-proxy-ca", "cp2/pki/front-proxy-ca"),
        ("cp1/pki/etcd/ca", "cp2/pki/etcd/ca"),
    ] {
        for suffix in ["crt", "key"] {
            let text = bed.read(format!("{from}.{suffix}"));
            bed.write(&format!("{to}.{suffix}"), text);
            bed.set_mode(&format!("{to}.{suffix}"), 0o600);
        }
    }
    for file in ["sa.key", "sa.pub"] {
        bed.write(&format!("cp2/pki/{file}"), bed.read(format!("cp1/pki/{file}")));
        bed.set_mode(&format!("cp2/pki/{file}"), 0o600);
    }
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "cp2", "--node", "cp2"])
        .success()
        .out("11 created, 4 kept");
    bed.assert_pairs_match("cp2");

    // A worker with the CA's certificate alone can only ask for its own.
    bed.write("w1/pki/ca.crt", bed.read("cp1/pki/ca.crt"));
    let ran = bed.run(&["apply", "-f", "cluster.yaml", "-d", "w1", "--node", "worker1"]).attention();
    ran.out("? request kubelet.conf").out("To request:");
}

#[test]
fn a_node_may_take_the_cas_from_an_authority_apart() {
    let bed = Testbed::with(FLEET);
    let make = |node: &str| {
        let args = ["apply", "-f", "cluster.yaml", "-d", node, "--node", node, "--authority", "vault"];
        bed.run(&args).success()
    };
    make("cp1").out("16 created, 4 copied");
    let authority = bed.snapshot("vault");
    make("worker1").out("1 created, 1 copied, 1 kept");
    make("cp2").out("11 created, 4 copied, 4 kept");
    assert_eq!(bed.snapshot("vault"), authority, "the CAs are the same for all");
    assert_eq!(files(&bed, "worker1"), ["kubelet.conf", "pki/ca.crt"]);
    assert_eq!(bed.read("worker1/pki/ca.crt"), bed.read("vault/ca.crt"));
    make("cp2").out("19 kept");
    bed.assert_pairs_match("cp2");
}

#[test]
fn archives_hold_each_nodes_overlay_for_root() {
    let bed = Testbed::with(FLEET);
    bed.shell("umask 077; kubepki apply -f cluster.yaml -d out --archive")
        .success()
        .out("Archives: ")
        .out("out/nodes/cp1.tar and 4 more");
    let listing = bed.peer("tar", &["-tvf", "out/nodes/worker1.tar", "--numeric-owner"]).success().stdout;
    let lines: Vec<Vec<&str>> = listing.lines().map(|line| line.split_whitespace().collect()).collect();
    let seen: Vec<(&str, &str, &str)> = lines.iter().map(|words| (words[0], words[1], words[5])).collect();
    assert_eq!(
        seen,
        [
            ("drwxr-xr-x", "0/0", "etc"),
            ("drwxr-xr-x", "0/0", "etc/kubernetes"),
            ("-rw-------", "0/0", "etc/kubernetes/kubelet.conf"),
            ("drwxr-xr-x", "0/0", "etc/kubernetes/pki"),
            ("-rw-r--r--", "0/0", "etc/kubernetes/pki/ca.crt"),
        ]
    );
    assert_eq!(bed.mode("out/nodes/cp1.tar"), 0o600, "it holds keys");
    fs::create_dir(bed.path("root")).unwrap();
    bed.peer("tar", &["-xf", "out/nodes/cp1.tar", "-C", "root"]).success();
    let (unpacked, overlay) = (bed.snapshot("root/etc"), bed.snapshot("out/nodes/cp1/etc"));
    assert_eq!(changed(&unpacked, &overlay), <[&str; 0]>::default());

    let before = bed.snapshot("out");
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out", "--archive"]).success();
    assert_eq!(bed.snapshot("out"), before, "the same files make the same archive, and none is written");

    // One node: the archive lies beside its directory and holds it where it belongs.
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "one/cp1", "--node", "cp1", "--archive"]).success();
    let listing = bed.peer("tar", &["-tf", "one/cp1.tar"]).success().stdout;
    assert!(listing.lines().any(|line| line == "etc/kubernetes/pki/ca.crt"), "{listing}");
    assert!(!listing.contains(".kubepki"), "{listing}");
}

#[test]
fn etcd_on_machines_of_its_own() {
    let bed = Testbed::new();
    bed.shell("kubepki new external-etcd > cluster.yaml").success();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    assert_eq!(
        files(&bed, "out/nodes/etcd1/etc/kubernetes"),
        [
            "pki/etcd/ca.crt",
            "pki/etcd/healthcheck-client.crt",
            "pki/etcd/healthcheck-client.key",
            "pki/etcd/peer.crt",
            "pki/etcd/peer.key",
            "pki/etcd/server.crt",
            "pki/etcd/server.key",
        ],
        "no cluster CA and no CA key"
    );
    let control_plane = files(&bed, "out/nodes/cp1/etc/kubernetes");
    let etcd: Vec<&String> = control_plane.iter().filter(|file| file.contains("etcd")).collect();
    assert_eq!(etcd, ["pki/apiserver-etcd-client.crt", "pki/apiserver-etcd-client.key", "pki/etcd/ca.crt"]);
}
