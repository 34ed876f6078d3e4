//! A real etcd of three members with mutual TLS, from a generated fleet.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kubepki::x509::hex::hex;

use crate::rules::revocation::{List, revoke};
use crate::testbed::{FLEET, Run, SINGLE, Testbed, peer};

/// A member that ends with the test.
pub struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Ports that nobody has at the moment.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

pub fn member(bed: &Testbed, node: &str, client: u16, own: u16, cluster: &str) -> Member {
    let pki = bed.path(format!("out/nodes/{node}/etc/kubernetes/pki/etcd"));
    member_in(bed, &pki, node, [client, own], cluster, &[])
}

/// A member whose certificates are in this directory, with more flags.
fn member_in(
    bed: &Testbed,
    pki: &Path,
    node: &str,
    [client, own]: [u16; 2],
    cluster: &str,
    more: &[&str],
) -> Member {
    let file = |name: &str| pki.join(name).display().to_string();
    let (ca, client, own) =
        (file("ca.crt"), format!("https://127.0.0.1:{client}"), format!("https://127.0.0.1:{own}"));
    let data = bed.path(format!("data-{node}")).display().to_string();
    let mut command = peer("etcd");
    command.args(["--name", node, "--data-dir", &data, "--initial-cluster", cluster]);
    command.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    command.args(["--listen-peer-urls", &own, "--initial-advertise-peer-urls", &own]);
    command.args(["--client-cert-auth", "--trusted-ca-file", &ca]);
    command.args(["--cert-file", &file("server.crt"), "--key-file", &file("server.key")]);
    command.args(["--peer-client-cert-auth", "--peer-trusted-ca-file", &ca]);
    command.args(["--peer-cert-file", &file("peer.crt"), "--peer-key-file", &file("peer.key")]);
    command.args(more);
    // Debian's build asks for this on machines that etcd does not know well.
    command.env("ETCD_UNSUPPORTED_ARCH", std::env::consts::ARCH);
    let log = fs::File::create(bed.path(format!("{node}.log"))).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Member(command.spawn().unwrap())
}

pub fn etcdctl(bed: &Testbed, endpoints: &str, tls: &[String], arguments: &[&str]) -> Run {
    let mut command: Command = peer("etcdctl");
    command.env("ETCDCTL_API", "3").current_dir(bed.path(""));
    command.args(["--endpoints", endpoints, "--dial-timeout", "2s", "--command-timeout", "4s"]);
    command.args(tls).args(arguments);
    Run::of(&mut command, &format!("etcdctl {}", arguments.join(" ")))
}

