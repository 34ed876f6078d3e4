//! Revocation lists made and signed (RFC 5280 §5). rcgen builds them; the issuer's name is put in as the CA's certificate
//! has it, byte for byte.

use std::cell::RefCell;

use rcgen::{
    CertificateParams, CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams,
    SerialNumber,
};
use time::OffsetDateTime;

use super::crl::Revoked;
use super::splice::Splice;
use super::{Crl, Error, Issuer};

const WHAT: &str = "the new revocation list";

/// What a revocation list is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocations {
    /// When it is made.
    pub this_update: OffsetDateTime,
    /// When the next one is due.
    pub next_update: OffsetDateTime,
    /// Its number, big-endian: each list of a CA has a greater one than the last (§5.2.3).
    pub number: Vec<u8>,
    /// What is revoked.
    pub revoked: Vec<Revoked>,
}

impl Revocations {
    /// The number that follows one; 1 where there is none.
    #[must_use]
    pub fn number_after(number: Option<&[u8]>) -> Vec<u8> {
        let mut next = number.unwrap_or_default().to_vec();
        for octet in next.iter_mut().rev() {
            *octet = octet.wrapping_add(1);
            if *octet != 0 {
                return next;
            }
        }
        next.insert(0, 1);
        next
    }
}

impl Issuer<'_> {
    /// Signs a revocation list of this CA.
    ///
    /// # Errors
    /// When a reason has no name, or the cryptographic library fails.
    pub fn revoke(&self, list: &Revocations) -> Result<Crl, Error> {
        let ca = self.certificate();
        let identifier = ca.subject_key_identifier.clone().unwrap_or_else(|| ca.public_key.identifier());
        let params = CertificateRevocationListParams {
            this_update: list.this_update,
            next_update: list.next_update,
            crl_number: SerialNumber::from(list.number.clone()),
            issuing_distribution_point: None,
            revoked_certs: list.revoked.iter().map(entry).collect::<Result<_, _>>()?,
            key_identifier_method: KeyIdMethod::PreSpecified(identifier),
        };
        // version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, extensions (RFC 5280 §5.1)
        let splice = Splice {
            key: self.key(),
            what: WHAT,
            building: "building the revocation list",
            fields: 3..=usize::MAX,
            algorithm: 1,
            parts: vec![(2, ca.subject.as_der())],
            outcome: RefCell::new(None),
        };
        let draft = CertificateParams::default();
        let _ = params.signed_by(&rcgen::Issuer::from_params(&draft, &splice));
        Crl::from_der(&splice.finish()?)
    }
}

/// Unspecified is said by saying nothing (§5.3.1).
fn entry(revoked: &Revoked) -> Result<RevokedCertParams, Error> {
    let reason_code = match revoked.reason {
        None | Some(0) => None,
        Some(code) => {
            let known = REASONS.iter().find(|reason| **reason as u8 == code);
            Some(*known.ok_or(Error::Malformed { what: WHAT, problem: "has a reason code that is none" })?)
        }
    };
    Ok(RevokedCertParams {
        serial_number: SerialNumber::from(revoked.serial.clone()),
        revocation_time: revoked.date,
        reason_code,
        invalidity_date: None,
    })
}

const REASONS: [RevocationReason; 9] = [
    RevocationReason::KeyCompromise,
    RevocationReason::CaCompromise,
    RevocationReason::AffiliationChanged,
    RevocationReason::Superseded,
    RevocationReason::CessationOfOperation,
    RevocationReason::CertificateHold,
    RevocationReason::RemoveFromCrl,
    RevocationReason::PrivilegeWithdrawn,
    RevocationReason::AaCompromise,
];

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::x509::{KeyAlgorithm, Name, PrivateKey, Profile, Usages, issue};

    #[test]
    fn a_list_says_what_it_was_told() {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP384).unwrap();
        let profile = Profile {
            subject: Name::new("ca", &["b".to_owned(), "a".to_owned()]).unwrap(),
            subject_alt_names: Vec::new(),
            usages: Usages::default(),
            ca: true,
            path_length: None,
            name_constraints: None,
            not_before: datetime!(2026-01-01 0:00 UTC),
            not_after: datetime!(2036-01-01 0:00 UTC),
        };
        let ca = issue::self_signed(&profile, &key).unwrap();
        let revoked = |serial: &[u8], reason| Revoked {
            serial: serial.to_vec(),
            reason,
            date: datetime!(2026-02-03 4:05:06 UTC),
        };
        let mut list = Revocations {
            this_update: datetime!(2026-03-01 0:00 UTC),
            next_update: datetime!(2026-04-01 0:00 UTC),
            number: vec![0x80],
            revoked: vec![revoked(&[1], Some(1)), revoked(&[0xff, 2], None)],
        };
        let issuer = Issuer::new(&ca, &key).unwrap();
        let crl = issuer.revoke(&list).unwrap();
        assert!(crl.is_of(&ca), "the name byte for byte, and the signature");
        assert_eq!(crl.revoked, list.revoked);
        assert_eq!((crl.this_update, crl.next_update), (list.this_update, Some(list.next_update)));
        assert_eq!(crl.authority_key_identifier, ca.subject_key_identifier);
        assert_eq!(crl.number.as_deref(), Some(&[0, 0x80][..]));
        list.revoked.clear();
        assert!(issuer.revoke(&list).unwrap().revoked.is_empty());
        list.revoked = vec![revoked(&[1], Some(7))];
        assert!(issuer.revoke(&list).is_err());
    }

    #[test]
    fn numbers_go_up() {
        for (before, after) in
            [(None, &[1][..]), (Some(&[1][..]), &[2]), (Some(&[0xff]), &[1, 0]), (Some(&[0, 0xff]), &[1, 0])]
        {
            assert_eq!(Revocations::number_after(before), after);
        }
    }
}
