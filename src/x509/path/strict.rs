//! What RFC 5280 forbids a CA to issue, though a path with it can be validated. Comparable to OpenSSL's `-x509_strict`,
//! and somewhat more.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;

use super::Fault;
use crate::x509::hex::hex;
use crate::x509::{Certificate, KeyUsage};

/// Something that must not be issued. It shows as a fragment that follows the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// The trust anchor is not one that signed itself: a path must end at a root, as in OpenSSL without
    /// `-partial_chain`.
    AnchorNotSelfSigned,
    /// The key that signed it is another than the one that authorityKeyIdentifier names.
    AuthorityKeyMismatch {
        /// What it names.
        named: Vec<u8>,
        /// What the issuer has.
        has: Vec<u8>,
    },
    /// It has no authorityKeyIdentifier, and did not sign itself.
    AuthorityKeyMissing,
    /// basicConstraints of a CA are not critical.
    BasicConstraintsNotCritical,
    /// keyCertSign in a certificate that is no CA.
    CertSignWithoutAuthority,
    /// subjectAltName without a name.
    EmptyAltName,
    /// The issuer has no name.
    EmptyIssuer,
    /// extKeyUsage without a purpose.
    EmptyExtendedKeyUsage,
    /// keyUsage without a bit.
    EmptyKeyUsage,
    /// The subject has no name, and is a CA or has no alternative name either.
    EmptySubject,
    /// The subject has no name, but the alternative names that stand for it are not critical.
    AltNameNotCritical,
    /// keyUsage of a CA is not critical.
    KeyUsageNotCritical,
    /// A CA without keyUsage.
    KeyUsageMissing,
    /// nameConstraints that are not critical.
    NameConstraintsNotCritical,
    /// nameConstraints in a certificate that is no CA.
    NameConstraintsWithoutAuthority,
    /// pathLenConstraint in a certificate that is no CA, or must not sign certificates.
    PathLengthWithoutAuthority,
    /// The serial number is zero, negative, or has more than 20 octets.
    SerialNumber {
        /// Its octets.
        octets: Vec<u8>,
    },
    /// A CA without subjectKeyIdentifier.
    SubjectKeyMissing,
    /// A certificate that signs others and has not version 3.
    Version(u8),
}

/// Everything that is forbidden in one certificate of a path.
pub(super) fn strict(certificate: &Certificate, signs: bool) -> Vec<Fault> {
    let rules: [fn(&Certificate) -> Option<Forbidden>; 11] = [
        serial_number,
        issuer,
        subject,
        alt_name,
        basic_constraints,
        path_length,
        key_usage,
        extended_key_usage,
        name_constraints,
        subject_key,
        authority_key,
    ];
    let version = (signs && certificate.version != 3).then_some(Forbidden::Version(certificate.version));
    let forbidden = rules.iter().filter_map(|rule| rule(certificate)).chain(version).map(Fault::Forbidden);
    forbidden.chain(certificate.anomalies.iter().cloned().map(Fault::Anomaly)).collect()
}

/// §4.1.2.2: positive, and at most 20 octets with the one that may stand for the sign.
fn serial_number(certificate: &Certificate) -> Option<Forbidden> {
    let octets = certificate.serial.as_slice();
    let is_zero = octets.iter().all(|octet| *octet == 0);
    let is_negative = octets.first().is_some_and(|first| *first >= 0x80);
    (is_zero || is_negative || octets.len() > 20)
        .then(|| Forbidden::SerialNumber { octets: octets.iter().take(24).copied().collect() })
}

/// §4.1.2.4.
fn issuer(certificate: &Certificate) -> Option<Forbidden> {
    certificate.issuer.is_empty().then_some(Forbidden::EmptyIssuer)
}

/// §4.1.2.6: who issues certificates has a name; of others, alternative names may stand for it.
fn subject(certificate: &Certificate) -> Option<Forbidden> {
    let needed = certificate.is_ca() || extension(certificate, rfc5280::ID_CE_SUBJECT_ALT_NAME).is_none();
    (certificate.subject.is_empty() && needed).then_some(Forbidden::EmptySubject)
}

/// §4.2.1.6: at least one name, and critical where it is all there is to identify the subject.
fn alt_name(certificate: &Certificate) -> Option<Forbidden> {
    let critical = extension(certificate, rfc5280::ID_CE_SUBJECT_ALT_NAME)?;
    // One that is there and could not be read is an anomaly.
    let content = &certificate.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME)?.value;
    if *content == [0x30, 0x00] {
        Some(Forbidden::EmptyAltName)
    } else {
        (certificate.subject.is_empty() && !critical).then_some(Forbidden::AltNameNotCritical)
    }
}

