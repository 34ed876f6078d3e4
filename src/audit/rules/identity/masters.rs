//! `KP-ID001`: a member of `system:masters` beside the one for emergencies.

use crate::audit::identity::{MASTERS, ONE_MASTER, is_as_planned, is_master};
use crate::audit::rule::rule;
use crate::audit::{Anchor, Case, Fault, Remedy, Severity, Sighting};

rule! {
    /// A client certificate other than that of `super-admin.conf` puts its holder into the group `system:masters`.
    ///
    /// ## Why it matters
    ///
    /// The group passes every authorization, also where RBAC says no, and a certificate cannot be revoked: only a new
    /// cluster CA ends it before it expires.
    ///
    /// Until 1.28, kubeadm put `admin.conf` and the API server's kubelet client into the group, and every renewal keeps
    /// the subject. There it is told and not called critical.
    ///
    /// ## What to do
    ///
    /// Give the holder a group of its own and bind that group to the role it needs. Of a credential of kubeadm's, delete
    /// the file and run `kubepki apply`, when the bindings of `kubepki manifests rbac` are in the cluster: the new
    /// certificate has the subject of the spec's release. Somebody who should not have the old one keeps it until it
    /// expires.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 5.1.7; kubernetes/kubernetes#121305; Kubernetes, "Role Based Access Control Good
    /// Practices".
    "KP-ID001" "system-masters" Critical Sighting "members of system:masters"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    is_master(sighting.certificate()) && sighting.user().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let case = sighting.own_case();
    let planned = case.filter(|case| case.blueprint().is_some_and(|own| is_as_planned(certificate, own)));
    let message = format!("puts `{}` into {MASTERS}", certificate.subject);
    match (planned, case) {
        (Some(case), _) if case.target.credential == "super-admin.conf" => Vec::new(),
        (Some(case), _) if !case.is_the_users() => historic(sighting, &case),
        // A credential of the user's own: it is the spec that has to change.
        (Some(_), _) => {
            let remedy = Remedy::by_hand("give it another group in the spec, and bind that to a role");
            let anchor = Anchor { target: None, ..sighting.anchor() };
            vec![Fault { anchor: Some(anchor), ..Fault::new(sighting.path(), message, remedy) }]
        }
        (None, Some(_)) => Fault::one(sighting.path(), message, Remedy::Reissue),
        (None, None) => {
            let remedy = Remedy::by_hand(
                "give its holder a certificate with another group, and delete it; \
                 if others may have it, replace the cluster's CA",
            );
            Fault::one(sighting.path(), message, remedy)
        }
    }
}

/// What the release, or an earlier one, or a distribution gives to the credential.
fn historic(sighting: &Sighting<'_>, case: &Case<'_>) -> Vec<Fault> {
    let renewed = case.is_ours() && sighting.view.terms.release.is_some_and(|release| release >= ONE_MASTER);
    let (message, severity) = if renewed {
        (format!("is still in {MASTERS}, as kubeadm before 1.29 made it"), Severity::Medium)
    } else {
        (format!("is in {MASTERS}, as its release makes it"), Severity::Info)
    };
    let remedy = Remedy::advice(if case.is_ours() {
        "from 1.29 on: delete it and run `kubepki apply`, when the bindings of `kubepki manifests rbac` are there"
    } else {
        "guard it like the CA's key"
    });
    vec![Fault::new(sighting.path(), message, remedy).severity(severity)]
}
