//! Is this signature of that key?

use std::fmt;

use aws_lc_rs::signature as algorithms;
use aws_lc_rs::signature::{ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use const_oid::ObjectIdentifier;
use const_oid::db::{DB, rfc5912, rfc8410};
use der::{Decode, Tag};
use rustls_pki_types::{AlgorithmIdentifier, alg_id};

use super::der::{children, tagged, value};
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

/// Whether a signature over a message is one that [`super::PrivateKey::sign`] makes with the key.
#[cfg(feature = "pkcs11")]
pub(super) fn holds(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let algorithm: &'static dyn VerificationAlgorithm = match key.kind() {
        PublicKeyKind::EcdsaP256 => &algorithms::ECDSA_P256_SHA256_ASN1,
        PublicKeyKind::EcdsaP384 => &algorithms::ECDSA_P384_SHA384_ASN1,
        PublicKeyKind::EcdsaP521 => &algorithms::ECDSA_P521_SHA512_ASN1,
        _ => &algorithms::RSA_PKCS1_2048_8192_SHA256,
    };
    UnparsedPublicKey::new(algorithm, key.bits()).verify(message, signature).is_ok()
}

impl SignatureAlgorithm {
    /// Checks the signature of a request as Go does: SHA-1 is let pass there, and RSA-PSS with a salt as long as the hash.
    /// The refusals are Go's words.
    ///
    /// # Errors
    /// When it does not hold, or the combination is not one that Go checks.
    pub fn verify_request(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), RequestFault> {
        use PublicKeyKind::{EcdsaP256, EcdsaP384, EcdsaP521, Ed25519, Rsa};
        let oid = if self.oid == ISO_SHA_1_WITH_RSA { rfc5912::SHA_1_WITH_RSA_ENCRYPTION } else { self.oid };
        if oid == rfc5912::MD_5_WITH_RSA_ENCRYPTION {
            return Err(RequestFault::Insecure("MD5-RSA"));
        }
        let algorithm = self.go_algorithm(oid).ok_or(RequestFault::Unimplemented)?;
        let (own, kind) = match key.kind() {
            Rsa { .. } => ("RSA", "*rsa.PublicKey"),
            EcdsaP256 | EcdsaP384 | EcdsaP521 => ("ECDSA", "*ecdsa.PublicKey"),
            Ed25519 => ("Ed25519", "ed25519.PublicKey"),
            PublicKeyKind::Other(_) => return Err(RequestFault::Unimplemented),
        };
        if own != algorithm {
            return Err(RequestFault::Mismatch { algorithm, key: kind });
        }
        if let Rsa { bits: bits @ ..1024 } = key.kind() {
            return Err(RequestFault::ShortKey(bits));
        }
        let verifier: Option<&'static dyn VerificationAlgorithm> = match (key.kind(), oid) {
            // Go checks these too; the cryptographic library does not.
            (Rsa { bits: 8193.. }, _)
            | (Rsa { bits: ..2048 }, rfc5912::ID_RSASSA_PSS | rfc5912::SHA_384_WITH_RSA_ENCRYPTION) => None,
            (Rsa { .. }, rfc5912::SHA_1_WITH_RSA_ENCRYPTION) => {
                Some(&algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
            }
            (Rsa { .. }, rfc5912::ID_RSASSA_PSS) => match self.pss_hash() {
                Some(rfc5912::ID_SHA_256) => Some(&algorithms::RSA_PSS_2048_8192_SHA256),
                Some(rfc5912::ID_SHA_384) => Some(&algorithms::RSA_PSS_2048_8192_SHA384),
                Some(rfc5912::ID_SHA_512) => Some(&algorithms::RSA_PSS_2048_8192_SHA512),
                _ => None,
            },
            (EcdsaP256, ECDSA_WITH_SHA_1) => Some(&algorithms::ECDSA_P256_SHA1_ASN1),
            (EcdsaP521, ECDSA_WITH_SHA_1) => Some(&algorithms::ECDSA_P521_SHA1_ASN1),
            (kind, _) => self.verifier(kind),
        };
        let verifier = verifier.ok_or(RequestFault::Unimplemented)?;
        UnparsedPublicKey::new(verifier, key.bits()).verify(message, signature).map_err(|_| match own {
            "ECDSA" => RequestFault::Ecdsa,
            "Ed25519" => RequestFault::Ed25519,
            _ => RequestFault::Rsa,
        })
    }

