//! `KP-XN003`: a node that has fallen behind in a rotation.

use crate::audit::kin::{Kin, keys, kin};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};

rule! {
    /// Nodes are in the middle of a change of CAs, and one of them does not trust a CA that another signs with already.
    ///
    /// ## Why it matters
    ///
    /// Whatever the other signs is refused there: kubelets that renew their certificates drop out one by one.
    ///
    /// Nodes may differ by a phase: a new CA that all trust and nobody signs with yet, or an old one that all trust still.
    ///
    /// ## What to do
    ///
    /// Add the new CA to the file on this node and restart what reads it. Let nobody sign with a CA before everybody trusts
    /// it.
    ///
    /// ## References
    ///
    /// Kubernetes, "Manual Rotation of CA Certificates".
    "KP-XN003" "rotation-gap" High Scene "CAs of several directories"
}

fn applies(scene: &Scene<'_>) -> bool {
    !kin(scene).is_empty()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for Kin { reference, others } in kin(scene) {
        let all: Vec<Case<'_>> = std::iter::once(reference).chain(others).collect();
        let keys: Vec<_> = all.iter().map(keys).collect();
        for (case, own) in all.iter().zip(&keys) {
            let ahead = all.iter().zip(&keys).find(|(other, theirs)| {
                let signer = other.certificate().map(|ca| &ca.public_key);
                // Where nothing is common, it is another cluster's.
                !own.is_disjoint(theirs) && signer.is_some_and(|signer| !own.contains(signer))
            });
            if let Some((other, _)) = ahead {
                let place = scene.place(&other.certificate_path(), other.view, case.view);
                let message = format!("does not have the CA that {place} begins with");
                let remedy = Remedy::by_hand(
                    "add the new CA to it, and restart what reads it, before anybody signs with it",
                );
                faults.push(Fault::new(case.certificate_path(), message, remedy).about(case));
            }
        }
    }
    faults
}
