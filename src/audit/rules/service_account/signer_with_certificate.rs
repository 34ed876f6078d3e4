//! `KP-SA004`: one key for tokens and for certificates.

use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy, TokenKeys};
use crate::target::Aim;
use crate::x509::{PrivateKey, PublicKey};

rule! {
    /// The key that signs service account tokens is the key of a certificate too: of a server, a client or a CA.
    ///
    /// ## Why it matters
    ///
    /// Whoever takes the key from the server makes tokens for every workload, and whoever has the tokens' key is the
    /// server, or makes certificates for anyone. RKE1 signed tokens with the API server's key.
    ///
    /// ## What to do
    ///
    /// Make a pair for tokens alone, add its public key to `--service-account-key-file` of every API server, then sign
    /// with it.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-apiserver `--service-account-signing-key-file`; NIST SP 800-57 Part 1 §5.2.
    "KP-SA004" "signer-with-certificate" Critical Node "keys that sign tokens"
}

fn applies(node: &Node<'_>) -> bool {
    !keys(node).is_empty()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (key, path) in keys(node) {
        let mut certificates = node.view.sightings();
        if let Some(sighting) = certificates.find(|sighting| sighting.certificate().public_key == *key) {
            let message = format!("signs tokens, and is the key of {}", sighting.path().display());
            let remedy = Remedy::by_hand(
                "make a pair for tokens alone, and let every API server verify with it first",
            );
            faults.push(Fault::new(path, message, remedy).on(node));
        }
    }
    faults
}

/// The keys that sign tokens, where they are not copies.
fn keys<'a>(node: &Node<'a>) -> Vec<(&'a PublicKey, PathBuf)> {
    let own = node.credential("sa").filter(|case| matches!(case.target.aim, Aim::KeyPair { .. }));
    let own = own.and_then(|case| Some((case.private_key().map(PrivateKey::public_key)?, case.key_path())));
    let told = TokenKeys::of(node).filter(|keys| !keys.usual).map(|keys| keys.signers).unwrap_or_default();
    let mut all: Vec<(&PublicKey, PathBuf)> = own.into_iter().collect();
    for (key, path) in told {
        if all.iter().all(|(known, _)| *known != key) {
            all.push((key, path));
        }
    }
    all
}
