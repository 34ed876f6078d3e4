//! Layer 1: certificates as data. Knows X.509, PEM and keys; knows nothing of files, clocks or Kubernetes.
//!
//! | Module | Holds |
//! |---|---|
//! | [`algorithm`] | the five key algorithms that kubeadm offers |
//! | [`key`] | private keys: make, load, sign, write |
//! | [`encrypted_key`] | private keys under a passphrase |
//! | [`public_key`] | public keys and their identifiers |
//! | [`name`], [`name_form`] | distinguished names, byte for byte, and how they are written |
//! | [`subject`] | a name as Go's `pkix` reads and writes it |
//! | [`alt_name`] | subject alternative names |
//! | [`usage`] | key usages by the names Kubernetes gives them |
//! | [`certificate`] | a parsed certificate |
//! | [`anomaly`] | what it says otherwise than RFC 5280 has it |
//! | [`extension`], [`name_constraints`] | its extensions |
//! | [`request`] | certificate signing requests: read, made |
//! | [`crl`] | a parsed revocation list |
//! | [`go`] | the same as Go sees it |
//! | [`cfssl`] | cfssl's JSON |
//! | [`revoke`] | a revocation list made |
//! | [`profile`] | what a certificate is to say |
//! | [`issue`] | a profile made into a signed certificate |
//! | [`signature`], [`scheme`] | is this signature of that key, and what is it made of? |
//! | [`rsa`], [`weakness`] | do the numbers of an RSA key agree, and do they give it away? |
//! | [`chain`] | who signed whom |
//! | [`path`] | does a path of signatures lead to who is trusted? |
//! | [`rustls`] | would a peer on rustls agree? |
//! | [`public_root`] | the CAs that the world trusts |
//! | [`mod@random`] | chance |
//! | [`pem`], [`der`], [`hex`](mod@hex) | bytes in and out |

pub mod algorithm;
pub mod alt_name;
pub mod anomaly;
pub mod certificate;
pub mod cfssl;
pub mod chain;
pub mod crl;
pub mod decimal;
pub mod der;
pub mod encrypted_key;
pub mod error;
pub mod extension;
#[cfg(test)]
mod forge;
pub mod go;
pub mod hex;
pub mod issue;
pub mod key;
pub mod name;
pub mod name_constraints;
pub mod name_form;
pub mod path;
pub mod pem;
pub mod profile;
pub mod public_key;
pub mod public_root;
pub mod random;
pub mod request;
pub mod revoke;
pub mod rsa;
pub mod rustls;
pub mod scheme;
pub mod signature;
mod splice;
pub mod subject;
pub mod token;
pub mod token_uri;
pub mod usage;
mod validity;
pub mod weakness;

/// The SHA-256 of bytes.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().to_vec()
}

pub use algorithm::KeyAlgorithm;
pub use alt_name::SubjectAltName;
pub use anomaly::Anomaly;
pub use certificate::Certificate;
pub use crl::Crl;
pub use encrypted_key::EncryptedKey;
pub use error::Error;
pub use extension::Extension;
pub use issue::Issuer;
pub use key::PrivateKey;
pub use name::Name;
pub use name_constraints::NameConstraints;
pub use profile::Profile;
pub use public_key::PublicKey;
pub use request::Request;
pub use revoke::Revocations;
pub use subject::Subject;
pub use token::TokenKey;
pub use token_uri::TokenUri;
pub use usage::{ExtendedKeyUsage, KeyUsage, Usages};
