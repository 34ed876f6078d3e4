//! What a kubelet keeps in a directory of its own: looked at, never made here.

use std::sync::LazyLock;

use super::{Base, Credential, Holders, Since, Suffixes};
use crate::version::Version;
use crate::x509::ExtendedKeyUsage;

/// The certificates that a kubelet requests and renews by itself (`certificate_store.go`: one file for certificate and
/// key, reached by a symlink named `…-current.pem`). The self-signed `kubelet.crt` has no row: nobody trusts it.
pub static KUBELET: LazyLock<[Credential; 2]> = LazyLock::new(|| {
    let subject = Credential {
        issuer: Some("ca".to_owned()),
        base: Base::Kubelet,
        suffixes: Suffixes::Joined,
        holders: Holders::ClusterNodes,
        common_name: "system:node:<node-name>".to_owned(),
        organizations: vec![Since { version: Version::FIRST, value: vec!["system:nodes".to_owned()] }],
        ..Credential::empty()
    };
    [
        Credential {
            name: "kubelet-client".to_owned(),
            place: "kubelet-client-current.pem".to_owned(),
            extended_key_usages: vec![ExtendedKeyUsage::ClientAuth],
            about: "The kubelet shows it to the API server, and renews it by itself.".to_owned(),
            ..subject.clone()
        },
        Credential {
            name: "kubelet-serving".to_owned(),
            place: "kubelet-server-current.pem".to_owned(),
            subject_alt_names: vec!["<node-name>".to_owned(), "<node-addresses>".to_owned()],
            extended_key_usages: vec![ExtendedKeyUsage::ServerAuth],
            about: "The kubelet shows it to the API server that asks it for logs, where serverTLSBootstrap is on."
                .to_owned(),
            ..subject
        },
    ]
});
