use std::fs;

use crate::testbed::{SINGLE, Testbed};

use super::{Case, fleet, manifest, respec, sign, sign_dated, sign_with, stray};

const CLIENT: &str = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=clientAuth\n";
const SERVER: &str =
    "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:app\n";
const BOTH: &str =
    "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:app\n";

/// Without the spec: what is known is what the files say.
const ALONE: &[&str] = &["-d", "out"];

pub const CASES: &[Case] = &[
    Case::finds("KP-ID001", |bed| user(bed, "/O=system:masters/CN=jane")).of("critical"),
    Case::finds("KP-ID001", |bed| user(bed, "/O=system:masters/CN=jane")).with(ALONE).of("critical"),
    // The spec itself asks for it.
    Case::finds("KP-ID001", |bed| {
        own(bed, "{commonName: jane, organizations: ['system:masters']}", "client auth");
    })
    .of("critical"),
    Case::finds("KP-ID001", |bed| upgraded(bed, "v1.36.1")).of("medium"),
    Case::finds("KP-ID001", |bed| upgraded(bed, "v1.28.9")).of("info"),
    Case::finds("KP-ID001", |bed| upgraded(bed, "v1.28.9")).with(ALONE).of("info"),
    // `super-admin.conf` is what the group is for.
    Case::passes("KP-ID001", |_| {}),
    Case::finds("KP-ID002", |bed| {
        sign_masters(bed, &["-days", "368"]);
    }),
    Case::passes("KP-ID002", |bed| {
        sign_masters(bed, &["-days", "366"]);
    }),
    // It begins with its CA, years ago: what is left counts.
    Case::passes("KP-ID002", |bed| {
        let extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
        let dates = ["20150101000000Z", "20450101000000Z"];
        sign_dated(bed, "out/pki/ca", "out/pki/ca", "/CN=kubernetes", extensions, dates);
        fs::remove_file(bed.path("out/super-admin.conf")).unwrap();
        bed.run(&["apply", "--yes", "-f", "cluster.yaml", "-d", "out"]).success();
        let begun = bed.client("out/super-admin.conf").not_before;
        assert_eq!(begun, bed.certificate("out/pki/ca.crt").not_before);
    }),
    Case::finds("KP-ID003", |bed| {
        stray(bed, "out/pki/etcd/backup", "out/pki/etcd/ca", "/O=system:masters/CN=b", CLIENT);
    })
    .of("high"),
    Case::finds("KP-ID003", |bed| upgraded(bed, "v1.36.1")).of("low"),
    Case::finds("KP-ID003", |bed| upgraded(bed, "v1.28.9")).of("info"),
    Case::passes("KP-ID003", |_| {}),
    Case::finds("KP-ID004", |bed| kubelet(bed, "/O=system:nodes/CN=kubelet")),
    Case::finds("KP-ID004", |bed| kubelet(bed, "/O=system:nodes/O=admins/CN=system:node:cp1")),
    Case::finds("KP-ID004", |bed| kubelet(bed, "/CN=system:node:cp1")),
    Case::passes("KP-ID004", |_| {}),
    Case::finds("KP-ID005", |bed| kubelet(bed, "/O=system:nodes/CN=system:node")),
    Case::finds("KP-ID005", |bed| {
        fleet(bed);
        let of = |node: &str| format!("out/nodes/{node}/etc/kubernetes/kubelet.conf");
        bed.copy(&of("worker1"), &of("worker2"));
    }),
    Case::finds("KP-ID005", |bed| {
        bed.shell("cp -r out other; kubepki renew kubelet.conf -f cluster.yaml -d other").success();
    })
    .with(&["-d", "out", "-d", "other"]),
    Case::passes("KP-ID005", fleet),
    Case::finds("KP-ID006", |bed| kubeconfig(bed, "scheduler.conf", "/CN=scheduler")),
    Case::finds("KP-ID006", |bed| kubeconfig(bed, "scheduler.conf", "/O=admins/CN=system:kube-scheduler")),
    Case::passes("KP-ID006", |_| {}),
    Case::finds("KP-ID007", |bed| {
        sign(bed, "out/pki/front-proxy-client", "out/pki/front-proxy-ca", "/CN=aggregator", CLIENT);
        manifest(bed, "kube-apiserver", PROXY);
    }),
    Case::finds("KP-ID007", |bed| {
        manifest(bed, "kube-apiserver", &[PROXY[0], "requestheader-allowed-names=other"]);
    }),
    Case::passes("KP-ID007", |bed| manifest(bed, "kube-apiserver", PROXY)),
    // An empty list allows everyone: `KP-TR002` has an opinion about that.
    Case::passes("KP-ID007", |bed| {
        manifest(bed, "kube-apiserver", &[PROXY[0], "requestheader-allowed-names="]);
    }),
    Case::finds("KP-ID008", |_| {}).of("info"),
    Case::passes("KP-ID008", |bed| {
        for name in ["admin", "super-admin"] {
            fs::remove_file(bed.path(format!("out/{name}.conf"))).unwrap();
        }
        respec(bed, "omit: [admin.conf, super-admin.conf]\n");
    })
    .nowhere(),
    Case::finds("KP-ID009", |bed| user(bed, "/CN=system:robot")),
    Case::finds("KP-ID009", |bed| user(bed, "/O=system:nodes/CN=jane")),
    Case::finds("KP-ID009", |bed| user(bed, "/O=system:robots/CN=jane")),
    Case::finds("KP-ID009", |bed| user(bed, "/CN=system:serviceaccount:kube-system:default")),
    Case::passes("KP-ID009", |_| {}),
    Case::passes("KP-ID009", |bed| user(bed, "/O=system:node-proxier/CN=system:kube-proxy")),
    Case::finds("KP-ID010", |bed| user(bed, "/O=devs")),
    Case::finds("KP-ID010", |bed| user(bed, "/CN= jane")),
    Case::finds("KP-ID010", |bed| user(bed, "/O=admins /CN=jane")),
    Case::finds("KP-ID010", |bed| user(bed, "/CN=jane\u{7}")),
    Case::passes("KP-ID010", |bed| user(bed, "/CN=jane.doe@example.com")),
    // A server needs no common name.
    Case::passes("KP-ID010", |bed| stray(bed, "out/pki/app", "out/pki/ca", "/", SERVER)),
    Case::finds("KP-ID011", |bed| user(bed, "/CN=front-proxy-client")),
    Case::finds("KP-ID011", |bed| own(bed, "{commonName: system:kube-scheduler}", "client auth")),
    // What a backup of the component's own holds is not a user's.
    Case::passes("KP-ID011", |bed| {
        stray(bed, "out/pki/old-kubelet-client", "out/pki/ca", "/CN=kube-apiserver-kubelet-client", CLIENT);
    }),
    Case::finds("KP-ID012", |bed| kubelet(bed, "/O=system:nodes/CN=system:node:CP1")),
    Case::finds("KP-ID012", |bed| kubelet(bed, "/O=system:nodes/CN=system:node:cp_1")),
    Case::passes("KP-ID012", |_| {}),
    Case::finds("KP-ID013", |bed| {
        stray(bed, "out/pki/app", "out/pki/ca", "/O=kubeadm:cluster-admins/CN=app", BOTH);
    }),
    Case::finds("KP-ID013", |bed| {
        own(bed, "{commonName: app, organizations: ['system:masters']}", "server auth, client auth");
    }),
    Case::passes("KP-ID013", |bed| stray(bed, "out/pki/app", "out/pki/ca", "/CN=app", BOTH)),
];

