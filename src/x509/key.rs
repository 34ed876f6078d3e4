//! Private keys. The secret stays inside the cryptographic library, which wipes it; every copy made here is wiped too.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use der::Tag;
use zeroize::Zeroizing;

use super::der::{children, value};
use super::{Error, KeyAlgorithm, PublicKey, TokenUri, pem, rsa};

/// A private key that can sign: RSA of 2048 to 8192 bits, or ECDSA on P-256, P-384 or P-521.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    #[cfg(feature = "pkcs11")]
    Token(super::token::Session),
}

/// The curves, most frequent first: an EC key is tried on each in turn.
const CURVES: [&EcdsaSigningAlgorithm; 3] =
    [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING];

impl PrivateKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// When the cryptographic library fails, for want of randomness for example.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, Error> {
        let failed = |_| Error::Primitive("key generation");
        let pair = match algorithm {
            KeyAlgorithm::EcdsaP256 => Pair::Ecdsa(EcdsaKeyPair::generate(CURVES[0]).map_err(failed)?),
            KeyAlgorithm::EcdsaP384 => Pair::Ecdsa(EcdsaKeyPair::generate(CURVES[1]).map_err(failed)?),
            KeyAlgorithm::Rsa2048 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?),
            KeyAlgorithm::Rsa3072 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa3072).map_err(failed)?),
            KeyAlgorithm::Rsa4096 => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa4096).map_err(failed)?),
        };
        Self::new(pair)
    }

    /// Reads the first private key of a PEM file: PKCS#1, SEC 1 or PKCS#8, whatever stands before it
    /// (`EC PARAMETERS`, text), as kubeadm does.
    ///
    /// # Errors
    /// When there is none, it is encrypted, of a kind that Kubernetes cannot use, or not acceptable to the library.
    pub fn from_pem(text: &[u8]) -> Result<Self, Error> {
        if std::str::from_utf8(text).is_ok_and(|text| TokenUri::is_one(text.trim_start())) {
            return Err(Error::InToken);
        }
        let blocks = pem::blocks(text)?;
        blocks.iter().find_map(Self::from_block).unwrap_or(Err(Error::Missing("private key")))
    }

    /// Reads a PEM block; `None` when its label is not one of a private key.
    #[must_use]
    pub fn from_block(block: &pem::Block) -> Option<Result<Self, Error>> {
        let der = &block.contents;
        match block.label.as_str() {
            "RSA PRIVATE KEY" | "EC PRIVATE KEY" if block.encrypted => {
                Some(Err(Error::TraditionalEncryption))
            }
            "ENCRYPTED PRIVATE KEY" => Some(Err(Error::EncryptedKey)),
            "RSA PRIVATE KEY" => Some(Self::from_pkcs1(der)),
            "EC PRIVATE KEY" => Some(Self::ecdsa(der)),
            "PRIVATE KEY" => Some(Self::from_pkcs8(der)),
            "DSA PRIVATE KEY" => Some(Err(Error::UnsupportedKey("DSA"))),
            "OPENSSH PRIVATE KEY" => Some(Err(Error::UnsupportedKey("in OpenSSH's format"))),
            _ => None,
        }
    }

    /// Reads DER of whatever kind, if it is a key that can be used.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        Self::from_pkcs8(der).or_else(|_| Self::ecdsa(der)).or_else(|_| Self::from_pkcs1(der)).ok()
    }

    pub(super) fn from_pkcs8(der: &[u8]) -> Result<Self, Error> {
        // The algorithm's object identifier, to tell a kind that is not supported from a key that is broken.
        let kind = children(der, Tag::Sequence, "the PKCS#8 key")?
            .get(1)
            .and_then(|algorithm| children(algorithm, Tag::Sequence, "the PKCS#8 key").ok()?.first().copied())
            .map(|oid| value(oid, Tag::ObjectIdentifier, "the PKCS#8 key"))
            .transpose()?
            .unwrap_or_default();
        match kind {
            [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01] => {
                // PKCS#1 is the octet string inside PKCS#8 (RFC 5958 §2).
                let inner = || {
                    let parts = children(der, Tag::Sequence, "the PKCS#8 key").ok()?;
                    rsa::refusal(value(parts.get(2)?, Tag::OctetString, "the PKCS#8 key").ok()?)
                };
                let refused = |reason| inner().unwrap_or_else(|| rejected("RSA")(reason));
                RsaKeyPair::from_pkcs8(der).map_err(refused).and_then(Self::rsa)
            }
            [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01] => Self::ecdsa(der),
            [0x2b, 0x65, 0x70] => Err(Error::UnsupportedKey("Ed25519")),
            _ => Err(Error::UnsupportedKey("of a kind unknown here")),
        }
    }

    /// The key as PKCS#8 (RFC 5958), unencrypted DER.
    pub(super) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = |_| Error::Primitive("writing the private key");
        match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                Ok(Zeroizing::new(der.as_ref().to_vec()))
            }
            Pair::Ecdsa(pair) => Ok(Zeroizing::new(pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec())),
            #[cfg(feature = "pkcs11")]
            Pair::Token(_) => Err(Error::InToken),
        }
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self, Error> {
        let refused = |reason| rsa::refusal(der).unwrap_or_else(|| rejected("RSA")(reason));
        RsaKeyPair::from_der(der).map_err(refused).and_then(Self::rsa)
    }

    fn rsa(pair: RsaKeyPair) -> Result<Self, Error> {
        Self::new(Pair::Rsa(pair))
    }

    fn ecdsa(der: &[u8]) -> Result<Self, Error> {
        let mut failure = None;
        for curve in CURVES {
            match EcdsaKeyPair::from_private_key_der(curve, der) {
                Ok(pair) => return Self::new(Pair::Ecdsa(pair)),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.map_or(Error::UnsupportedKey("ECDSA on an unknown curve"), rejected("ECDSA")))
    }

    /// A key that is in a token.
    #[cfg(feature = "pkcs11")]
    pub(super) fn in_token(session: super::token::Session, public: PublicKey) -> Result<Self, Error> {
        if public.is_loadable() {
            Ok(Self { pair: Pair::Token(session), public })
        } else {
            Err(Error::Token { problem: format!("the token's key is {public}, which signs nothing here") })
        }
    }

    fn new(pair: Pair) -> Result<Self, Error> {
        let der: Result<PublicKeyX509Der<'_>, _> = match &pair {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(pair) => pair.public_key().as_der(),
            #[cfg(feature = "pkcs11")]
            Pair::Token(_) => return Err(Error::InToken),
        };
        let der = der.map_err(|_| Error::Primitive("reading the public key"))?;
        let public = PublicKey::from_der(der.as_ref())?;
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs with the hash that belongs to the key: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::Primitive("signing");
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::Ecdsa(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            #[cfg(feature = "pkcs11")]
            Pair::Token(session) => session.sign(&self.public, message),
        }
    }

    /// The key as kubeadm writes it: PKCS#1 under `RSA PRIVATE KEY`, SEC 1 with curve and public key under
    /// `EC PRIVATE KEY`.
    ///
    /// # Errors
    /// When the cryptographic library fails, or the key is in a token.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, Error> {
        let failed = |_| Error::Primitive("writing the private key");
        match &self.pair {
            Pair::Rsa(pair) => {
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                // PKCS#1 is the octet string inside PKCS#8 (RFC 5958 §2).
                let parts = children(pkcs8.as_ref(), Tag::Sequence, "the PKCS#8 key")?;
                let key = parts.get(2).ok_or(Error::Primitive("writing the private key"))?;
                let pkcs1 = value(key, Tag::OctetString, "the PKCS#8 key")?;
                pem::encode("RSA PRIVATE KEY", pkcs1).map(Zeroizing::new)
            }
            Pair::Ecdsa(pair) => {
                let private = pair.private_key();
                let sec1: EcPrivateKeyRfc5915Der<'_> = private.as_der().map_err(failed)?;
                pem::encode("EC PRIVATE KEY", sec1.as_ref()).map(Zeroizing::new)
            }
            #[cfg(feature = "pkcs11")]
            Pair::Token(_) => Err(Error::InToken),
        }
    }
}

