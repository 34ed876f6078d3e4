//! `KP-SN009`: a certificate for whatever is called so.

use crate::audit::names::covers;
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::target::Site;
use crate::x509::SubjectAltName;

rule! {
    /// A certificate of the cluster's speaks for every host of a domain.
    ///
    /// ## Why it matters
    ///
    /// Whoever has its key can stand in for all of them, for every client that trusts the CA. It is milder where nothing
    /// tells that one of them is somebody else's: not a service of the cluster, nor another node, nor a whole top-level
    /// domain.
    ///
    /// ## What to do
    ///
    /// List the names that are needed.
    ///
    /// ## References
    ///
    /// RFC 9525 §7.1.
    "KP-SN009" "wildcard-name" Medium Sighting "certificates of the cluster's CAs with names"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    !sighting.certificate().subject_alt_names.is_empty() && sighting.issued().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    let case = sighting.own_case().filter(|case| case.view.terms.given && case.is_ours());
    let planned = case.and_then(|case| case.blueprint()).map(|own| own.subject_alt_names.as_slice());
    let wildcards: Vec<(&SubjectAltName, &str)> = certificate
        .subject_alt_names
        .iter()
        // What the spec does not give is told as such.
        .filter(|name| planned.is_none_or(|planned| planned.contains(name)))
        .filter_map(|name| match name {
            SubjectAltName::Dns(text) => Some((name, text.strip_prefix("*.")?)),
            _ => None,
        })
        .collect();
    if wildcards.is_empty() {
        return Vec::new();
    }
    let foreign = wildcards.iter().any(|(name, parent)| covers_others(sighting, name, parent));
    let names: Vec<String> = wildcards.iter().map(|(name, _)| name.to_string()).collect();
    let message = format!("speaks for every host of {}", names.join(", "));
    let fault = Fault::new(sighting.path(), message, Remedy::advice("list the names that are needed"));
    vec![if foreign { fault } else { fault.severity(Severity::Low) }]
}

/// Whether a wildcard covers a top-level domain, services of the cluster, or another node.
fn covers_others(sighting: &Sighting<'_>, name: &SubjectAltName, parent: &str) -> bool {
    let spec = sighting.view.spec;
    let domain = spec.dns_domain.as_str();
    let inside = parent.strip_suffix(domain).map_or(parent, |rest| rest.trim_end_matches('.'));
    let services = parent == domain || inside == "svc" || inside.ends_with(".svc");
    let other_node = spec.nodes.iter().any(|node| {
        let own = sighting.site() == Some(&Site::Node(node.name.clone()));
        !own && covers(name, &SubjectAltName::Dns(node.name.clone()))
    });
    !parent.contains('.') || services || other_node
}
