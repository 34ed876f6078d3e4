//! Has it the name under which its holder is spoken to (RFC 9525 §6)?

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::Fault;
use crate::x509::{Certificate, SubjectAltName};

/// A name under which somebody speaks to the holder of a certificate: what RFC 9525 calls a reference identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReferenceName {
    /// A DNS name in lower case, without a dot at its end.
    Dns(String),
    /// An address; an IPv4-mapped IPv6 address is its IPv4 address, as in Go.
    Ip(IpAddr),
}

/// The text is neither a DNS name nor an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAName;

/// Reads an address, perhaps in brackets as in a URL, or a DNS name (RFC 1123 §2.1), in which `_` is allowed as in Go. A
/// dot at the end makes a name absolute and no other name (RFC 9525 §6.3). A wildcard is a pattern and no name.
impl FromStr for ReferenceName {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Self::Ip(address.to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            let characters = label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_');
            (1..=63).contains(&label.len()) && characters && !label.starts_with('-') && !label.ends_with('-')
        };
        // A last label of digits is an address that is none (RFC 3696 §2).
        let ends_in_digits =
            name.rsplit('.').next().is_some_and(|last| last.bytes().all(|c| c.is_ascii_digit()));
        let is_name = name.len() <= 253 && name.split('.').all(label) && !ends_in_digits;
        if is_name { Ok(Self::Dns(name.to_ascii_lowercase())) } else { Err(NotAName) }
    }
}

impl fmt::Display for ReferenceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

impl ReferenceName {
    /// RFC 9525 §6.1: one of the subject alternative names is this name; an address is sought among addresses, a DNS
    /// name among DNS names. The common name is never looked at (§6.1, Appendix B).
    #[must_use]
    pub fn is_of(&self, certificate: &Certificate) -> bool {
        certificate.subject_alt_names.iter().any(|presented| match (self, presented) {
            (Self::Dns(name), SubjectAltName::Dns(presented)) => matches(presented, name),
            (Self::Ip(address), SubjectAltName::Ip(presented)) => address == presented,
            _ => false,
        })
    }
}

/// The fault of a certificate that has not the name.
pub(super) fn reference(certificate: &Certificate, wanted: &ReferenceName) -> Option<Fault> {
    /// How many names are told: more than anybody reads.
    const TOLD: usize = 5;
    if wanted.is_of(certificate) {
        return None;
    }
    let names = &certificate.subject_alt_names;
    Some(Fault::NameMismatch {
        wanted: wanted.clone(),
        names: names.iter().take(TOLD).map(ToString::to_string).collect(),
        others: names.len().saturating_sub(TOLD),
    })
}

/// Whether a name in a certificate is, or is a pattern of, a name in lower case. `*` is a pattern only as the whole
/// left-most label, and stands for one label (RFC 9525 §6.3). How many labels must follow it is not said there; any
/// number above zero will do, as in Go; OpenSSL and rustls ask for two.
fn matches(presented: &str, name: &str) -> bool {
    match (presented.strip_prefix("*."), name.split_once('.')) {
        (Some(domain), Some((_, rest))) => domain.eq_ignore_ascii_case(rest),
        (Some(_), None) => false,
        (None, _) => presented.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::forge::{Forge, key};

    #[test]
    fn names_and_addresses_are_told_apart() {
        let dns = |name: &str| Ok(ReferenceName::Dns(name.to_owned()));
        let ip = |address: &str| Ok(ReferenceName::Ip(address.parse().unwrap()));
        let long = format!("{}.example", "a".repeat(64));
        for (text, expected) in [
            ("example.com", dns("example.com")),
            ("Example.COM.", dns("example.com")),
            ("a_b.example.com", dns("a_b.example.com")),
            ("xn--mller-kva.example", dns("xn--mller-kva.example")),
            ("kubernetes", dns("kubernetes")),
            ("3com.example", dns("3com.example")),
            ("192.0.2.1", ip("192.0.2.1")),
            ("2001:DB8::1", ip("2001:db8::1")),
            ("[2001:db8::1]", ip("2001:db8::1")),
            ("::ffff:192.0.2.1", ip("192.0.2.1")),
            ("", Err(NotAName)),
            (".", Err(NotAName)),
            ("a..b", Err(NotAName)),
            (".example.com", Err(NotAName)),
            ("example.com..", Err(NotAName)),
            ("*.example.com", Err(NotAName)),
            ("müller.example", Err(NotAName)),
            ("-a.example", Err(NotAName)),
            ("a-.example", Err(NotAName)),
            ("10.0.0.300", Err(NotAName)),
            ("example.com:443", Err(NotAName)),
            ("https://example.com", Err(NotAName)),
            ("a b", Err(NotAName)),
            (&long, Err(NotAName)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }

    /// After the tables of webpki and of Go's `TestMatchHostnames`.
    #[test]
    fn a_wildcard_is_one_whole_left_most_label() {
        for (presented, name, expected) in [
            ("example.com", "example.com", true),
            ("EXAMPLE.com", "example.COM", true),
            ("example.com", "example.com.", true),
            ("example.com.", "example.com", false),
            ("example.com", "www.example.com", false),
            ("www.example.com", "example.com", false),
            ("*.example.com", "www.example.com", true),
            ("*.EXAMPLE.com", "wWw.example.COM", true),
            ("*.example.com", "www.example.com.", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com.", "www.example.com", false),
            ("*.com", "example.com", true),
            ("*", "kubernetes", false),
            ("*.", "kubernetes", false),
            ("*.kubernetes", "kubernetes", false),
            ("*.*.com", "www.example.com", false),
            ("www.*.com", "www.example.com", false),
            ("w*.example.com", "www.example.com", false),
            ("*w.example.com", "www.example.com", false),
            ("*ww.example.com", "www.example.com", false),
            ("xn--*.example.com", "xn--a.example.com", false),
            ("", "example.com", false),
            (".example.com", "example.com", false),
            ("www.example.com\0.evil.example", "www.example.com", false),
            ("192.0.2.1", "192.0.2.1", false),
            ("*.0.2.1", "192.0.2.1", false),
        ] {
            let key = key();
            let certificate = Forge::new("www.example.com", "ca", key.public_key()).dns(presented).sign(&key);
            let wanted: ReferenceName = name.parse().unwrap();
            assert_eq!(wanted.is_of(&certificate), expected, "{presented} {name}");
        }
    }

    #[test]
    fn addresses_are_sought_among_addresses_and_the_common_name_never() {
        let key = key();
        let names = ["192.0.2.1", "2001:db8::1"].map(|address| SubjectAltName::ip(address.parse().unwrap()));
        let certificate = Forge::new("www.example.com", "ca", key.public_key()).alt_names(&names).sign(&key);
        for (name, expected) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.2.2", false),
            ("[2001:db8:0::1]", true),
            ("www.example.com", false),
        ] {
            let wanted: ReferenceName = name.parse().unwrap();
            assert_eq!(reference(&certificate, &wanted).is_none(), expected, "{name}");
        }
        let without = Forge::new("www.example.com", "ca", key.public_key()).sign(&key);
        let fault = reference(&without, &"www.example.com".parse().unwrap()).unwrap();
        assert_eq!(fault.to_string(), "is not for www.example.com: it has no alternative names");
    }
}
