//! `KP-FS003`: a certificate or public key that others may write.

use crate::audit::custody::{loose_mode, loosest};
use crate::audit::rule::rule;
use crate::audit::{Fault, File};

rule! {
    /// A certificate or public key may be written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// Who may write a trust anchor decides who is trusted.
    ///
    /// Every file of certificates, public keys, requests or revocation lists counts, also one that no credential has.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the mode to 644.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.20; DISA STIG V-242466.
    "KP-FS003" "writable-certificate" Medium File "certificate and public key files"
}

fn applies(file: &File<'_>) -> bool {
    file.is_of_pki() && !file.is_kubeconfig() && !file.holds_private_key()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let Some(fault) = loosest(file).and_then(|loosest| loose_mode(file, loosest)) else { return Vec::new() };
    // The kubelet's client CA is KP-FS006's.
    let kubelets = file.node().and_then(|node| node.kubelet_client_ca());
    if kubelets.is_some_and(|own| own.path() == file.path()) { Vec::new() } else { vec![fault] }
}
