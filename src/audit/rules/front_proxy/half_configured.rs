//! `KP-FP002`: an aggregation layer that is half set up.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};

rule! {
    /// The API server is told one half of what the aggregation layer needs: whom to believe, or what to show, but not
    /// both.
    ///
    /// ## Why it matters
    ///
    /// Aggregated APIs, such as that of the metrics server, cannot find out whose request they are asked to serve: they
    /// refuse it, or the API server refuses theirs.
    ///
    /// ## What to do
    ///
    /// All of `--requestheader-client-ca-file`, `--proxy-client-cert-file` and `--proxy-client-key-file`, or none.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure the Aggregation Layer".
    "KP-FP002" "half-configured-proxy" Medium Node "API servers with a front proxy"
}

const FLAGS: [&str; 3] = ["requestheader-client-ca-file", "proxy-client-cert-file", "proxy-client-key-file"];

/// Those of the flags that are set, and those that are not.
fn flags(node: &Node<'_>) -> (Vec<&'static str>, Vec<&'static str>) {
    let pod = node.pod("kube-apiserver").map(|(_, pod)| pod);
    let set = |flag: &&str| pod.and_then(|pod| pod.flag(flag)).is_some_and(|value| !value.is_empty());
    FLAGS.into_iter().partition(set)
}

fn applies(node: &Node<'_>) -> bool {
    !flags(node).0.is_empty()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let (set, unset) = flags(node);
    let Some((manifest, _)) = node.pod("kube-apiserver").filter(|_| !unset.is_empty()) else {
        return Vec::new();
    };
    let list =
        |flags: &[&str]| flags.iter().map(|flag| format!("--{flag}")).collect::<Vec<_>>().join(" and ");
    let message = format!("has {} and not {}", list(&set), list(&unset));
    let remedy = Remedy::by_hand(format!("set {} too", list(&unset)));
    Fault::one(manifest.to_owned(), message, remedy)
}
