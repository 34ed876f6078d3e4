//! `KP-SA008`: tokens that something else signs.

use crate::audit::rule::rule;
use crate::audit::token::is_external;
use crate::audit::{Fault, Remedy, Scene};

rule! {
    /// The API server leaves signing service account tokens to an external signer.
    ///
    /// ## Why it matters
    ///
    /// What `sa.key` and `sa.pub` say here does not decide which tokens are accepted: an audit of the files says nothing
    /// about them.
    ///
    /// ## What to do
    ///
    /// Nothing. Ask the signer for its keys; files of earlier days can be deleted when their last token has expired.
    ///
    /// ## References
    ///
    /// KEP-740, "API for external signing of Service Account tokens".
    "KP-SA008" "external-signer" Info Scene "manifests of API servers"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.nodes().any(|node| node.pod("kube-apiserver").is_some())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let external = scene.nodes().find_map(|node| {
        let (path, _) = node.pod("kube-apiserver").filter(|(_, pod)| is_external(pod))?;
        let remedy = Remedy::advice("ask the signer for its keys");
        let message =
            "has tokens signed by --service-account-signing-endpoint: sa.key and sa.pub do not decide";
        Some(Fault::new(path.to_owned(), message, remedy).on(&node))
    });
    external.into_iter().collect()
}
