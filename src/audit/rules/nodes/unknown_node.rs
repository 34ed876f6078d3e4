//! `KP-XN005`: a node that the spec does not have.

use std::path::Path;

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// A fleet directory has files of a node that is not in the spec.
    ///
    /// ## Why it matters
    ///
    /// Nobody renews them, and nobody looks at them: a node that is missing in the spec drops out when they expire. Of a
    /// node that is gone, keys lie about that still open the cluster.
    ///
    /// Nodes of the spec without files are told file by file.
    ///
    /// ## What to do
    ///
    /// Add the node to the spec, or delete its directory.
    ///
    /// ## References
    ///
    /// Kubernetes, "Nodes".
    "KP-XN005" "unknown-node" Medium Node "nodes of a fleet directory that a spec is given for"
}

fn applies(node: &Node<'_>) -> bool {
    let Node { view, .. } = node;
    view.targets.fleet && view.terms.given && !node.is_authority()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    if node.spec().is_some() {
        return Vec::new();
    }
    let path = Path::new("nodes").join(node.site().to_string());
    let remedy = Remedy::by_hand("add it to the spec, or delete its directory");
    vec![Fault::new(path, "is of a node that the spec does not have", remedy)]
}
