//! A profile made into a signed certificate, extension for extension as kubeadm 1.36 writes it.
//!
//! rcgen builds the certificate, with two reservations. Its names are a map from attribute to one value, which loses
//! groups and re-encodes a CA's subject; and it orders extensions in its own way. So every extension is handed to it
//! ready made, in kubeadm's order, and at the moment of signing names and key are replaced by the original bytes.

use std::cell::RefCell;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::asn1::OctetString;
use der::{Encode, Tag};
use rcgen::{CertificateParams, CustomExtension, SerialNumber, SignatureAlgorithm};
use x509_cert::ext::pkix;

use super::certificate::bit_string;
use super::der::children;
use super::public_key::PublicKeyKind;
use super::random::random;
use super::signature::SignatureAlgorithm as Signed;
use super::splice::Splice;
use super::usage::{encode_extended, encode_key_usage};
use super::{Certificate, Error, Name, PrivateKey, Profile, PublicKey, alt_name};

const WHAT: &str = "the new certificate";

/// A certificate authority: the certificate and the key that belongs to it.
#[derive(Clone, Copy, Debug)]
pub struct Issuer<'a> {
    certificate: &'a Certificate,
    key: &'a PrivateKey,
}

impl<'a> Issuer<'a> {
    /// Joins a CA certificate and its key; `None` when the key is another certificate's, or the certificate is one that
    /// the components of a cluster cannot read.
    #[must_use]
    pub fn new(certificate: &'a Certificate, key: &'a PrivateKey) -> Option<Self> {
        let fits = certificate.public_key == *key.public_key() && certificate.refusal().is_none();
        fits.then_some(Self { certificate, key })
    }

    /// The CA certificate.
    #[must_use]
    pub fn certificate(&self) -> &'a Certificate {
        self.certificate
    }

    /// The CA's key.
    pub(super) fn key(&self) -> &'a PrivateKey {
        self.key
    }

    /// Signs a certificate for `public_key`. The issuer's name and key identifier are copied from the CA certificate.
    /// The authority key identifier is left out when the CA has none, or when subject and issuer are the same name, as
    /// Go's `CreateCertificate` does.
    ///
    /// # Errors
    /// When a name cannot be encoded or the cryptographic library fails.
    pub fn issue(&self, profile: &Profile, public_key: &PublicKey) -> Result<Certificate, Error> {
        Certificate::from_der(&self.sign(profile, public_key, &short_serial()?)?)
    }

    /// The same with a serial number of 16 octets, as kube-controller-manager gives them, and only the bytes: a signer that
    /// hands out thousands has no use for what it has just written.
    ///
    /// # Errors
    /// When a name cannot be encoded or the cryptographic library fails.
    pub fn sign(&self, profile: &Profile, public_key: &PublicKey, serial: &[u8]) -> Result<Vec<u8>, Error> {
        let issuer = &self.certificate.subject;
        let authority =
            self.certificate.subject_key_identifier.as_deref().filter(|_| profile.subject != *issuer);
        sign(profile, public_key, issuer, authority, serial, self.key)
    }

    /// Checks that the CA's key has signed a certificate: a signature that a fault of the machine has spoilt tells who has
    /// it the key (Boneh, DeMillo and Lipton 1997), so that none is handed out unchecked.
    ///
    /// # Errors
    /// When it does not hold.
    pub fn check(&self, certificate: &[u8]) -> Result<(), Error> {
        let faulty = Error::Primitive("making a signature that holds");
        let [tbs, algorithm, signature] = children(certificate, Tag::Sequence, WHAT)?[..] else {
            return Err(faulty);
        };
        let algorithm = Signed::from_der(algorithm)?;
        let signature = bit_string(signature, WHAT)?;
        algorithm.verify(&self.certificate.public_key, tbs, signature).map_err(|_| faulty)
    }
}

/// A random serial number of 128 bits, never zero (`pkg/controller/certificates/authority/authority.go`): its octets.
///
/// # Errors
/// When the cryptographic library fails.
pub fn long_serial() -> Result<[u8; 16], Error> {
    loop {
        let serial = random()?;
        if serial != [0; 16] {
            return Ok(serial);
        }
    }
}