const PROXY: &[&str] = &[
    "proxy-client-cert-file=/etc/kubernetes/pki/front-proxy-client.crt",
    "requestheader-allowed-names=front-proxy-client",
];

/// A certificate of the cluster's CA that no credential has.
fn user(bed: &Testbed, subject: &str) {
    stray(bed, "out/pki/jane", "out/pki/ca", subject, CLIENT);
}

/// The cluster with a credential of the user's own.
fn own(bed: &Testbed, subject: &str, usages: &str) {
    let row =
        format!("{{name: app, issuer: ca, subject: {subject}, usages: [{usages}], nodes: [cp1], path: app");
    let names = if usages.contains("server") { ", subjectAltNames: [app]" } else { "" };
    respec(bed, &format!("credentials:\n- {row}{names}}}\n"));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
}

/// A tree of 1.28, held to a spec of another release.
fn upgraded(bed: &Testbed, version: &str) {
    bed.write("old.yaml", format!("{SINGLE}kubernetesVersion: v1.28.9\n"));
    fs::remove_dir_all(bed.path("out")).unwrap();
    bed.run(&["apply", "-f", "old.yaml", "-d", "out"]).success();
    respec(bed, &format!("kubernetesVersion: {version}\n"));
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
}

fn sign_masters(bed: &Testbed, more: &[&str]) {
    stray(bed, "out/pki/jane", "out/pki/ca", "/CN=jane", CLIENT);
    sign_with(bed, "out/pki/jane", "out/pki/ca", "/O=system:masters/CN=jane", CLIENT, more);
}

fn kubelet(bed: &Testbed, subject: &str) {
    kubeconfig(bed, "kubelet.conf", subject);
}

/// A kubeconfig whose certificate has another subject.
fn kubeconfig(bed: &Testbed, name: &str, subject: &str) {
    stray(bed, "client", "out/pki/ca", subject, CLIENT);
    bed.embed(&format!("out/{name}"), "client");
}

/// What `apply` says that it can cure, it cures.
#[test]
fn wrong_identities_are_reissued() {
    for (name, subject, rule) in [
        ("kubelet.conf", "/O=system:nodes/CN=kubelet", "KP-ID004"),
        ("kubelet.conf", "/O=system:nodes/CN=system:node", "KP-ID005"),
        ("kubelet.conf", "/O=system:nodes/CN=system:node:CP1", "KP-ID012"),
        ("scheduler.conf", "/CN=scheduler", "KP-ID006"),
        ("scheduler.conf", "/O=system:masters/CN=system:kube-scheduler", "KP-ID001"),
        ("scheduler.conf", "/CN= scheduler", "KP-ID010"),
    ] {
        let bed = Testbed::applied(SINGLE);
        kubeconfig(&bed, name, subject);
        super::cures(&bed, rule);
    }
    let bed = Testbed::applied(SINGLE);
    sign(&bed, "out/pki/front-proxy-client", "out/pki/front-proxy-ca", "/CN=aggregator", CLIENT);
    manifest(&bed, "kube-apiserver", PROXY);
    super::cures(&bed, "KP-ID007");
    sign(&bed, "out/pki/etcd/peer", "out/pki/etcd/ca", "/O=system:masters/CN=cp1", BOTH);
    super::cures(&bed, "KP-ID003");
}
