use std::fs;

use super::files::manifest;
use super::revocation::{List, revoke};
use super::{Case, fleet, sign};
use crate::testbed::Testbed;

pub const CASES: &[Case] = &[
    Case::finds("KP-ET001", |bed| etcd(bed, &[TLS, "--trusted-ca-file=", "--client-cert-auth=false"])),
    Case::finds("KP-ET001", |bed| etcd(bed, &[TLS, "--peer-auto-tls", "--peer-cert-file="])),
    // Told to ask for certificates, and without a CA to check them by.
    Case::finds("KP-ET001", |bed| etcd(bed, &[TLS, "--trusted-ca-file="])),
    Case::passes("KP-ET001", |bed| etcd(bed, &[TLS])),
    // A CA alone is enough.
    Case::passes("KP-ET001", |bed| etcd(bed, &[TLS, "--client-cert-auth=false", "--auto-tls"])),
    Case::finds("KP-ET002", |bed| usages(bed, "server", "serverAuth")),
    Case::finds("KP-ET002", |bed| usages(bed, "peer", "clientAuth")),
    Case::finds("KP-ET002", |bed| usages(bed, "peer", "serverAuth")),
    Case::finds("KP-ET002", |bed| {
        bed.copy("out/pki/apiserver.crt", "out/pki/etcd/other.crt");
        etcd(bed, &[TLS, "--cert-file=/etc/kubernetes/pki/etcd/other.crt"]);
    }),
    Case::passes("KP-ET002", |_| {}),
    Case::passes("KP-ET002", |bed| {
        usages(bed, "server", "serverAuth");
        etcd(bed, &[TLS, "--client-cert-file=/etc/kubernetes/pki/etcd/healthcheck-client.crt"]);
    }),
    Case::finds("KP-ET003", |_| {}).of("info"),
    Case::finds("KP-ET003", |bed| etcd(bed, &[TLS])).of("info"),
    Case::finds("KP-ET003", |bed| {
        bed.copy("out/pki/etcd/ca.crt", "out/pki/etcd/peers.crt");
        etcd(bed, &[TLS, "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/peers.crt"]);
    }),
    Case::finds("KP-ET003", fleet).of("info"),
    Case::passes("KP-ET003", |bed| etcd(bed, &[TLS, "--peer-cert-allowed-hostname=etcd.example.com"])),
    Case::passes("KP-ET003", |bed| {
        bed.copy("out/pki/front-proxy-ca.crt", "out/pki/etcd/peers.crt");
        etcd(bed, &[TLS, "--peer-trusted-ca-file=/etc/kubernetes/pki/etcd/peers.crt"]);
    }),
    Case::finds("KP-ET004", |bed| {
        fleet(bed);
        let client = |node: &str| format!("out/nodes/{node}/etc/kubernetes/pki/apiserver-etcd-client");
        for suffix in [".crt", ".key"] {
            bed.copy(&(client("cp1") + suffix), &(client("cp3") + suffix));
        }
    }),
    // What the manifests name counts.
    Case::finds("KP-ET004", |bed| {
        fleet(bed);
        for node in ["cp1", "cp2"] {
            let directory = format!("out/nodes/{node}/etc/kubernetes");
            bed.copy(
                "out/nodes/cp3/etc/kubernetes/pki/apiserver-etcd-client.crt",
                &format!("{directory}/etcd.crt"),
            );
            let flag = "    - --etcd-certfile=/etc/kubernetes/etcd.crt\n";
            manifest(bed, &directory, "kube-apiserver", flag, "");
        }
    }),
    Case::passes("KP-ET004", fleet),
    Case::finds("KP-ET005", |bed| {
        revoke(bed, "out/pki/etcd/crl.der", &List { days: "1", ..ETCD });
        etcd(bed, &[TLS, "--client-crl-file=/etc/kubernetes/pki/etcd/crl.der"]);
    })
    .with(AT_2030)
    .of("medium"),
    Case::finds("KP-ET005", |bed| revoke(bed, "out/pki/etcd/crl.der", &List { days: "1", ..ETCD }))
        .with(AT_2030),
    Case::finds("KP-ET005", |bed| revoke(bed, "out/pki/etcd/crl.der", &List { ca: "out/pki/ca", ..ETCD })),
    Case::finds("KP-ET005", |bed| {
        revoke(bed, "out/pki/crl.pem", &List { pem: true, ..ETCD });
        etcd(bed, &[TLS, "--client-crl-file=/etc/kubernetes/pki/crl.pem"]);
        image(bed, "registry.k8s.io/etcd:3.6.4-0");
    })
    .of("high"),
    Case::finds("KP-ET005", |bed| {
        revoke(bed, "out/pki/crl.pem", &List { pem: true, ..ETCD });
        etcd(bed, &[TLS, "--client-crl-file=/etc/kubernetes/pki/crl.pem"]);
        image(bed, "registry.example.com/etcd:latest");
    })
    .of("medium"),
    Case::finds("KP-ET005", |bed| {
        bed.write("out/pki/crl.der", "nothing");
        etcd(bed, &[TLS, "--peer-crl-file=/etc/kubernetes/pki/crl.der"]);
    })
    .of("high"),
    Case::passes("KP-ET005", |bed| {
        revoke(bed, "out/pki/crl.der", &ETCD);
        etcd(bed, &[TLS, "--client-crl-file=/etc/kubernetes/pki/crl.der"]);
        image(bed, "registry.k8s.io/etcd:3.6.4-0");
    }),
    Case::passes("KP-ET005", |bed| {
        revoke(bed, "out/pki/crl.pem", &List { pem: true, ..ETCD });
        etcd(bed, &[TLS, "--client-crl-file=/etc/kubernetes/pki/crl.pem"]);
        image(bed, "registry.k8s.io/etcd:3.5.21-0");
    }),
    Case::finds("KP-ET006", |bed| etcd(bed, &[TLS, "--listen-client-urls=http://0.0.0.0:2379"])),
    Case::finds("KP-ET006", |bed| etcd(bed, &[TLS, "--listen-peer-urls=http://192.0.2.10:2380"])),
    Case::passes("KP-ET006", |bed| {
        etcd(bed, &[TLS, "--listen-metrics-urls=http://0.0.0.0:2381"]);
    }),
    Case::passes("KP-ET006", |bed| etcd(bed, &[TLS, "--listen-client-urls=http://127.0.0.1:2379,unix://s"])),
];

