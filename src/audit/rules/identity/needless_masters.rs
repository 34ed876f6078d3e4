//! `KP-ID003`: a member of `system:masters` that never talks to the API server.

use crate::audit::identity::{MASTERS, ONE_MASTER, is_as_planned, is_master};
use crate::audit::listener::Listener;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};

rule! {
    /// A certificate of a CA that the API server does not believe, such as etcd's, names the group `system:masters`.
    ///
    /// ## Why it matters
    ///
    /// It has no use for the group. If its CA is ever trusted by the API server too, by mistake or because all CAs are
    /// made one, whoever has it is administrator.
    ///
    /// Until 1.28, kubeadm gave the group to the clients of etcd, and every renewal keeps the subject. There it is only
    /// told.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` reissues what the spec gives another subject. Of kubeadm's own, delete the file and run
    /// `kubepki apply`: etcd lets in every client of its CA, whatever its groups.
    ///
    /// ## References
    ///
    /// kubernetes/kubernetes#119859, #120521.
    "KP-ID003" "needless-masters" High Sighting "certificates of other CAs than the cluster's"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting
        .issued()
        .is_some_and(|(_, signer)| !sighting.view.listeners(&signer).contains(&Listener::ApiServer))
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    if !is_master(certificate) {
        return Vec::new();
    }
    let case = sighting.own_case();
    let planned = case.is_some_and(|case| {
        !case.is_the_users() && case.blueprint().is_some_and(|own| is_as_planned(certificate, own))
    });
    let message = format!("names {MASTERS}, for which it has no use");
    if planned {
        let renewed = sighting.view.terms.release.is_some_and(|release| release >= ONE_MASTER);
        let severity = if renewed { Severity::Low } else { Severity::Info };
        let remedy = Remedy::advice("from 1.29 on: delete it and run `kubepki apply`");
        return vec![Fault::new(sighting.path(), message, remedy).severity(severity)];
    }
    vec![sighting.fault(message, Remedy::Reissue)]
}
