//! Private keys under a passphrase: encrypted PKCS#8 (RFC 5958 §3) by PBES2 (RFC 8018 §6.2).
//!
//! What OpenSSL 3 writes with PBES2 is read: keys by PBKDF2 or scrypt, AES or triple DES. Written is PBKDF2 with
//! HMAC-SHA-256 and AES-256-CBC, which every OpenSSL since 1.0 reads; scrypt of a cost worth having is beyond the memory
//! that OpenSSL 3.0 allows it.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::rand;
use der::Encode;
use der::asn1::OctetString;
use pkcs8::pkcs5::pbes2::{self, EncryptionScheme as Cipher, Kdf, Pbkdf2Prf};
use pkcs8::pkcs5::{EncryptionScheme, Error as SchemeError};
use pkcs8::{EncryptedPrivateKeyInfoOwned, EncryptedPrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::der::{children, value};
use super::{Error, PrivateKey, pem};

/// The label of its PEM block (RFC 7468 §11).
pub const LABEL: &str = "ENCRYPTED PRIVATE KEY";

const WHAT: &str = "the encrypted private key";

/// What the OWASP Password Storage Cheat Sheet (2023) asks of PBKDF2-HMAC-SHA-256: some 60 ms.
const ROUNDS: u32 = 600_000;

/// More rounds than this are not begun: a second or two.
const MOST_ROUNDS: u32 = 20_000_000;

/// The most memory that scrypt may ask for, 128·N·r octets (RFC 7914 §2), and the most passes over it.
const MOST_MEMORY: u64 = 256 << 20;
const MOST_PASSES: u64 = 16;

/// A private key under a passphrase. Once it has been opened it can be used.
pub struct EncryptedKey {
    der: Vec<u8>,
    scheme: pbes2::Parameters,
    opened: OnceLock<PrivateKey>,
}

impl EncryptedKey {
    /// Reads an `EncryptedPrivateKeyInfo`; what is in it shows only when it is opened.
    ///
    /// # Errors
    /// When it does not decode, is encrypted in a way that is not read, or would take too long or too much memory to
    /// open.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        is_pbes2(der)?;
        let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| {
            // The decoder's reason would be about parameters that nobody has written by hand.
            Error::UnsupportedEncryption("by parameters unknown here")
        })?;
        let EncryptionScheme::Pbes2(scheme) = info.encryption_algorithm else {
            return Err(Error::UnsupportedEncryption(PBES1));
        };
        if let Kdf::Scrypt(kdf) = &scheme.kdf {
            // RFC 7914 §2; the library takes for granted that N is a power of two, and panics at zero.
            let cost = kdf.cost_parameter;
            if cost < 2 || !cost.is_power_of_two() || kdf.block_size == 0 || kdf.parallelization == 0 {
                return Err(Error::UnsupportedEncryption("by scrypt with parameters that it does not have"));
            }
        }
        let affordable = match &scheme.kdf {
            Kdf::Pbkdf2(kdf) => kdf.iteration_count <= MOST_ROUNDS,
            Kdf::Scrypt(kdf) => {
                let memory = kdf.cost_parameter.saturating_mul(u64::from(kdf.block_size) * 128);
                memory <= MOST_MEMORY && u64::from(kdf.parallelization) <= MOST_PASSES
            }
            _ => return Err(Error::UnsupportedEncryption("by a key derivation unknown here")),
        };
        if !affordable {
            return Err(Error::UnsupportedEncryption("at a cost that no key of this world has"));
        }
        Ok(Self { der: der.to_vec(), scheme, opened: OnceLock::new() })
    }

    /// Reads the first such key of a PEM file; `None` where there is none.
    ///
    /// # Errors
    /// When the file is no PEM, or the key in it cannot be read.
    pub fn from_pem(text: &[u8]) -> Result<Option<Self>, Error> {
        let blocks = pem::blocks(text)?;
        let block = blocks.iter().find(|block| block.label == LABEL);
        block.map(|block| Self::from_der(&block.contents)).transpose()
    }

    /// Opens it; the key stays with it.
    ///
    /// # Errors
    /// When the passphrase is wrong, or the key in it is of a kind that cannot be used.
    pub fn open(&self, passphrase: &[u8]) -> Result<&PrivateKey, Error> {
        if let Some(key) = self.opened.get() {
            return Ok(key);
        }
        let info = EncryptedPrivateKeyInfoRef::try_from(self.der.as_slice())
            .map_err(|_| Error::Malformed { what: WHAT, problem: "does not come apart" })?;
        let plain = self.scheme.decrypt(passphrase, info.encrypted_data.as_ref());
        let plain = Zeroizing::new(plain.map_err(|error| match error {
            SchemeError::DecryptFailed => Error::WrongPassphrase,
            _ => Error::UnsupportedEncryption("by a cipher unknown here"),
        })?);
        // One wrong passphrase in 256 leaves a padding that looks right.
        let key = match PrivateKey::from_pkcs8(&plain) {
            Err(Error::Der { .. } | Error::Malformed { .. }) => return Err(Error::WrongPassphrase),
            other => other?,
        };
        Ok(self.opened.get_or_init(|| key))
    }

    /// The key, if it has been opened.
    #[must_use]
    pub fn opened(&self) -> Option<&PrivateKey> {
        self.opened.get()
    }
}

