//! `KP-TR015`: what is lost with the key of a CA.

use crate::audit::reach::{By, Reach, blast_radius};
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene};

rule! {
    /// For each CA: what it has signed here, and who lets in whoever it vouches for.
    ///
    /// ## Why it matters
    ///
    /// This is what whoever takes its key can reach, and what has to be replaced then. Certificates in the cluster that are
    /// not in these files come on top.
    ///
    /// ## What to do
    ///
    /// Nothing. Keep the key where the reach is worth it: off the nodes if nothing on them signs.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements".
    "KP-TR015" "blast-radius" Info Scene "CAs"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.cases().any(|case| case.is_authority() && case.certificate().is_some())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let fault = |reach: &Reach<'_>| {
        let remedy = Remedy::advice("keep its key where that is worth it");
        Fault {
            anchor: Some(reach.anchor.clone()),
            ..Fault::new(reach.path.clone(), sentence(reach), remedy)
        }
    };
    blast_radius(scene).iter().map(fault).collect()
}

fn sentence(reach: &Reach<'_>) -> String {
    let signed = match reach.signed.len() {
        0 => "has signed nothing here".to_owned(),
        1 => "has signed 1 certificate here".to_owned(),
        count => format!("has signed {count} certificates here"),
    };
    let mut listeners = Vec::new();
    let mut kubeconfigs = None;
    for acceptance in &reach.accepted_by {
        match acceptance.by {
            By::Listener(listener) => listeners.push(listener.plural()),
            By::Kubeconfigs => kubeconfigs = Some("kubeconfigs take its servers for the API server"),
        }
    }
    let clients = match &listeners[..] {
        [] => None,
        [one] => Some(format!("its clients are let in by {one}")),
        [most @ .., last] => Some(format!("its clients are let in by {} and {last}", most.join(", "))),
    };
    let parts: Vec<String> =
        [Some(signed), clients, kubeconfigs.map(str::to_owned)].into_iter().flatten().collect();
    parts.join("; ")
}
