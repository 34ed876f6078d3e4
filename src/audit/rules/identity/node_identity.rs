//! `KP-ID004`: a kubelet that is not the node that it should be.

use crate::audit::identity::{Kind, NODE, NODES, is_master, is_node_name, kind, other_node, user};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A kubelet's client certificate names another user than `system:node:` and the node's name, or other groups than
    /// `system:nodes`.
    ///
    /// ## Why it matters
    ///
    /// The node authorizer and the NodeRestriction admission plugin know a node by exactly these two. With another user
    /// the kubelet is refused; with a role that somebody has bound to it instead, it may read every secret.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` reissues `kubelet.conf`. A certificate that the kubelet keeps itself: move it away, put a good
    /// `kubelet.conf` or a bootstrap kubeconfig in place, and restart the kubelet.
    ///
    /// ## References
    ///
    /// Kubernetes, "Using Node Authorization".
    "KP-ID004" "node-identity" High Case "client certificates of kubelets"
}

fn applies(case: &Case<'_>) -> bool {
    kind(case) == Some(Kind::Node) && case.leaf().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.leaf() else { return Vec::new() };
    let wanted = blueprint.subjects.first().and_then(|subject| subject.common_name()).unwrap_or_default();
    let (user, groups) = (user(certificate), certificate.subject.organizations());
    // What rules of their own say: a name that no node can have, another node's name, all nodes' name.
    let elsewhere = user.strip_prefix(NODE).is_some_and(|name| !is_node_name(name))
        || other_node(case.view, &case.target.site, certificate).is_some()
        || user == "system:node";
    let message = if user != wanted && !elsewhere {
        format!("its user is `{}`, not `{wanted}`", user.escape_debug())
    } else if groups != [NODES] && !is_master(certificate) {
        let groups = if groups.is_empty() { "none".to_owned() } else { format!("`{}`", groups.join("`, `")) };
        format!("its groups are {groups}, not `{NODES}`")
    } else {
        return Vec::new();
    };
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}
