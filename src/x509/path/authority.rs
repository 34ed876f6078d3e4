//! May it sign certificates?

use const_oid::db::rfc5280;

use super::Fault;
use crate::x509::{Certificate, KeyUsage};

/// RFC 5280 §6.1.4 (k): a certificate that signs others has basicConstraints with cA set. Version 1 has no extensions;
/// such a certificate is a CA if it is known to be one by other means, which is what a self-issued trust anchor is.
pub(super) fn authority(certificate: &Certificate, is_anchor: bool) -> Option<Fault> {
    match certificate.basic_constraints {
        Some(constraints) if constraints.ca => None,
        Some(_) => Some(Fault::NotAnAuthority { constrained: true }),
        None if certificate.version == 1 && is_anchor && certificate.is_self_issued() => None,
        None => Some(Fault::NotAnAuthority { constrained: false }),
    }
}

/// RFC 5280 §6.1.4 (n): keyUsage, where it is present, has keyCertSign.
pub(super) fn cert_sign(certificate: &Certificate) -> Option<Fault> {
    certificate.extension(rfc5280::ID_CE_KEY_USAGE)?;
    let usages = &certificate.usages.key;
    (!usages.contains(&KeyUsage::CertSign)).then(|| Fault::MayNotSign { usages: usages.clone() })
}

/// RFC 5280 §6.1.4 (l), (m): no more CAs below than pathLenConstraint says, those not counted that are self-issued.
/// `below` is everything between the end of the path and this certificate, both left out.
pub(super) fn path_length<'a>(
    certificate: &Certificate,
    below: impl Iterator<Item = &'a Certificate>,
) -> Option<Fault> {
    let allowed = certificate.basic_constraints?.path_len?;
    let found = below.filter(|certificate| !certificate.is_self_issued()).count();
    (found > usize::from(allowed)).then_some(Fault::PathLength { allowed, found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key};

    #[test]
    fn an_authority_is_one_by_its_constraints() {
        let key = key();
        let new = |subject| Forge::new(subject, "ca", key.public_key());
        let constraints =
            |content: &[u8]| new("ca").extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, content);
        let mut v1 = new("ca");
        v1.version = Vec::new();
        let mut v1_of_another = new("other");
        v1_of_another.version = Vec::new();
        for (forge, is_anchor, code) in [
            (constraints(&[0x30, 0x03, 0x01, 0x01, 0xff]), false, None),
            (constraints(&[0x30, 0x00]), true, Some("not-an-authority")),
            (new("ca"), true, Some("not-an-authority")),
            (v1.clone(), true, None),
            (v1, false, Some("not-an-authority")),
            (v1_of_another, true, Some("not-an-authority")),
        ] {
            let certificate = forge.sign(&key);
            assert_eq!(authority(&certificate, is_anchor).map(|fault| fault.code()), code);
        }
    }

    #[test]
    fn key_usage_must_allow_to_sign_where_it_is_present() {
        let key = key();
        let new = || Forge::new("ca", "ca", key.public_key());
        for (forge, code) in [
            (new(), None),
            (new().key_usage(&[KeyUsage::CertSign, KeyUsage::CrlSign]), None),
            (new().key_usage(&[KeyUsage::DigitalSignature]), Some("may-not-sign")),
            // Present, and allows nothing.
            (new().extension(rfc5280::ID_CE_KEY_USAGE, true, &[0x03, 0x01, 0x00]), Some("may-not-sign")),
        ] {
            assert_eq!(cert_sign(&forge.sign(&key)).map(|fault| fault.code()), code);
        }
    }

    #[test]
    fn a_path_is_as_long_as_it_has_cas_that_are_not_self_issued() {
        let key = key();
        let content = [0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01];
        let ca = Forge::new("ca", "ca", key.public_key());
        let ca = ca.extension(rfc5280::ID_CE_BASIC_CONSTRAINTS, true, &content).sign(&key);
        let between = Forge::ca("between", "ca", key.public_key()).sign(&key);
        let rolled_over = Forge::ca("ca", "ca", key.public_key()).sign(&key);
        for (below, found) in [
            (vec![], None),
            (vec![&between], None),
            (vec![&between, &rolled_over], None),
            (vec![&between, &between], Some(2)),
        ] {
            let expected = found.map(|found| Fault::PathLength { allowed: 1, found });
            assert_eq!(path_length(&ca, below.into_iter()), expected);
        }
        assert_eq!(path_length(&between, [&between, &between].into_iter()), None, "no limit");
    }
}
