//! `KP-FS012`: super-admin.conf on a node.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};
use crate::disk::FileRole;

rule! {
    /// `super-admin.conf`, which no RBAC rule binds, is on a node.
    ///
    /// ## Why it matters
    ///
    /// Its group `system:masters` may do everything, and nothing in the cluster can take that away: who reads the file
    /// keeps that power until the certificate expires or the CA is replaced. It is for the day on which RBAC locks
    /// everybody out. kubeadm leaves it on the first control plane of every cluster, so this is said once and is no
    /// alarm.
    ///
    /// ## What to do
    ///
    /// Move it to a vault, and name it under `omit` in the spec.
    ///
    /// ## References
    ///
    /// Kubernetes, "kubeadm init", since 1.29; kubernetes/kubernetes#121305; CIS Kubernetes Benchmark 5.1.7.
    "KP-FS012" "super-admin-on-node" Info Scene "clusters that have a super-admin.conf"
}

fn is_super_admin(case: &Case<'_>) -> bool {
    case.target.credential == "super-admin.conf"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.cases().any(|case| is_super_admin(&case))
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let copies = scene.cases().filter(is_super_admin);
    let copies: Vec<_> = copies.filter(|case| case.present(FileRole::Kubeconfig).is_some()).collect();
    let Some(case) = copies.first() else { return Vec::new() };
    let message = match copies.len() {
        1 => "is on a node: it may do everything, whatever RBAC says".to_owned(),
        many => format!("is on {many} nodes: it may do everything, whatever RBAC says"),
    };
    let remedy = Remedy::advice("move it to a vault, and name it under `omit` in the spec");
    vec![Fault::new(case.path(FileRole::Kubeconfig), message, remedy).about(case)]
}
