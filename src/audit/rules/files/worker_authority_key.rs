//! `KP-FS010`: the key of a CA on a worker.

use crate::audit::key::Key;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy};

rule! {
    /// The private key of a CA is on a node that runs workloads and nothing else.
    ///
    /// ## Why it matters
    ///
    /// Who breaks out of a pod there owns the cluster, and not a node: with the key, he makes certificates for anyone.
    ///
    /// ## What to do
    ///
    /// Remove the file, then replace that CA: nobody can know who has read it.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements": a worker has the certificate of the CA and nothing else of it.
    "KP-FS010" "worker-authority-key" High Key "private keys on workers"
}

fn applies(key: &Key<'_>) -> bool {
    let node = || key.view.node(key.site()?);
    key.private.is_some() && node().is_some_and(|node| node.is_only_worker())
}

fn check(key: &Key<'_>) -> Vec<Fault> {
    if !key.view.is_authority_key(key.public) {
        return Vec::new();
    }
    let remedy = Remedy::by_hand("remove it from the worker, then replace the CA");
    Fault::one(key.path(), "is the private key of a CA, on a worker", remedy)
}
