//! `KP-KC003`: a kubeconfig that takes anyone for the API server.

use crate::audit::rule::rule;
use crate::audit::{Access, Fault, Remedy};

rule! {
    /// A kubeconfig says `insecure-skip-tls-verify`.
    ///
    /// ## Why it matters
    ///
    /// Whoever stands between is taken for the API server, and gets the token or password, or an administrator's secrets.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` takes it out of a credential's kubeconfig and puts the cluster's CA in. In others, do the same.
    ///
    /// ## References
    ///
    /// Kubernetes, kubeconfig v1, `insecure-skip-tls-verify`.
    "KP-KC003" "unchecked-server" High Access "kubeconfigs"
}

fn applies(_: &Access<'_>) -> bool {
    true
}

fn check(access: &Access<'_>) -> Vec<Fault> {
    if !access.kubeconfig.insecure {
        return Vec::new();
    }
    let text = "take insecure-skip-tls-verify out, and put the cluster's CA in";
    vec![access.fault("does not check the API server: insecure-skip-tls-verify", Remedy::Rewrite, text)]
}
