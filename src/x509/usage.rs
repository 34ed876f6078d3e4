//! Key usages and extended key usages by the names that certificates.k8s.io gives them.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280;
use der::asn1::BitStringRef;
use der::{Decode, Encode};
use x509_cert::der::flagset::FlagSet;
use x509_cert::ext::pkix;
use x509_cert::ext::pkix::KeyUsages;

use super::Error;

/// One bit of keyUsage (RFC 5280 §4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum KeyUsage {
    DigitalSignature,
    ContentCommitment,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    CertSign,
    CrlSign,
    EncipherOnly,
    DecipherOnly,
}

/// One purpose of extKeyUsage (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are those of the RFC")]
pub enum ExtendedKeyUsage {
    ServerAuth,
    ClientAuth,
    CodeSigning,
    EmailProtection,
    IpsecEndSystem,
    IpsecTunnel,
    IpsecUser,
    TimeStamping,
    OcspSigning,
    MicrosoftSgc,
    NetscapeSgc,
    Any,
    /// A purpose that has no name here.
    Other(ObjectIdentifier),
}

/// What a key may be used for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usages {
    /// The bits of keyUsage; none means that the extension is absent.
    pub key: Vec<KeyUsage>,
    /// The purposes of extKeyUsage in their order; none means that the extension is absent.
    pub extended: Vec<ExtendedKeyUsage>,
}

impl KeyUsage {
    const TABLE: [(&'static str, Self, KeyUsages); 9] = [
        ("digital signature", Self::DigitalSignature, KeyUsages::DigitalSignature),
        ("content commitment", Self::ContentCommitment, KeyUsages::NonRepudiation),
        ("key encipherment", Self::KeyEncipherment, KeyUsages::KeyEncipherment),
        ("data encipherment", Self::DataEncipherment, KeyUsages::DataEncipherment),
        ("key agreement", Self::KeyAgreement, KeyUsages::KeyAgreement),
        ("cert sign", Self::CertSign, KeyUsages::KeyCertSign),
        ("crl sign", Self::CrlSign, KeyUsages::CRLSign),
        ("encipher only", Self::EncipherOnly, KeyUsages::EncipherOnly),
        ("decipher only", Self::DecipherOnly, KeyUsages::DecipherOnly),
    ];

    /// Every usage with its name.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        Self::TABLE.into_iter().map(|(name, usage, _)| (name, usage))
    }
}

