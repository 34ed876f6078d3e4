//! `KP-ID009`: a user or group with the reserved prefix that nobody knows.

use crate::audit::identity::{is_known, kind, user};
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};

rule! {
    /// A client certificate names a user or group that begins with `system:` and is none of Kubernetes'.
    ///
    /// ## Why it matters
    ///
    /// The prefix is reserved. Roles are bound to such names without anyone looking, in this release or the next, and who
    /// reads a log takes the name for a component's.
    ///
    /// ## What to do
    ///
    /// Give it a name without the prefix. A node's user needs the group `system:nodes`, and nobody else has that group.
    ///
    /// ## References
    ///
    /// Kubernetes, "Using RBAC Authorization", referring to subjects.
    "KP-ID009" "reserved-prefix" High Sighting "client certificates of users or groups with the prefix system"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    let certificate = sighting.certificate();
    let mut names = certificate.subject.organizations();
    names.push(user(certificate));
    names.iter().any(|name| name.starts_with("system:")) && sighting.user().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    // What nodes and components ought to be called is said by rules of their own.
    if is_known(certificate) || sighting.own_case().is_some_and(|case| kind(&case).is_some()) {
        return Vec::new();
    }
    let message = format!("`{}` is none of Kubernetes' own users and groups", certificate.subject);
    vec![sighting.fault_by_hand(message, "give it a name without the prefix `system:`")]
}
