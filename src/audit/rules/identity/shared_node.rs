//! `KP-ID005`: one identity for several nodes.

use std::collections::HashMap;

use crate::audit::identity::{Kind, NODE, kind, other_node, user};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};

rule! {
    /// Several kubelets are the same node to the API server, or a kubelet is another node than its own.
    ///
    /// ## Why it matters
    ///
    /// Whoever is root on one of them can act as any of them: read their secrets, report their state, drop their pods. The
    /// API server cannot tell them apart, and neither can an audit log. RKE1 gave all nodes the user `system:node`.
    ///
    /// ## What to do
    ///
    /// Give each kubelet a certificate of its own. `kubepki apply` reissues a `kubelet.conf` that names another node of
    /// the spec.
    ///
    /// ## References
    ///
    /// Kubernetes, "Using Node Authorization"; kubernetes/kubernetes, `plugin/pkg/auth/authorizer/node`.
    "KP-ID005" "shared-node" Critical Scene "client certificates of kubelets"
}

fn applies(scene: &Scene<'_>) -> bool {
    kubelets(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut seen: HashMap<&str, Case<'_>> = HashMap::new();
    let mut faults = Vec::new();
    for case in kubelets(scene) {
        let Some(certificate) = case.certificate() else { continue };
        let name = user(certificate);
        let first = *seen.entry(name).or_insert(case);
        let apart = |other: &Case<'_>| {
            other.view.position != case.view.position || other.target.site != case.target.site
        };
        let message = if name == "system:node" {
            format!("is `{name}`, which names no node")
        } else if let Some(other) = other_node(case.view, &case.target.site, certificate) {
            format!("is the identity of {other}, another node of the cluster")
        } else if apart(&first) {
            format!("is `{name}`, as is {}", scene.place(&first.certificate_path(), first.view, case.view))
        } else {
            continue;
        };
        faults.push(Fault::new(case.certificate_path(), message, Remedy::Reissue).about(&case));
    }
    faults
}

/// The client certificates of kubelets.
fn kubelets<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Case<'a>> {
    scene.cases().filter(|case| {
        let node = kind(case) == Some(Kind::Node) && case.is_leaf();
        node && case
            .certificate()
            .is_some_and(|own| user(own) == "system:node" || user(own).starts_with(NODE))
    })
}
