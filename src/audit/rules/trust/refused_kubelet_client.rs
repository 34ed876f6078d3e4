//! `KP-TR010`: a kubelet that does not know the API server.

use std::collections::HashMap;

use crate::audit::listener::{self, trusts};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Node, Remedy, Scene};
use crate::disk::Found;

rule! {
    /// A kubelet's `clientCAFile` does not have the CA of the API server's kubelet client.
    ///
    /// ## Why it matters
    ///
    /// The kubelet refuses the API server: no logs, no exec, no port-forward on that node.
    ///
    /// ## What to do
    ///
    /// Put the CA of `apiserver-kubelet-client.crt` into the file, and restart the kubelet.
    ///
    /// ## References
    ///
    /// Kubernetes, "Kubelet authentication/authorization".
    "KP-TR010" "refused-kubelet-client" High Scene "kubelets whose configuration names a CA"
}

fn applies(scene: &Scene<'_>) -> bool {
    clients(scene).next().is_some() && kubelets(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let clients: Vec<Case<'_>> = clients(scene).collect();
    let mut known: HashMap<(Vec<&[u8]>, usize), bool> = HashMap::new();
    let mut faults = Vec::new();
    for (node, path, found) in kubelets(scene) {
        let bundle = listener::certificates(found);
        let refused = clients.iter().enumerate().find(|(index, client)| {
            let key = (bundle.iter().map(|ca| ca.as_der()).collect(), *index);
            !*known.entry(key).or_insert_with(|| trusts(&bundle, &client.certificates()))
        });
        if let Some((_, client)) = refused {
            let place = scene.place(&client.certificate_path(), client.view, node.view);
            let message = format!("has not the CA of {place}, which the API server shows to kubelets");
            let remedy = Remedy::by_hand("put the API server's client CA into it, and restart the kubelet");
            faults.push(Fault::new(path.to_owned(), message, remedy).on(&node));
        }
    }
    faults
}

/// What API servers show to kubelets.
fn clients<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Case<'a>> {
    let client = |case: &Case<'_>| case.target.credential == "apiserver-kubelet-client";
    scene.cases().filter(move |case| client(case) && case.certificate().is_some())
}

/// The kubelets with a file of CAs that is here.
fn kubelets<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = (Node<'a>, &'a std::path::Path, &'a Found)> {
    scene.nodes().filter_map(|node| {
        let (_, config) = node.kubelet()?;
        let (path, found) = node.named_file(&config.authentication.x509.client_ca_file)?;
        found.present().is_some().then_some((node, path, found))
    })
}
