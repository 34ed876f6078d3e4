//! `KP-X5014`: alternative names that stand twice, and misplaced wildcards.

use std::collections::HashSet;

use crate::audit::rule::rule;
use crate::audit::{Fault, Severity, Sighting};
use crate::x509::SubjectAltName;

rule! {
    /// A server's certificate has an alternative name twice, or a wildcard that stands for no label.
    ///
    /// ## Why it matters
    ///
    /// Repeated names only make the certificate larger, and show that it was put together carelessly. A wildcard counts
    /// where it is the whole first label: `*.example.com`, but not `a*.example.com` nor `a.*.com`, which match nothing.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done. Correct the spec, if the names come from there.
    ///
    /// ## References
    ///
    /// RFC 9525 §6.3; kubernetes/kubeadm#2260.
    "KP-X5014" "redundant-alt-name" Low Sighting "certificates of servers"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    sighting.serves()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let names = &sighting.certificate().subject_alt_names;
    let mut seen = HashSet::new();
    let twice = names.iter().find(|name| !seen.insert(canonical(name)));
    let misplaced = names.iter().find(|name| is_misplaced(name));
    let message = match (twice, misplaced) {
        (Some(name), _) => format!("has the name `{name}` more than once"),
        (None, Some(name)) => format!("has a wildcard that stands for no label: `{name}`"),
        (None, None) => return Vec::new(),
    };
    vec![sighting.advise(Severity::Low, message, "correct the names where they come from")]
}

/// Upper and lower case are the same in a DNS name.
fn canonical(name: &SubjectAltName) -> SubjectAltName {
    match name {
        SubjectAltName::Dns(name) => SubjectAltName::Dns(name.to_ascii_lowercase()),
        other => other.clone(),
    }
}

fn is_misplaced(name: &SubjectAltName) -> bool {
    let SubjectAltName::Dns(name) = name else { return false };
    name.strip_prefix("*.").unwrap_or(name).contains('*')
}
