//! `KP-KY011`: one key on several nodes.

use std::collections::HashMap;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};
use crate::target::Site;

rule! {
    /// A credential has the same key on several nodes, each with a certificate of its own.
    ///
    /// ## Why it matters
    ///
    /// Whoever takes over one node can be every other: what distinguishes the nodes is written in their certificates, but
    /// the key is the same. Most often a machine was cloned with its keys in place.
    ///
    /// Where the certificates are the same too, that is told by the rules that compare nodes (KP-XN002).
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a new key and certificate for the others.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 part 1 §5.2; Kubernetes, "PKI certificates and requirements".
    "KP-KY011" "key-on-several-nodes" High Scene "clusters of several nodes"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.nodes().filter(|node| !node.is_authority()).count() > 1
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut first: HashMap<(&str, &[u8]), Case<'_>> = HashMap::new();
    let mut faults = Vec::new();
    for case in scene.cases().filter(|case| case.is_leaf() && case.target.site != Site::Authority) {
        let Some(certificate) = case.certificate() else { continue };
        let key = (case.target.credential.as_str(), certificate.public_key.as_der());
        let other = *first.entry(key).or_insert(case);
        let elsewhere = (other.view.position, &other.target.site) != (case.view.position, &case.target.site);
        if elsewhere && other.certificate() != Some(certificate) {
            let message =
                format!("has the key that `{}` has on node `{}`", case.target.credential, other.target.site);
            faults.push(Fault::new(case.certificate_path(), message, Remedy::Rekey).about(&case));
        }
    }
    faults
}