#[test]
fn three_members_trust_each_other_and_nobody_else() {
    let bed = Testbed::applied(FLEET);
    let [c1, c2, c3, p1, p2, p3] = free_ports();
    let nodes = [("cp1", c1, p1), ("cp2", c2, p2), ("cp3", c3, p3)];
    let cluster = nodes.map(|(node, _, port)| format!("{node}=https://127.0.0.1:{port}")).join(",");
    let members = nodes.map(|(node, client, own)| member(&bed, node, client, own, &cluster));
    let endpoints = nodes.map(|(_, port, _)| format!("https://127.0.0.1:{port}")).join(",");

    let pki = "out/nodes/cp1/etc/kubernetes/pki";
    let tls = |ca: &str, client: &str| {
        let paths = [
            format!("--cacert={pki}/{ca}.crt"),
            format!("--cert={pki}/{client}.crt"),
            format!("--key={pki}/{client}.key"),
        ];
        paths.to_vec()
    };
    let healthcheck = tls("etcd/ca", "etcd/healthcheck-client");
    let started = Instant::now();
    while etcdctl(&bed, &endpoints, &healthcheck, &["endpoint", "health"]).anyhow().code != Some(0) {
        let logs = || ["cp1", "cp2", "cp3"].map(|node| bed.read(format!("{node}.log"))).join("\n");
        assert!(started.elapsed() < Duration::from_secs(60), "the members do not become healthy\n{}", logs());
        std::thread::sleep(Duration::from_millis(200));
    }
    let ran = etcdctl(&bed, &endpoints, &healthcheck, &["member", "list"]).success();
    assert_eq!(ran.stdout.lines().filter(|line| line.contains("started")).count(), 3, "{}", ran.stdout);

    // What the API server does: write through one member, read through another.
    let apiserver = tls("etcd/ca", "apiserver-etcd-client");
    let one = |port: u16| format!("https://127.0.0.1:{port}");
    etcdctl(&bed, &one(c1), &apiserver, &["put", "key", "value"]).success().out("OK");
    etcdctl(&bed, &one(c3), &apiserver, &["get", "key"]).success().out("value");
    etcdctl(&bed, &format!("https://localhost:{c2}"), &apiserver, &["get", "key"]).success().out("value");

    // Certificates of other CAs, and none at all, are refused; so is a server that another CA's client does not trust.
    etcdctl(&bed, &one(c1), &tls("etcd/ca", "front-proxy-client"), &["get", "key"]).code(1);
    etcdctl(&bed, &one(c1), &tls("etcd/ca", "apiserver-kubelet-client"), &["get", "key"]).code(1);
    etcdctl(&bed, &one(c1), &healthcheck[..1], &["get", "key"]).code(1);
    etcdctl(&bed, &one(c1), &tls("ca", "etcd/healthcheck-client"), &["get", "key"]).code(1);
    etcdctl(&bed, &one(c1), &apiserver, &["get", "key"]).success().out("value");

    // Renewed certificates are of the same CA: the cluster goes on with them.
    drop(members);
    bed.run(&["renew", "--all", "-f", "cluster.yaml", "-d", "out"]).success();
    let members = nodes.map(|(node, client, own)| member(&bed, node, client, own, &cluster));
    let started = Instant::now();
    while etcdctl(&bed, &endpoints, &apiserver, &["get", "key"]).anyhow().stdout != "key\nvalue\n" {
        assert!(started.elapsed() < Duration::from_secs(60), "the members do not come back");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(members);
}

/// What KP-ET005 says of etcd: it shuts out who is on the list, looks neither at the list's dates nor at its issuer,
/// and shuts out everybody when it cannot read the list.
#[test]
fn a_revocation_list_is_asked_for_serial_numbers_and_nothing_else() {
    let bed = Testbed::applied(SINGLE);
    let [client, own] = free_ports();
    let pki = bed.path("out/pki/etcd");
    let list = bed.path("crl").display().to_string();
    let kubelet = &["out/pki/apiserver-etcd-client.crt"];
    let etcds = List { ca: "out/pki/etcd/ca", ..List::NEW };
    let old = List { last: "20200101000000Z", next: "20200201000000Z", revoked: kubelet, ..etcds };
    let cluster = format!("cp1=https://127.0.0.1:{own}");
    revoke(&bed, "crl.der", &etcds);
    bed.copy("crl.der", "crl");
    let _member = member_in(&bed, &pki, "cp1", [client, own], &cluster, &["--client-crl-file", &list]);
    let endpoint = format!("https://127.0.0.1:{client}");
    let tls = |client: &str| {
        let file = |flag: &str, name: &str| format!("--{flag}=out/pki/{name}");
        let (certificate, key) = (format!("{client}.crt"), format!("{client}.key"));
        vec![file("cacert", "etcd/ca.crt"), file("cert", &certificate), file("key", &key)]
    };
    let asks = |client: &str| etcdctl(&bed, &endpoint, &tls(client), &["get", "key"]).anyhow().code;
    let (revoked, other) = ("apiserver-etcd-client", "etcd/healthcheck-client");
    let started = Instant::now();
    while asks(other) != Some(0) {
        assert!(started.elapsed() < Duration::from_secs(60), "{}", bed.read("cp1.log"));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(asks(revoked), Some(0), "nobody is on the list");
    // Out of date since 2020, and of another CA: taken all the same.
    for taken in [old, List { ca: "out/pki/ca", revoked: kubelet, ..List::NEW }] {
        revoke(&bed, "crl.der", &taken);
        bed.copy("crl.der", "crl");
        assert_eq!((asks(revoked), asks(other)), (Some(1), Some(0)));
    }
    // The same with lists that kubepki makes, renewed in place.
    fs::remove_file(bed.path("crl")).unwrap();
    let crl = |more: &[&str]| {
        let list = ["ca", "crl", "crl", "--ca", "out/pki/etcd/ca.crt"];
        bed.run(&[&list, more].concat()).success().err("has no cRLSign: etcd takes its list all the same");
    };
    crl(&[]);
    assert_eq!((asks(revoked), asks(other)), (Some(0), Some(0)), "nobody is on the list");
    crl(&["--revoke", "out/pki/apiserver-etcd-client.crt", "--reason", "certificateHold"]);
    assert_eq!((asks(revoked), asks(other)), (Some(1), Some(0)));
    crl(&["--release", &hex(&bed.certificate("out/pki/apiserver-etcd-client.crt").serial)]);
    assert_eq!((asks(revoked), asks(other)), (Some(0), Some(0)), "it has come off the list");
    bed.write("crl", "no list");
    assert_eq!((asks(revoked), asks(other)), (Some(1), Some(1)), "nobody is let in");
}
