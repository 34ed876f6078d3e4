//! `KP-FS017`: a key where a certificate is expected, or the other way round.

use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy, Severity};
use crate::catalog::Suffixes;
use crate::disk::FileRole;
use crate::disk::content::Item;

rule! {
    /// A private key stands in a file that is expected to hold certificates, requests or public keys, or a certificate
    /// in a key's file.
    ///
    /// ## Why it matters
    ///
    /// Files with certificates are copied, mailed and left readable without a thought. The key goes with them.
    ///
    /// What is meant to hold both is no fault: the kubelet's `…-current.pem`, other files named `.pem` that no
    /// credential has, as a load balancer wants them, and kubeconfigs. A certificate in a key's file does no harm by
    /// itself, and is said as low.
    ///
    /// ## What to do
    ///
    /// Take the key for known to others. `kubepki apply` writes a new key and a new certificate in files of their own;
    /// a CA's file has to be split by hand: `openssl x509 -in ca.crt -out ca.crt.new`.
    ///
    /// ## References
    ///
    /// RFC 7468 §5 and §10.
    "KP-FS017" "mixed-file" Medium File "files for one kind of thing"
}

/// What a file is expected to hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Key,
}

fn kind(file: &File<'_>) -> Option<Kind> {
    let joined = file.case().is_some_and(|case| case.target.suffixes == Suffixes::Joined);
    match file.role {
        _ if joined => None,
        Some(FileRole::Certificate | FileRole::PublicKey) => Some(Kind::Public),
        Some(FileRole::Key) => Some(Kind::Key),
        Some(FileRole::Kubeconfig) => None,
        None if file.is_called(&[".key", "-key.pem"]) => Some(Kind::Key),
        None => file.is_called(&[".crt", ".cer", ".csr", ".pub", ".crl"]).then_some(Kind::Public),
    }
}

fn applies(file: &File<'_>) -> bool {
    file.is_of_pki() && kind(file).is_some()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let key = file.content().is_some_and(|content| content.private_keys().next().is_some());
    let certificate = file.items().any(|item| matches!(item, Item::Certificate(_)));
    match kind(file) {
        Some(Kind::Public) if key => {
            let remedy = match file.case() {
                Some(case) if case.is_leaf() && case.is_ours() => Remedy::Rekey,
                _ => Remedy::by_hand("split it, and take the key for known to others"),
            };
            Fault::one(file.path(), "holds a private key", remedy)
        }
        Some(Kind::Key) if certificate => {
            let remedy = Remedy::advice("split it: a key's file needs no certificate");
            let fault = Fault::new(file.path(), "holds a certificate beside the key", remedy);
            vec![fault.severity(Severity::Low)]
        }
        _ => Vec::new(),
    }
}
