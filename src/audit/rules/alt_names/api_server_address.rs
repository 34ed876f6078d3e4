//! `KP-SN003`: an API server that cannot be called where it is.

use crate::audit::names::{Purpose, added, missing, serves};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// The API server's certificate lacks the name or an address of its node, or the cluster's endpoint.
    ///
    /// ## Why it matters
    ///
    /// Kubelets, administrators and load balancers that check what they reach refuse it: the node drops out, or everyone
    /// who goes through the endpoint now and then does.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the names for the same key. kubeadm keeps the old names at every renewal:
    /// there the files have to be deleted first.
    ///
    /// ## References
    ///
    /// kubeadm, `GetAPIServerAltNames`; RFC 9525 §6.
    "KP-SN003" "api-server-address" High Case "certificates of API servers"
}

fn applies(case: &Case<'_>) -> bool {
    serves(case, Purpose::Reached)
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let message = added(missing(case, Purpose::Reached));
    message.map(|message| Fault::new(case.certificate_path(), message, Remedy::Reissue)).into_iter().collect()
}
