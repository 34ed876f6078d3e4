//! `KP-XN001`: a node whose CA or service account keys are not the cluster's.

use crate::audit::kin::{Kin, keys, kin};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};
use crate::target::Aim;

rule! {
    /// A node's copy of a CA or of the service account keys differs from the authority's, or a node has another CA than
    /// the other nodes that are audited with it.
    ///
    /// ## Why it matters
    ///
    /// The node trusts, or signs for, another cluster than its neighbours: requests fail or succeed depending on which
    /// API server they reach.
    ///
    /// Service account keys of directories that are audited together are compared by `KP-SA002`.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` copies the authority's again; what was there is kept in the backup. Of directories of several
    /// nodes, find out which has the cluster's CA, and copy that to the others.
    ///
    /// ## References
    ///
    /// Kubernetes, "Creating Highly Available Clusters with kubeadm", manual certificate distribution.
    "KP-XN001" "copy-drift" Critical Scene "copies of the authority's files, and CAs of several directories"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.cases().any(|case| is_copy(&case)) || !kin(scene).is_empty()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut faults: Vec<Fault> = scene.cases().filter(is_copy).flat_map(|case| copy(&case)).collect();
    for Kin { reference, others } in kin(scene) {
        let known = keys(&reference);
        for other in others.iter().filter(|other| keys(other).is_disjoint(&known)) {
            let place = scene.place(&reference.certificate_path(), reference.view, other.view);
            let message = format!("is another CA than {place}");
            let remedy = Remedy::by_hand("find out which is the cluster's, and copy it to every node");
            faults.push(Fault::new(other.certificate_path(), message, remedy).about(other));
        }
    }
    faults
}

fn is_copy(case: &Case<'_>) -> bool {
    matches!(case.target.aim, Aim::Copy { .. }) && !case.is_absent()
}

fn copy(case: &Case<'_>) -> Vec<Fault> {
    let Some(original) = case.original() else { return Vec::new() };
    let differing = case.entries().iter().filter(|entry| {
        let ours = entry.found.present().map(|present| &present.file.bytes);
        let theirs = original.present(entry.file.role).map(|present| &present.file.bytes);
        matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs)
    });
    differing
        .map(|entry| {
            let message = format!("differs from {}", original.path(entry.file.role).display());
            Fault::new(entry.file.path.clone(), message, Remedy::Copy).about(case)
        })
        .collect()
}
