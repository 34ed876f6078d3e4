//! kubespray: kubeadm's files in `ssl`, and an etcd of its own whose files are named after their hosts
//! (`roles/etcd/templates/make-ssl-etcd.sh.j2`).

use std::sync::LazyLock;

use super::Distribution;
use crate::catalog::{Base, CATALOG, Credential, Suffixes};

/// kubespray.
pub static KUBESPRAY: Distribution = Distribution {
    name: "kubespray",
    markers: &["ssl/ca.crt", "ssl/apiserver.crt"],
    home: "etc/kubernetes",
    certificates: "ssl",
    passed_over: &[],
    rows: || &*ROWS,
    renewal: Some("run kubespray's cluster.yml, or `kubeadm certs renew` for what is not etcd's"),
};

/// What is called otherwise: kubeadm's name, the file, and the common name.
const ETCD: [(&str, &str, &str); 4] = [
    ("etcd-ca", "ca", "etcd-ca"),
    ("etcd-server", "member-<node-name>", "etcd-member-<node-name>"),
    ("etcd-healthcheck-client", "admin-<node-name>", "etcd-admin-<node-name>"),
    ("apiserver-etcd-client", "node-<node-name>", "etcd-node-<node-name>"),
];

static ROWS: LazyLock<Vec<Credential>> = LazyLock::new(|| {
    // A member shows one certificate to clients and to other members.
    let rows = CATALOG.iter().filter(|row| row.name != "etcd-peer");
    let own = |row: &Credential| match ETCD.iter().find(|(name, ..)| *name == row.name) {
        None => row.clone(),
        Some((_, place, common_name)) => Credential {
            place: (*place).to_owned(),
            base: Base::Etcd,
            suffixes: Suffixes::Dashed,
            common_name: (*common_name).to_owned(),
            documented_common_name: None,
            ..row.clone()
        },
    };
    rows.map(own).collect()
});
