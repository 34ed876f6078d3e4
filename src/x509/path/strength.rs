//! Can its key be found, or its signature be forged?

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912;

use super::Fault;
use crate::x509::public_key::PublicKeyKind;
use crate::x509::signature::SignatureFault;
use crate::x509::{Certificate, Name, PublicKey};

/// Signatures over hashes for which collisions can be made: MD2 and MD5 (RFC 6149, RFC 6151), SHA-1 (RFC 6194; Go refuses
/// it since 1.18).
const FORGEABLE: [ObjectIdentifier; 5] = [
    rfc5912::MD_2_WITH_RSA_ENCRYPTION,
    rfc5912::MD_5_WITH_RSA_ENCRYPTION,
    rfc5912::SHA_1_WITH_RSA_ENCRYPTION,
    rfc5912::DSA_WITH_SHA_1,
    ECDSA_WITH_SHA_1,
];

/// RFC 3279 §2.2.3.
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// RFC 5280 §6.1.3 (a)(1): why the signature of a certificate does not hold, in so far as that shows without checking it.
pub(super) fn algorithm(certificate: &Certificate, issuer: &PublicKey) -> Option<Fault> {
    let algorithm = certificate.signature_algorithm.clone();
    if FORGEABLE.contains(&algorithm.oid) {
        Some(Fault::SignatureWeak { algorithm })
    } else if algorithm.is_supported(issuer) {
        None
    } else {
        Some(Fault::SignatureUnsupported { algorithm, key: issuer.clone() })
    }
}

/// RFC 5280 §6.1.3 (a)(1): the signature holds under the issuer's key.
pub(super) fn signature(certificate: &Certificate, name: &Name, key: &PublicKey) -> Option<Fault> {
    match certificate.verify_signature(key) {
        Ok(()) => None,
        Err(SignatureFault::Bad) => Some(Fault::Signature { issuer: name.clone() }),
        Err(SignatureFault::Unsupported) => algorithm(certificate, key),
    }
}

/// NIST SP 800-131A: RSA keys have 2048 bits or more (`least`). The other kinds that are supported are strong enough; a
/// key of a kind that is not cannot have signed anything here, and may stand at the end of a path.
pub(super) fn key(certificate: &Certificate, least: usize) -> Option<Fault> {
    match certificate.public_key.kind() {
        PublicKeyKind::Rsa { bits } if bits < least => Some(Fault::WeakKey { bits, least }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{self, Forge};

    #[test]
    fn what_can_be_forged_is_not_even_checked() {
        let key = forge::key();
        // ecdsa-with-SHA1
        let sha1 = [0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
        let mut forge = Forge::new("a", "a", key.public_key());
        (forge.inner_algorithm, forge.outer_algorithm) = (sha1.to_vec(), sha1.to_vec());
        let certificate = forge.sign(&key);
        assert_eq!(
            algorithm(&certificate, key.public_key()).map(|fault| fault.code()),
            Some("signature-weak")
        );
        let certificate = Forge::new("a", "a", key.public_key()).sign(&key);
        assert_eq!(algorithm(&certificate, key.public_key()), None);
    }

    #[test]
    fn a_signature_is_one_of_the_issuers_key() {
        let (key, other) = (forge::key(), forge::key());
        let certificate = Forge::new("a", "a", key.public_key()).sign(&key);
        assert_eq!(signature(&certificate, &certificate.issuer, key.public_key()), None);
        let fault = signature(&certificate, &certificate.issuer, other.public_key());
        assert_eq!(fault, Some(Fault::Signature { issuer: certificate.issuer.clone() }));
    }

    #[test]
    fn rsa_keys_are_long_enough() {
        let key = forge::key();
        // SEQUENCE { SEQUENCE { rsaEncryption, NULL }, BIT STRING { SEQUENCE { modulus, exponent } } }
        let rsa = |bits: usize| {
            let modulus = forge::wrap(0x02, &[&[0x00, 0x80][..], &vec![1; bits / 8 - 1]].concat());
            let pair = forge::wrap(0x30, &[&modulus[..], &[0x02, 0x03, 0x01, 0x00, 0x01]].concat());
            let algorithm =
                [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
            let bits = forge::wrap(0x03, &[&[0x00][..], &pair].concat());
            forge::wrap(0x30, &[&algorithm[..], &bits].concat())
        };
        for (bits, least, weak) in
            [(1024, 2048, true), (2048, 2048, false), (1024, 1024, false), (1016, 1024, true)]
        {
            let mut forge = Forge::new("a", "a", key.public_key());
            forge.public_key = rsa(bits);
            let fault = super::key(&forge.sign(&key), least);
            assert_eq!(fault, weak.then_some(Fault::WeakKey { bits, least }));
        }
    }
}
