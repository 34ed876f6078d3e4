//! Who signed whom.

use std::collections::HashMap;

use serde::Serialize;

use crate::disk::content::{Content, Item};
use crate::x509::{Certificate, PrivateKey, chain};

/// A certificate, the one that signed it, and the files that hold it and its key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub subject: String,
    pub sha256: String,
    pub files: Vec<String>,
    pub keys: Vec<String>,
    pub issuer: String,
    /// The position of the issuer in this list, if it is among the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_by: Option<usize>,
}

/// Every certificate once, with who signed it. Nothing when there is only one: then there is no path to draw.
pub fn trust(files: &[(String, Result<Content, String>)]) -> Vec<Link> {
    let mut certificates: Vec<(&Certificate, Vec<String>)> = Vec::new();
    let mut positions: HashMap<&[u8], usize> = HashMap::new();
    let mut keys: Vec<(&PrivateKey, &str)> = Vec::new();
    let readable = files.iter().filter_map(|(path, content)| Some((path, content.as_ref().ok()?)));
    for (path, item) in
        readable.flat_map(|(path, content)| content.items.iter().map(move |item| (path, item)))
    {
        let (found, key): (Vec<&Certificate>, Option<&PrivateKey>) = match item {
            Ok(Item::Certificate(certificate)) => (vec![certificate], None),
            Ok(Item::PrivateKey(key)) => (Vec::new(), Some(key)),
            Ok(Item::Kubeconfig(kubeconfig)) => {
                let sources = [&kubeconfig.authority, &kubeconfig.certificate];
                let found = sources.into_iter().filter_map(|source| source.embedded()).flatten().collect();
                (found, kubeconfig.key.embedded())
            }
            _ => continue,
        };
        for certificate in found {
            let position = *positions.entry(certificate.as_der()).or_insert_with(|| {
                certificates.push((certificate, Vec::new()));
                certificates.len() - 1
            });
            if !certificates[position].1.contains(path) {
                certificates[position].1.push(path.clone());
            }
        }
        keys.extend(key.map(|key| (key, path.as_str())));
    }
    if certificates.len() < 2 {
        return Vec::new();
    }
    let all: Vec<&Certificate> = certificates.iter().map(|(certificate, _)| *certificate).collect();
    let issuers = chain::issuers(&all);
    let link = |((certificate, files), issued_by): ((&Certificate, Vec<String>), Option<usize>)| {
        let own = keys.iter().filter(|(key, _)| *key.public_key() == certificate.public_key);
        Link {
            subject: certificate.subject.to_string(),
            sha256: certificate.fingerprint(),
            keys: own.map(|(_, path)| (*path).to_owned()).collect(),
            files,
            issuer: certificate.issuer.to_string(),
            issued_by,
        }
    };
    certificates.into_iter().zip(issuers).map(link).collect()
}
