//! k3s and RKE2: one program's layout under two names. What clients show and what servers show are signed by CAs apart
//! (k3s, `pkg/daemons/control/deps/deps.go`).

use std::sync::LazyLock;

use super::Distribution;
use crate::catalog::{Credential, Holders, Kind, Server, Since};
use crate::version::Version;
use crate::x509::{ExtendedKeyUsage, KeyUsage};

/// k3s.
pub static K3S: Distribution = Distribution {
    name: "k3s",
    markers: &["server/tls/client-k3s-controller.crt", "agent/client-k3s-controller.crt"],
    home: "var/lib/rancher/k3s",
    certificates: "",
    passed_over: PASSED_OVER,
    rows: || &*K3S_ROWS,
    renewal: Some("stop k3s, run `k3s certificate rotate`, and start it again"),
};

/// RKE2.
pub static RKE2: Distribution = Distribution {
    name: "rke2",
    markers: &[
        "server/tls/client-rke2-controller.crt",
        "agent/client-rke2-controller.crt",
        "agent/pod-manifests",
    ],
    home: "var/lib/rancher/rke2",
    certificates: "",
    passed_over: PASSED_OVER,
    rows: || &*RKE2_ROWS,
    renewal: Some("stop rke2-server, run `rke2 certificate rotate`, and start it again"),
};

const PASSED_OVER: &[&str] = &[
    "agent/containerd",
    "agent/images",
    "agent/logs",
    "data",
    "server/db",
    "server/logs",
    "server/manifests",
    "server/static",
    "storage",
];

static K3S_ROWS: LazyLock<Vec<Credential>> = LazyLock::new(|| rows("k3s"));
static RKE2_ROWS: LazyLock<Vec<Credential>> = LazyLock::new(|| rows("rke2"));

const MASTERS: &[&str] = &["system:masters"];

