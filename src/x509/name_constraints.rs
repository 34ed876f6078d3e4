//! nameConstraints (RFC 5280 §4.2.1.10) as it stands. What it permits is judged elsewhere.

use std::fmt;

use der::asn1::{Ia5String, OctetString};
use der::{Encode, Tag};
use ipnet::IpNet;
use x509_cert::ext::pkix;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;

use super::alt_name::address;
use super::der::{children, elements, tagged};
use super::{Error, Name};

const WHAT: &str = "nameConstraints";

/// The names that a CA may, and may not, certify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameConstraints {
    /// A name of a kind that stands here must be in one of the subtrees of its kind.
    pub permitted: Vec<Subtree>,
    /// A name must be in none of these.
    pub excluded: Vec<Subtree>,
}

/// Some of the names of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// The top of the subtree.
    pub base: Base,
    /// Whether it has a minimum or maximum, which RFC 5280 gives no meaning.
    pub has_distances: bool,
}

/// The top of a subtree, which is a name or a pattern of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A domain: itself and all below; with a leading `.` only those below, as Go and OpenSSL read it.
    Dns(String),
    /// A mailbox, all mailboxes of a host, or with a leading `.` of the hosts below a domain.
    Email(String),
    /// A host, or with a leading `.` the hosts below a domain.
    Uri(String),
    /// A range of addresses.
    Ip(IpNet),
    /// All names that begin with these relative names.
    Directory(Name),
    /// A subtree of a kind that is not decided here, by its tag and the name of its kind.
    Other {
        /// The tag of names of this kind.
        tag: u8,
        /// What they are called.
        kind: &'static str,
    },
}

impl NameConstraints {
    /// Reads the extension's content.
    ///
    /// # Errors
    /// When it does not decode, is empty, or a subtree in it means nothing: an address without a prefix, a domain that
    /// is none. What means nothing cannot be obeyed; Go refuses it too (`parseNameConstraintsExtension`).
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let mut constraints = Self { permitted: Vec::new(), excluded: Vec::new() };
        let mut last = None;
        for part in children(der, Tag::Sequence, WHAT)? {
            let tag = part.first().copied();
            let list = match tag {
                Some(0xa0) if last.is_none() => &mut constraints.permitted,
                Some(0xa1) if last != Some(0xa1) => &mut constraints.excluded,
                _ => return Err(malformed("has an unknown part")),
            };
            last = tag;
            *list = subtrees(part)?;
        }
        if last.is_none() { Err(malformed("is empty")) } else { Ok(constraints) }
    }

    /// The extension's content.
    ///
    /// # Errors
    /// When a domain is not ASCII, or a base is of a kind that is not written here: domains and address ranges are.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        let list = |subtrees: &[Subtree]| -> Result<Option<Vec<GeneralSubtree>>, Error> {
            let all = subtrees.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
            Ok(Some(all).filter(|all| !all.is_empty()))
        };
        let constraints = pkix::NameConstraints {
            permitted_subtrees: list(&self.permitted)?,
            excluded_subtrees: list(&self.excluded)?,
        };
        constraints.to_der().map_err(Error::der(WHAT))
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(domain) => write!(f, "DNS:{}", domain.escape_debug()),
            Self::Email(domain) => write!(f, "email:{}", domain.escape_debug()),
            Self::Uri(domain) => write!(f, "URI:{}", domain.escape_debug()),
            Self::Ip(range) => write!(f, "IP:{range}"),
            Self::Directory(name) => write!(f, "{name}"),
            Self::Other { kind, .. } => write!(f, "({kind})"),
        }
    }
}

fn encode(subtree: &Subtree) -> Result<GeneralSubtree, Error> {
    let ia5 = |text: &str| Ia5String::new(text).map_err(Error::der(WHAT));
    let base = match &subtree.base {
        Base::Dns(domain) => GeneralName::DnsName(ia5(domain)?),
        Base::Email(domain) => GeneralName::Rfc822Name(ia5(domain)?),
        Base::Uri(domain) => GeneralName::UniformResourceIdentifier(ia5(domain)?),
        Base::Ip(range) => {
            // RFC 5280 §4.2.1.10: address and mask, one after the other.
            let octets = match range {
                IpNet::V4(net) => [net.network().octets(), net.netmask().octets()].concat(),
                IpNet::V6(net) => [net.network().octets(), net.netmask().octets()].concat(),
            };
            GeneralName::IpAddress(OctetString::new(octets).map_err(Error::der(WHAT))?)
        }
        Base::Directory(_) | Base::Other { .. } => return Err(malformed("has a base that is not written")),
    };
    Ok(GeneralSubtree { base, minimum: 0, maximum: None })
}

fn malformed(problem: &'static str) -> Error {
    Error::Malformed { what: WHAT, problem }
}

/// `[0]` or `[1] IMPLICIT SEQUENCE SIZE (1..MAX) OF GeneralSubtree`
fn subtrees(der: &[u8]) -> Result<Vec<Subtree>, Error> {
    let (_, body) = tagged(der, WHAT)?;
    let subtrees = elements(body, WHAT)?.into_iter().map(subtree).collect::<Result<Vec<_>, _>>()?;
    if subtrees.is_empty() { Err(malformed("has an empty list")) } else { Ok(subtrees) }
}

