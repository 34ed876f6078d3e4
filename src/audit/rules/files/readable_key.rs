//! `KP-FS001`: a private key that others may read.

use crate::audit::custody::{loose_mode, loosest};
use crate::audit::rule::rule;
use crate::audit::{Fault, File, Severity};
use crate::disk::content::{Broken, ContentError, Item};

rule! {
    /// A private key may be read or written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// Whoever reads a key can be whom its certificate names. With a CA key, that is anyone.
    ///
    /// Every file with a private key in it counts, also one that no credential has, and one whose name promises a
    /// certificate. A key under a passphrase is less urgent: then it is the passphrase that has to be guessed.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the mode to 600. If others could log in to the machine, take the key for stolen:
    /// `kubepki renew` replaces it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.21; DISA STIG V-242467.
    "KP-FS001" "readable-key" Critical File "files with a private key"
}

fn applies(file: &File<'_>) -> bool {
    file.holds_private_key() && !file.is_kubeconfig()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let Some(fault) = loosest(file).and_then(|loosest| loose_mode(file, loosest)) else { return Vec::new() };
    let mut items = file.content().into_iter().flat_map(|content| &content.items);
    let encrypted = items.any(|item| match item {
        Ok(Item::EncryptedKey(_)) => true,
        Err(Broken { error: ContentError::X509(error), .. }) => error.is_encryption(),
        _ => false,
    });
    let mut items = file.content().into_iter().flat_map(|content| &content.items);
    let plain = items.any(|item| matches!(item, Ok(Item::PrivateKey(_))));
    vec![if encrypted && !plain { fault.severity(Severity::Medium) } else { fault }]
}
