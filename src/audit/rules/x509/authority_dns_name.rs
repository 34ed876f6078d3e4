//! `KP-X5023`: CAs that are called like a host.

use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};
use crate::x509::SubjectAltName;

rule! {
    /// CAs have their common name as a DNS name too.
    ///
    /// ## Why it matters
    ///
    /// kubeadm does so for every CA, and kubepki does as kubeadm does. A CA is no server: the name is never asked for.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done.
    ///
    /// ## References
    ///
    /// client-go, `util/cert`, `NewSelfSignedCACert`.
    "KP-X5023" "authority-dns-name" Info Scene "clusters with CAs"
}

fn applies(scene: &Scene<'_>) -> bool {
    authorities(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let named: Vec<String> = authorities(scene)
        .filter_map(|case| {
            let certificate = case.certificate()?;
            let name = SubjectAltName::Dns(certificate.subject.common_name()?.to_owned());
            certificate.subject_alt_names.contains(&name).then(|| case.view.targets.name(case.target))
        })
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    let message =
        format!("CAs have their common name as a DNS name, as kubeadm does it: {}", named.join(", "));
    Fault::one(PathBuf::new(), message, Remedy::advice("nothing has to be done"))
}

fn authorities<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Case<'a>> {
    scene.cases().filter(|case| case.is_authority() && case.certificate().is_some())
}
