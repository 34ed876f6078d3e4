//! How a certificate's usages differ from those of its role, and which rule tells of which difference.

use std::fmt::Display;

use super::Case;
use crate::x509::{ExtendedKeyUsage, KeyUsage};

/// What a certificate has too little and too much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Purposes that its peers ask for: `KP-X5005`, and `KP-ET002` for etcd's.
    pub missing: Vec<ExtendedKeyUsage>,
    /// Whether it is good for any purpose, because it says so or because it says nothing: `KP-X5005`.
    pub anything: Option<Anything>,
    /// `client auth` of what only serves: `KP-X5006`.
    pub client: bool,
    /// The rest: `KP-SP003`. `keyCertSign` is `KP-X5004`'s.
    pub rest: String,
}

/// Why a certificate is good for any purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anything {
    /// It has anyExtendedKeyUsage.
    Said,
    /// It has no extended key usage.
    Unsaid,
}

/// How the certificate of a target that a CA signs differs.
#[must_use]
pub fn difference(case: &Case<'_>) -> Option<Difference> {
    let (certificate, blueprint) = case.leaf()?;
    let (there, wanted) = (&certificate.usages, &blueprint.usages);
    let anything = if there.extended.contains(&ExtendedKeyUsage::Any) {
        Some(Anything::Said)
    } else if there.extended.is_empty() && !wanted.extended.is_empty() {
        Some(Anything::Unsaid)
    } else {
        None
    };
    let missing = without(&wanted.extended, &there.extended);
    let missing = if anything.is_none() { missing } else { Vec::new() };
    let serves = wanted.extended.contains(&ExtendedKeyUsage::ServerAuth);
    let pure = serves && !wanted.extended.contains(&ExtendedKeyUsage::ClientAuth);
    let mut surplus = without(&there.extended, &wanted.extended);
    let client = pure && surplus.contains(&ExtendedKeyUsage::ClientAuth);
    surplus.retain(|usage| {
        *usage != ExtendedKeyUsage::Any && !(client && *usage == ExtendedKeyUsage::ClientAuth)
    });
    let mut bits = without(&there.key, &wanted.key);
    bits.retain(|usage| *usage != KeyUsage::CertSign);
    let rest = list("+", &without(&wanted.key, &there.key)) + &list("-", &bits) + &list("-", &surplus);
    Some(Difference { missing, anything, client, rest })
}

/// ` + server auth + client auth`
#[must_use]
pub fn list<T: Display>(sign: &str, usages: &[T]) -> String {
    usages.iter().map(|usage| format!(" {sign} {usage}")).collect()
}

fn without<T: Copy + PartialEq>(all: &[T], others: &[T]) -> Vec<T> {
    all.iter().copied().filter(|one| !others.contains(one)).collect()
}
