//! `KP-FS004`: a kubeconfig that others may read.

use crate::audit::custody::{loose_mode, loosest};
use crate::audit::rule::rule;
use crate::audit::{Fault, File, Severity};
use crate::disk::content::Item;
use crate::disk::kubeconfig::Source;

rule! {
    /// A kubeconfig may be read or written by others than its owner.
    ///
    /// ## Why it matters
    ///
    /// One with a key, a token or a password in it is that secret, with instructions how to use it. One without still
    /// says which server and which CA are believed: less urgent, but nobody's business to change.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` sets the mode to 600. If others could log in to the machine, take the key for stolen:
    /// `kubepki renew` replaces it.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 1.1.13, 1.1.15, 1.1.17, 4.1.3 and 4.1.5; DISA STIG V-242460, which is laxer.
    "KP-FS004" "readable-kubeconfig" Critical File "kubeconfigs"
}

fn applies(file: &File<'_>) -> bool {
    file.present().is_some() && file.is_kubeconfig()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let Some(fault) = loosest(file).and_then(|loosest| loose_mode(file, loosest)) else { return Vec::new() };
    let harmless = file.items().any(|item| match item {
        Item::Kubeconfig(kubeconfig) => {
            !matches!(kubeconfig.key, Source::Embedded(_)) && kubeconfig.other_credentials.is_empty()
        }
        _ => false,
    });
    vec![if harmless { fault.severity(Severity::Medium) } else { fault }]
}
