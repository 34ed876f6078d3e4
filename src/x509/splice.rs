//! What rcgen has built, signed after names and keys have been put into it byte for byte: rcgen itself loses groups and
//! writes a CA's subject anew.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use der::asn1::BitString;
use der::{Encode, Tag};
use rcgen::{PublicKeyData, SignatureAlgorithm, SigningKey};

use super::der::{children, sequence};
use super::issue::signature_algorithm;
use super::{Error, PrivateKey};

/// A signer that does not sign what it is given, but that with its parts replaced.
pub(super) struct Splice<'a> {
    /// Who signs.
    pub key: &'a PrivateKey,
    /// What is made, for errors: `the new certificate`.
    pub what: &'static str,
    /// What was being done when it failed.
    pub building: &'static str,
    /// How many fields what is signed may have.
    pub fields: RangeInclusive<usize>,
    /// The position of the field that says how it is signed.
    pub algorithm: usize,
    /// What is put in the place of which field.
    pub parts: Vec<(usize, &'a [u8])>,
    /// What came of it.
    pub outcome: RefCell<Option<Result<Vec<u8>, Error>>>,
}

impl Splice<'_> {
    /// The whole, signed.
    ///
    /// # Errors
    /// When rcgen built something else, or the cryptographic library fails.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        self.outcome.into_inner().unwrap_or(Err(Error::Primitive(self.building)))
    }

    /// The whole, from rcgen's draft of what is signed.
    fn whole(&self, draft: &[u8]) -> Result<Vec<u8>, Error> {
        let unfit = || Error::Primitive(self.building);
        let mut fields = children(draft, Tag::Sequence, self.what)?;
        if !self.fields.contains(&fields.len()) {
            return Err(unfit());
        }
        for (position, part) in &self.parts {
            *fields.get_mut(*position).ok_or_else(unfit)? = *part;
        }
        let algorithm = *fields.get(self.algorithm).ok_or_else(unfit)?;
        let signed = sequence(&fields, self.what)?;
        let signature = BitString::from_bytes(&self.key.sign(&signed)?)
            .and_then(|bits| bits.to_der())
            .map_err(Error::der(self.what))?;
        sequence(&[&signed, algorithm, &signature], self.what)
    }
}

impl SigningKey for Splice<'_> {
    fn sign(&self, draft: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.outcome.replace(Some(self.whole(draft)));
        Ok(Vec::new())
    }
}

impl PublicKeyData for Splice<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.public_key().bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        signature_algorithm(self.key)
    }
}