impl PrivateKey {
    /// The key under a passphrase, as PEM: 600,000 rounds of PBKDF2-HMAC-SHA-256, AES-256-CBC.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Result<String, Error> {
        let failed = |_| Error::Primitive("encrypting the private key");
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        rand::fill(&mut salt).and_then(|()| rand::fill(&mut iv)).map_err(failed)?;
        let failed = |_| Error::Primitive("encrypting the private key");
        let scheme =
            pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv).map_err(failed)?;
        let encrypted = scheme.encrypt(passphrase, &self.to_pkcs8()?).map_err(failed)?;
        let info = EncryptedPrivateKeyInfoOwned {
            encryption_algorithm: scheme.into(),
            encrypted_data: OctetString::new(encrypted).map_err(Error::der(WHAT))?,
        };
        pem::encode(LABEL, &info.to_der().map_err(Error::der(WHAT))?)
    }
}

/// How it is encrypted: `PBKDF2-HMAC-SHA256 with 600000 rounds, AES-256-CBC`.
impl fmt::Display for EncryptedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scheme.kdf {
            Kdf::Pbkdf2(kdf) => {
                let hash = match kdf.prf {
                    Pbkdf2Prf::HmacWithSha1 => "SHA1",
                    Pbkdf2Prf::HmacWithSha224 => "SHA224",
                    Pbkdf2Prf::HmacWithSha256 => "SHA256",
                    Pbkdf2Prf::HmacWithSha384 => "SHA384",
                    Pbkdf2Prf::HmacWithSha512 => "SHA512",
                    _ => "another hash",
                };
                write!(f, "PBKDF2-HMAC-{hash} with {} rounds", kdf.iteration_count)?;
            }
            Kdf::Scrypt(kdf) => write!(f, "scrypt with N={}", kdf.cost_parameter)?,
            _ => f.write_str("another key derivation")?,
        }
        f.write_str(match self.scheme.encryption {
            Cipher::Aes128Cbc { .. } => ", AES-128-CBC",
            Cipher::Aes192Cbc { .. } => ", AES-192-CBC",
            Cipher::Aes256Cbc { .. } => ", AES-256-CBC",
            Cipher::Aes128Gcm { .. } => ", AES-128-GCM",
            Cipher::Aes256Gcm { .. } => ", AES-256-GCM",
            Cipher::DesEde3Cbc { .. } => ", DES-EDE3-CBC",
            _ => ", another cipher",
        })
    }
}

/// Says how it is encrypted, never what is in it.
impl fmt::Debug for EncryptedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EncryptedKey({self}, [elided])")
    }
}

const PBES1: &str = "by PBES1, which is too weak to be read here";

