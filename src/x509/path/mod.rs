//! Path validation (RFC 5280 §6): does a path of signatures lead from a certificate to one that is trusted, and may each
//! certificate of it be where it is?
//!
//! Pure: no clock, no files. Each check is a function of its own, beside its tests:
//!
//! | Module | Asks | RFC 5280 |
//! |---|---|---|
//! | `strength` | does the signature hold, could it be forged, could the key be found? | §6.1.3 (a)(1) |
//! | `validity` | is it valid at the moment, the trust anchor too? | §6.1.3 (a)(2) |
//! | `search` | is the issuer's name that of the next certificate? | §6.1.3 (a)(4) |
//! | `names`, `subtree` | may the CAs above certify its names? | §6.1.3 (b)(c), §4.2.1.10 |
//! | `authority` | may it sign certificates, and at this place? | §6.1.4 (k) to (n) |
//! | `criticality` | is everything understood that must be? | §6.1.4 (o), §6.1.5 (f) |
//! | `purpose` | is it for this? | §4.2.1.12 |
//! | `form` | does everybody read it alike? | §4.1 |
//! | `reference` | has it the name that is sought? | RFC 9525 §6 |
//! | `strict` | would a CA that follows RFC 5280 have issued it? | §4 |
//!
//! Trust anchors are certificates that the caller trusts, self-signed or not: an intermediate is one if it is given as
//! one, as in Go. They are held to everything that they say (RFC 5937). Revocation and policies are not looked at.

mod assess;
mod authority;
mod budget;
mod criticality;
mod fault;
mod form;
mod names;
mod purpose;
mod reference;
mod search;
mod strength;
mod strict;
mod subtree;
mod validity;

use std::collections::HashMap;

use time::OffsetDateTime;

pub use budget::Limit;
pub use fault::Fault;
pub use names::denied;
pub use purpose::Purpose;
pub use reference::{NotAName, ReferenceName};
pub use strict::Forbidden;

use super::Certificate;
use search::Search;

/// How many reasons are told: a hostile certificate could have any number.
const MAX_REASONS: usize = 100;

/// What is asked of a path.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The moment for which it is asked.
    pub at: OffsetDateTime,
    /// What the certificate is to be used for.
    pub purpose: Purpose,
    /// The names that it must have, all of them.
    pub names: Vec<ReferenceName>,
    /// Whether to refuse what RFC 5280 forbids a CA to issue.
    pub strict: bool,
    /// The least number of bits of an RSA key.
    pub least_rsa_bits: usize,
}

/// Certificates from which paths are built.
#[derive(Clone, Debug)]
pub struct Validator<'a> {
    candidates: Vec<Candidate<'a>>,
    by_subject: HashMap<&'a [u8], Vec<usize>>,
    by_bytes: HashMap<&'a [u8], usize>,
    keys: HashMap<&'a [u8], usize>,
}

/// A certificate that may be part of a path.
#[derive(Clone, Copy, Debug)]
struct Candidate<'a> {
    certificate: &'a Certificate,
    place: Place,
    /// The number of its key: two certificates with one key have one number.
    key: usize,
}

/// Where a certificate of a path comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is the certificate that is validated.
    End,
    /// The position among the intermediate certificates that were given.
    Intermediate(usize),
    /// The position among the trust anchors that were given.
    Anchor(usize),
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Verdict<'a> {
    /// The path: first the certificate itself, then whoever signed it, and so on. When none holds, the one that is nearest
    /// to it, which may not lead to a trust anchor.
    pub path: Vec<Step<'a>>,
    /// Everything that is wrong with the path, gravest first; nothing when it holds.
    pub reasons: Vec<Reason>,
}

/// A certificate of a path.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Where it comes from.
    pub place: Place,
    /// Whether it is a trust anchor; the certificate itself may be one.
    pub trusted: bool,
}

/// Something that is wrong with a certificate of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which: 0 is the certificate itself, 1 the one that signed it.
    pub depth: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl Conditions {
    /// A moment, and nothing else asked. RSA keys have 2048 bits or more (NIST SP 800-131A; rustls asks for as many).
    #[must_use]
    pub fn at(at: OffsetDateTime) -> Self {
        Self { at, purpose: Purpose::Any, names: Vec::new(), strict: false, least_rsa_bits: 2048 }
    }
}

