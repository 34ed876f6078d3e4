//! Subject alternative names (RFC 5280 §4.2.1.6).

use std::collections::HashSet;
use std::net::IpAddr;
use std::str::FromStr;
use std::{fmt, mem};

use der::asn1::Ia5String;
use der::{Encode, Tag};
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};

use super::anomaly::AltNameFault;
use super::der::{children, tagged};
use super::{Anomaly, Error};

const WHAT: &str = "subjectAltName";

/// One name that a certificate speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectAltName {
    /// A DNS name, perhaps with a leading `*.`.
    Dns(String),
    /// An IP address; an IPv4-mapped IPv6 address is its IPv4 address, as in Go.
    Ip(IpAddr),
    /// An e-mail address.
    Email(String),
    /// A URI.
    Uri(String),
    /// Anything else, by the name of its kind.
    Other(&'static str),
}

impl SubjectAltName {
    /// An address in its canonical form.
    #[must_use]
    pub fn ip(address: IpAddr) -> Self {
        Self::Ip(address.to_canonical())
    }
}

/// The text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a DNS name, an address, an e-mail address or a URI")]
pub struct NotAnAltName;

/// An address, a URI (`spiffe://…`), an e-mail address, else a DNS name of ASCII, perhaps with a leading `*.` (RFC 6125
/// §6.4.3): what cfssl takes for which (`csr.go`, `Generate`), with the letters held to RFC 1123 and `_`.
impl FromStr for SubjectAltName {
    type Err = NotAnAltName;

    fn from_str(text: &str) -> Result<Self, NotAnAltName> {
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        let label = |label: &str| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            (1..=63).contains(&label.len()) && label.bytes().all(letter) && !label.starts_with('-')
        };
        let domain = |text: &str| text.len() <= 253 && text.split('.').all(label);
        if let Ok(address) = text.parse() {
            return Ok(Self::ip(address));
        }
        match (text.split_once("://"), text.split_once('@')) {
            (Some((scheme, rest)), _) if label(scheme) && visible(rest) => Ok(Self::Uri(text.to_owned())),
            (None, Some((local, host))) if visible(local) && domain(host) => Ok(Self::Email(text.to_owned())),
            (None, None) if domain(text.strip_prefix("*.").unwrap_or(text)) => Ok(Self::Dns(text.to_owned())),
            _ => Err(NotAnAltName),
        }
    }
}

/// The name alone, as it stands in a list of names.
impl fmt::Display for SubjectAltName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) | Self::Email(name) | Self::Uri(name) => {
                write!(f, "{}", name.escape_debug())
            }
            Self::Ip(address) => write!(f, "{address}"),
            Self::Other(kind) => write!(f, "({kind})"),
        }
    }
}

/// Puts names into the order that kubeadm and Go give them: DNS names without repeats and sorted by their bytes, then
/// addresses without repeats in the order in which they came.
#[must_use]
pub fn ordered(names: impl IntoIterator<Item = SubjectAltName>) -> Vec<SubjectAltName> {
    let (mut addresses, mut dns): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| matches!(name, SubjectAltName::Ip(_)));
    dns.sort_unstable();
    dns.dedup();
    let mut seen = HashSet::new();
    addresses.retain(|address| seen.insert(address.clone()));
    dns.append(&mut addresses);
    dns
}

/// The names that are not among others, in their order.
#[must_use]
pub fn lacking<'a>(names: &'a [SubjectAltName], others: &[SubjectAltName]) -> Vec<&'a SubjectAltName> {
    let others: HashSet<&SubjectAltName> = others.iter().collect();
    names.iter().filter(|name| !others.contains(name)).collect()
}

/// The extension's content.
///
/// # Errors
/// When a DNS name, e-mail address or URI is not ASCII.
pub fn encode(names: &[SubjectAltName]) -> Result<Vec<u8>, Error> {
    let text = |text: &str| Ia5String::new(text).map_err(Error::der(WHAT));
    names
        .iter()
        .map(|name| {
            Ok(match name {
                SubjectAltName::Dns(name) => GeneralName::DnsName(text(name)?),
                SubjectAltName::Ip(address) => GeneralName::from(*address),
                SubjectAltName::Email(name) => GeneralName::Rfc822Name(text(name)?),
                SubjectAltName::Uri(uri) => GeneralName::UniformResourceIdentifier(text(uri)?),
                SubjectAltName::Other(_) => {
                    return Err(Error::Malformed {
                        what: WHAT,
                        problem: "holds a name of a kind that cannot be written",
                    });
                }
            })
        })
        .collect::<Result<GeneralNames, Error>>()?
        .to_der()
        .map_err(Error::der(WHAT))
}

