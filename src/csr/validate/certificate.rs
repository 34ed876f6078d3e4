//! `status.certificate`.

use super::Endpoint;
use crate::csr::object::{CertificateSigningRequest, Object};
use crate::csr::refusal::{Fault, FieldError, quoted};
use crate::x509::{Certificate, pem};

/// What may become of the certificate: it is given once, at `/status`.
pub(super) fn update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
) -> Vec<FieldError> {
    let forbidden = |detail: &str| vec![FieldError::new("status.certificate", Fault::Forbidden, detail)];
    if new.certificate() == old.certificate() {
        Vec::new()
    } else if endpoint != Endpoint::Status {
        forbidden("updates may not set certificate content")
    } else if old.certificate().is_some() {
        forbidden("updates may not modify existing certificate content")
    } else {
        Vec::new()
    }
}

/// What is wrong with the content of `status.certificate`, in the words of Kubernetes.
pub(super) fn fault(content: &[u8]) -> Option<String> {
    let mut rest = content;
    let mut blocks = 0;
    while let Some((block, after)) = pem::next_block(rest) {
        rest = after;
        blocks += 1;
        if block.label != "CERTIFICATE" {
            return Some(format!("only CERTIFICATE PEM blocks are allowed, found {}", quoted(&block.label)));
        }
        if block.headers {
            return Some("no PEM block headers are permitted".to_owned());
        }
        match certificates(&block.contents) {
            Ok(0) => return Some("found CERTIFICATE PEM block containing 0 certificates".to_owned()),
            Ok(_) => {}
            Err(error) => return Some(error),
        }
    }
    (blocks == 0).then(|| "must contain at least one CERTIFICATE PEM block".to_owned())
}

/// How many certificates stand one behind the other (`x509.ParseCertificates`).
fn certificates(der: &[u8]) -> Result<usize, String> {
    let elements =
        crate::x509::der::elements(der, "the block").map_err(|_| "x509: malformed certificate".to_owned())?;
    for element in &elements {
        let certificate =
            Certificate::from_der(element).map_err(|_| "x509: malformed certificate".to_owned())?;
        if certificate.refusal().is_some() {
            return Err("x509: malformed certificate".to_owned());
        }
    }
    Ok(elements.len())
}
