//! The same CA in several directories: it ought to be one.

use std::collections::{BTreeMap, HashSet};

use super::case::Case;
use super::view::Scene;
use crate::x509::PublicKey;

/// The CAs of one credential in several directories that are looked at together, none of them a copy.
#[derive(Clone, Debug)]
pub struct Kin<'a> {
    /// One whose key most of them have.
    pub reference: Case<'a>,
    /// The others.
    pub others: Vec<Case<'a>>,
}

/// The CAs that several directories have, credential by credential.
#[must_use]
pub fn kin<'a>(scene: &'a Scene<'a>) -> Vec<Kin<'a>> {
    let mut groups: BTreeMap<&str, Vec<(Case<'a>, &'a PublicKey)>> = BTreeMap::new();
    for case in scene.cases().filter(Case::is_authority) {
        if let Some(ca) = case.certificate() {
            groups.entry(case.target.credential.as_str()).or_default().push((case, &ca.public_key));
        }
    }
    let kin = |group: Vec<(Case<'a>, &'a PublicKey)>| {
        let count = |key: &PublicKey| group.iter().filter(|(_, other)| *other == key).count();
        // Of several that are equally frequent, the first.
        let best = (0..group.len()).rev().max_by_key(|index| group.get(*index).map(|(_, key)| count(key)))?;
        let mut cases: Vec<Case<'a>> = group.into_iter().map(|(case, _)| case).collect();
        (cases.len() > 1).then(|| Kin { reference: cases.remove(best), others: cases })
    };
    groups.into_values().filter_map(kin).collect()
}

/// The keys of the CAs in a credential's file.
#[must_use]
pub fn keys<'a>(case: &Case<'a>) -> HashSet<&'a PublicKey> {
    case.certificates().into_iter().map(|ca| &ca.public_key).collect()
}