/// Reads the extension's content.
///
/// # Errors
/// When it does not decode, a name in it is not ASCII, or an address has neither four nor sixteen octets.
pub fn decode(der: &[u8]) -> Result<Vec<SubjectAltName>, Error> {
    let (names, faults) = read(der)?;
    // An address that is written as IPv6 is what Go wrote for long.
    match faults.into_iter().find(|fault| *fault != AltNameFault::MappedAddress) {
        Some(fault) => Err(Error::Anomalous { what: WHAT, anomaly: Box::new(Anomaly::AltName(fault)) }),
        None => Ok(names),
    }
}

/// Reads the extension's content as far as it can be read; of each kind of fault the first is told.
pub(super) fn read(der: &[u8]) -> Result<(Vec<SubjectAltName>, Vec<AltNameFault>), Error> {
    let mut faults: Vec<AltNameFault> = Vec::new();
    let parts = children(der, Tag::Sequence, WHAT)?;
    let mut names = Vec::with_capacity(parts.len());
    for name in parts {
        let (tag, content) = tagged(name, WHAT)?;
        let (name, fault) = general_name(tag, content);
        names.extend(name);
        let is_new = |fault: &AltNameFault| {
            !faults.iter().any(|known| mem::discriminant(known) == mem::discriminant(fault))
        };
        faults.extend(fault.filter(is_new));
    }
    Ok((names, faults))
}

/// A `GeneralName` by its tag.
fn general_name(tag: u8, content: &[u8]) -> (Option<SubjectAltName>, Option<AltNameFault>) {
    let text = |name: fn(String) -> SubjectAltName, kind| match std::str::from_utf8(content) {
        Ok(text) if text.is_ascii() => (Some(name(text.to_owned())), None),
        _ => (None, Some(AltNameFault::NotAscii(kind))),
    };
    let other = |kind| (Some(SubjectAltName::Other(kind)), None);
    match tag {
        0x81 => text(SubjectAltName::Email, "an e-mail address"),
        0x82 => text(SubjectAltName::Dns, "a DNS name"),
        0x86 => text(SubjectAltName::Uri, "a URI"),
        0x87 => match address(content) {
            Some(address) => {
                let name = SubjectAltName::ip(address);
                let is_mapped = name != SubjectAltName::Ip(address);
                (Some(name), is_mapped.then_some(AltNameFault::MappedAddress))
            }
            None => (None, Some(AltNameFault::AddressLength(content.len()))),
        },
        0xa0 => other("other name"),
        0xa3 => other("X.400 address"),
        0xa4 => other("directory name"),
        0xa5 => other("EDI party name"),
        0x88 => other("registered id"),
        _ => (None, Some(AltNameFault::UnknownKind { tag })),
    }
}

/// An address of four or sixteen octets.
pub(super) fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dns(name: &str) -> SubjectAltName {
        SubjectAltName::Dns(name.into())
    }

    fn ip(address: &str) -> SubjectAltName {
        SubjectAltName::ip(address.parse().unwrap())
    }

    #[test]
    fn dns_names_are_sorted_and_addresses_are_not() {
        let names = ordered([
            ip("192.0.2.9"),
            dns("kubernetes"),
            dns("cp1"),
            ip("10.0.0.1"),
            ip("::ffff:10.0.0.1"),
            dns("kubernetes"),
            dns("*.wild.example.com"),
        ]);
        assert_eq!(
            names,
            [dns("*.wild.example.com"), dns("cp1"), dns("kubernetes"), ip("192.0.2.9"), ip("10.0.0.1")]
        );
    }

    #[test]
    fn names_survive_a_round_trip() {
        let names = vec![
            dns("cp1"),
            ip("10.96.0.1"),
            ip("2001:db8::1"),
            SubjectAltName::Email("a@example.com".into()),
            SubjectAltName::Uri("spiffe://x/y".into()),
        ];
        assert_eq!(decode(&encode(&names).unwrap()).unwrap(), names);
        assert!(encode(&[dns("müller")]).is_err());
    }

    #[test]
    fn what_is_no_name_is_passed_over_and_told_once() {
        let five = [0x87, 0x05, 1, 2, 3, 4, 5];
        let mapped = [&[0x87, 0x10][..], &[0; 10], &[0xff, 0xff, 192, 0, 2, 1]].concat();
        let good = [0x82, 0x01, b'a'];
        for (elements, names, fault) in [
            (&[&five[..], &good, &five][..], vec![dns("a")], AltNameFault::AddressLength(5)),
            (&[&mapped], vec![ip("192.0.2.1")], AltNameFault::MappedAddress),
            (&[&[0x82, 0x02, 0xc3, 0xbc]], vec![], AltNameFault::NotAscii("a DNS name")),
            (&[&[0x89, 0x00], &good], vec![dns("a")], AltNameFault::UnknownKind { tag: 0x89 }),
        ] {
            let der = super::super::der::sequence(elements, "test").unwrap();
            assert_eq!(read(&der).unwrap(), (names.clone(), vec![fault]));
            assert_eq!(decode(&der).is_ok(), fault == AltNameFault::MappedAddress, "{fault}");
        }
        assert!(read(&[0x30, 0x02, 0x82, 0x05]).is_err());
    }
}
