//! `KP-SN007`: a node that claims to be somebody else.

use crate::audit::identity::{NODE, user};
use crate::audit::names::covers;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Sighting};
use crate::spec::Endpoint;
use crate::x509::SubjectAltName;

rule! {
    /// A node's certificate speaks for the API server, for the service's address, or for another node.
    ///
    /// ## Why it matters
    ///
    /// Everyone in the cluster trusts its CA: whoever is root on that node can stand in for the API server and take the
    /// tokens of all who connect. Such a certificate comes from an approver that signs what kubelets ask for.
    ///
    /// ## What to do
    ///
    /// Take the node for compromised until you know better. Move the certificate away, correct the approver, and restart
    /// the kubelet. The old certificate is good until it expires.
    ///
    /// ## References
    ///
    /// Kubernetes, "Certificates and Certificate Signing Requests", `kubernetes.io/kubelet-serving`; k0sproject/k0s#8333.
    "KP-SN007" "claimed-name" Critical Sighting "certificates of nodes that speak for names"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    let certificate = sighting.certificate();
    user(certificate).starts_with(NODE)
        && !certificate.subject_alt_names.is_empty()
        && sighting.issued().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let spec = sighting.view.spec;
    let node = user(certificate).strip_prefix(NODE).unwrap_or_default();
    let mut own = vec![SubjectAltName::Dns(node.to_owned())];
    let mut others = Vec::new();
    for known in &spec.nodes {
        let names = if known.name == node { &mut own } else { &mut others };
        names.push(SubjectAltName::Dns(known.name.clone()));
        names.extend(known.addresses.iter().copied().map(SubjectAltName::ip));
    }
    let fixed = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(str::to_owned);
    let long = format!("kubernetes.default.svc.{}", spec.dns_domain);
    others.extend(fixed.into_iter().chain([long]).map(SubjectAltName::Dns));
    others.extend(spec.service_ips().map(SubjectAltName::ip));
    others.extend(spec.control_plane_endpoint.iter().map(Endpoint::alt_name));
    let foreign = |name: &&SubjectAltName| {
        let of_others = others.iter().any(|other| !own.contains(other) && covers(name, other));
        of_others && !own.contains(name)
    };
    let claimed: Vec<String> =
        certificate.subject_alt_names.iter().filter(foreign).map(ToString::to_string).collect();
    if claimed.is_empty() {
        return Vec::new();
    }
    let message = format!("speaks for {}, which is not {node}", claimed.join(", "));
    vec![sighting.fault(message, Remedy::Reissue)]
}
