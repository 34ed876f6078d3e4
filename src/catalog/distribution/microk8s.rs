//! MicroK8s: one server certificate for everything that serves, and kubeconfigs that hold tokens or certificates
//! (`microk8s-resources/actions/common/utils.sh`).

use std::sync::LazyLock;

use super::Distribution;
use super::k3s::{authority, kubeconfig, pair};
use crate::catalog::{Credential, Holders, Kind};
use crate::x509::ExtendedKeyUsage;

/// MicroK8s.
pub static MICROK8S: Distribution = Distribution {
    name: "microk8s",
    markers: &["certs/server.crt", "credentials/client.config"],
    home: "var/snap/microk8s/current",
    certificates: "",
    passed_over: &["bin", "opt", "var/lib", "var/kubernetes/backend/db"],
    rows: || &*ROWS,
    renewal: Some("`microk8s refresh-certs`"),
};

static ROWS: LazyLock<Vec<Credential>> = LazyLock::new(|| {
    let both = vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.<dns-domain>",
        "127.0.0.1",
        "<service-ips>",
        "<node-addresses>",
        "<cert-sans>",
    ];
    let client = |name: &str, file: &str, issuer: &str, user: &str, groups: &[&str]| Credential {
        extended_key_usages: vec![ExtendedKeyUsage::ClientAuth],
        ..pair(name, file, issuer, user, groups)
    };
    vec![
        authority("ca", "certs/ca", "The cluster's CA; its name is the service address."),
        authority("front-proxy-ca", "certs/front-proxy-ca", "The CA of the front proxy."),
        Credential {
            subject_alt_names: names.iter().map(ToString::to_string).collect(),
            extended_key_usages: both,
            ..pair("apiserver", "certs/server", "ca", "127.0.0.1", &["Canonical"])
        },
        client(
            "apiserver-kubelet-client",
            "certs/apiserver-kubelet-client",
            "ca",
            "kube-apiserver-kubelet-client",
            &["system:masters"],
        ),
        client("front-proxy-client", "certs/front-proxy-client", "front-proxy-ca", "front-proxy-client", &[]),
        Credential {
            name: "sa".to_owned(),
            kind: Kind::KeyPair,
            place: "certs/serviceaccount".to_owned(),
            key_usages: Vec::new(),
            about: "Signs and verifies the tokens of service accounts.".to_owned(),
            ..Credential::empty()
        },
        Credential {
            holders: Holders::ClusterNodes,
            subject_alt_names: vec!["<node-name>".to_owned(), "<node-addresses>".to_owned()],
            extended_key_usages: vec![ExtendedKeyUsage::ServerAuth],
            ..pair("kubelet-serving", "certs/kubelet", "ca", "system:node:<node-name>", &["system:nodes"])
        },
        kubeconfig("admin.conf", "credentials/client.config", "admin", &["system:masters"]),
        kubeconfig(
            "controller-manager.conf",
            "credentials/controller.config",
            "system:kube-controller-manager",
            &[],
        ),
        kubeconfig("scheduler.conf", "credentials/scheduler.config", "system:kube-scheduler", &[]),
        kubeconfig("kube-proxy.conf", "credentials/proxy.config", "system:kube-proxy", &[]),
        Credential {
            holders: Holders::ClusterNodes,
            ..kubeconfig(
                "kubelet.conf",
                "credentials/kubelet.config",
                "system:node:<node-name>",
                &["system:nodes"],
            )
        },
    ]
});