const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];

/// A list of etcd's CA.
const ETCD: List = List { ca: "out/pki/etcd/ca", ..List::NEW };

/// What kubeadm gives etcd.
const TLS: &str = "--listen-client-urls=https://127.0.0.1:2379,https://192.0.2.10:2379 \
                   --listen-peer-urls=https://192.0.2.10:2380 --client-cert-auth=true \
                   --cert-file=/etc/kubernetes/pki/etcd/server.crt --key-file=/etc/kubernetes/pki/etcd/server.key \
                   --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt --peer-client-cert-auth=true \
                   --peer-cert-file=/etc/kubernetes/pki/etcd/peer.crt \
                   --peer-key-file=/etc/kubernetes/pki/etcd/peer.key \
                   --peer-trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt";

/// A member with these flags; of one that stands twice, the last counts.
fn etcd(bed: &Testbed, flags: &[&str]) {
    let flags = flags.join(" ");
    let lines: String = flags.split(' ').map(|flag| format!("    - {flag}\n")).collect();
    manifest(bed, "out", "etcd", &lines, "");
}

fn image(bed: &Testbed, image: &str) {
    let path = "out/manifests/etcd.yaml";
    fs::write(bed.path(path), bed.read(path).replace("registry.k8s.io/etcd:v1.36.1", image)).unwrap();
}

fn usages(bed: &Testbed, name: &str, usages: &str) {
    let extensions = format!("extendedKeyUsage={usages}\nsubjectAltName=DNS:cp1,DNS:localhost\n");
    sign(bed, &format!("out/pki/etcd/{name}"), "out/pki/etcd/ca", "/CN=cp1", &extensions);
}
