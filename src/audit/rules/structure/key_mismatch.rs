//! `KP-ST003`: a key that belongs to another certificate.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A private key is not the one of the certificate beside it.
    ///
    /// ## Why it matters
    ///
    /// The component that loads the pair does not start. It has not noticed yet if it was started before the files were
    /// exchanged.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new pair. For a CA, find out which of the two files is the right one.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.1.2.7.
    "KP-ST003" "key-mismatch" Critical Case "pairs of a certificate and a key"
}

fn applies(case: &Case<'_>) -> bool {
    case.certificate().is_some() && case.private_key().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let (Some(certificate), Some(key)) = (case.certificate(), case.private_key()) else { return Vec::new() };
    // One that stands further back is KP-ST005's.
    let own = case.certificates().iter().any(|certificate| certificate.public_key == *key.public_key());
    if certificate.public_key == *key.public_key() || own {
        return Vec::new();
    }
    let remedy = if case.is_authority() {
        Remedy::by_hand("put the right key or the right certificate back: one of them is another CA's")
    } else {
        Remedy::Rekey
    };
    let message = if case.is_kubeconfig() {
        "its key does not belong to its certificate".to_owned()
    } else {
        format!("does not belong to {}", case.certificate_path().display())
    };
    Fault::one(case.key_path(), message, remedy)
}
