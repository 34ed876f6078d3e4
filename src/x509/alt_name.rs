//! Subject alternative names (RFC 5280 §4.2.1.6).

use std::fmt;
use std::net::IpAddr;

use der::asn1::{Ia5String, OctetString};
use der::{Decode, Encode};
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};

use super::Error;

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
    let mut seen = std::collections::HashSet::new();
    addresses.retain(|address| seen.insert(address.clone()));
    dns.append(&mut addresses);
    dns
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
/// When it does not decode, or an address has neither four nor sixteen octets.
pub fn decode(der: &[u8]) -> Result<Vec<SubjectAltName>, Error> {
    GeneralNames::from_der(der)
        .map_err(Error::der(WHAT))?
        .into_iter()
        .map(|name| {
            Ok(match name {
                GeneralName::DnsName(name) => SubjectAltName::Dns(name.to_string()),
                GeneralName::IpAddress(octets) => SubjectAltName::ip(address(&octets)?),
                GeneralName::Rfc822Name(name) => SubjectAltName::Email(name.to_string()),
                GeneralName::UniformResourceIdentifier(uri) => SubjectAltName::Uri(uri.to_string()),
                GeneralName::OtherName(_) => SubjectAltName::Other("other name"),
                GeneralName::DirectoryName(_) => SubjectAltName::Other("directory name"),
                GeneralName::EdiPartyName(_) => SubjectAltName::Other("EDI party name"),
                GeneralName::RegisteredId(_) => SubjectAltName::Other("registered id"),
            })
        })
        .collect()
}

fn address(octets: &OctetString) -> Result<IpAddr, Error> {
    let octets = octets.as_bytes();
    <[u8; 4]>::try_from(octets)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from))
        .map_err(|_| Error::Malformed {
            what: WHAT,
            problem: "an IP address in it has neither 4 nor 16 octets",
        })
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
    fn an_address_of_five_octets_is_refused() {
        assert!(decode(&[0x30, 0x07, 0x87, 0x05, 1, 2, 3, 4, 5]).is_err());
    }
}
