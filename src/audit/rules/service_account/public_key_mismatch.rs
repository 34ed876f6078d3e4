//! `KP-SA001`: a public key that is not that of `sa.key`.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::disk::FileRole;

rule! {
    /// `sa.pub` is not the public key of `sa.key`.
    ///
    /// ## Why it matters
    ///
    /// Tokens are signed with the one and checked with the other: every token of every service account is refused.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` writes `sa.pub` anew from `sa.key`.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-apiserver `--service-account-key-file`.
    "KP-SA001" "public-key-mismatch" Critical Case "service account key pairs"
}

fn applies(case: &Case<'_>) -> bool {
    case.present(FileRole::PublicKey).is_some() && case.private_key().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let public = case.present(FileRole::PublicKey).and_then(|present| present.content.public_keys().ok());
    match (public, case.private_key()) {
        // The file may have keys of earlier days too, whose tokens are still accepted.
        (Some(public), Some(private)) if !public.contains(&private.public_key()) => {
            let message = format!("is not the public key of {}", case.key_path().display());
            Fault::one(case.path(FileRole::PublicKey), message, Remedy::Rewrite)
        }
        _ => Vec::new(),
    }
}
