//! What a cluster has beside the catalogue's rows when its CAs are under a root.

use std::sync::LazyLock;

use super::{Credential, Holders, Kind, Role, Selector};
use crate::x509::KeyUsage;

/// The certificate of the root, on every node: for clients that demand a self-signed anchor. Its key is nobody's.
///
/// It has a file of its own, and stands in no CA's file: whoever lets clients in by a file with the root in it lets in the
/// clients of every CA under that root, and kube-controller-manager signs with no file of two certificates
/// (`pkg/controller/certificates/authority`, `parseOneCert`).
pub static ROOT: LazyLock<Credential> = LazyLock::new(|| {
    Credential {
    name: "root-ca".to_owned(),
    kind: Kind::Authority { key_holders: Holders::Selected(Vec::new()) },
    place: "root-ca".to_owned(),
    holders: Holders::Selected(
        [Role::ControlPlane, Role::Etcd, Role::Worker].map(Selector::Role).to_vec(),
    ),
    key_usages: vec![KeyUsage::CertSign],
    about: "The root that signed the CAs, without its key: for clients that demand a self-signed anchor, such as \
            pods (kube-controller-manager --root-ca-file)."
        .to_owned(),
    ..Credential::empty()
}
});
