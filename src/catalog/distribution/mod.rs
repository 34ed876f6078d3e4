//! How distributions lay out what kubeadm lays out in its own way.
//!
//! A distribution is a table of rows under the names that [`super::CATALOG`] gives them, so that a rule about
//! `apiserver` holds for all. To add one, add a table and its name to [`ALL`].

mod k3s;
mod kubespray;
mod microk8s;

use std::fmt;

use super::{CATALOG, Credential};

/// A way of laying out a cluster's credentials.
pub struct Distribution {
    /// Its name.
    pub name: &'static str,
    /// Paths that only it has, relative to the directory that is looked at: one of them tells it.
    pub markers: &'static [&'static str],
    /// Where its directory is in a node's file system, relative to the root.
    pub home: &'static str,
    /// Where its certificates are, relative to its directory.
    pub certificates: &'static str,
    /// What in its directory is not looked at: images and databases, with millions of files.
    pub passed_over: &'static [&'static str],
    /// Its rows.
    pub rows: fn() -> &'static [Credential],
    /// How its certificates are renewed, where that is not by kubepki.
    pub renewal: Option<&'static str>,
}

/// kubeadm's layout, which is kubepki's own.
pub static KUBEADM: Distribution = Distribution {
    name: "kubeadm",
    markers: &["pki", "admin.conf", "kubelet.conf", "bootstrap-kubelet.conf"],
    home: "etc/kubernetes",
    certificates: "pki",
    passed_over: &[],
    rows: || &*CATALOG,
    renewal: None,
};

/// Every distribution that is recognised, the most telling markers first.
pub static ALL: &[&Distribution] =
    &[&k3s::RKE2, &k3s::K3S, &microk8s::MICROK8S, &kubespray::KUBESPRAY, &KUBEADM];

impl PartialEq for Distribution {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Distribution {}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distribution({})", self.name)
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