#[allow(clippy::too_many_lines, reason = "a table")]
fn rows(program: &str) -> Vec<Credential> {
    let client = |name: &str, file: &str, user: &str, groups: &[&str]| Credential {
        extended_key_usages: vec![ExtendedKeyUsage::ClientAuth],
        ..pair(name, &format!("server/tls/{file}"), "ca", user, groups)
    };
    let etcd = |name: &str, file: &str, issuer: &str| Credential {
        subject_alt_names: texts(&["localhost", "127.0.0.1", "::1", "<node-name>", "<node-addresses>"]),
        extended_key_usages: vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth],
        ..pair(name, &format!("server/tls/etcd/{file}"), issuer, name, &[])
    };
    vec![
        authority("ca", "server/tls/client-ca", "The CA of clients: the API server and kubelets ask it."),
        authority("server-ca", "server/tls/server-ca", "The CA of servers: clients ask it."),
        authority("front-proxy-ca", "server/tls/request-header-ca", "The CA of the front proxy."),
        authority("etcd-ca", "server/tls/etcd/server-ca", "The CA of etcd and its clients."),
        authority("etcd-peer-ca", "server/tls/etcd/peer-ca", "The CA of etcd's members among themselves."),
        Credential {
            subject_alt_names: texts(&[
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "kubernetes.default.svc.<dns-domain>",
                "localhost",
                "127.0.0.1",
                "::1",
                "<node-name>",
                "<service-ips>",
                "<node-addresses>",
                "<cert-sans>",
            ]),
            extended_key_usages: vec![ExtendedKeyUsage::ServerAuth],
            ..pair("apiserver", "server/tls/serving-kube-apiserver", "server-ca", "kube-apiserver", &[])
        },
        client("apiserver-kubelet-client", "client-kube-apiserver", "system:apiserver", MASTERS),
        client("admin", "client-admin", "system:admin", MASTERS),
        client("supervisor", "client-supervisor", &format!("system:{program}-supervisor"), MASTERS),
        client("controller-manager", "client-controller", "system:kube-controller-manager", &[]),
        client("scheduler", "client-scheduler", "system:kube-scheduler", &[]),
        client("kube-proxy", "client-kube-proxy", "system:kube-proxy", &[]),
        client(
            "controller",
            &format!("client-{program}-controller"),
            &format!("system:{program}-controller"),
            &[],
        ),
        client(
            "cloud-controller",
            &format!("client-{program}-cloud-controller"),
            &format!("{program}-cloud-controller-manager"),
            &[],
        ),
        Credential {
            issuer: Some("front-proxy-ca".to_owned()),
            ..client("front-proxy-client", "client-auth-proxy", "system:auth-proxy", &[])
        },
        etcd("etcd-server", "server-client", "etcd-ca"),
        etcd("etcd-peer", "peer-server-client", "etcd-peer-ca"),
        Credential {
            subject_alt_names: Vec::new(),
            extended_key_usages: vec![ExtendedKeyUsage::ClientAuth],
            ..pair("apiserver-etcd-client", "server/tls/etcd/client", "etcd-ca", "etcd-client", &[])
        },
        Credential {
            name: "sa".to_owned(),
            kind: Kind::KeyPair,
            place: "server/tls/service".to_owned(),
            key_usages: Vec::new(),
            about: "Signs the tokens of service accounts.".to_owned(),
            ..Credential::empty()
        },
        kubeconfig("admin.conf", "server/cred/admin.kubeconfig", "system:admin", MASTERS),
        kubeconfig(
            "controller-manager.conf",
            "server/cred/controller.kubeconfig",
            "system:kube-controller-manager",
            &[],
        ),
        kubeconfig("scheduler.conf", "server/cred/scheduler.kubeconfig", "system:kube-scheduler", &[]),
        Credential {
            holders: Holders::ClusterNodes,
            extended_key_usages: vec![ExtendedKeyUsage::ClientAuth],
            ..pair(
                "kubelet-client",
                "agent/client-kubelet",
                "ca",
                "system:node:<node-name>",
                &["system:nodes"],
            )
        },
        Credential {
            holders: Holders::ClusterNodes,
            subject_alt_names: texts(&["<node-name>", "localhost", "127.0.0.1", "<node-addresses>"]),
            extended_key_usages: vec![ExtendedKeyUsage::ServerAuth],
            ..pair("kubelet-serving", "agent/serving-kubelet", "server-ca", "<node-name>", &[])
        },
        Credential {
            holders: Holders::ClusterNodes,
            ..kubeconfig(
                "kubelet.conf",
                "agent/kubelet.kubeconfig",
                "system:node:<node-name>",
                &["system:nodes"],
            )
        },
    ]
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// A CA: its certificate is on every node, its key on servers.
pub(super) fn authority(name: &str, place: &str, about: &str) -> Credential {
    Credential {
        name: name.to_owned(),
        kind: Kind::Authority { key_holders: Holders::ControlPlanes },
        place: place.to_owned(),
        holders: Holders::ClusterNodes,
        key_usages: vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment, KeyUsage::CertSign],
        about: about.to_owned(),
        ..Credential::empty()
    }
}

/// A certificate and its key.
pub(super) fn pair(name: &str, place: &str, issuer: &str, user: &str, groups: &[&str]) -> Credential {
    Credential {
        name: name.to_owned(),
        issuer: Some(issuer.to_owned()),
        place: place.to_owned(),
        common_name: user.to_owned(),
        organizations: vec![Since { version: Version::FIRST, value: texts(groups) }],
        ..Credential::empty()
    }
}

/// A kubeconfig.
pub(super) fn kubeconfig(name: &str, place: &str, user: &str, groups: &[&str]) -> Credential {
    let server = vec![Since { version: Version::FIRST, value: Server::Local }];
    Credential {
        kind: Kind::Kubeconfig { server, rotates: false },
        extended_key_usages: vec![ExtendedKeyUsage::ClientAuth],
        ..pair(name, place, "ca", user, groups)
    }
}
