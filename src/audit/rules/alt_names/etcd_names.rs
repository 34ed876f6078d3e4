//! `KP-SN005`: an etcd member that cannot be called where it is.

use crate::audit::names::{Purpose, added, missing, serves};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A certificate of an etcd member lacks its node's name or address, or `localhost` and its addresses.
    ///
    /// ## Why it matters
    ///
    /// The API server and the health check reach etcd at the loopback address, other members at the node's: whoever finds
    /// no name refuses the member, and the cluster loses a vote or its store.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the names for the same key.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements"; etcd, "Transport security model".
    "KP-SN005" "etcd-names" High Case "certificates of etcd members"
}

fn applies(case: &Case<'_>) -> bool {
    serves(case, Purpose::Etcd)
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let message = added(missing(case, Purpose::Etcd));
    message.map(|message| Fault::new(case.certificate_path(), message, Remedy::Reissue)).into_iter().collect()
}
