//! `KP-SA003`: a key that tokens should not be signed with.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::disk::FileRole;
use crate::target::Aim;
use crate::x509::PrivateKey;
use crate::x509::public_key::PublicKeyKind;

rule! {
    /// The key of service accounts is RSA of less than 2048 bits, or of a kind that the API server cannot sign with.
    ///
    /// ## Why it matters
    ///
    /// Who can compute the key makes tokens for every service account. With a curve or algorithm that is no part of its
    /// JWT library, the API server does not start.
    ///
    /// ## What to do
    ///
    /// Make a new pair, add its public key to `--service-account-key-file` of every API server, then sign with it; take
    /// the old one out when its last token has expired. kubepki never replaces `sa.key`.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 Part 1 §5.6; Kubernetes `pkg/serviceaccount/jwt.go`: RS256, ES256, ES384, ES512.
    "KP-SA003" "weak-signer" High Case "service account keys"
}

/// What NIST SP 800-57 Part 1 §5.6.1 gives 112 bits of strength.
const LEAST: usize = 2048;

fn applies(case: &Case<'_>) -> bool {
    matches!(case.target.aim, Aim::KeyPair { .. }) && !case.is_absent()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let public = case.present(FileRole::PublicKey).and_then(|present| present.content.public_keys().ok());
    let signer = case.private_key().map(PrivateKey::public_key);
    let (key, role) = match (signer, public.as_deref()) {
        (Some(key), _) => (key, FileRole::Key),
        // A key of a kind that cannot be read here shows itself by its public half.
        (None, Some([key, ..])) => (*key, FileRole::PublicKey),
        (None, _) => return Vec::new(),
    };
    let problem = match key.kind() {
        PublicKeyKind::Rsa { bits } if bits < LEAST => format!("is {key}, shorter than {LEAST} bits"),
        PublicKeyKind::Ed25519 | PublicKeyKind::Other(_) => {
            format!("is {key}, which the API server cannot sign with")
        }
        _ => return Vec::new(),
    };
    let remedy = Remedy::by_hand("make a new pair, let every API server verify with it, then sign with it");
    Fault::one(case.path(role), problem, remedy)
}
