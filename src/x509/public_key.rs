//! Public keys (RFC 5280 §4.1.2.7).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use der::asn1::{BitStringRef, UintRef};
use der::{Decode, Tag};

use super::der::children;
use super::{Error, KeyAlgorithm};

const WHAT: &str = "the public key";

/// A public key, its bytes kept as they stand. Two keys are equal when their `SubjectPublicKeyInfo` is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    der: Vec<u8>,
    /// Where in `der` the content of the bit string begins; it goes on to the end.
    bits: usize,
    kind: PublicKeyKind,
}

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the algorithms")]
pub enum PublicKeyKind {
    Rsa {
        bits: usize,
    },
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
    /// Another algorithm, or another curve.
    Other(ObjectIdentifier),
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo`.
    ///
    /// # Errors
    /// When it does not decode, or an RSA key in it does not.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let malformed = |problem| Error::Malformed { what: WHAT, problem };
        let [algorithm, bits] = children(der, Tag::Sequence, WHAT)?[..] else {
            return Err(malformed("has not exactly an algorithm and a bit string"));
        };
        let algorithm = children(algorithm, Tag::Sequence, WHAT)?;
        let oid = |index: usize| algorithm.get(index).and_then(|der| ObjectIdentifier::from_der(der).ok());
        let bits = BitStringRef::from_der(bits)
            .map_err(Error::der(WHAT))?
            .as_bytes()
            .ok_or_else(|| malformed("is not a whole number of octets"))?;
        let kind = match oid(0).ok_or_else(|| malformed("names no algorithm"))? {
            rfc5912::RSA_ENCRYPTION => PublicKeyKind::Rsa { bits: modulus_bits(bits)? },
            rfc5912::ID_EC_PUBLIC_KEY => match oid(1) {
                Some(rfc5912::SECP_256_R_1) => PublicKeyKind::EcdsaP256,
                Some(rfc5912::SECP_384_R_1) => PublicKeyKind::EcdsaP384,
                Some(rfc5912::SECP_521_R_1) => PublicKeyKind::EcdsaP521,
                curve => PublicKeyKind::Other(curve.unwrap_or(rfc5912::ID_EC_PUBLIC_KEY)),
            },
            rfc8410::ID_ED_25519 => PublicKeyKind::Ed25519,
            other => PublicKeyKind::Other(other),
        };
        Ok(Self { der: der.to_vec(), bits: der.len() - bits.len(), kind })
    }

    /// The `SubjectPublicKeyInfo` as it stands.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The content of the subjectPublicKey bit string.
    #[must_use]
    pub fn bits(&self) -> &[u8] {
        self.der.get(self.bits..).unwrap_or_default()
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> PublicKeyKind {
        self.kind
    }

    /// The `AlgorithmIdentifier` as it stands: the algorithm's object identifier, and what follows it.
    #[must_use]
    pub fn algorithm_identifier(&self) -> &[u8] {
        children(&self.der, Tag::Sequence, WHAT)
            .ok()
            .and_then(|parts| parts.first().copied())
            .unwrap_or_default()
    }

    /// The algorithm's object identifier: of an EC key the same whatever the curve.
    #[must_use]
    pub fn algorithm_oid(&self) -> Option<ObjectIdentifier> {
        let parts = children(self.algorithm_identifier(), Tag::Sequence, WHAT).ok()?;
        ObjectIdentifier::from_der(parts.first()?).ok()
    }

    /// Modulus and public exponent of an RSA key (RFC 8017 §A.1.1), big-endian and without leading zeros.
    #[must_use]
    pub fn rsa_numbers(&self) -> Option<(&[u8], &[u8])> {
        if !matches!(self.kind, PublicKeyKind::Rsa { .. }) {
            return None;
        }
        let integers = children(self.bits(), Tag::Sequence, WHAT).ok()?;
        let number = |index: usize| Some(UintRef::from_der(integers.get(index)?).ok()?.as_bytes());
        Some((number(0)?, number(1)?))
    }

    /// Whether a private key of this kind can be loaded here: RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 and P-521.
    #[must_use]
    pub fn is_loadable(&self) -> bool {
        match self.kind {
            PublicKeyKind::Rsa { bits } => (2048..=8192).contains(&bits),
            PublicKeyKind::EcdsaP256 | PublicKeyKind::EcdsaP384 | PublicKeyKind::EcdsaP521 => true,
            PublicKeyKind::Ed25519 | PublicKeyKind::Other(_) => false,
        }
    }

    /// The algorithm that a cluster could have chosen to get this key, if there is one.
    #[must_use]
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        match self.kind {
            PublicKeyKind::Rsa { bits: 2048 } => Some(KeyAlgorithm::Rsa2048),
            PublicKeyKind::Rsa { bits: 3072 } => Some(KeyAlgorithm::Rsa3072),
            PublicKeyKind::Rsa { bits: 4096 } => Some(KeyAlgorithm::Rsa4096),
            PublicKeyKind::EcdsaP256 => Some(KeyAlgorithm::EcdsaP256),
            PublicKeyKind::EcdsaP384 => Some(KeyAlgorithm::EcdsaP384),
            _ => None,
        }
    }

    /// The SHA-256 of the `SubjectPublicKeyInfo`, in hexadecimal: what kubeadm pins a CA by.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        super::hex::hex(digest(&SHA256, &self.der).as_ref())
    }

    /// The subject key identifier that Go 1.25 and later, and so kubeadm 1.36, gives a CA: the first 160 bits of the
    /// SHA-256 of the bit string's content (RFC 7093 §2, method 1).
    #[must_use]
    pub fn identifier(&self) -> Vec<u8> {
        digest(&SHA256, self.bits()).as_ref()[..20].to_vec()
    }
}

/// `RSA-2048`, `ECDSA-P256`, `Ed25519`, or the object identifier of what has no name here.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PublicKeyKind::Rsa { bits } => write!(f, "RSA-{bits}"),
            PublicKeyKind::EcdsaP256 => f.write_str("ECDSA-P256"),
            PublicKeyKind::EcdsaP384 => f.write_str("ECDSA-P384"),
            PublicKeyKind::EcdsaP521 => f.write_str("ECDSA-P521"),
            PublicKeyKind::Ed25519 => f.write_str("Ed25519"),
            PublicKeyKind::Other(oid) => write!(f, "algorithm {oid}"),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// The length of the modulus in an `RSAPublicKey` (RFC 8017 §A.1.1).
fn modulus_bits(der: &[u8]) -> Result<usize, Error> {
    let integers = children(der, Tag::Sequence, WHAT)?;
    let modulus =
        integers.first().ok_or(Error::Malformed { what: WHAT, problem: "is RSA without a modulus" })?;
    let modulus = UintRef::from_der(modulus).map_err(Error::der(WHAT))?.as_bytes();
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    Ok(modulus.len() * 8 - leading as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::PrivateKey;

    #[test]
    fn every_algorithm_is_recognised() {
        for (name, algorithm) in KeyAlgorithm::ALL.into_iter().take(3) {
            let key = PrivateKey::generate(algorithm).unwrap();
            assert_eq!(key.public_key().to_string(), name);
            assert_eq!(key.public_key().algorithm(), Some(algorithm));
            assert_eq!(key.public_key().identifier().len(), 20);
        }
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        for der in [&[][..], &[0x30, 0x00], &[0x30, 0x04, 0x30, 0x00, 0x03, 0x00]] {
            assert!(PublicKey::from_der(der).is_err());
        }
    }
}
