//! `KP-TR006`: a CA of the company's among those that clients are believed by.

use std::collections::HashSet;

use const_oid::db::rfc4519;

use crate::audit::listener::bundles;
use crate::audit::rule::rule;
use crate::audit::{Bundle, Fault, Node, Remedy};
use crate::x509::Certificate;
use crate::x509::public_root::is_public;

rule! {
    /// A file with the CAs of clients has one that names an organization or a country and has signed nothing here: a CA of
    /// the company's, most likely.
    ///
    /// ## Why it matters
    ///
    /// Everyone with a certificate of that CA is let in, as whom it names: every employee, every printer. A certificate
    /// with the organization `system:masters` is all that it takes to be administrator.
    ///
    /// The cluster's own CA may name an organization, and the CA that has signed it may stand behind it.
    ///
    /// ## What to do
    ///
    /// Take it out. If people are to use their certificates, let the company's CA sign a CA for this cluster alone, and
    /// give that.
    ///
    /// ## References
    ///
    /// Kubernetes, "Authenticating", X.509 client certificates; kube-apiserver `--client-ca-file`.
    "KP-TR006" "corporate-authority" High Node "files with CAs of clients"
}

fn applies(node: &Node<'_>) -> bool {
    !bundles(node).is_empty()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let own = bundles(node).into_iter().filter(|bundle| !bundle.is_faithful_copy());
    own.filter_map(|bundle| fault(node, &bundle)).collect()
}

fn fault(node: &Node<'_>, bundle: &Bundle<'_>) -> Option<Fault> {
    let candidates: Vec<&&Certificate> =
        bundle.certificates.iter().filter(|ca| names_somebody(ca) && !is_public(ca)).collect();
    if candidates.is_empty() {
        return None;
    }
    let issuers: HashSet<&[u8]> = node
        .view
        .sightings()
        .filter(|sighting| !sighting.certificate().is_self_issued())
        .map(|sighting| sighting.certificate().issuer.as_der())
        .collect();
    // A CA's successor is called after the same organization.
    let kin = |ca: &Certificate| {
        let names = ca.subject.organizations();
        node.view.own_authorities().any(|own| {
            own.public_key == ca.public_key
                || own.subject.organizations().iter().any(|name| names.contains(name))
        })
    };
    let foreign: Vec<&&Certificate> =
        candidates.into_iter().filter(|ca| !issuers.contains(ca.subject.as_der()) && !kin(ca)).collect();
    let ca = foreign.first()?;
    let more = foreign.len() - 1;
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    let signed = if more == 0 { "has" } else { "have" };
    let message = format!(
        "has `{}`{others}, which {signed} signed nothing here, and whose clients are let in by {}",
        ca.subject,
        bundle.readers()
    );
    let remedy = Remedy::by_hand("take it out, or let it sign a CA for this cluster alone");
    Some(Fault::new(bundle.path.clone(), message, remedy).on(node))
}

/// Whether a CA's name says who it is of: cluster CAs mostly have a common name alone.
pub(super) fn names_somebody(ca: &Certificate) -> bool {
    ca.subject.has(rfc4519::O) || ca.subject.has(rfc4519::C)
}
