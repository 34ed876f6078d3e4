//! Certificate signing requests made (PKCS#10, RFC 2986). rcgen builds them; the subject is put in as it stands.

use std::cell::RefCell;

use const_oid::db::rfc5280;
use der::asn1::BitString;
use der::{Encode, Tag};
use rcgen::{CertificateParams, CustomExtension, PublicKeyData, SignatureAlgorithm, SigningKey};

use super::der::{children, sequence};
use super::issue::signature_algorithm;
use super::{Error, Name, PrivateKey, Request, SubjectAltName, alt_name, pem};

const WHAT: &str = "the new certificate request";

impl Request {
    /// Makes a request for a certificate about `subject` that speaks for `names`, signed by the key that it is for.
    ///
    /// # Errors
    /// When a name cannot be encoded or the cryptographic library fails.
    pub fn new(subject: &Name, names: &[SubjectAltName], key: &PrivateKey) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        if !names.is_empty() {
            let arcs: Vec<u64> = rfc5280::ID_CE_SUBJECT_ALT_NAME.arcs().map(u64::from).collect();
            let extension = CustomExtension::from_oid_content(&arcs, alt_name::encode(names)?);
            params.custom_extensions.push(extension);
        }
        let splice = Splice { key, subject: subject.as_der(), outcome: RefCell::new(None) };
        let _ = params.serialize_request(&splice);
        match splice.outcome.into_inner() {
            Some(signed) => Self::from_der(&signed?),
            None => Err(Error::Primitive("building the certificate request")),
        }
    }

    /// The request as PEM.
    ///
    /// # Errors
    /// Never: the label is one.
    pub fn to_pem(&self) -> Result<String, Error> {
        pem::encode("CERTIFICATE REQUEST", self.as_der())
    }
}

/// Signs what rcgen has built after putting subject and key into it.
struct Splice<'a> {
    key: &'a PrivateKey,
    subject: &'a [u8],
    outcome: RefCell<Option<Result<Vec<u8>, Error>>>,
}

impl Splice<'_> {
    fn request(&self, draft: &[u8]) -> Result<Vec<u8>, Error> {
        let mut fields = children(draft, Tag::Sequence, WHAT)?;
        let [_, subject, public_key, _] = &mut fields[..] else {
            return Err(Error::Primitive("building the certificate request"));
        };
        (*subject, *public_key) = (self.subject, self.key.public_key().as_der());
        let info = sequence(&fields, WHAT)?;
        let signature = BitString::from_bytes(&self.key.sign(&info)?)
            .and_then(|bits| bits.to_der())
            .map_err(Error::der(WHAT))?;
        sequence(&[&info, algorithm(self.key), &signature], WHAT)
    }
}

/// The `AlgorithmIdentifier` of the signatures that a key makes (RFC 5758 §3.2, RFC 4055 §5).
fn algorithm(key: &PrivateKey) -> &'static [u8] {
    use super::public_key::PublicKeyKind;
    match key.public_key().kind() {
        PublicKeyKind::EcdsaP256 => &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2],
        PublicKeyKind::EcdsaP384 => &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3],
        PublicKeyKind::EcdsaP521 => &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4],
        _ => &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11, 5, 0],
    }
}

impl SigningKey for Splice<'_> {
    fn sign(&self, draft: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.outcome.replace(Some(self.request(draft)));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::KeyAlgorithm;

    #[test]
    fn a_request_shows_that_its_key_is_held() {
        for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let subject = Name::new("a", &["b".to_owned(), "c".to_owned()]).unwrap();
            for names in [vec![], vec![SubjectAltName::Dns("a.example".to_owned())]] {
                let request = Request::new(&subject, &names, &key).unwrap();
                request.verify_signature().unwrap();
                assert_eq!((&request.subject, &request.subject_alt_names), (&subject, &names));
                assert_eq!(request.public_key, *key.public_key());
            }
        }
    }
}