/// Makes a certificate that `key` signs for itself.
///
/// # Errors
/// When a name cannot be encoded or the cryptographic library fails.
pub fn self_signed(profile: &Profile, key: &PrivateKey) -> Result<Certificate, Error> {
    let der = sign(profile, key.public_key(), &profile.subject, None, &short_serial()?, key)?;
    Certificate::from_der(&der)
}

fn sign(
    profile: &Profile,
    public_key: &PublicKey,
    issuer: &Name,
    authority: Option<&[u8]>,
    serial: &[u8],
    key: &PrivateKey,
) -> Result<Vec<u8>, Error> {
    let mut params = CertificateParams::default();
    params.not_before = profile.not_before;
    params.not_after = profile.not_after;
    params.serial_number = Some(SerialNumber::from_slice(serial));
    params.custom_extensions = extensions(profile, public_key, authority)?;
    // version, serial, signature, issuer, validity, subject, key, extensions (RFC 5280 §4.1)
    let splice = Splice {
        key,
        what: WHAT,
        building: "building the certificate",
        fields: 8..=8,
        algorithm: 2,
        parts: vec![(3, issuer.as_der()), (5, profile.subject.as_der()), (6, public_key.as_der())],
        outcome: RefCell::new(None),
    };
    let draft = rcgen::Issuer::from_params(&params, &splice);
    let _ = params.signed_by(&splice, &draft);
    splice.finish()
}

/// The hash follows the signer's key: kubeadm's and Go's choice.
pub(super) fn signature_algorithm(key: &PrivateKey) -> &'static SignatureAlgorithm {
    match key.public_key().kind() {
        PublicKeyKind::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        PublicKeyKind::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        PublicKeyKind::EcdsaP521 => &rcgen::PKCS_ECDSA_P521_SHA512,
        _ => &rcgen::PKCS_RSA_SHA256,
    }
}

/// keyUsage, extKeyUsage, basicConstraints, subjectKeyIdentifier, authorityKeyIdentifier, subjectAltName,
/// nameConstraints: Go's order.
/// Only a CA has a subject key identifier. The alternative names are critical when they are all there is to identify
/// the subject (RFC 5280 §4.2.1.6).
fn extensions(
    profile: &Profile,
    public_key: &PublicKey,
    authority: Option<&[u8]>,
) -> Result<Vec<CustomExtension>, Error> {
    let mut all = Vec::with_capacity(6);
    let mut push = |oid: ObjectIdentifier, critical, content| {
        let arcs: Vec<u64> = oid.arcs().map(u64::from).collect();
        let mut extension = CustomExtension::from_oid_content(&arcs, content);
        extension.set_criticality(critical);
        all.push(extension);
    };
    if !profile.usages.key.is_empty() {
        push(rfc5280::ID_CE_KEY_USAGE, true, encode_key_usage(&profile.usages.key)?);
    }
    if !profile.usages.extended.is_empty() {
        let content = encode_extended(&profile.usages.extended)?;
        push(rfc5280::ID_CE_EXT_KEY_USAGE, false, content);
    }
    let constraints = pkix::BasicConstraints { ca: profile.ca, path_len_constraint: profile.path_length };
    let content = constraints.to_der().map_err(Error::der("basicConstraints"))?;
    push(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, content);
    if profile.ca {
        let identifier =
            OctetString::new(public_key.identifier()).map_err(Error::der("subjectKeyIdentifier"))?;
        let content = identifier.to_der().map_err(Error::der("subjectKeyIdentifier"))?;
        push(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER, false, content);
    }
    if let Some(authority) = authority {
        let identifier = pkix::AuthorityKeyIdentifier {
            key_identifier: Some(OctetString::new(authority).map_err(Error::der("authorityKeyIdentifier"))?),
            ..pkix::AuthorityKeyIdentifier::default()
        };
        let content = identifier.to_der().map_err(Error::der("authorityKeyIdentifier"))?;
        push(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER, false, content);
    }
    if !profile.subject_alt_names.is_empty() {
        let content = alt_name::encode(&profile.subject_alt_names)?;
        push(rfc5280::ID_CE_SUBJECT_ALT_NAME, profile.subject.is_empty(), content);
    }
    if let Some(constraints) = &profile.name_constraints {
        push(rfc5280::ID_CE_NAME_CONSTRAINTS, true, constraints.to_der()?);
    }
    Ok(all)
}

