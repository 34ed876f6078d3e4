//! `KP-KC005`: a kubeconfig that may be somebody else's.

use crate::audit::rule::rule;
use crate::audit::{Access, Anchor, Fault, Remedy, Scene, Severity, View};
use crate::disk::Stray;
use crate::disk::content::ContentError;
use crate::disk::kubeconfig::KubeconfigError;

rule! {
    /// A kubeconfig's current context leads nowhere, or a component's kubeconfig has several users.
    ///
    /// ## Why it matters
    ///
    /// Its user is whom the current context names: with several, a change of one word makes a component somebody else. A
    /// context that leads nowhere lets kubectl fall back to `localhost`.
    ///
    /// A person's kubeconfig may have several users for good reasons; there it is milder.
    ///
    /// ## What to do
    ///
    /// Keep one cluster, one user and one context in a component's kubeconfig, and put others into files of their own.
    ///
    /// ## References
    ///
    /// Kubernetes, "Organizing Cluster Access Using kubeconfig Files".
    "KP-KC005" "several-users" Medium Scene "kubeconfigs"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.accesses().next().is_some() || scene.views.iter().any(|view| dangling(view).next().is_some())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let several = scene.accesses().filter(|access| access.is_planned() && access.kubeconfig.users.len() > 1);
    let mut faults: Vec<Fault> = several.map(|access| fault(&access)).collect();
    for view in &scene.views {
        for (stray, error) in dangling(view) {
            let remedy =
                Remedy::by_hand("set current-context to a context that is there, or delete the file");
            let anchor = Anchor { view: view.position, site: stray.site.clone(), ..Anchor::default() };
            faults.push(Fault { anchor: Some(anchor), ..Fault::new(stray.path.clone(), error, remedy) });
        }
    }
    faults
}

fn fault(access: &Access<'_>) -> Fault {
    let message = format!("has {} users", access.kubeconfig.users.len());
    let component = access
        .certificate()
        .is_none_or(|own| own.subject.common_name().is_some_and(|user| user.starts_with("system:")));
    if component {
        return access.fault_by_hand(message, "keep one user and one context in it");
    }
    let remedy = Remedy::advice("put other users into files of their own");
    let fault = Fault::new(access.path().to_owned(), message, remedy).severity(Severity::Low);
    Fault { anchor: Some(access.anchor()), ..fault }
}

/// Kubeconfigs of no credential whose context cannot be followed; of a credential's it is said that it is unreadable.
fn dangling<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Stray, String)> + use<'a> {
    view.survey.strays.iter().filter_map(|stray| {
        let items = &stray.found.present()?.content.items;
        let error = items.iter().find_map(|item| match item {
            Err(broken) => match &broken.error {
                ContentError::Kubeconfig(error @ KubeconfigError::Dangling { .. }) => Some(error),
                _ => None,
            },
            Ok(_) => None,
        });
        Some((stray, error?.to_string()))
    })
}
