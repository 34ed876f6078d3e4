//! `KP-ID012`: a node's certificate with a name that no node can have.

use crate::audit::identity::{NODE, is_node_name, user};
use crate::audit::rule::rule;
use crate::audit::{Fault, Part, Remedy, Sighting};

rule! {
    /// A node's client certificate names a node whose name is no lower-case DNS name.
    ///
    /// ## Why it matters
    ///
    /// Kubernetes has no node of that name, and names are compared letter by letter: the kubelet cannot register, or is
    /// refused everything about its node. Host names with capitals are how this comes about.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` reissues `kubelet.conf` with the spec's name for the node. A certificate that the kubelet keeps
    /// itself: set `--hostname-override`, move it away, and restart the kubelet.
    ///
    /// ## References
    ///
    /// RFC 1123 §2.1; Kubernetes, "Nodes", node name uniqueness.
    "KP-ID012" "node-name" Medium Sighting "client certificates of nodes"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    let certificate = sighting.certificate();
    sighting.part() == Part::Own && !certificate.is_ca() && user(certificate).starts_with(NODE)
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let name = user(sighting.certificate()).strip_prefix(NODE).unwrap_or_default();
    if is_node_name(name) {
        return Vec::new();
    }
    let message = format!("names the node `{}`, which is no lower-case DNS name", name.escape_debug());
    vec![sighting.fault(message, Remedy::Reissue)]
}
