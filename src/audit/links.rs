//! What the certificates of a view have to do with each other: who signed whom, who else has a key or a serial number.
//!
//! Checking signatures is most of the work of an audit, so each is checked once, and every rule asks here.

use std::collections::HashMap;

use const_oid::db::rfc5912::SHA_384_WITH_RSA_ENCRYPTION;
use rayon::prelude::*;

use super::sighting::Spot;
use crate::x509::Certificate;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::signature::SignatureFault;

/// Who signed a certificate, as far as the view can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer<'a> {
    /// The key of this certificate did, which may be the same certificate.
    Known(&'a Certificate),
    /// None of the CAs that have the issuer's name did.
    Nobody,
    /// No CA here has the issuer's name, or the signature is not of a kind that is checked here.
    Unknown,
}

/// The relations of a view's certificates, by their positions among its spots. (References instead would tie every view
/// to exactly one lifetime.)
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    /// For each certificate, who signed it.
    signers: Vec<Link>,
    /// For a certificate whose key is a CA certificate's too, which of `authorities` have that key.
    keys: HashMap<usize, usize>,
    /// The CA certificates of one public key.
    authorities: Vec<Vec<usize>>,
    /// For a certificate, an earlier one that has the same issuer and serial number.
    twins: HashMap<usize, usize>,
}

/// [`Signer`] by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Known(usize),
    Nobody,
    Unknown,
}

/// Below this many certificates, starting threads costs more than they save.
const WORTH_THREADS: usize = 64;

/// How many CAs of the issuer's name are tried: a hostile directory must not make every certificate be checked with
/// thousands of keys.
const MAX_TRIES: usize = 8;

/// More CAs than this do not stand above each other.
const MAX_DEPTH: usize = 16;

impl Links {
    /// Works out the relations.
    pub fn of(spots: &[Spot<'_>]) -> Self {
        let mut named: HashMap<&[u8], Vec<usize>> = HashMap::new();
        let mut groups: HashMap<&[u8], usize> = HashMap::new();
        let mut links = Self::default();
        for (position, spot) in spots.iter().enumerate().filter(|(_, spot)| spot.certificate.is_ca()) {
            named.entry(spot.certificate.subject.as_der()).or_default().push(position);
            let group = groups.entry(spot.certificate.public_key.as_der()).or_insert(links.authorities.len());
            match links.authorities.get_mut(*group) {
                Some(group) => group.push(position),
                None => links.authorities.push(vec![position]),
            }
        }
        let signer = |(position, spot): (usize, &Spot<'_>)| {
            let named = named.get(spot.certificate.issuer.as_der()).map_or(&[][..], Vec::as_slice);
            signer(spots, position, spot.certificate, named)
        };
        links.signers = if spots.len() < WORTH_THREADS {
            spots.iter().enumerate().map(signer).collect()
        } else {
            spots.par_iter().enumerate().map(signer).collect()
        };
        let mut serials: HashMap<(&[u8], &[u8]), usize> = HashMap::with_capacity(spots.len());
        for (position, spot) in spots.iter().enumerate() {
            let certificate = spot.certificate;
            if let Some(group) = groups.get(certificate.public_key.as_der()) {
                links.keys.insert(position, *group);
            }
            let number = (certificate.issuer.as_der(), certificate.serial.as_slice());
            match serials.get(&number) {
                None => drop(serials.insert(number, position)),
                Some(first) if is_same_issuer(spots.get(*first), spot) => {
                    links.twins.insert(position, *first);
                }
                Some(_) => {}
            }
        }
        links
    }

    pub fn signer(&self, position: usize) -> Link {
        self.signers.get(position).copied().unwrap_or(Link::Unknown)
    }

    /// The CAs above a certificate, the nearest first, up to one that signed itself or whose signer is not known.
    pub fn above(&self, position: usize) -> Vec<usize> {
        let mut above: Vec<usize> = Vec::new();
        let mut next = self.signer(position);
        while let Link::Known(ca) = next {
            if above.len() >= MAX_DEPTH || above.contains(&ca) {
                break;
            }
            above.push(ca);
            next = self.signer(ca);
        }
        above
    }

    /// Of a certificate, an earlier one with the same issuer and serial number.
    pub fn twin(&self, position: usize) -> Option<usize> {
        self.twins.get(&position).copied()
    }

    /// The CA certificates that have the key of a certificate.
    pub fn authorities(&self, position: usize) -> &[usize] {
        let group = self.keys.get(&position).and_then(|group| self.authorities.get(*group));
        group.map_or(&[], Vec::as_slice)
    }
}

/// Whether two certificates that name the same issuer mean the same one: CAs of one name are told apart by their key
/// identifiers.
fn is_same_issuer(first: Option<&Spot<'_>>, second: &Spot<'_>) -> bool {
    let identifier = |spot: &Spot<'_>| spot.certificate.authority_key_identifier.clone();
    match (first.and_then(identifier), identifier(second)) {
        (Some(first), Some(second)) => first == second,
        _ => true,
    }
}

/// Tries the CAs of the issuer's name: those that the authority key identifier names come first, then, for a certificate
/// that names itself, its own key.
fn signer(spots: &[Spot<'_>], position: usize, certificate: &Certificate, named: &[usize]) -> Link {
    let own = certificate.is_self_issued().then_some(position);
    let others = named.iter().copied().filter(|ca| Some(*ca) != own);
    let all = own.into_iter().chain(others).filter_map(|ca| Some((ca, spots.get(ca)?.certificate)));
    let mut candidates: Vec<(usize, &Certificate)> = all.collect();
    let wanted = certificate.authority_key_identifier.as_deref();
    candidates.sort_by_key(|(_, ca)| wanted.is_some() && ca.subject_key_identifier.as_deref() != wanted);
    let mut unsure = candidates.is_empty() || candidates.len() > MAX_TRIES;
    for (position, ca) in candidates.into_iter().take(MAX_TRIES) {
        if !certificate.signature_algorithm.fits(&ca.public_key) {
            continue;
        }
        let verdict = if is_checked(certificate, ca) {
            certificate.verify_signature(&ca.public_key)
        } else {
            Err(SignatureFault::Unsupported)
        };
        match verdict {
            Ok(()) => return Link::Known(position),
            Err(SignatureFault::Unsupported) => unsure = true,
            Err(SignatureFault::Bad) => {}
        }
    }
    if unsure { Link::Unknown } else { Link::Nobody }
}

/// Whether the cryptographic library can tell: it has neither broken hashes nor short RSA keys, and long ones take too
/// long.
fn is_checked(certificate: &Certificate, ca: &Certificate) -> bool {
    let algorithm = &certificate.signature_algorithm;
    let sound = algorithm.scheme().is_none_or(|scheme| scheme.broken_hash.is_none());
    sound
        && match ca.public_key.kind() {
            PublicKeyKind::Rsa { bits } => {
                let least = if algorithm.oid == SHA_384_WITH_RSA_ENCRYPTION { 2048 } else { 1024 };
                (least..=8192).contains(&bits)
            }
            _ => true,
        }
}