    /// The kind of key that a signature algorithm is for, if Go knows it.
    fn go_algorithm(&self, oid: ObjectIdentifier) -> Option<&'static str> {
        match oid {
            rfc5912::SHA_1_WITH_RSA_ENCRYPTION
            | rfc5912::SHA_256_WITH_RSA_ENCRYPTION
            | rfc5912::SHA_384_WITH_RSA_ENCRYPTION
            | rfc5912::SHA_512_WITH_RSA_ENCRYPTION => Some("RSA"),
            rfc5912::ID_RSASSA_PSS => self.pss_hash().map(|_| "RSA"),
            rfc5912::DSA_WITH_SHA_1 | rfc5912::DSA_WITH_SHA_256 => Some("DSA"),
            ECDSA_WITH_SHA_1
            | rfc5912::ECDSA_WITH_SHA_256
            | rfc5912::ECDSA_WITH_SHA_384
            | rfc5912::ECDSA_WITH_SHA_512 => Some("ECDSA"),
            // Its parameters must be absent (RFC 8410 §3).
            rfc8410::ID_ED_25519 => children(&self.der, Tag::Sequence, WHAT)
                .ok()
                .filter(|parts| parts.len() == 1)
                .map(|_| "Ed25519"),
            _ => None,
        }
    }

    /// The hash in the parameters of RSASSA-PSS, where mask and salt go with it (RFC 4055 §3.1).
    fn pss_hash(&self) -> Option<ObjectIdentifier> {
        let parts = children(&self.der, Tag::Sequence, WHAT).ok()?;
        let parameters = children(parts.get(1)?, Tag::Sequence, WHAT).ok()?;
        let field = |number: u8| {
            let field = parameters.iter().find(|part| part.first() == Some(&(0xa0 | number)))?;
            tagged(field, WHAT).ok().map(|(_, content)| content)
        };
        let oid = |algorithm: &[u8]| {
            let parts = children(algorithm, Tag::Sequence, WHAT).ok()?;
            ObjectIdentifier::from_der(parts.first()?).ok()
        };
        // The parameters of a hash are absent or NULL.
        let plain = |algorithm: &[u8]| {
            let parts = children(algorithm, Tag::Sequence, WHAT).ok()?;
            matches!(parts[..], [_] | [_, [0x05, 0x00]]).then_some(())
        };
        let mask = field(1)?;
        let mask_hash = *children(mask, Tag::Sequence, WHAT).ok()?.get(1)?;
        let hash = field(0)?;
        plain(hash)?;
        plain(mask_hash)?;
        let salt = field(2)?;
        // The trailer's one number is its default.
        let trailer = field(3).is_none_or(|trailer| trailer == [0x02, 0x01, 0x01]);
        let digest = oid(hash)?;
        let length = match digest {
            rfc5912::ID_SHA_256 => 32,
            rfc5912::ID_SHA_384 => 48,
            rfc5912::ID_SHA_512 => 64,
            _ => return None,
        };
        let fits = oid(mask)? == rfc5912::ID_MGF_1
            && oid(mask_hash)? == digest
            && salt == [0x02, 0x01, length]
            && trailer;
        fits.then_some(digest)
    }
}

/// sha-1WithRSAEncryption as ISO names it, which old Windows wrote.
const ISO_SHA_1_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.29");

/// ecdsa-with-SHA1 (RFC 5758 §3.2 has the later ones; ANSI X9.62).
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// Why the signature of a request is refused, in Go's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// It does not hold under an ECDSA key.
    #[error("x509: ECDSA verification failure")]
    Ecdsa,
    /// It does not hold under an Ed25519 key.
    #[error("x509: Ed25519 verification failure")]
    Ed25519,
    /// The hash is broken.
    #[error("x509: cannot verify signature: insecure algorithm {0}")]
    Insecure(&'static str),
    /// It is one of another kind of key.
    #[error(
        "x509: signature algorithm specifies an {algorithm} public key, but have public key of type {key}"
    )]
    Mismatch {
        /// The kind that it is of.
        algorithm: &'static str,
        /// Go's type of the key.
        key: &'static str,
    },
    /// It does not hold under an RSA key.
    #[error("crypto/rsa: verification error")]
    Rsa,
    /// An RSA key of fewer than 1024 bits.
    #[error("crypto/rsa: {0}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)")]
    ShortKey(usize),
    /// Another combination.
    #[error("x509: cannot verify signature: algorithm unimplemented")]
    Unimplemented,
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

/// Whether an ECDSA key is a point of its curve; Go's word for what it is otherwise.
pub(super) fn is_point(key: &PublicKey) -> Result<(), String> {
    let (algorithm, curve, octets): (&'static dyn VerificationAlgorithm, _, _) = match key.kind() {
        PublicKeyKind::EcdsaP256 => (&algorithms::ECDSA_P256_SHA256_ASN1, "P256", 32),
        PublicKeyKind::EcdsaP384 => (&algorithms::ECDSA_P384_SHA384_ASN1, "P384", 48),
        PublicKeyKind::EcdsaP521 => (&algorithms::ECDSA_P521_SHA512_ASN1, "P521", 66),
        _ => return Ok(()),
    };
    if key.bits().len() != 1 + 2 * octets {
        return Err(format!("invalid {curve} point encoding"));
    }
    match ParsedPublicKey::new(algorithm, key.bits()) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{curve} point not on curve")),
    }
}
