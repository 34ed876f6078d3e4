//! Is everything in it understood that must be?

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;

use super::Fault;
use crate::x509::Certificate;

/// What is processed here. Policies are, in so far as nobody asks for one: with the inputs of any-policy and no
/// explicit policy, RFC 5280 §6.1.3 (d) to (f) refuse nothing, unless policyConstraints ask, and those are not here.
const PROCESSED: [ObjectIdentifier; 8] = [
    rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER,
    rfc5280::ID_CE_BASIC_CONSTRAINTS,
    rfc5280::ID_CE_CERTIFICATE_POLICIES,
    rfc5280::ID_CE_EXT_KEY_USAGE,
    rfc5280::ID_CE_KEY_USAGE,
    rfc5280::ID_CE_NAME_CONSTRAINTS,
    rfc5280::ID_CE_SUBJECT_ALT_NAME,
    rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER,
];

/// RFC 5280 §4.2, §6.1.4 (o), §6.1.5 (f): who does not process a critical extension must refuse the certificate.
pub(super) fn criticality(certificate: &Certificate) -> Option<Fault> {
    let critical = certificate.extensions.iter().filter(|extension| extension.critical);
    let mut unknown = critical.map(|extension| extension.oid).filter(|oid| !PROCESSED.contains(oid));
    let oid = unknown.next()?;
    Some(Fault::CriticalExtension { oid, others: unknown.count() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key};

    #[test]
    fn only_what_is_critical_must_be_understood() {
        let key = key();
        let unknown = ObjectIdentifier::new_unwrap("1.2.3.4");
        let new = || Forge::new("a", "ca", key.public_key()).dns("a");
        for (forge, fault) in [
            (new(), None),
            (new().extension(unknown, false, &[0x05, 0x00]), None),
            (
                new().extension(unknown, true, &[0x05, 0x00]),
                Some(Fault::CriticalExtension { oid: unknown, others: 0 }),
            ),
            (
                new()
                    .extension(rfc5280::ID_CE_POLICY_CONSTRAINTS, true, &[0x30, 0x03, 0x80, 0x01, 0x00])
                    .extension(unknown, true, &[]),
                Some(Fault::CriticalExtension { oid: rfc5280::ID_CE_POLICY_CONSTRAINTS, others: 1 }),
            ),
            (new().extension(rfc5280::ID_CE_CERTIFICATE_POLICIES, true, &[0x30, 0x00]), None),
        ] {
            assert_eq!(criticality(&forge.sign(&key)), fault);
        }
    }
}