/// §4.2.1.9: critical in every CA.
fn basic_constraints(certificate: &Certificate) -> Option<Forbidden> {
    let critical = extension(certificate, rfc5280::ID_CE_BASIC_CONSTRAINTS)?;
    (certificate.is_ca() && !critical).then_some(Forbidden::BasicConstraintsNotCritical)
}

/// §4.2.1.9: only with cA, and only where keyUsage has keyCertSign.
fn path_length(certificate: &Certificate) -> Option<Forbidden> {
    let constraints = certificate.basic_constraints?;
    constraints.path_len?;
    let signs = certificate.usages.key.contains(&KeyUsage::CertSign);
    (!constraints.ca || !signs).then_some(Forbidden::PathLengthWithoutAuthority)
}

/// §4.2.1.3: every CA has it, critical; a bit is set in it; keyCertSign only in a CA.
fn key_usage(certificate: &Certificate) -> Option<Forbidden> {
    let usages = &certificate.usages.key;
    match extension(certificate, rfc5280::ID_CE_KEY_USAGE) {
        None => certificate.is_ca().then_some(Forbidden::KeyUsageMissing),
        Some(_) if usages.is_empty() => Some(Forbidden::EmptyKeyUsage),
        Some(false) if certificate.is_ca() => Some(Forbidden::KeyUsageNotCritical),
        Some(_) => (!certificate.is_ca() && usages.contains(&KeyUsage::CertSign))
            .then_some(Forbidden::CertSignWithoutAuthority),
    }
}

/// §4.2.1.12: `SEQUENCE SIZE (1..MAX)`.
fn extended_key_usage(certificate: &Certificate) -> Option<Forbidden> {
    extension(certificate, rfc5280::ID_CE_EXT_KEY_USAGE)?;
    certificate.usages.extended.is_empty().then_some(Forbidden::EmptyExtendedKeyUsage)
}

/// §4.2.1.10: only in a CA, and critical.
fn name_constraints(certificate: &Certificate) -> Option<Forbidden> {
    match extension(certificate, rfc5280::ID_CE_NAME_CONSTRAINTS)? {
        _ if !certificate.is_ca() => Some(Forbidden::NameConstraintsWithoutAuthority),
        critical => (!critical).then_some(Forbidden::NameConstraintsNotCritical),
    }
}

/// §4.2.1.2: in every CA.
fn subject_key(certificate: &Certificate) -> Option<Forbidden> {
    let missing = certificate.is_ca() && certificate.subject_key_identifier.is_none();
    missing.then_some(Forbidden::SubjectKeyMissing)
}

/// §4.2.1.1: with keyIdentifier, in everything but what signed itself.
fn authority_key(certificate: &Certificate) -> Option<Forbidden> {
    let missing = certificate.authority_key_identifier.is_none() && !certificate.is_self_issued();
    missing.then_some(Forbidden::AuthorityKeyMissing)
}

/// §4.2.1.1: authorityKeyIdentifier of a certificate is subjectKeyIdentifier of its issuer.
pub(super) fn key_identifiers(certificate: &Certificate, issuer: &Certificate) -> Option<Fault> {
    let (named, has) =
        (certificate.authority_key_identifier.as_ref()?, issuer.subject_key_identifier.as_ref()?);
    let fault = || Forbidden::AuthorityKeyMismatch { named: named.clone(), has: has.clone() };
    (named != has).then(|| Fault::Forbidden(fault()))
}

/// Whether the extension is critical, if it is there.
fn extension(certificate: &Certificate, oid: ObjectIdentifier) -> Option<bool> {
    certificate.extension(oid).map(|extension| extension.critical)
}