/// Whether the algorithm is PBES2: its object identifier tells, whatever its parameters are.
fn is_pbes2(der: &[u8]) -> Result<(), Error> {
    let parts = children(der, der::Tag::Sequence, WHAT)?;
    let malformed = Error::Malformed { what: WHAT, problem: "names no algorithm" };
    let algorithm = parts.first().ok_or_else(|| malformed.clone())?;
    let algorithm = children(algorithm, der::Tag::Sequence, WHAT)?;
    let oid = value(algorithm.first().ok_or(malformed)?, der::Tag::ObjectIdentifier, WHAT)?;
    if oid == pbes2::PBES2_OID.as_bytes() { Ok(()) } else { Err(Error::UnsupportedEncryption(PBES1)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyAlgorithm;

    #[test]
    fn a_key_comes_out_as_it_went_in() {
        for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let text = key.to_encrypted_pem("pässword".as_bytes()).unwrap();
            assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
            let encrypted = EncryptedKey::from_pem(text.as_bytes()).unwrap().unwrap();
            assert_eq!(encrypted.to_string(), "PBKDF2-HMAC-SHA256 with 600000 rounds, AES-256-CBC");
            assert_eq!(encrypted.open(b"password").unwrap_err(), Error::WrongPassphrase);
            assert!(encrypted.opened().is_none());
            assert_eq!(encrypted.open("pässword".as_bytes()).unwrap().to_pem(), key.to_pem());
            assert!(encrypted.opened().is_some());
        }
    }

    /// `printf … | openssl pkcs8 -topk8 -v2 … -iter 1` of random bytes would do as well: only parameters are read.
    #[test]
    fn what_would_take_forever_is_not_begun() {
        let scheme =
            |rounds| pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(rounds, &[0; 8], [0; 16]).unwrap();
        let mut slow = scheme(MOST_ROUNDS + 1);
        let read = |scheme: &pbes2::Parameters| {
            let encrypted_data = OctetString::new(vec![0; 16]).unwrap();
            let info =
                EncryptedPrivateKeyInfoOwned { encryption_algorithm: scheme.clone().into(), encrypted_data };
            EncryptedKey::from_der(&info.to_der().unwrap()).err()
        };
        let costly = Some(Error::UnsupportedEncryption("at a cost that no key of this world has"));
        assert_eq!(read(&slow), costly);
        assert_eq!(read(&scheme(1)), None);
        let none = Some(Error::UnsupportedEncryption("by scrypt with parameters that it does not have"));
        for (cost_parameter, block_size, parallelization, expected) in [
            (1 << 14, 8, 1, None),
            (1 << 19, 8, 1, costly.clone()),
            (2, 1, 17, costly),
            (0, 8, 1, none.clone()),
            (1, 8, 1, none.clone()),
            (6, 8, 1, none.clone()),
            (16, 0, 1, none.clone()),
            (16, 8, 0, none),
        ] {
            let Kdf::Pbkdf2(pbkdf2) = slow.kdf.clone() else { panic!("PBKDF2") };
            let kdf = pbes2::ScryptParams {
                salt: pbkdf2.salt,
                cost_parameter,
                block_size,
                parallelization,
                key_length: None,
            };
            let slow_scrypt = pbes2::Parameters { kdf: Kdf::Scrypt(kdf), encryption: slow.encryption };
            assert_eq!(read(&slow_scrypt), expected, "N={cost_parameter}");
        }
        slow.kdf = scheme(MOST_ROUNDS).kdf;
        assert_eq!(read(&slow), None);
    }

    #[test]
    fn bytes_that_are_no_encrypted_key_are_refused() {
        for der in [&[][..], &[0x30, 0x00], &[0x30, 0x02, 0x30, 0x00], &[0x30, 0x04, 0x30, 0x02, 0x06, 0x00]]
        {
            assert!(EncryptedKey::from_der(der).is_err());
        }
        // pbeWithMD5AndDES-CBC
        let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x03];
        let mut der = vec![0x30, 0x0d, 0x30, 0x0b];
        der.extend(oid);
        assert_eq!(EncryptedKey::from_der(&der).unwrap_err(), Error::UnsupportedEncryption(PBES1));
    }
}
