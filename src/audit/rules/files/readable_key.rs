//! `KP-FS001`: a private key that others may read.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, case::loose_mode};
use crate::disk::FileRole;

rule! {
    /// A private key may be read or written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// Whoever reads a key can be whom its certificate names. With a CA key, that is anyone.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the mode to 600. If others could log in to the machine, take the key for stolen:
    /// `kubepki renew` replaces it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.21; DISA STIG V-242467.
    "KP-FS001" "readable-key" Critical Case "private key files"
}

fn applies(case: &Case<'_>) -> bool {
    case.present(FileRole::Key).is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    loose_mode(case, FileRole::Key)
}
