//! `KP-FS004`: a kubeconfig that others may read.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, case::loose_mode};
use crate::disk::FileRole;

rule! {
    /// A kubeconfig with a key in it may be read or written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// It is a private key, with instructions how to use it.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the mode to 600. If others could log in to the machine, take the key for stolen:
    /// `kubepki renew` replaces it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.13, 1.1.15, 1.1.17 and 4.1.5; DISA STIG V-242460, which is laxer.
    "KP-FS004" "readable-kubeconfig" Critical Case "kubeconfigs"
}

fn applies(case: &Case<'_>) -> bool {
    case.present(FileRole::Kubeconfig).is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    loose_mode(case, FileRole::Kubeconfig)
}
