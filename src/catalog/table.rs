//! The rows.

use std::sync::LazyLock;

use super::{Base, Credential, Holders, Kind, Server, Since};
use crate::version::Version;
use crate::x509::{ExtendedKeyUsage, KeyUsage};

const CERTIFY: &[KeyUsage] = &[KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment, KeyUsage::CertSign];
const SERVER: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ServerAuth];
const CLIENT: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ClientAuth];
const BOTH: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];

const MASTERS: &[&str] = &["system:masters"];
const ADMINS: &[&str] = &["kubeadm:cluster-admins"];
const NODES: &[&str] = &["system:nodes"];
const ANYONE: &[&str] = &[];

fn text(text: &str) -> String {
    text.to_owned()
}

fn list(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

const fn since<T>(major: u16, minor: u16, patch: u16, value: T) -> Since<T> {
    Since { version: Version::new(major, minor, patch), value }
}

fn groups(major: u16, minor: u16, patch: u16, names: &[&str]) -> Since<Vec<String>> {
    since(major, minor, patch, list(names))
}

/// Every credential of a cluster, in kubeadm's order of making them. CAs stand before what they sign.
///
/// Names, organizations and alternative names are those that kubeadm 1.36 emits; the release tables tell what earlier
/// releases wrote. The documented names are those of the Kubernetes page "PKI certificates and requirements".
pub static CATALOG: LazyLock<[Credential; 16]> = LazyLock::new(|| {
    [
        Credential {
            name: text("ca"),
            kind: Kind::Authority { key_holders: Holders::ControlPlanes },
            place: text("ca"),
            holders: Holders::ClusterNodes,
            common_name: text("kubernetes"),
            documented_common_name: Some(text("kubernetes-ca")),
            subject_alt_names: list(&["<common-name>"]),
            key_usages: CERTIFY.to_vec(),
            about: text(
                "The cluster's CA: the API server, its clients and the kubelets trust what it signs.",
            ),
            ..Credential::empty()
        },
        Credential {
            name: text("apiserver"),
            issuer: Some(text("ca")),
            place: text("apiserver"),
            common_name: text("kube-apiserver"),
            subject_alt_names: list(&[
                "<node-name>",
                "kubernetes",
                "kubernetes.default",
                "kubernetes.default.svc",
                "kubernetes.default.svc.<dns-domain>",
                "<service-ips>",
                "<node-addresses>",
                "<control-plane-endpoint>",
                "<cert-sans>",
            ]),
            extended_key_usages: SERVER.to_vec(),
            about: text("The API server shows it to everyone who connects."),
            ..Credential::empty()
        },
        Credential {
            name: text("apiserver-kubelet-client"),
            issuer: Some(text("ca")),
            place: text("apiserver-kubelet-client"),
            common_name: text("kube-apiserver-kubelet-client"),
            organizations: vec![
                groups(1, 0, 0, MASTERS),
                groups(1, 29, 0, ADMINS),
                groups(1, 33, 12, ANYONE),
                groups(1, 34, 0, ADMINS),
                groups(1, 34, 8, ANYONE),
                groups(1, 35, 0, ADMINS),
                groups(1, 35, 5, ANYONE),
                groups(1, 36, 0, ADMINS),
                groups(1, 36, 1, ANYONE),
            ],
            extended_key_usages: CLIENT.to_vec(),
            about: text("The API server shows it to kubelets, for logs, exec and port-forward."),
            ..Credential::empty()
        },
        Credential {
            name: text("front-proxy-ca"),
            kind: Kind::Authority { key_holders: Holders::ControlPlanes },
            place: text("front-proxy-ca"),
            common_name: text("front-proxy-ca"),
            documented_common_name: Some(text("kubernetes-front-proxy-ca")),
            subject_alt_names: list(&["<common-name>"]),
            key_usages: CERTIFY.to_vec(),
            about: text("The CA whose clients may name another user in a request header."),
            ..Credential::empty()
        },
        Credential {
            name: text("front-proxy-client"),
            issuer: Some(text("front-proxy-ca")),
            place: text("front-proxy-client"),
            common_name: text("front-proxy-client"),
            extended_key_usages: CLIENT.to_vec(),
            about: text("The API server shows it to extension API servers when it passes requests on."),
            ..Credential::empty()
        },
        Credential {
            name: text("etcd-ca"),
            kind: Kind::Authority { key_holders: Holders::StackedControlPlanes },
            place: text("etcd/ca"),
            holders: Holders::EtcdUsers,
            common_name: text("etcd-ca"),
            subject_alt_names: list(&["<common-name>"]),
            key_usages: CERTIFY.to_vec(),
            about: text(
                "The CA of etcd: who holds a certificate of it can read every secret of the cluster.",
            ),
            ..Credential::empty()
        },
        Credential {
            name: text("etcd-server"),
            issuer: Some(text("etcd-ca")),
            place: text("etcd/server"),
            holders: Holders::EtcdMembers,
            common_name: text("<node-name>"),
            documented_common_name: Some(text("kube-etcd")),
            subject_alt_names: list(&[
                "<node-name>",
                "localhost",
                "<node-addresses>",
                "127.0.0.1",
                "::1",
                "<etcd-server-sans>",
            ]),
            extended_key_usages: BOTH.to_vec(),
            about: text("An etcd member shows it to its clients, and to itself as a client."),
            ..Credential::empty()
        },
        Credential {
            name: text("etcd-peer"),
            issuer: Some(text("etcd-ca")),
            place: text("etcd/peer"),
            holders: Holders::EtcdMembers,
            common_name: text("<node-name>"),
            documented_common_name: Some(text("kube-etcd-peer")),
            subject_alt_names: list(&[
                "<node-name>",
                "localhost",
                "<node-addresses>",
                "127.0.0.1",
                "::1",
                "<etcd-peer-sans>",
            ]),
            extended_key_usages: BOTH.to_vec(),
            about: text("An etcd member shows it to the other members, as server and as client."),
            ..Credential::empty()
        },
        Credential {
            name: text("etcd-healthcheck-client"),
            optional: true,
            issuer: Some(text("etcd-ca")),
            place: text("etcd/healthcheck-client"),
            holders: Holders::EtcdMembers,
            common_name: text("kube-etcd-healthcheck-client"),
            organizations: vec![groups(1, 0, 0, MASTERS), groups(1, 29, 0, ANYONE)],
            extended_key_usages: CLIENT.to_vec(),
            about: text("kubeadm and operators show it to etcd, to ask for its health."),
            ..Credential::empty()
        },
        Credential {
            name: text("apiserver-etcd-client"),
            issuer: Some(text("etcd-ca")),
            place: text("apiserver-etcd-client"),
            holders: Holders::EtcdClients,
            common_name: text("kube-apiserver-etcd-client"),
            organizations: vec![groups(1, 0, 0, MASTERS), groups(1, 29, 0, ANYONE)],
            extended_key_usages: CLIENT.to_vec(),
            about: text("The API server shows it to etcd."),
            ..Credential::empty()
        },
        Credential {
            name: text("sa"),
            kind: Kind::KeyPair,
            place: text("sa"),
            key_usages: Vec::new(),
            about: text("Signs and verifies the tokens of service accounts."),
            ..Credential::empty()
        },
        Credential {
            name: text("admin.conf"),
            optional: true,
            kind: Kind::Kubeconfig { server: vec![since(1, 0, 0, Server::Endpoint)], rotates: false },
            issuer: Some(text("ca")),
            place: text("admin.conf"),
            base: Base::Kubernetes,
            common_name: text("kubernetes-admin"),
            organizations: vec![groups(1, 0, 0, MASTERS), groups(1, 29, 0, ADMINS)],
            extended_key_usages: CLIENT.to_vec(),
            about: text("The administrator's kubeconfig; its group is bound to cluster-admin by RBAC."),
            ..Credential::empty()
        },
        Credential {
            name: text("super-admin.conf"),
            optional: true,
            kind: Kind::Kubeconfig { server: vec![since(1, 0, 0, Server::Endpoint)], rotates: false },
            issuer: Some(text("ca")),
            place: text("super-admin.conf"),
            base: Base::Kubernetes,
            holders: Holders::FirstControlPlane,
            since: Version::new(1, 29, 0),
            common_name: text("kubernetes-super-admin"),
            organizations: vec![groups(1, 0, 0, MASTERS)],
            extended_key_usages: CLIENT.to_vec(),
            about: text("For emergencies: passes every authorization. Keep it off the nodes."),
            ..Credential::empty()
        },
        Credential {
            name: text("kubelet.conf"),
            kind: Kind::Kubeconfig {
                server: vec![since(1, 0, 0, Server::Endpoint), since(1, 33, 0, Server::Local)],
                rotates: true,
            },
            issuer: Some(text("ca")),
            place: text("kubelet.conf"),
            base: Base::Kubernetes,
            holders: Holders::ClusterNodes,
            common_name: text("system:node:<node-name>"),
            organizations: vec![groups(1, 0, 0, NODES)],
            extended_key_usages: CLIENT.to_vec(),
            about: text(
                "The kubelet's kubeconfig; the kubelet replaces the certificate in it by one of its own.",
            ),
            ..Credential::empty()
        },
        Credential {
            name: text("controller-manager.conf"),
            kind: Kind::Kubeconfig { server: vec![since(1, 0, 0, Server::Local)], rotates: false },
            issuer: Some(text("ca")),
            place: text("controller-manager.conf"),
            base: Base::Kubernetes,
            common_name: text("system:kube-controller-manager"),
            extended_key_usages: CLIENT.to_vec(),
            about: text("The controller manager's kubeconfig."),
            ..Credential::empty()
        },
        Credential {
            name: text("scheduler.conf"),
            kind: Kind::Kubeconfig { server: vec![since(1, 0, 0, Server::Local)], rotates: false },
            issuer: Some(text("ca")),
            place: text("scheduler.conf"),
            base: Base::Kubernetes,
            common_name: text("system:kube-scheduler"),
            extended_key_usages: CLIENT.to_vec(),
            about: text("The scheduler's kubeconfig."),
            ..Credential::empty()
        },
    ]
});

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::Symbol;
    use super::*;

    #[test]
    fn names_and_places_are_unique() {
        for column in [|row: &Credential| row.name.clone(), |row: &Credential| row.place.clone()] {
            let distinct: HashSet<_> = CATALOG.iter().map(column).collect();
            assert_eq!(distinct.len(), CATALOG.len());
        }
    }

    #[test]
    fn issuers_are_authorities_and_come_first() {
        for (index, row) in CATALOG.iter().enumerate() {
            if let Some(issuer) = &row.issuer {
                let before = CATALOG[..index].iter().find(|candidate| candidate.name == *issuer);
                let issuer = before.unwrap_or_else(|| panic!("{}: no {issuer} before it", row.name));
                assert!(matches!(issuer.kind, Kind::Authority { .. }), "{}", row.name);
            }
        }
    }

    #[test]
    fn servers_have_names_and_clients_have_users() {
        for row in CATALOG.iter() {
            let serves = row.extended_key_usages.contains(&ExtendedKeyUsage::ServerAuth);
            let asks = row.extended_key_usages.contains(&ExtendedKeyUsage::ClientAuth);
            let authority = matches!(row.kind, Kind::Authority { .. });
            assert_eq!(!row.subject_alt_names.is_empty(), serves || authority, "{}", row.name);
            assert!(!asks || !row.common_name.is_empty(), "{}", row.name);
            assert_eq!(row.key_usages.contains(&KeyUsage::CertSign), authority, "{}", row.name);
            let kubeconfig = matches!(row.kind, Kind::Kubeconfig { .. });
            assert_eq!(kubeconfig, row.name.ends_with(".conf"));
            assert_eq!(kubeconfig, row.base == Base::Kubernetes);
            let bare = matches!(row.kind, Kind::KeyPair);
            assert_eq!(row.issuer.is_none(), authority || bare, "{}", row.name);
            assert!(row.about.ends_with('.'), "{}", row.name);
        }
    }

    #[test]
    fn every_symbol_is_known() {
        for row in CATALOG.iter() {
            let texts = row.subject_alt_names.iter().chain([&row.common_name]);
            for text in texts.chain(&row.documented_common_name) {
                let mut rest: &str = text;
                while let Some((_, word, after)) = Symbol::split(rest) {
                    assert!(Symbol::named(word).is_some(), "{}: <{word}>", row.name);
                    rest = after;
                }
            }
        }
    }

    #[test]
    fn releases_are_in_order() {
        for row in CATALOG.iter() {
            assert!(row.organizations.is_sorted_by_key(|entry| entry.version), "{}", row.name);
            if let Kind::Kubeconfig { server, .. } = &row.kind {
                assert!(server.is_sorted_by_key(|entry| entry.version), "{}", row.name);
                assert_eq!(server[0].version, Version::FIRST, "{}", row.name);
            }
        }
    }

    #[test]
    fn the_api_servers_kubelet_client_lost_its_group_in_four_patch_releases() {
        let row = CATALOG.iter().find(|row| row.name == "apiserver-kubelet-client").unwrap();
        for (version, groups) in [
            ((28, 9), MASTERS),
            ((29, 0), ADMINS),
            ((32, 11), ADMINS),
            ((33, 11), ADMINS),
            ((33, 12), ANYONE),
            ((34, 7), ADMINS),
            ((34, 8), ANYONE),
            ((35, 4), ADMINS),
            ((35, 5), ANYONE),
            ((36, 0), ADMINS),
            ((36, 1), ANYONE),
            ((37, 0), ANYONE),
        ] {
            let version = Version::new(1, version.0, version.1);
            let found = Since::at(&row.organizations, version).unwrap();
            assert_eq!(*found, groups, "{version}");
        }
    }
}