impl ExtendedKeyUsage {
    const TABLE: [(&'static str, Self, ObjectIdentifier); 12] = [
        ("server auth", Self::ServerAuth, rfc5280::ID_KP_SERVER_AUTH),
        ("client auth", Self::ClientAuth, rfc5280::ID_KP_CLIENT_AUTH),
        ("code signing", Self::CodeSigning, rfc5280::ID_KP_CODE_SIGNING),
        ("email protection", Self::EmailProtection, rfc5280::ID_KP_EMAIL_PROTECTION),
        ("ipsec end system", Self::IpsecEndSystem, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.5")),
        ("ipsec tunnel", Self::IpsecTunnel, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.6")),
        ("ipsec user", Self::IpsecUser, ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.7")),
        ("timestamping", Self::TimeStamping, rfc5280::ID_KP_TIME_STAMPING),
        ("ocsp signing", Self::OcspSigning, rfc5280::ID_KP_OCSP_SIGNING),
        ("microsoft sgc", Self::MicrosoftSgc, ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.3")),
        ("netscape sgc", Self::NetscapeSgc, ObjectIdentifier::new_unwrap("2.16.840.1.113730.4.1")),
        ("any", Self::Any, rfc5280::ANY_EXTENDED_KEY_USAGE),
    ];

    /// Every purpose that has a name.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        Self::TABLE.into_iter().map(|(name, usage, _)| (name, usage))
    }

    fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Other(oid) => oid,
            _ => Self::TABLE
                .into_iter()
                .find(|(_, usage, _)| *usage == self)
                .map_or(rfc5280::ANY_EXTENDED_KEY_USAGE, |(_, _, oid)| oid),
        }
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::all().find(|(_, usage)| usage == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl fmt::Display for ExtendedKeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Self::all().find(|(_, usage)| usage == self)) {
            (Self::Other(oid), _) => write!(f, "{oid}"),
            (_, name) => f.write_str(name.map_or("", |(name, _)| name)),
        }
    }
}

impl fmt::Display for Usages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

impl Usages {
    /// The usages' names, bits first.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let bits = self.key.iter().map(ToString::to_string);
        bits.chain(self.extended.iter().map(ToString::to_string)).collect()
    }

    /// Whether both allow the same, whatever the order.
    #[must_use]
    pub fn allows_same(&self, other: &Self) -> bool {
        fn sorted<T: Copy + Ord>(usages: &[T]) -> Vec<T> {
            let mut usages = usages.to_vec();
            usages.sort_unstable();
            usages.dedup();
            usages
        }
        sorted(&self.key) == sorted(&other.key) && sorted(&self.extended) == sorted(&other.extended)
    }
}

/// The content of keyUsage.
///
/// # Errors
/// Never for the usages of this program; the encoder's error is passed on.
pub fn encode_key_usage(usages: &[KeyUsage]) -> Result<Vec<u8>, Error> {
    let flags = KeyUsage::TABLE
        .into_iter()
        .filter(|(_, usage, _)| usages.contains(usage))
        .fold(FlagSet::<KeyUsages>::default(), |flags, (_, _, flag)| flags | flag);
    pkix::KeyUsage(flags).to_der().map_err(Error::der("keyUsage"))
}

/// Reads the content of keyUsage.
///
/// # Errors
/// When it is not a bit string.
pub fn decode_key_usage(der: &[u8]) -> Result<Vec<KeyUsage>, Error> {
    // The table has the order of the bits; what comes after the ninth means nothing.
    let bits = BitStringRef::from_der(der).map_err(Error::der("keyUsage"))?.bits();
    let set = KeyUsage::all().zip(bits).filter(|(_, bit)| *bit);
    Ok(set.map(|((_, usage), _)| usage).collect())
}

/// The content of extKeyUsage, in the order given.
///
/// # Errors
/// Never for the usages of this program; the encoder's error is passed on.
pub fn encode_extended(usages: &[ExtendedKeyUsage]) -> Result<Vec<u8>, Error> {
    pkix::ExtendedKeyUsage(usages.iter().map(|usage| usage.oid()).collect())
        .to_der()
        .map_err(Error::der("extKeyUsage"))
}

/// Reads the content of extKeyUsage.
///
/// # Errors
/// When it is not a sequence of object identifiers.
pub fn decode_extended(der: &[u8]) -> Result<Vec<ExtendedKeyUsage>, Error> {
    let oids = pkix::ExtendedKeyUsage::from_der(der).map_err(Error::der("extKeyUsage"))?.0;
    Ok(oids
        .into_iter()
        .map(|oid| {
            ExtendedKeyUsage::TABLE
                .into_iter()
                .find(|(_, _, known)| *known == oid)
                .map_or(ExtendedKeyUsage::Other(oid), |(_, usage, _)| usage)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octets_are_kubeadms() {
        let leaf = [KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment];
        assert_eq!(encode_key_usage(&leaf).unwrap(), [0x03, 0x02, 0x05, 0xa0]);
        let ca = [KeyUsage::CertSign, KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment];
        assert_eq!(encode_key_usage(&ca).unwrap(), [0x03, 0x02, 0x02, 0xa4]);
    }

    #[test]
    fn every_usage_survives_a_round_trip() {
        for (_, usage) in KeyUsage::all() {
            assert_eq!(decode_key_usage(&encode_key_usage(&[usage]).unwrap()).unwrap(), [usage]);
        }
        let other = ExtendedKeyUsage::Other(ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.10.3.4"));
        for usage in ExtendedKeyUsage::all().map(|(_, usage)| usage).chain([other]) {
            assert_eq!(decode_extended(&encode_extended(&[usage]).unwrap()).unwrap(), [usage]);
        }
    }
}
