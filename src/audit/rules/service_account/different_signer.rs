//! `KP-SA002`: API servers that sign tokens with different keys and do not know each other's.

use std::path::Path;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene, TokenKeys};
use crate::x509::PublicKey;

rule! {
    /// API servers sign service account tokens with different keys, and one of them does not verify with the other's.
    ///
    /// ## Why it matters
    ///
    /// A token works at the API server that made it and is refused by the other: pods fail now and then, depending on
    /// where the load balancer sends them.
    ///
    /// ## What to do
    ///
    /// Decide for one pair and copy `sa.key` and `sa.pub` to every control plane. If tokens of the other key are to live
    /// on until they expire, name its public key with a further `--service-account-key-file` everywhere.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-apiserver `--service-account-signing-key-file`, `--service-account-key-file`.
    "KP-SA002" "different-signer" Critical Scene "pairs of API servers"
}

fn applies(scene: &Scene<'_>) -> bool {
    servers(scene).len() > 1
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let servers = servers(scene);
    let mut signers: Vec<(&PublicKey, &Path, &TokenKeys<'_>)> = Vec::new();
    for server in &servers {
        for (key, path) in &server.signers {
            if signers.iter().all(|(known, ..)| known != key) {
                signers.push((key, path, server));
            }
        }
    }
    let mut faults = Vec::new();
    for server in &servers {
        // What it signs with itself is told by rules about one server.
        let own = |key: &PublicKey| server.signers.iter().any(|(own, _)| *own == key);
        let lacking = signers.iter().find(|(key, ..)| !own(key) && !server.accepts(key));
        if let Some((_, path, other)) = lacking {
            let place = scene.place(path, other.node.view, server.node.view);
            let message =
                format!("has not the key of {place}, which {} signs tokens with", other.node.site());
            let remedy = Remedy::by_hand("copy one sa.key and sa.pub to every control plane");
            faults.push(Fault::new(server.path.clone(), message, remedy).on(&server.node));
        }
    }
    faults
}

fn servers<'a>(scene: &'a Scene<'a>) -> Vec<TokenKeys<'a>> {
    scene.nodes().filter(|node| !node.is_authority()).filter_map(|node| TokenKeys::of(&node)).collect()
}
