//! Credentials that are not kubeadm's: pairs and kubeconfigs that a CA of the cluster has signed.

use std::path::Path;

use crate::audit::{Node, View};
use crate::catalog::{Base, Credential, Holders, Kind, Selector, Server, Since};
use crate::disk::Stray;
use crate::disk::content::Item;
use crate::spec::{Spec, syntax};
use crate::version::Version;
use crate::x509::{Certificate, PrivateKey, chain};

/// The credentials of a node's own, where the spec can say them: of the cluster's algorithm and lifetime.
pub fn credentials(view: &View<'_>, nodes: &[Node<'_>], names: &[String], spec: &Spec) -> Vec<Credential> {
    let mut all: Vec<Credential> = Vec::new();
    for (node, name) in nodes.iter().zip(names) {
        for stray in node.strays() {
            let found = pair(view, node, stray).or_else(|| kubeconfig(view, stray));
            let Some((row, certificate)) = found else { continue };
            if !fits(spec, certificate) || !syntax::is_dns_name(&row.name) {
                continue;
            }
            let selector = name.clone();
            match all.iter_mut().find(|known| known.name == row.name) {
                None => {
                    let holders = Holders::Selected(vec![Selector::Node(selector)]);
                    all.push(Credential { holders, ..row });
                }
                Some(known) if known.common_name == row.common_name => {
                    if let Holders::Selected(selectors) = &mut known.holders {
                        selectors.push(Selector::Node(selector));
                    }
                }
                Some(_) => {}
            }
        }
    }
    all
}

fn fits(spec: &Spec, certificate: &Certificate) -> bool {
    let lifetime = certificate.not_after - certificate.not_before;
    let wanted = spec.certificate_validity_period.duration();
    certificate.public_key.algorithm() == Some(spec.encryption_algorithm)
        && lifetime >= wanted
        && lifetime <= wanted + time::Duration::minutes(5)
}

fn pair<'a>(view: &View<'_>, node: &Node<'a>, stray: &'a Stray) -> Option<(Credential, &'a Certificate)> {
    let path = stray.path.strip_suffix_text(".crt")?;
    let certificate = only_certificate(stray)?;
    let key = node.strays().find(|other| other.path.strip_suffix_text(".key").as_deref() == Some(&*path))?;
    let key = private_key(key)?;
    if *key.public_key() != certificate.public_key {
        return None;
    }
    let place = Path::new(&path).components().skip_while(|part| part.as_os_str() != "pki").skip(1);
    let place = place.collect::<std::path::PathBuf>().to_str()?.to_owned();
    let name = place.replace('/', "-");
    let row = row(view, certificate, name, place)?;
    (row.issuer.is_some() && !row.common_name.is_empty()).then_some((row, certificate))
}

fn kubeconfig<'a>(view: &View<'_>, stray: &'a Stray) -> Option<(Credential, &'a Certificate)> {
    let name = stray.path.file_name()?.to_str()?.to_owned();
    let kubeconfig = stray.found.present()?.content.kubeconfig().ok()?;
    let [certificate] = &kubeconfig.certificate.embedded()?[..] else { return None };
    if *kubeconfig.key.embedded()?.public_key() != certificate.public_key {
        return None;
    }
    let row = row(view, certificate, name.clone(), name)?;
    let server = vec![Since { version: Version::FIRST, value: Server::Endpoint }];
    let kind = Kind::Kubeconfig { server, rotates: false };
    (row.issuer.as_deref() == Some("ca") && row.subject_alt_names.is_empty())
        .then_some((Credential { kind, base: Base::Kubernetes, ..row }, certificate))
}

fn row(view: &View<'_>, certificate: &Certificate, name: String, place: String) -> Option<Credential> {
    let issuer = view.cases().find(|case| {
        let ca = case.certificate().filter(|_| case.is_authority());
        ca.is_some_and(|ca| chain::signed_by(certificate, ca).is_ok())
    })?;
    let organizations = certificate.subject.organizations().into_iter().map(str::to_owned).collect();
    if certificate.is_ca() || certificate.usages.extended.is_empty() {
        return None;
    }
    Some(Credential {
        name,
        issuer: Some(issuer.target.credential.clone()),
        place,
        common_name: certificate.subject.common_name()?.to_owned(),
        organizations: vec![Since { version: Version::FIRST, value: organizations }],
        subject_alt_names: certificate.subject_alt_names.iter().map(ToString::to_string).collect(),
        key_usages: certificate.usages.key.clone(),
        extended_key_usages: certificate.usages.extended.clone(),
        ..Credential::empty()
    })
}

fn only_certificate(stray: &Stray) -> Option<&Certificate> {
    match &stray.found.present()?.content.items[..] {
        [Ok(Item::Certificate(certificate))] => Some(certificate),
        _ => None,
    }
}

fn private_key(stray: &Stray) -> Option<&PrivateKey> {
    stray.found.present()?.content.private_key().ok()
}

trait StripSuffix {
    fn strip_suffix_text(&self, suffix: &str) -> Option<String>;
}

impl StripSuffix for std::path::PathBuf {
    fn strip_suffix_text(&self, suffix: &str) -> Option<String> {
        self.to_str()?.strip_suffix(suffix).map(str::to_owned)
    }
}
