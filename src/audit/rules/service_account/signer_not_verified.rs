//! `KP-SA006`: an API server that does not verify with the key that it signs with.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy, TokenKeys};

rule! {
    /// An API server does not verify tokens with a key that it, or the controller manager beside it, signs them with.
    ///
    /// ## Why it matters
    ///
    /// Every token of that key is refused. It happens when keys are exchanged in the wrong order: the new one signs before
    /// everyone verifies with it.
    ///
    /// ## What to do
    ///
    /// Add the public key to `--service-account-key-file` of every API server, restart them one after the other, and only
    /// then sign with the new key.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-apiserver `--service-account-key-file`: may be given several times; clastix/kamaji#1325.
    "KP-SA006" "signer-not-verified" High Node "API servers whose flags name their keys"
}

fn applies(node: &Node<'_>) -> bool {
    // A pair that does not belong together is told by `KP-SA001`.
    TokenKeys::of(node)
        .is_some_and(|keys| !keys.usual && !keys.signers.is_empty() && keys.verifiers.is_some())
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some(keys) = TokenKeys::of(node) else { return Vec::new() };
    let refused = keys.signers.iter().filter(|(key, _)| !keys.accepts(key));
    let fault = |(_, path): &(_, std::path::PathBuf)| {
        let message = format!("signs tokens, and {} has not its public key", keys.path.display());
        let remedy = Remedy::by_hand(
            "name its public key with a further --service-account-key-file of kube-apiserver",
        );
        Fault::new(path.clone(), message, remedy).on(node)
    };
    refused.map(fault).collect()
}
