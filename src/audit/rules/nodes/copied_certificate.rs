//! `KP-XN002`: one node's certificate on another node.

use std::collections::HashMap;

use crate::audit::identity::kind;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};
use crate::catalog::Symbol;

rule! {
    /// A certificate that speaks for a node is the same on another node.
    ///
    /// ## Why it matters
    ///
    /// Its names are those of one of them, so that clients refuse the other; and whoever takes the key from either can
    /// stand in for both. It comes from copying a directory to a new node.
    ///
    /// A kubelet's own identity is told by `KP-ID005`.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a key and a certificate of its own for the node of a fleet. Otherwise delete the files on the
    /// copy, and let kubeadm or kubepki make them there.
    ///
    /// ## References
    ///
    /// Kubernetes, "Creating Highly Available Clusters with kubeadm": only CAs and `sa` are shared.
    "KP-XN002" "copied-certificate" High Scene "certificates that speak for nodes"
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
            faults.push(Fault::new(case.certificate_path(), message, Remedy::Rekey).about(&case));
        }
    }
    faults
}

/// The certificates with names of their node.
fn certificates<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Case<'a>> {
    scene.cases().filter(|case| {
        let named = |own: &crate::target::Blueprint| own.has(Symbol::NodeName) || own.has(Symbol::NodeAddresses);
        kind(case).is_none() && case.leaf().is_some_and(|(_, blueprint)| named(blueprint))
    })
}
