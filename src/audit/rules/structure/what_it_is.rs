//! `KP-ST009`: what the directory was taken for.

use std::path::PathBuf;

use crate::audit::case::Signing;
use crate::audit::rule::rule;
use crate::audit::{Anchor, Case, Fault, Remedy, Scene, View};
use crate::spec::{AuthorityMode, Etcd};

rule! {
    /// Without a spec, the directory was taken for that of a distribution, with etcd and the CA in a certain place.
    ///
    /// ## Why it matters
    ///
    /// What ought to be there follows from it, and so does every other finding. It is told with how sure it is.
    ///
    /// ## What to do
    ///
    /// Where it is wrong, say it: `--layout` for the distribution, a spec (`-f`) for the rest; `kubepki adopt` prints
    /// one to begin with. With a spec, nothing is said here. `-o wide` tells what else was read from the directory.
    ///
    /// ## References
    ///
    /// `kubepki explain`.
    "KP-ST009" "what-it-is" Info Scene "directories"
}

fn applies(scene: &Scene<'_>) -> bool {
    !scene.views.is_empty()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let views = scene.views.iter().filter(|view| !view.terms.given);
    views
        .map(|view| {
            let parts = [layout(view), etcd(view), authority(view)];
            let message = format!("was taken for {}", parts.join("; "));
            let remedy =
                Remedy::advice("if that is wrong, name the layout with --layout or give a spec with -f");
            let anchor = Anchor { view: view.position, ..Anchor::default() };
            Fault { anchor: Some(anchor), ..Fault::new(PathBuf::new(), message, remedy) }
        })
        .collect()
}

fn there(view: &View<'_>, credential: &str) -> bool {
    view.cases().any(|case| case.target.credential == credential && !case.is_absent())
}

/// The files that a layout is recognised by are few: with the cluster's CA in its place there is little doubt.
fn layout(view: &View<'_>) -> String {
    let confidence = match view.survey.layout() {
        "unknown" => "guessed",
        _ if there(view, "ca") => "certain",
        _ => "likely",
    };
    format!("the {} layout ({confidence})", view.survey.layout())
}

fn etcd(view: &View<'_>) -> String {
    let named = view.nodes().find_map(|node| {
        let (_, pod) = node.pod("kube-apiserver")?;
        pod.flag("etcd-servers").map(str::to_owned)
    });
    match (&view.spec.etcd, named) {
        (Etcd::Local { .. }, _) if there(view, "etcd-server") => "etcd on its nodes (certain)".to_owned(),
        (Etcd::External { .. }, Some(_)) => "an external etcd (certain)".to_owned(),
        (Etcd::External { .. }, None) => "an external etcd (likely: nothing of a member is here)".to_owned(),
        (Etcd::Local { .. }, _) => "etcd elsewhere (guessed: nothing of it is here)".to_owned(),
    }
}

fn authority(view: &View<'_>) -> String {
    let ca = view.cases().find(|case| case.is_authority() && case.target.credential == "ca");
    match ca.as_ref().map(Case::signing) {
        Some(Signing::Here(_) | Signing::Sealed(_))
            if view.spec.authority.mode == AuthorityMode::Intermediate =>
        {
            "a CA under another one, whose key is here (certain)".to_owned()
        }
        Some(Signing::Here(_) | Signing::Sealed(_)) => "a CA whose key is here (certain)".to_owned(),
        Some(Signing::Elsewhere) => "a CA whose key is elsewhere (certain)".to_owned(),
        Some(Signing::Nobody) | None => "a CA of which nothing is known (guessed)".to_owned(),
    }
}
