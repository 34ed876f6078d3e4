//! `KP-XN002`: one node's certificate on another node.

use std::collections::HashMap;

use crate::audit::identity::{Kind, kind};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene, Severity};
use crate::catalog::{CATALOG, Symbol};
use crate::target::Blueprint;

rule! {
    /// A certificate that each node ought to have of its own is the same on another node.
    ///
    /// ## Why it matters
    ///
    /// Whoever takes the key from one node can stand in for both, and nobody can tell which of them did something. Of a
    /// server's, the names are those of one node, so that clients refuse the other: that is worse. It comes from copying a
    /// directory to a new node.
    ///
    /// A kubelet's own identity is told by `KP-ID005`, the API server's client of etcd by `KP-ET004`. Kubeconfigs of
    /// people may be where they like.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a key and a certificate of its own for the node of a fleet. Otherwise delete the files on the
    /// copy, and let kubeadm or kubepki make them there.
    ///
    /// ## References
    ///
    /// Kubernetes, "Creating Highly Available Clusters with kubeadm": only CAs and `sa` are shared.
    "KP-XN002" "copied-certificate" High Scene "certificates that each node has of its own"
}

fn applies(scene: &Scene<'_>) -> bool {
    certificates(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut seen: HashMap<&[u8], Case<'_>> = HashMap::new();
    let mut faults = Vec::new();
    for case in certificates(scene) {
        let Some(certificate) = case.certificate() else { continue };
        let first = *seen.entry(certificate.as_der()).or_insert(case);
        let apart = first.view.position != case.view.position || first.target.site != case.target.site;
        if apart {
            let place = scene.place(&first.certificate_path(), first.view, case.view);
            let message = format!("is the same as {place}");
            let fault = Fault::new(case.certificate_path(), message, Remedy::Rekey).about(&case);
            faults.push(if is_named(&case) { fault } else { fault.severity(Severity::Medium) });
        }
    }
    faults
}

/// The certificates that components show, but for those that rules of their own compare.
fn certificates<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Case<'a>> {
    scene.cases().filter(|case| {
        let of_a_component = CATALOG.iter().any(|row| row.name == case.target.credential && !row.optional);
        let told = case.target.credential == "apiserver-etcd-client" || kind(case) == Some(Kind::Node);
        case.leaf().is_some() && !told && (of_a_component || is_named(case)) && !case.is_the_users()
    })
}

/// Whether it ought to have names of its node.
fn is_named(case: &Case<'_>) -> bool {
    let named = |own: &Blueprint| own.has(Symbol::NodeName) || own.has(Symbol::NodeAddresses);
    case.blueprint().is_some_and(named)
}
