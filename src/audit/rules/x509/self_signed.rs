//! `KP-X5024`: a certificate that signed itself where a CA should have.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Node, Remedy};
use crate::disk::content::Item;
use crate::x509::Certificate;

rule! {
    /// A credential that a CA should have signed has signed itself.
    ///
    /// ## Why it matters
    ///
    /// Nobody can tell it from one that somebody else made: clients are told to take it as it is, or not to look at all.
    ///
    /// The kubelet's own `kubelet.crt` is such a certificate, and no fault while nothing asks for a better one. It is one
    /// where the kubelet's configuration names a certificate to serve with (`tlsCertFile`). That a request for a signed
    /// one was not answered is told by KP-KL001, and a credential whose CA is here by KP-TR001.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues one that the cluster's CA signs. For a kubelet, set `serverTLSBootstrap: true` and approve its
    /// request.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements"; "TLS bootstrapping", on serving certificates.
    "KP-X5024" "self-signed" Medium Node "nodes with credentials that a CA signs"
}

fn applies(node: &Node<'_>) -> bool {
    node.cases().any(|case| case.leaf().is_some()) || serving(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let own = node.cases().filter(signs_itself).map(|case| {
        Fault::new(case.certificate_path(), "signed itself, and no CA for it is here", Remedy::Reissue)
            .about(&case)
    });
    let mut faults: Vec<Fault> = own.collect();
    if let Some((path, certificate)) = serving(node)
        && certificate.is_self_issued()
        && certificate.verify_signature(&certificate.public_key).is_ok()
    {
        let remedy =
            Remedy::by_hand("have the cluster's CA sign it, or set `serverTLSBootstrap: true` instead");
        let message = "signed itself, although the kubelet's configuration names it to serve with";
        faults.push(Fault::new(path.to_owned(), message, remedy).on(node));
    }
    faults
}

fn signs_itself(case: &Case<'_>) -> bool {
    let has_its_ca = case.issuer().is_some_and(|issuer| issuer.certificate().is_some());
    case.leaf().is_some() && !has_its_ca && case.sighting().is_some_and(|own| own.is_self_signed())
}

/// The certificate that the kubelet's configuration names, where it lies in a file that no credential has.
fn serving<'a>(node: &Node<'a>) -> Option<(&'a std::path::Path, &'a Certificate)> {
    let (_, config) = node.kubelet()?;
    let name = std::path::Path::new(&config.tls_cert_file).file_name()?.to_str()?;
    let stray = node.stray(name)?;
    let mut items = stray.found.present()?.content.items.iter().flatten();
    let certificate = items.find_map(|item| match item {
        Item::Certificate(certificate) => Some(&**certificate),
        _ => None,
    })?;
    Some((stray.path.as_path(), certificate))
}