impl Forbidden {
    /// A word for machines. It never changes its meaning.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().0
    }

    /// The section that forbids it.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.row().1
    }

    fn row(&self) -> (&'static str, &'static str) {
        match self {
            Self::AnchorNotSelfSigned => ("anchor-not-self-signed", "RFC 5280 §6.1.1 (d)"),
            Self::AuthorityKeyMismatch { .. } => ("authority-key-mismatch", "RFC 5280 §4.2.1.1"),
            Self::AuthorityKeyMissing => ("authority-key-missing", "RFC 5280 §4.2.1.1"),
            Self::BasicConstraintsNotCritical => ("basic-constraints-not-critical", "RFC 5280 §4.2.1.9"),
            Self::CertSignWithoutAuthority => ("cert-sign-without-authority", "RFC 5280 §4.2.1.3"),
            Self::EmptyAltName => ("empty-alt-name", "RFC 5280 §4.2.1.6"),
            Self::EmptyIssuer => ("empty-issuer", "RFC 5280 §4.1.2.4"),
            Self::EmptyExtendedKeyUsage => ("empty-extended-key-usage", "RFC 5280 §4.2.1.12"),
            Self::EmptyKeyUsage => ("empty-key-usage", "RFC 5280 §4.2.1.3"),
            Self::EmptySubject => ("empty-subject", "RFC 5280 §4.1.2.6"),
            Self::AltNameNotCritical => ("alt-name-not-critical", "RFC 5280 §4.2.1.6"),
            Self::KeyUsageNotCritical => ("key-usage-not-critical", "RFC 5280 §4.2.1.3"),
            Self::KeyUsageMissing => ("key-usage-missing", "RFC 5280 §4.2.1.3"),
            Self::NameConstraintsNotCritical => ("name-constraints-not-critical", "RFC 5280 §4.2.1.10"),
            Self::NameConstraintsWithoutAuthority => {
                ("name-constraints-without-authority", "RFC 5280 §4.2.1.10")
            }
            Self::PathLengthWithoutAuthority => ("path-length-without-authority", "RFC 5280 §4.2.1.9"),
            Self::SerialNumber { .. } => ("serial-number", "RFC 5280 §4.1.2.2"),
            Self::SubjectKeyMissing => ("subject-key-missing", "RFC 5280 §4.2.1.2"),
            Self::Version(_) => ("version", "RFC 5280 §4.1.2.1"),
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnchorNotSelfSigned => "ends the path, but is not signed by itself",
            Self::AuthorityKeyMismatch { named, has } => {
                return write!(
                    f,
                    "names the key {} as its issuer's, whose own name for it is {}",
                    hex(named),
                    hex(has)
                );
            }
            Self::AuthorityKeyMissing => "has no authority key identifier",
            Self::BasicConstraintsNotCritical => "is a CA whose basic constraints are not critical",
            Self::CertSignWithoutAuthority => "may sign certificates by its key usage, but is no CA",
            Self::EmptyAltName => "has alternative names that are none",
            Self::EmptyIssuer => "has an issuer without a name",
            Self::EmptyExtendedKeyUsage => "has an extended key usage without a purpose",
            Self::EmptyKeyUsage => "has a key usage without a use",
            Self::EmptySubject => "has a subject without a name",
            Self::AltNameNotCritical => {
                "has a subject without a name, and alternative names that are not critical"
            }
            Self::KeyUsageNotCritical => "is a CA whose key usage is not critical",
            Self::KeyUsageMissing => "is a CA without key usage",
            Self::NameConstraintsNotCritical => "has name constraints that are not critical",
            Self::NameConstraintsWithoutAuthority => "has name constraints, but is no CA",
            Self::PathLengthWithoutAuthority => "has a path length, but does not sign certificates",
            Self::SerialNumber { octets } if octets.len() > 20 => {
                "has a serial number of more than 20 octets"
            }
            Self::SerialNumber { octets } => {
                return write!(f, "has the serial number {}, which is not positive", hex(octets));
            }
            Self::SubjectKeyMissing => "is a CA without subject key identifier",
            Self::Version(version) => {
                return write!(f, "signs certificates, but has version {version} and not 3");
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::SubjectAltName;
    use crate::x509::forge::{Forge, key, validity, wrap};

    #[test]
    fn each_section_refuses_what_it_forbids() {
        let key = key();
        let leaf = || Forge::new("leaf", "ca", key.public_key()).dns("leaf").authority_key_identifier(&[1]);
        let ca = || Forge::ca("ca", "ca", key.public_key());
        let basic = rfc5280::ID_CE_BASIC_CONSTRAINTS;
        let usage = rfc5280::ID_CE_KEY_USAGE;
        let constraints = rfc5280::ID_CE_NAME_CONSTRAINTS;
        let permits_a = [0x30, 0x07, 0xa0, 0x05, 0x30, 0x03, 0x82, 0x01, b'a'];
        let serial = |octets: &[u8]| {
            let mut forge = leaf();
            forge.serial = wrap(0x02, octets);
            forge
        };
        let unnamed = |mut forge: Forge| {
            forge.subject = vec![0x30, 0x00];
            forge
        };
        let mut no_issuer = leaf();
        no_issuer.issuer = vec![0x30, 0x00];
        let mut minutes = leaf();
        minutes.validity = validity("2601010000Z", "301231235959Z");
        let mut v1 = ca();
        (v1.version, v1.extensions) = (Vec::new(), Vec::new());
        let alt_name = |critical| {
            let names = crate::x509::alt_name::encode(&[SubjectAltName::Dns("a".to_owned())]).unwrap();
            let forge = Forge::new("", "ca", key.public_key()).authority_key_identifier(&[1]);
            forge.extension(rfc5280::ID_CE_SUBJECT_ALT_NAME, critical, &names)
        };
        for (forge, codes) in [
            (leaf(), vec![]),
            (ca(), vec![]),
            (serial(&[0]), vec!["serial-number"]),
            (serial(&[0xff]), vec!["serial-number"]),
            (serial(&[1; 20]), vec![]),
            (serial(&[1; 21]), vec!["serial-number"]),
            (no_issuer, vec!["empty-issuer"]),
            (unnamed(ca()), vec!["empty-subject", "authority-key-missing"]),
            (
                unnamed(Forge::new("", "ca", key.public_key()).authority_key_identifier(&[1])),
                vec!["empty-subject"],
            ),
            (alt_name(true), vec![]),
            (alt_name(false), vec!["alt-name-not-critical"]),
            (
                leaf().without(rfc5280::ID_CE_SUBJECT_ALT_NAME).extension(
                    rfc5280::ID_CE_SUBJECT_ALT_NAME,
                    false,
                    &[0x30, 0x00],
                ),
                vec!["empty-alt-name"],
            ),
            (
                ca().without(basic).extension(basic, false, &[0x30, 0x03, 0x01, 0x01, 0xff]),
                vec!["basic-constraints-not-critical"],
            ),
            (
                leaf().extension(basic, true, &[0x30, 0x03, 0x02, 0x01, 0x00]),
                vec!["path-length-without-authority"],
            ),
            (ca().without(usage), vec!["key-usage-missing"]),
            (
                ca().without(usage).extension(usage, false, &[0x03, 0x02, 0x02, 0x04]),
                vec!["key-usage-not-critical"],
            ),
            (leaf().extension(usage, true, &[0x03, 0x01, 0x00]), vec!["empty-key-usage"]),
            (leaf().key_usage(&[KeyUsage::CertSign]), vec!["cert-sign-without-authority"]),
            (
                leaf().extension(rfc5280::ID_CE_EXT_KEY_USAGE, false, &[0x30, 0x00]),
                vec!["empty-extended-key-usage"],
            ),
            (leaf().extension(constraints, true, &permits_a), vec!["name-constraints-without-authority"]),
            (ca().extension(constraints, false, &permits_a), vec!["name-constraints-not-critical"]),
            (ca().without(rfc5280::ID_CE_SUBJECT_KEY_IDENTIFIER), vec!["subject-key-missing"]),
            (leaf().without(rfc5280::ID_CE_AUTHORITY_KEY_IDENTIFIER), vec!["authority-key-missing"]),
            (minutes, vec!["anomaly"]),
            (v1, vec!["version"]),
        ] {
            let certificate = forge.sign(&key);
            let faults = strict(&certificate, certificate.subject.common_name() == Some("ca"));
            let told: Vec<&str> = faults.iter().map(Fault::code).collect();
            assert_eq!(told, codes);
            assert!(
                faults.iter().all(|fault| fault.section().contains('§') && !fault.to_string().is_empty())
            );
        }
    }

    #[test]
    fn a_key_that_is_named_is_the_issuers() {
        let key = key();
        let ca = Forge::ca("ca", "ca", key.public_key()).sign(&key);
        let leaf = |identifier: &[u8]| {
            Forge::new("leaf", "ca", key.public_key()).authority_key_identifier(identifier).sign(&key)
        };
        assert_eq!(key_identifiers(&leaf(&key.public_key().identifier()), &ca), None);
        let fault = key_identifiers(&leaf(&[1, 2]), &ca).unwrap();
        assert_eq!(fault.code(), "authority-key-mismatch");
    }
}
