//! Rows as seeds for the fuzz targets.

use std::fs;
use std::path::Path;

use kubepki::csr::CertificateSigningRequest;
use kubepki::x509::pem;

use crate::bed::{Edit, ask, asking};

/// Writes requests and objects into the corpora of their targets.
pub fn write(corpora: &Path) {
    for (index, (_, bytes, _)) in crate::request::rows().into_iter().enumerate() {
        let block = pem::first_block(&bytes).map(|block| block.contents.to_vec());
        fs::write(corpora.join(format!("csr_request/row{index}")), block.unwrap_or(bytes)).unwrap();
    }
    let mut objects: Vec<CertificateSigningRequest> = Vec::new();
    objects.extend(crate::decide::rows().into_iter().map(|(_, object, _)| object()));
    objects.extend(
        crate::signers::rows().into_iter().map(|(signer, usages, request, _)| ask(signer, usages, request)),
    );
    objects.extend(
        crate::hostile::rows()
            .into_iter()
            .map(|(_, signer, usages, bytes, _, _)| asking(signer, usages, bytes)),
    );
    for (index, object) in objects.into_iter().enumerate() {
        let created = object.clone().with(|object| object.metadata.resource_version = None);
        let text = |object: &CertificateSigningRequest| serde_json::to_string(object).unwrap();
        let both = format!("{}\n---\n{}", text(&object), text(&object.clone().has_condition("Approved")));
        fs::write(corpora.join(format!("csr_object/row{index}")), both).unwrap();
        fs::write(corpora.join(format!("csr_object/new{index}")), text(&created)).unwrap();
    }
}