/// A random serial number of 63 bits, never zero: what kubeadm writes, and within the 20 octets of RFC 5280 §4.1.2.2.
fn short_serial() -> Result<[u8; 8], Error> {
    let serial = u64::from_be_bytes(random()?) >> 1;
    Ok(serial.max(1).to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::key;
    use crate::x509::{ExtendedKeyUsage, KeyUsage, SubjectAltName, Usages};
    use time::macros::datetime;

    fn profile(subject: &str, ca: bool, names: &[SubjectAltName]) -> Profile {
        Profile {
            path_length: None,
            name_constraints: None,
            subject: if subject.is_empty() { Name::default() } else { Name::new(subject, &[]).unwrap() },
            subject_alt_names: names.to_vec(),
            usages: Usages { key: vec![KeyUsage::CertSign], extended: vec![ExtendedKeyUsage::Any] },
            ca,
            not_before: datetime!(2026-11-22 0:00 UTC),
            not_after: datetime!(2036-11-22 0:00 UTC),
        }
    }

    /// Go's order, and whatever was not asked for is left out (facts of kube-controller-manager 1.36).
    #[test]
    fn extensions_are_gos() {
        let key = key();
        let ca = self_signed(&profile("ca", true, &[]), &key).unwrap();
        let issuer = Issuer::new(&ca, &key).unwrap();
        let oids = |profile: &Profile| {
            let der = issuer.sign(profile, key.public_key(), &[1]).unwrap();
            issuer.check(&der).unwrap();
            let certificate = Certificate::from_der(&der).unwrap();
            assert!(certificate.is_well_formed());
            let tell = |extension: &crate::x509::Extension| {
                let arc = extension.oid.arcs().last().unwrap();
                if extension.critical { format!("{arc}!") } else { arc.to_string() }
            };
            certificate.extensions.iter().map(tell).collect::<Vec<_>>().join(" ")
        };
        let names = [SubjectAltName::Dns("a".into()), SubjectAltName::Ip([192, 0, 2, 1].into())];
        assert_eq!(oids(&profile("leaf", false, &names)), "15! 37 19! 35 17");
        assert_eq!(
            oids(&profile("", false, &names)),
            "15! 37 19! 35 17!",
            "critical where it is all there is"
        );
        assert_eq!(oids(&profile("sub", true, &[])), "15! 37 19! 14 35");
        assert_eq!(oids(&profile("ca", false, &[])), "15! 37 19!", "no key identifier where names are one");
        let bare = Profile { usages: Usages::default(), ..profile("leaf", false, &[]) };
        assert_eq!(oids(&bare), "19! 35");
    }

    #[test]
    fn serial_numbers_are_positive_and_as_short_as_they_can_be() {
        let key = key();
        let ca = self_signed(&profile("ca", true, &[]), &key).unwrap();
        let issuer = Issuer::new(&ca, &key).unwrap();
        for (serial, octets) in [
            (&[0xff; 16][..], [&[0][..], &[0xff; 16]].concat()),
            (&[0x7f; 16], vec![0x7f; 16]),
            (&[0, 0, 1], vec![1]),
            (&[0, 0x80], vec![0, 0x80]),
        ] {
            let der = issuer.sign(&profile("leaf", false, &[]), key.public_key(), serial).unwrap();
            assert_eq!(Certificate::from_der(&der).unwrap().accepted().unwrap().serial, octets);
        }
        assert_ne!(long_serial().unwrap(), long_serial().unwrap());
    }

    #[test]
    fn a_spoilt_signature_is_not_handed_out() {
        let key = key();
        let ca = self_signed(&profile("ca", true, &[]), &key).unwrap();
        let issuer = Issuer::new(&ca, &key).unwrap();
        let der = issuer.sign(&profile("leaf", false, &[]), key.public_key(), &[1]).unwrap();
        let mut spoilt = der.clone();
        *spoilt.last_mut().unwrap() ^= 1;
        assert!(issuer.check(&spoilt).is_err());
        let mut other = der;
        other[20] ^= 1;
        assert!(issuer.check(&other).is_err());
        assert!(issuer.check(b"").is_err());
    }
}
