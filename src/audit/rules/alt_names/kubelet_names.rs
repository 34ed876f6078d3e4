//! `KP-SN006`: a kubelet that cannot be called where it is.

use crate::audit::names::{Purpose, added, missing, serves};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A kubelet's serving certificate lacks its node's name or an address of it.
    ///
    /// ## Why it matters
    ///
    /// Whoever checks kubelets, such as metrics-server or an API server with `--kubelet-certificate-authority`, refuses
    /// it: no metrics, logs, or exec on that node.
    ///
    /// ## What to do
    ///
    /// Move the file away and restart the kubelet: it requests a certificate for the addresses that the node has now.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure Certificate Rotation for the Kubelet", and kubelet `serverTLSBootstrap`.
    "KP-SN006" "kubelet-names" High Case "serving certificates that kubelets have requested"
}

fn applies(case: &Case<'_>) -> bool {
    serves(case, Purpose::Kubelet)
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let message = added(missing(case, Purpose::Kubelet));
    message.map(|message| Fault::new(case.certificate_path(), message, Remedy::Reissue)).into_iter().collect()
}
