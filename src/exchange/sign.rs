//! Signing what was asked, where the keys of the CAs are.

use std::collections::BTreeMap;

use rayon::prelude::*;
use time::OffsetDateTime;

use super::bundle::{BundleError, Files, add_manifest, digest};
use super::hold::Held;
use super::{API_VERSION, Answers, Paper, Refusal, Requests, Slip};
use crate::moment::{date, rfc3339};
use crate::store::StoreError;
use crate::store::entry::{Asked, Entry, Reason};
use crate::x509::hex::hex;
use crate::x509::issue::long_serial;
use crate::x509::profile::BACKDATE;
use crate::x509::{self, Certificate, Issuer, Profile, pem};

/// Where the certificate of a CA is in a bundle.
const AUTHORITIES: &str = "authorities";

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A certificate could not be made.
    #[error("{name}: {source}")]
    X509 {
        /// The request.
        name: String,
        /// Why not.
        source: x509::Error,
    },
    /// The bundle could not be made.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The ledger holds something else than a certificate.
    #[error(transparent)]
    Ledger(#[from] StoreError),
}

/// What is signed for a request: its slip, and what was found right.
pub type Order = (Slip, Held);

/// The requests whose CA ends before them, or is not here.
#[must_use]
pub fn refused(
    orders: &[Order],
    issuers: &BTreeMap<String, Issuer<'_>>,
    cut: bool,
    now: OffsetDateTime,
) -> Vec<Refusal> {
    let reason = |(slip, held): &Order| {
        let Some(issuer) = issuers.get(&slip.signer) else {
            return Some(format!(
                "it is to be signed by `{}`, which is not here",
                slip.signer.escape_debug()
            ));
        };
        let end = issuer.certificate().not_after;
        let wanted = now + held.validity.duration();
        if end < now {
            Some(format!("its CA `{}` has ended on {}", slip.signer, date(end)))
        } else if end < wanted && !cut {
            Some(format!(
                "its CA `{}` ends on {}, before it, which is to end on {}",
                slip.signer,
                date(end),
                date(wanted)
            ))
        } else {
            None
        }
    };
    orders
        .iter()
        .filter_map(|order| Some(Refusal { name: order.0.name.clone(), reasons: vec![reason(order)?] }))
        .collect()
}

/// Does the same for every slip, on all cores: checking signatures is most of the work.
pub fn each<T: Send>(slips: &[Slip], work: impl Fn(&Slip) -> T + Send + Sync) -> Vec<T> {
    slips.par_iter().with_max_len(16).map(work).collect()
}

/// Signs every order, on all cores: the entries for the ledger, in their order. What the ledger gives back for them is what
/// leaves.
///
/// # Errors
/// When the cryptographic library fails.
pub fn sign(
    bundle: &Requests,
    orders: &[Order],
    issuers: &BTreeMap<String, Issuer<'_>>,
    now: OffsetDateTime,
) -> Result<Vec<Entry>, SignError> {
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let one = |(slip, held): &Order| {
        let failed = |source| SignError::X509 { name: slip.name.clone(), source };
        let Some(issuer) = issuers.get(&slip.signer) else {
            return Err(failed(x509::Error::Primitive("finding the CA")));
        };
        let authority = held.authority.as_ref();
        let profile = Profile {
            path_length: authority.and_then(|authority| authority.path_length),
            name_constraints: authority.and_then(|authority| authority.name_constraints.clone()),
            subject: held.request.subject.clone(),
            subject_alt_names: held.request.subject_alt_names.clone(),
            usages: held.usages.clone(),
            ca: authority.is_some(),
            not_before: now - BACKDATE,
            not_after: (now + held.validity.duration()).min(issuer.certificate().not_after),
        };
        let serial = long_serial().map_err(failed)?;
        let der = issuer.sign(&profile, &held.request.public_key, &serial).map_err(failed)?;
        issuer.check(&der).map_err(failed)?;
        let certificate = Certificate::from_der(&der).map_err(failed)?;
        let message = format!("held to the manifest of bundle {}", bundle.id);
        let reason = Reason { rule: None, reason: "SignedOffline".to_owned(), message };
        let uid = format!("{}/{}", bundle.id, slip.sha256);
        let request = Some(Asked { name: slip.name.clone(), uid });
        Ok(Entry { request, ..Entry::new(&certificate, &slip.signer, reason, now) })
    };
    orders.par_iter().with_max_len(16).map(one).collect()
}

/// The bundle that goes back: what the ledger has for each order, and the CAs' certificates.
///
/// # Errors
/// When the ledger gives back something else than certificates.
pub fn answers(
    bundle: &Requests,
    orders: &[Order],
    entries: &[Entry],
    issuers: &BTreeMap<String, Issuer<'_>>,
    now: OffsetDateTime,
) -> Result<Files, SignError> {
    let paper = |name: &str, node: Option<&str>, file: String, der: &[u8], serial: String| {
        let failed = |source| SignError::X509 { name: name.to_owned(), source };
        let text = pem::encode("CERTIFICATE", der).map_err(failed)?.into_bytes();
        let (name, node) = (name.to_owned(), node.map(str::to_owned));
        Ok::<_, SignError>((Paper { name, node, sha256: digest(&text), file, serial }, text))
    };
    let used = |name: &&String| orders.iter().any(|(slip, _)| slip.signer == **name);
    let authorities = issuers.iter().filter(|(name, _)| used(name)).map(|(name, issuer)| {
        let (certificate, file) = (issuer.certificate(), format!("{AUTHORITIES}/{name}.crt"));
        paper(name, None, file, certificate.as_der(), hex(&certificate.serial))
    });
    let mut papers = authorities.collect::<Result<Vec<_>, _>>()?;
    let signed = |((slip, _), entry): (&Order, &Entry)| {
        let unread = || SignError::X509 {
            name: slip.name.clone(),
            source: x509::Error::Primitive("reading the ledger"),
        };
        let der = entry.der().ok_or_else(unread)?;
        let node = Some(slip.node.as_str()).filter(|node| !node.is_empty());
        paper(&slip.name, node, slip.answer(), &der, entry.serial.clone())
    };
    papers.extend(orders.par_iter().zip(entries).map(signed).collect::<Result<Vec<_>, _>>()?);
    let mut files = Files::new();
    let mut certificates = Vec::with_capacity(papers.len());
    for (paper, text) in papers {
        files.insert(paper.file.clone(), text);
        certificates.push(paper);
    }
    let manifest = Answers {
        api_version: API_VERSION.to_owned(),
        kind: Answers::KIND.to_owned(),
        id: bundle.id.clone(),
        cluster: bundle.cluster.clone(),
        time: rfc3339(now),
        certificates,
    };
    add_manifest(&mut files, &manifest)?;
    Ok(files)
}
