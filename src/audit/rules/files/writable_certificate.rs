//! `KP-FS003`: a certificate or public key that others may write.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, case::loose_mode};
use crate::disk::FileRole;

rule! {
    /// A certificate or public key may be written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// Who may write a trust anchor decides who is trusted.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the mode to 644.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.20; DISA STIG V-242466.
    "KP-FS003" "writable-certificate" Medium Case "certificate and public key files"
}

fn applies(case: &Case<'_>) -> bool {
    case.present(FileRole::Certificate).is_some() || case.present(FileRole::PublicKey).is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    [FileRole::Certificate, FileRole::PublicKey].into_iter().flat_map(|role| loose_mode(case, role)).collect()
}
