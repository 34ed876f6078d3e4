//! Is this signature of that key?

use std::fmt;

use aws_lc_rs::signature as algorithms;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};
use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc5912, rfc8410};
use der::{Decode, Tag};
use rustls_pki_types::{AlgorithmIdentifier, alg_id};

use super::der::{children, value};
use super::public_key::PublicKeyKind;
use super::{Error, PublicKey};

const WHAT: &str = "the signature algorithm";

/// How something was signed (RFC 5280 §4.1.1.2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SignatureAlgorithm {
    /// The algorithm's object identifier.
    pub oid: ObjectIdentifier,
    der: Vec<u8>,
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// The signature is not one of this key over these bytes.
    #[error("the signature does not verify")]
    Bad,
    /// The combination of algorithm and key is not one that is checked here: MD5 and SHA-1 are refused on purpose.
    #[error("the signature algorithm is not supported for this key")]
    Unsupported,
}

impl SignatureAlgorithm {
    /// Reads an `AlgorithmIdentifier`.
    ///
    /// # Errors
    /// When it does not decode.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let parts = children(der, Tag::Sequence, WHAT)?;
        let oid = parts.first().ok_or(Error::Malformed { what: WHAT, problem: "is empty" })?;
        Ok(Self { oid: ObjectIdentifier::from_der(oid).map_err(Error::der(WHAT))?, der: der.to_vec() })
    }

    /// The bytes as they stand.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Checks `signature` over `message` with `key`.
    ///
    /// # Errors
    /// When it does not hold, or the combination is not supported.
    pub fn verify(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureFault> {
        let algorithm = self.verifier(key.kind()).ok_or(SignatureFault::Unsupported)?;
        UnparsedPublicKey::new(algorithm, key.bits())
            .verify(message, signature)
            .map_err(|_| SignatureFault::Bad)
    }

    /// Whether signatures of this kind, made with `key`, can be checked here.
    #[must_use]
    pub fn is_supported(&self, key: &PublicKey) -> bool {
        self.verifier(key.kind()).is_some()
    }

    /// What checks a signature made with a key of this kind under this algorithm. RSA keys of 1024 bits and up are
    /// checked, because an old chain must be seen to be whole before it is judged to be weak. Keys of more than 8192 bits
    /// are not: they take too long, and Go's TLS refuses them too (CVE-2023-29409).
    fn verifier(&self, kind: PublicKeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        use PublicKeyKind::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519, Rsa};
        Some(match (kind, self.oid) {
            (Rsa { bits: 8193.. }, _) => return None,
            (Rsa { bits: ..2048 }, rfc5912::SHA_256_WITH_RSA_ENCRYPTION) => {
                &algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY
            }
            (Rsa { bits: ..2048 }, rfc5912::SHA_512_WITH_RSA_ENCRYPTION) => {
                &algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY
            }
            (Rsa { .. }, rfc5912::SHA_256_WITH_RSA_ENCRYPTION) => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            (Rsa { .. }, rfc5912::SHA_384_WITH_RSA_ENCRYPTION) => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            (Rsa { .. }, rfc5912::SHA_512_WITH_RSA_ENCRYPTION) => &algorithms::RSA_PKCS1_2048_8192_SHA512,
            (Rsa { .. }, rfc5912::ID_RSASSA_PSS) => return self.pss(),
            (EcdsaP256, rfc5912::ECDSA_WITH_SHA_256) => &algorithms::ECDSA_P256_SHA256_ASN1,
            (EcdsaP256, rfc5912::ECDSA_WITH_SHA_384) => &algorithms::ECDSA_P256_SHA384_ASN1,
            (EcdsaP256, rfc5912::ECDSA_WITH_SHA_512) => &algorithms::ECDSA_P256_SHA512_ASN1,
            (EcdsaP384, rfc5912::ECDSA_WITH_SHA_256) => &algorithms::ECDSA_P384_SHA256_ASN1,
            (EcdsaP384, rfc5912::ECDSA_WITH_SHA_384) => &algorithms::ECDSA_P384_SHA384_ASN1,
            (EcdsaP384, rfc5912::ECDSA_WITH_SHA_512) => &algorithms::ECDSA_P384_SHA512_ASN1,
            (EcdsaP521, rfc5912::ECDSA_WITH_SHA_256) => &algorithms::ECDSA_P521_SHA256_ASN1,
            (EcdsaP521, rfc5912::ECDSA_WITH_SHA_384) => &algorithms::ECDSA_P521_SHA384_ASN1,
            (EcdsaP521, rfc5912::ECDSA_WITH_SHA_512) => &algorithms::ECDSA_P521_SHA512_ASN1,
            (Ed25519, rfc8410::ID_ED_25519) => &algorithms::ED25519,
            _ => return None,
        })
    }

    /// RSASSA-PSS with one hash throughout and a salt of its length, in the one encoding that Go and rustls take
    /// (RFC 4055 §3.1).
    fn pss(&self) -> Option<&'static dyn VerificationAlgorithm> {
        let parameters = value(&self.der, Tag::Sequence, WHAT).ok()?;
        let table: [(AlgorithmIdentifier, &'static dyn VerificationAlgorithm); 3] = [
            (alg_id::RSA_PSS_SHA256, &algorithms::RSA_PSS_2048_8192_SHA256),
            (alg_id::RSA_PSS_SHA384, &algorithms::RSA_PSS_2048_8192_SHA384),
            (alg_id::RSA_PSS_SHA512, &algorithms::RSA_PSS_2048_8192_SHA512),
        ];
        let row = table.into_iter().find(|(identifier, _)| identifier.as_ref() == parameters);
        row.map(|(_, algorithm)| algorithm)
    }
}

/// The algorithm's registered name, such as `ecdsa-with-SHA256`, or its object identifier.
impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DB.by_oid(&self.oid) {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.oid),
        }
    }
}

impl fmt::Debug for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureAlgorithm({self})")
    }
}
