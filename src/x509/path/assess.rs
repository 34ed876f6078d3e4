//! What is wrong with certificates, by themselves, in their place and beside each other. What costs is checked once for
//! each certificate or pair of them, and only as long as the [`Budget`] lasts.

use std::collections::HashMap;
use std::ops::Add;
use std::rc::Rc;

use super::authority::{authority, cert_sign, path_length};
use super::budget::{Budget, Limit};
use super::criticality::criticality;
use super::form::form;
use super::names::names;
use super::purpose::{extended, key_usage};
use super::reference::reference;
use super::strict::{key_identifiers, strict};
use super::validity::validity;
use super::{Candidate, Conditions, Fault, MAX_REASONS, Place, Reason, Validator, strength};
use crate::x509::Certificate;

/// Certificates go by their position among the candidates; the one that is validated is one past the last.
pub(super) struct Assessor<'v, 'a> {
    pub validator: &'v Validator<'a>,
    pub conditions: &'v Conditions,
    pub budget: Budget,
    end: Candidate<'a>,
    /// Of a certificate and the number of a key: what is wrong with the signature.
    signatures: HashMap<(usize, usize), Option<Fault>>,
    /// Of a certificate: what is wrong with it by itself.
    own: HashMap<usize, Rc<Faults>>,
    /// Of a certificate and a CA above it: what is wrong with its names.
    names: HashMap<(usize, usize), Rc<Faults>>,
}

/// Faults, and how far they are from none.
#[derive(Default)]
pub(super) struct Faults {
    pub cost: Cost,
    list: Vec<Fault>,
}

/// How far a path is from holding: the rank of the worst fault, then the number of faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    worst: u8,
    count: usize,
}

impl FromIterator<Fault> for Faults {
    /// As many as are told at most.
    fn from_iter<T: IntoIterator<Item = Fault>>(faults: T) -> Self {
        let list: Vec<Fault> = faults.into_iter().take(MAX_REASONS).collect();
        let worst = list.iter().map(Fault::rank).max().unwrap_or_default();
        Self { cost: Cost { worst, count: list.len() }, list }
    }
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { worst: self.worst.max(other.worst), count: self.count + other.count }
    }
}

impl<'v, 'a> Assessor<'v, 'a> {
    pub fn new(
        validator: &'v Validator<'a>,
        certificate: &'a Certificate,
        conditions: &'v Conditions,
    ) -> Self {
        let key = validator.keys.get(certificate.public_key.as_der()).copied();
        Self {
            validator,
            conditions,
            budget: Budget::default(),
            end: Candidate { certificate, place: Place::End, key: key.unwrap_or(validator.keys.len()) },
            signatures: HashMap::new(),
            own: HashMap::new(),
            names: HashMap::new(),
        }
    }

    pub fn get(&self, position: usize) -> Candidate<'a> {
        self.validator.candidates.get(position).copied().unwrap_or(self.end)
    }

    /// Everything that becomes wrong when `issuer` is put on the path `below`, each with the depth at which it shows.
    pub fn step(&mut self, below: &[usize], issuer: usize) -> Vec<(usize, Rc<Faults>)> {
        let Some((head, _)) = below.split_last() else { return Vec::new() };
        let (certificate, ca) = (self.get(*head).certificate, self.get(issuer).certificate);
        let depth = below.len() - 1;
        let one = |fault: Option<Fault>| Rc::new(Faults::from_iter(fault));
        let signature = self.signature(*head, issuer).unwrap_or(Some(Fault::Limit(Limit::Signatures)));
        let between = below.iter().skip(1).map(|position| self.get(*position).certificate);
        let mut found = vec![(depth, one(signature)), (depth + 1, one(path_length(ca, between)))];
        if self.conditions.strict {
            found.push((depth, one(key_identifiers(certificate, ca))));
        }
        found.push((depth + 1, self.own(issuer)));
        if ca.name_constraints.is_some() {
            for (depth, position) in below.iter().enumerate() {
                // RFC 5280 §6.1.3 (b), (c): self-issued certificates are passed over but at the end.
                if depth == 0 || !self.get(*position).certificate.is_self_issued() {
                    found.push((depth, self.names(*position, issuer)));
                }
            }
        }
        found
    }

    /// Everything that is wrong with a path.
    pub fn reasons(&mut self, path: &[usize]) -> Vec<Reason> {
        let Some((end, issuers)) = path.split_first() else { return Vec::new() };
        let mut found = vec![(0, self.own(*end))];
        for (depth, issuer) in issuers.iter().enumerate() {
            found.extend(path.get(..=depth).map(|below| self.step(below, *issuer)).unwrap_or_default());
        }
        let reason = |depth, fault: &Fault| Reason { depth, fault: fault.clone() };
        found
            .iter()
            .flat_map(|(depth, faults)| faults.list.iter().map(|fault| reason(*depth, fault)))
            .collect()
    }

    /// What is wrong with a signature, if it could be checked.
    #[allow(clippy::option_option, reason = "whether it was checked, and what came of it")]
    pub fn signature(&mut self, head: usize, issuer: usize) -> Option<Option<Fault>> {
        let (certificate, ca) = (self.get(head).certificate, self.get(issuer));
        let known = (head, ca.key);
        if let Some(known) = self.signatures.get(&known) {
            return Some(known.clone());
        }
        let key = &ca.certificate.public_key;
        let fault = match strength::algorithm(certificate, key) {
            Some(fault) => Some(fault),
            None if self.budget.take(Limit::Signatures) => {
                strength::signature(certificate, &ca.certificate.subject, key)
            }
            None => return None,
        };
        self.signatures.insert(known, fault.clone());
        Some(fault)
    }

    pub fn is_self_signed(&mut self, position: usize) -> bool {
        self.get(position).certificate.is_self_issued() && self.signature(position, position) == Some(None)
    }

    /// What is wrong with a certificate by itself, in its place.
    pub fn own(&mut self, position: usize) -> Rc<Faults> {
        if let Some(known) = self.own.get(&position) {
            return Rc::clone(known);
        }
        let Candidate { certificate, place, .. } = self.get(position);
        let Conditions { at, purpose, names, strict: is_strict, least_rsa_bits } = self.conditions;
        let mut faults: Vec<Fault> = Vec::new();
        faults.extend(validity(certificate, *at));
        faults.extend(criticality(certificate));
        faults.extend(strength::key(certificate, *least_rsa_bits));
        faults.extend(extended(certificate, *purpose));
        if place == Place::End {
            faults.extend(key_usage(certificate, *purpose));
            faults.extend(names.iter().filter_map(|name| reference(certificate, name)));
        } else {
            faults.extend(authority(certificate, matches!(place, Place::Anchor(_))));
            faults.extend(cert_sign(certificate));
        }
        if *is_strict {
            faults.extend(strict(certificate, place != Place::End));
        } else {
            faults.extend(form(certificate));
        }
        let faults: Rc<Faults> = Rc::new(faults.into_iter().collect());
        self.own.insert(position, Rc::clone(&faults));
        faults
    }

    /// What is wrong with the names of a certificate below a CA.
    fn names(&mut self, position: usize, authority: usize) -> Rc<Faults> {
        if let Some(known) = self.names.get(&(position, authority)) {
            return Rc::clone(known);
        }
        let (certificate, ca) = (self.get(position).certificate, self.get(authority).certificate);
        let faults: Rc<Faults> = Rc::new(names(certificate, ca, &mut self.budget).into_iter().collect());
        self.names.insert((position, authority), Rc::clone(&faults));
        faults
    }
}