/// `SEQUENCE { base GeneralName, minimum [0] DEFAULT 0, maximum [1] OPTIONAL }`
fn subtree(der: &[u8]) -> Result<Subtree, Error> {
    let parts = children(der, Tag::Sequence, WHAT)?;
    let (base, distances) = parts.split_first().ok_or_else(|| malformed("has a subtree without a base"))?;
    // A minimum of zero is the default and says nothing.
    let has_distances = distances.iter().any(|distance| *distance != [0x80, 0x01, 0x00]);
    let (tag, content) = tagged(base, WHAT)?;
    let base = match tag {
        0x81 => Base::Email(domain(content, true)?),
        0x82 => Base::Dns(domain(content, false)?),
        0x86 => Base::Uri(domain(content, false)?),
        0x87 => Base::Ip(range(content)?),
        // directoryName is a CHOICE, so its tag is explicit.
        0xa4 => Base::Directory(Name::from_der(content)?),
        0xa0 => Base::Other { tag, kind: "other name" },
        0xa3 => Base::Other { tag, kind: "X.400 address" },
        0xa5 => Base::Other { tag, kind: "EDI party name" },
        0x88 => Base::Other { tag, kind: "registered id" },
        _ => return Err(malformed("has a subtree of an unknown kind")),
    };
    Ok(Subtree { base, has_distances })
}

/// A domain, perhaps with a leading dot, perhaps empty (which holds all); before an `@` whatever stands in a mailbox.
fn domain(content: &[u8], mailbox: bool) -> Result<String, Error> {
    let text =
        std::str::from_utf8(content).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
    let text = text.ok_or_else(|| malformed("has a domain that is not ASCII"))?;
    let domain = match text.rsplit_once('@') {
        Some((local, domain)) if mailbox && !local.is_empty() && !domain.starts_with('.') => domain,
        Some(_) => return Err(malformed("has a mailbox that is none")),
        None => text.strip_prefix('.').unwrap_or(text),
    };
    if domain.split('.').any(str::is_empty) && !text.is_empty() {
        return Err(malformed("has a domain with an empty label"));
    }
    Ok(text.to_owned())
}

/// An address and a mask, which must be a prefix (RFC 4632).
fn range(content: &[u8]) -> Result<IpNet, Error> {
    let (base, mask) = content.split_at(content.len() / 2);
    let (Some(base), Some(mask)) = (address(base), address(mask)) else {
        return Err(malformed("has an address range of neither 8 nor 32 octets"));
    };
    IpNet::with_netmask(base, mask).map_err(|_| malformed("has an address range whose mask is no prefix"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[0] { SEQUENCE { base } }` in the extension.
    fn permitted(tag: u8, content: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        wrap(0x30, &wrap(0xa0, &wrap(0x30, &wrap(tag, content))))
    }

    #[test]
    fn every_kind_of_subtree_is_read() {
        let v6 = [&[0x20, 0x01, 0x0d, 0xb8][..], &[0; 12], &[0xff; 4], &[0; 12]].concat();
        for (tag, content, shown) in [
            (0x82, &b"example.com"[..], "DNS:example.com"),
            (0x82, b".example.com", "DNS:.example.com"),
            (0x82, b"", "DNS:"),
            (0x81, b"a@example.com", "email:a@example.com"),
            (0x81, b".example.com", "email:.example.com"),
            (0x86, b"example.com", "URI:example.com"),
            (0x87, &[10, 0, 0, 0, 255, 0, 0, 0], "IP:10.0.0.0/8"),
            (0x87, &[0; 8], "IP:0.0.0.0/0"),
            (0x87, &v6, "IP:2001:db8::/32"),
            (0xa4, &[0x30, 0x00], "(empty)"),
            (0xa0, &[], "(other name)"),
            (0x88, &[0x2a], "(registered id)"),
        ] {
            let read = NameConstraints::from_der(&permitted(tag, content)).unwrap();
            assert_eq!(read.permitted[0].base.to_string(), shown);
            assert!(!read.permitted[0].has_distances && read.excluded.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_obeyed_is_refused() {
        for (tag, content) in [
            (0x82, &b"example.com."[..]),
            (0x82, b"a..b"),
            (0x82, b"."),
            (0x82, "müller.de".as_bytes()),
            (0x82, b"a@example.com"),
            (0x81, b"@example.com"),
            (0x81, b"a@"),
            (0x81, b"a@.example.com"),
            (0x87, &[10, 0, 0, 0]),
            (0x87, &[10, 0, 0, 0, 255, 0, 255, 0]),
            (0xa4, &[0x31, 0x00]),
            (0x89, b""),
        ] {
            assert!(NameConstraints::from_der(&permitted(tag, content)).is_err(), "{tag:02x} {content:02x?}");
        }
        for der in [
            &[0x30, 0x00][..],
            &[0x30, 0x02, 0xa0, 0x00],
            &[0x30, 0x02, 0xa2, 0x00],
            &[0x30, 0x04, 0xa0, 0x02, 0x30, 0x00],
        ] {
            assert!(NameConstraints::from_der(der).is_err(), "{der:02x?}");
        }
    }

    #[test]
    fn distances_are_noted_but_for_the_default() {
        for (distance, noted) in
            [(&[0x80, 0x01, 0x00][..], false), (&[0x80, 0x01, 0x01], true), (&[0x81, 0x01, 0x05], true)]
        {
            let base = [&[0x82, 0x01, b'a'][..], distance].concat();
            let der = [&[0x30, 0x0a, 0xa1, 0x08, 0x30, 0x06][..], &base].concat();
            let read = NameConstraints::from_der(&der).unwrap();
            assert_eq!(read.excluded[0].has_distances, noted);
        }
    }
}