/// Says what the key is, never what is in it.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, [elided])", self.public)
    }
}

fn rejected(algorithm: &'static str) -> impl Fn(aws_lc_rs::error::KeyRejected) -> Error {
    move |reason| Error::KeyRejected { algorithm, reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_a_round_trip_in_kubeadms_encoding() {
        for (algorithm, label) in [
            (KeyAlgorithm::EcdsaP256, "EC PRIVATE KEY"),
            (KeyAlgorithm::EcdsaP384, "EC PRIVATE KEY"),
            (KeyAlgorithm::Rsa2048, "RSA PRIVATE KEY"),
        ] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let text = key.to_pem().unwrap();
            assert!(text.starts_with(&format!("-----BEGIN {label}-----\n")), "{algorithm}");
            let again = PrivateKey::from_pem(text.as_bytes()).unwrap();
            assert_eq!(again.public_key(), key.public_key());
            assert_eq!(*again.to_pem().unwrap(), *text);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(ECDSA-P256, [elided])");
    }

    #[test]
    fn what_is_no_usable_key_is_named() {
        let none = b"just text";
        assert_eq!(PrivateKey::from_pem(none).unwrap_err(), Error::Missing("private key"));
        let encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert_eq!(PrivateKey::from_pem(encrypted).unwrap_err(), Error::EncryptedKey);
        let legacy =
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA=\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(PrivateKey::from_pem(legacy).unwrap_err(), Error::TraditionalEncryption);
        // `openssl genpkey -algorithm ed25519`
        let ed25519 = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIz0uWz8dHmoxoPFkFqAXr6Q6M5ZbAH3W7n2zs9M9T1B\n-----END PRIVATE KEY-----\n";
        assert_eq!(PrivateKey::from_pem(ed25519).unwrap_err(), Error::UnsupportedKey("Ed25519"));
    }
}
