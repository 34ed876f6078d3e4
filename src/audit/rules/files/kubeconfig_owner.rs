//! `KP-FS005`: a kubeconfig that belongs to somebody else than root.

use crate::audit::custody::foreign_owner;
use crate::audit::rule::rule;
use crate::audit::{Fault, File};

rule! {
    /// A kubeconfig of a component or administrator belongs to somebody else than root.
    ///
    /// ## Why it matters
    ///
    /// Its owner can read the key in it, and can point the component to another server. Who may own one nevertheless is
    /// said by KP-FS002.
    ///
    /// ## What to do
    ///
    /// `chown root:root FILE`. Take the key in it for known to its former owner: `kubepki renew` replaces it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.14, 1.1.16, 1.1.18, 4.1.4 and 4.1.6; DISA STIG V-242453.
    "KP-FS005" "kubeconfig-owner" High File "kubeconfigs"
}

fn applies(file: &File<'_>) -> bool {
    file.present().is_some() && file.is_kubeconfig()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    foreign_owner(file).into_iter().collect()
}
