//! Who signed whom.

use std::collections::HashMap;

use rayon::prelude::*;

use super::signature::SignatureFault;
use super::{Certificate, PublicKey};

/// Why a certificate is not one that a CA has signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The issuer in the certificate is another name (RFC 5280 §6.1.3 (a)(4)).
    #[error("its issuer is another")]
    Issuer,
    /// The signature does not hold under the CA's key (RFC 5280 §6.1.3 (a)(1)).
    #[error(transparent)]
    Signature(#[from] SignatureFault),
}

/// Checks that `ca` signed `certificate`: the name's bytes, then the signature. Dates and constraints are not looked at.
///
/// # Errors
/// The first of the two that does not hold.
pub fn signed_by(certificate: &Certificate, ca: &Certificate) -> Result<(), ChainFault> {
    if certificate.issuer != ca.subject {
        return Err(ChainFault::Issuer);
    }
    Ok(certificate.verify_signature(&ca.public_key)?)
}

/// Whether a certificate says that `ca` signed it: by the CA's name and key identifier (RFC 5280 §4.2.1.1). Only where one
/// of the two has no identifier does the signature decide.
#[must_use]
pub fn claims(certificate: &Certificate, ca: &Certificate) -> bool {
    certificate.issuer == ca.subject
        && match (&certificate.authority_key_identifier, &ca.subject_key_identifier) {
            (Some(wanted), Some(own)) => wanted == own,
            _ => certificate.verify_signature(&ca.public_key).is_ok(),
        }
}

/// Checks that signatures lead from `certificate` to `ca` over `intermediates`, which follow each other in the order in
/// which a server would send them (RFC 8446 §4.4.2); what does not belong is passed over.
///
/// # Errors
/// The reason why `ca` did not sign `certificate` itself, when nothing leads there.
pub fn leads_to(
    certificate: &Certificate,
    intermediates: &[&Certificate],
    ca: &Certificate,
) -> Result<(), ChainFault> {
    let direct = signed_by(certificate, ca);
    if direct.is_ok() {
        return direct;
    }
    let mut reached = certificate;
    for intermediate in intermediates {
        if intermediate.is_ca() && signed_by(reached, intermediate).is_ok() {
            reached = intermediate;
            if signed_by(reached, ca).is_ok() {
                return Ok(());
            }
        }
    }
    direct
}

/// For each certificate, the position of the one that signed it: itself when it is self-signed, `None` when its signer
/// is not among them. Of many with one name, those that have the identifier of the issuer's key are tried first, and not
/// every one is tried: a hostile file has thousands.
#[must_use]
pub fn issuers(certificates: &[&Certificate]) -> Vec<Option<usize>> {
    let mut named: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for (position, certificate) in certificates.iter().enumerate() {
        named.entry(certificate.subject.as_der()).or_default().push(position);
    }
    let issuer = |(own, certificate): (usize, &&Certificate)| {
        let namesakes = named.get(certificate.issuer.as_der())?;
        let is_meant = |position: &&usize| {
            let identifier = certificates.get(**position)?.subject_key_identifier.as_ref()?;
            (certificate.authority_key_identifier.as_ref() == Some(identifier)).then_some(())
        };
        let itself = namesakes.iter().filter(|position| **position == own);
        let meant = namesakes.iter().filter(|position| is_meant(position).is_some());
        let others = namesakes.iter().filter(|position| is_meant(position).is_none());
        let mut candidates = itself.chain(meant.take(MAX_TRIES)).chain(others.take(MAX_TRIES)).copied();
        candidates.find(|position| {
            let ca = certificates.get(*position);
            ca.is_some_and(|ca| certificate.verify_signature(&ca.public_key).is_ok())
        })
    };
    certificates.par_iter().enumerate().map(issuer).collect()
}

/// More CAs of one name than any cluster has.
const MAX_TRIES: usize = 16;

/// The positions of the certificates whose key this is.
pub fn holders<'a>(certificates: &'a [&Certificate], key: &'a PublicKey) -> impl Iterator<Item = usize> + 'a {
    let positions = certificates.iter().enumerate();
    positions.filter(move |(_, certificate)| certificate.public_key == *key).map(|(position, _)| position)
}
