//! `KP-ID013`: a server's certificate that is a privileged client's too.

use crate::audit::identity::is_privileged;
use crate::audit::rule::rule;
use crate::audit::{Fault, Sighting};
use crate::x509::ExtendedKeyUsage;

rule! {
    /// A certificate is good for a server and for a client, and as a client its subject is privileged.
    ///
    /// ## Why it matters
    ///
    /// A server's key lies where the server runs and is read by it all the time. Whoever takes it is the component, the
    /// node or the administrator that the subject names.
    ///
    /// etcd's certificates need both purposes, and their CA opens only etcd: they are not meant.
    ///
    /// ## What to do
    ///
    /// Make two certificates of it, or take the client purpose or the privileged name away.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.12; Kubernetes, "PKI certificates and requirements".
    "KP-ID013" "serving-client" Medium Sighting "certificates for servers and clients"
}

fn applies(sighting: &Sighting<'_>) -> bool {
    let purposes = &sighting.certificate().usages.extended;
    let any = purposes.contains(&ExtendedKeyUsage::Any);
    let has = |purpose| any || purposes.contains(&purpose);
    has(ExtendedKeyUsage::ServerAuth) && has(ExtendedKeyUsage::ClientAuth) && sighting.user().is_some()
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let certificate = sighting.certificate();
    // A purpose that the spec does not give it is told as a difference from the spec.
    let drifted = sighting.own_case().is_some_and(|case| {
        let planned = case.blueprint().map(|blueprint| &blueprint.usages.extended);
        case.is_ours() && planned.is_some_and(|purposes| !purposes.contains(&ExtendedKeyUsage::ClientAuth))
    });
    if drifted || !is_privileged(certificate) {
        return Vec::new();
    }
    let message = format!("is a server's, and as a client `{}`", certificate.subject);
    vec![sighting.fault_by_hand(message, "make one certificate for the server and one for the client")]
}
