//! What a signature algorithm is made of: the kind of key, and the hash.

use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};

use super::PublicKey;
use super::public_key::PublicKeyKind;
use super::signature::SignatureAlgorithm;

/// A kind of key, whatever its size or curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the algorithms")]
pub enum Family {
    Dsa,
    Ecdsa,
    Ed25519,
    MlDsa,
    Rsa,
}

/// A signature algorithm that is known by its object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its object identifier.
    pub oid: ObjectIdentifier,
    /// The kind of key that makes such signatures.
    pub family: Family,
    /// The hash, where it is one for which collisions can be made: MD2 and MD5 (RFC 6149, RFC 6151), SHA-1 (RFC 6194).
    pub broken_hash: Option<&'static str>,
    /// Whether Go's crypto/x509 knows it (`x509.go`, `signatureAlgorithmDetails`), whatever the release.
    pub in_go: bool,
}

/// RFC 3279 §2.2.3.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
/// The name that OIW gave to sha1WithRSAEncryption; Go reads it too.
const OIW_SHA_1_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.29");
/// PKCS #1 v1.5, which RFC 8017 no longer has.
const MD_4_WITH_RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3");
/// RFC 9881 §2: ML-DSA-44, ML-DSA-65 and ML-DSA-87, of keys and of signatures.
const ML_DSA: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"),
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
    ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
];

const SCHEMES: [Scheme; 22] = {
    use Family::{Dsa, Ecdsa, Ed25519, MlDsa, Rsa};
    const fn sound(oid: ObjectIdentifier, family: Family) -> Scheme {
        Scheme { oid, family, broken_hash: None, in_go: true }
    }
    const fn unknown(oid: ObjectIdentifier, family: Family) -> Scheme {
        Scheme { oid, family, broken_hash: None, in_go: false }
    }
    const fn broken(oid: ObjectIdentifier, family: Family, hash: &'static str) -> Scheme {
        Scheme { oid, family, broken_hash: Some(hash), in_go: true }
    }
    [
        sound(rfc5912::SHA_256_WITH_RSA_ENCRYPTION, Rsa),
        sound(rfc5912::SHA_384_WITH_RSA_ENCRYPTION, Rsa),
        sound(rfc5912::SHA_512_WITH_RSA_ENCRYPTION, Rsa),
        sound(rfc5912::ID_RSASSA_PSS, Rsa),
        sound(rfc5912::ECDSA_WITH_SHA_256, Ecdsa),
        sound(rfc5912::ECDSA_WITH_SHA_384, Ecdsa),
        sound(rfc5912::ECDSA_WITH_SHA_512, Ecdsa),
        sound(rfc8410::ID_ED_25519, Ed25519),
        sound(ML_DSA[0], MlDsa),
        sound(ML_DSA[1], MlDsa),
        sound(ML_DSA[2], MlDsa),
        unknown(rfc5912::SHA_224_WITH_RSA_ENCRYPTION, Rsa),
        unknown(rfc5912::ECDSA_WITH_SHA_224, Ecdsa),
        unknown(rfc5912::DSA_WITH_SHA_224, Dsa),
        unknown(rfc5912::DSA_WITH_SHA_256, Dsa),
        broken(rfc5912::MD_2_WITH_RSA_ENCRYPTION, Rsa, "MD2"),
        broken(MD_4_WITH_RSA_ENCRYPTION, Rsa, "MD4"),
        broken(rfc5912::MD_5_WITH_RSA_ENCRYPTION, Rsa, "MD5"),
        broken(rfc5912::SHA_1_WITH_RSA_ENCRYPTION, Rsa, "SHA-1"),
        broken(OIW_SHA_1_WITH_RSA, Rsa, "SHA-1"),
        broken(ECDSA_WITH_SHA_1, Ecdsa, "SHA-1"),
        broken(rfc5912::DSA_WITH_SHA_1, Dsa, "SHA-1"),
    ]
};

impl SignatureAlgorithm {
    /// What it is made of, if it is known.
    #[must_use]
    pub fn scheme(&self) -> Option<&'static Scheme> {
        SCHEMES.iter().find(|scheme| scheme.oid == self.oid)
    }

    /// Whether a key of this kind can have made such a signature. What is not known may be.
    #[must_use]
    pub fn fits(&self, key: &PublicKey) -> bool {
        match (self.scheme(), key.family()) {
            (Some(scheme), Some(family)) => scheme.family == family,
            _ => true,
        }
    }
}

impl PublicKey {
    /// The kind of key, if it is known.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        match self.kind() {
            PublicKeyKind::Rsa { .. } => return Some(Family::Rsa),
            PublicKeyKind::EcdsaP256 | PublicKeyKind::EcdsaP384 | PublicKeyKind::EcdsaP521 => {
                return Some(Family::Ecdsa);
            }
            PublicKeyKind::Ed25519 => return Some(Family::Ed25519),
            PublicKeyKind::Other(_) => {}
        }
        match self.algorithm_oid()? {
            rfc5912::ID_EC_PUBLIC_KEY => Some(Family::Ecdsa),
            rfc5912::ID_RSASSA_PSS => Some(Family::Rsa),
            rfc5912::ID_DSA => Some(Family::Dsa),
            oid if ML_DSA.contains(&oid) => Some(Family::MlDsa),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::x509::forge::{Forge, key};
    use crate::x509::{KeyAlgorithm, PrivateKey};

    #[test]
    fn no_scheme_stands_twice() {
        let oids: HashSet<_> = SCHEMES.iter().map(|scheme| scheme.oid).collect();
        assert_eq!(oids.len(), SCHEMES.len());
    }

    #[test]
    fn a_key_of_another_kind_cannot_have_signed() {
        let key = key();
        let certificate = Forge::new("a", "b", key.public_key()).sign(&key);
        let algorithm = &certificate.signature_algorithm;
        assert!(algorithm.fits(key.public_key()));
        let rsa = PrivateKey::generate(KeyAlgorithm::Rsa2048).unwrap();
        assert!(!algorithm.fits(rsa.public_key()));
        let unknown = [0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04];
        assert!(SignatureAlgorithm::from_der(&unknown).unwrap().fits(key.public_key()));
    }
}
