//! `KP-XN001`: a node whose CA or service account keys are not the cluster's.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::target::Aim;

rule! {
    /// A node's copy of a CA or of the service account keys differs from the authority's.
    ///
    /// ## Why it matters
    ///
    /// The node trusts, or signs for, another cluster than its neighbours: requests fail or succeed depending on which
    /// API server they reach.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` copies the authority's again; what was there is kept in the backup.
    ///
    /// ## References
    ///
    /// Kubernetes, "Creating Highly Available Clusters with kubeadm", manual certificate distribution.
    "KP-XN001" "copy-drift" Critical Case "copies of the authority's files"
}

fn applies(case: &Case<'_>) -> bool {
    matches!(case.target.aim, Aim::Copy { .. }) && !case.is_absent()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(original) = case.original() else { return Vec::new() };
    let differing = case.entries().iter().filter(|entry| {
        let ours = entry.found.present().map(|present| &present.file.bytes);
        let theirs = original.present(entry.file.role).map(|present| &present.file.bytes);
        matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs)
    });
    differing
        .map(|entry| {
            let message = format!("differs from {}", original.path(entry.file.role).display());
            Fault::new(entry.file.path.clone(), message, Remedy::Copy)
        })
        .collect()
}