impl<'a> Validator<'a> {
    /// A validator that trusts `anchors`. What is given twice counts once, as an anchor if it is one.
    #[must_use]
    pub fn new(anchors: &[&'a Certificate], intermediates: &[&'a Certificate]) -> Self {
        let mut validator = Self {
            candidates: Vec::with_capacity(anchors.len() + intermediates.len()),
            by_subject: HashMap::new(),
            by_bytes: HashMap::new(),
            keys: HashMap::new(),
        };
        for (position, anchor) in anchors.iter().enumerate() {
            validator.add(anchor, Place::Anchor(position));
        }
        for (position, intermediate) in intermediates.iter().enumerate() {
            validator.add(intermediate, Place::Intermediate(position));
        }
        validator
    }

    fn add(&mut self, certificate: &'a Certificate, place: Place) {
        let position = self.candidates.len();
        if *self.by_bytes.entry(certificate.as_der()).or_insert(position) != position {
            return;
        }
        let number = self.keys.len();
        let key = *self.keys.entry(certificate.public_key.as_der()).or_insert(number);
        self.by_subject.entry(certificate.subject.as_der()).or_default().push(position);
        self.candidates.push(Candidate { certificate, place, key });
    }

    /// Validates a certificate: builds paths from it to a trust anchor until one holds.
    #[must_use]
    pub fn validate(&self, certificate: &'a Certificate, conditions: &Conditions) -> Verdict<'a> {
        Search::new(self, certificate, conditions).verdict()
    }
}

impl Verdict<'_> {
    /// Whether the path holds.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::x509::KeyUsage;
    use crate::x509::forge::{Forge, key};
    use proptest::prelude::*;
    use time::macros::datetime;

    /// A root, an intermediate and a leaf, in DER.
    static CHAIN: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
        let (root, intermediate, leaf) = (key(), key(), key());
        let identifier = |key: &crate::x509::PrivateKey| key.public_key().identifier();
        let usages = [KeyUsage::DigitalSignature];
        [
            Forge::ca("root", "root", root.public_key()).der(&root),
            Forge::ca("one", "root", intermediate.public_key())
                .authority_key_identifier(&identifier(&root))
                .der(&root),
            Forge::new("leaf", "one", leaf.public_key())
                .key_usage(&usages)
                .dns("leaf")
                .authority_key_identifier(&identifier(&intermediate))
                .der(&intermediate),
        ]
    });

    fn conditions(strict: bool) -> Conditions {
        Conditions { strict, ..Conditions::at(datetime!(2027-01-01 0:00 UTC)) }
    }

    fn is_valid(chain: &[Vec<u8>; 3], strict: bool) -> bool {
        let parsed = chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<Vec<_>, _>>();
        let Ok([root, intermediate, leaf]) = parsed.as_deref() else { return false };
        let validator = Validator::new(&[root], &[intermediate]);
        validator.validate(leaf, &conditions(strict)).is_valid()
    }

    #[test]
    fn the_chain_is_valid_as_it_is() {
        assert!(is_valid(&CHAIN, false) && is_valid(&CHAIN, true));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Every byte of a certificate is signed, or is part of the signature, or says how long the others are. In strict
        /// mode the anchor's own signature is checked too; otherwise the anchor is what the caller says it is.
        #[test]
        fn no_byte_can_be_another(strict: bool, which in 0..3usize, at: prop::sample::Index, flip in 1..=255u8) {
            let mut chain = CHAIN.clone();
            let which = if strict { which } else { 1 + which % 2 };
            let at = at.index(chain[which].len());
            chain[which][at] ^= flip;
            prop_assert!(!is_valid(&chain, strict), "certificate {which}, byte {at}, flip {flip:02x}");
        }

        /// Nor can bytes be left out or put in.
        #[test]
        fn no_byte_can_be_missing_or_more(which in 1..3usize, at: prop::sample::Index, byte: Option<u8>) {
            let mut chain = CHAIN.clone();
            let at = at.index(chain[which].len());
            match byte {
                Some(byte) => chain[which].insert(at, byte),
                None => drop(chain[which].remove(at)),
            }
            prop_assert!(!is_valid(&chain, false), "certificate {which}, byte {at}, {byte:?}");
        }
    }

    /// All single bytes, each with all of its single bits.
    #[test]
    fn no_bit_can_be_another() {
        for which in 1..3 {
            for at in 0..CHAIN[which].len() {
                for bit in 0..8 {
                    let mut chain = CHAIN.clone();
                    chain[which][at] ^= 1 << bit;
                    assert!(!is_valid(&chain, false), "certificate {which}, byte {at}, bit {bit}");
                }
            }
        }
    }
}
