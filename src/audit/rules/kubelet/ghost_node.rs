//! `KP-KL004`: the certificate of a node that there is not.

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::x509::{Certificate, ExtendedKeyUsage, chain};

rule! {
    /// There is a valid client certificate of a node that the spec does not have.
    ///
    /// ## Why it matters
    ///
    /// Who has its key can come back as that node: the API server knows nothing of the spec, and lets it register again
    /// and read the secrets of the pods that are bound to it.
    ///
    /// A credential of one of the spec's own nodes with another's name is told by other rules.
    ///
    /// ## What to do
    ///
    /// Add the node to the spec, if it is one. Else delete its Node object and the file, and let the certificate lapse;
    /// if its key may be in other hands, replace the CA: nothing revokes a client certificate in Kubernetes.
    ///
    /// ## References
    ///
    /// Kubernetes, "Using Node Authorization".
    "KP-KL004" "ghost-node" High Sighting "nodes' client certificates outside of credentials"
}

const NODES: &str = "system:nodes";
const NODE: &str = "system:node:";

/// The node whose client certificate it is.
fn node(certificate: &Certificate) -> Option<&str> {
    let usages = &certificate.usages.extended;
    let client = usages.is_empty() || usages.contains(&ExtendedKeyUsage::ClientAuth);
    let member = certificate.subject.organizations().contains(&NODES);
    certificate.subject.common_name()?.strip_prefix(NODE).filter(|_| client && member)
}

/// More CAs of one name are not tried: a hostile directory must not take hours.
const MOST: usize = 64;

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.view.terms.given && sighting.own_case().is_none() && node(sighting.certificate()).is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let (view, certificate) = (sighting.view, sighting.certificate());
    let Some(name) = node(certificate) else { return Vec::new() };
    let known = view.spec.nodes.iter().any(|node| node.name == name);
    let valid = (certificate.not_before..=certificate.not_after).contains(&view.now());
    let authorities = view.authorities(certificate.issuer.as_der());
    let signed = || authorities.iter().take(MOST).any(|ca| chain::signed_by(certificate, ca).is_ok());
    if known || !valid || !signed() {
        return Vec::new();
    }
    let message = format!(
        "is a valid client certificate of node `{}`, which the spec does not have",
        name.escape_debug()
    );
    let remedy = Remedy::by_hand("add the node to the spec, or delete its Node object and this file");
    vec![Fault::new(sighting.path(), format!("{}{message}", sighting.which()), remedy)]
}
