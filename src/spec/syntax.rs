//! What counts as a name, an address, a subnet and an endpoint: Kubernetes' own rules, each with its source.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::x509::SubjectAltName;

/// A host and perhaps a port, the host exactly as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A DNS name or an address without brackets.
    pub host: String,
    /// The port, if one was given.
    pub port: Option<u16>,
}

impl Endpoint {
    /// The endpoint as a URL; `port` is taken when the endpoint has none of its own.
    #[must_use]
    pub fn url(&self, port: u16) -> String {
        let port = self.port.unwrap_or(port);
        if self.host.contains(':') {
            format!("https://[{}]:{port}", self.host)
        } else {
            format!("https://{}:{port}", self.host)
        }
    }

    /// The host as an alternative name of a certificate.
    #[must_use]
    pub fn alt_name(&self) -> SubjectAltName {
        address(&self.host).map_or_else(|| SubjectAltName::Dns(self.host.clone()), SubjectAltName::ip)
    }
}

/// `host`, `host:6443`, `192.0.2.1:6443`, `[2001:db8::1]:6443`, `2001:db8::1`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// Reads `host[:port]` as kubeadm's `ParseHostPort` does: an IPv6 address has brackets if and only if a port follows.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn endpoint(text: &str) -> Result<Endpoint, String> {
    let (host, port) = if address(text).is_some() {
        (text, None)
    } else if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or_else(|| format!("`{text}` has a `[` without `]`"))?;
        let port = after
            .strip_prefix(':')
            .ok_or_else(|| format!("`{text}` has brackets but no port: write `{host}` or `[{host}]:6443`"))?;
        (host, Some(port))
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        Some(port) => Some(
            port.parse::<u16>()
                .ok()
                .filter(|number| *number > 0 && !port.starts_with('+'))
                .ok_or_else(|| format!("`{port}` is not a port from 1 to 65535"))?,
        ),
        None => None,
    };
    if address(host).is_none() && !is_dns_name(host) {
        let lower = host.to_lowercase();
        return Err(if is_dns_name(&lower) {
            format!("`{host}` must be lower case: write `{lower}`")
        } else {
            format!("`{host}` is neither an IP address nor a DNS name")
        });
    }
    Ok(Endpoint { host: host.to_owned(), port })
}

/// Reads an address as Go's classic parser did (`ParseIPSloppy`): leading zeros of an IPv4 address are decimal, a zone is
/// refused. IPv4-mapped IPv6 addresses become IPv4 addresses.
#[must_use]
pub fn address(text: &str) -> Option<IpAddr> {
    if text.contains(':') {
        return text.parse::<Ipv6Addr>().ok().map(|address| IpAddr::V6(address).to_canonical());
    }
    let mut octets = [0_u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        *octet = digits
            .then_some(part.trim_start_matches('0'))?
            .parse()
            .or_else(|error| if part.trim_start_matches('0').is_empty() { Ok(0) } else { Err(error) })
            .ok()?;
    }
    parts.next().is_none().then(|| IpAddr::V4(Ipv4Addr::from(octets)))
}

/// A lower-case DNS subdomain of at most 253 characters (RFC 1123 as in Kubernetes' `IsDNS1123Subdomain`).
#[must_use]
pub fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        let inside =
            label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        inside && !label.is_empty() && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// A `*.` before a DNS name (Kubernetes' `IsWildcardDNS1123Subdomain`).
#[must_use]
pub fn is_wildcard_name(text: &str) -> bool {
    text.len() <= 253 && text.strip_prefix("*.").is_some_and(is_dns_name)
}

/// A name whose last label is all digits: no top-level domain is, so it is most likely a mistyped address
/// (RFC 3696 §2). kubeadm takes it for a DNS name.
#[must_use]
pub fn looks_like_address(text: &str) -> bool {
    text.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reads an alternative name: an address, a DNS name or a wildcard name, in this order, as kubeadm does.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn alt_name(text: &str) -> Result<SubjectAltName, String> {
    if let Some(address) = address(text) {
        Ok(SubjectAltName::Ip(address))
    } else if is_dns_name(text) || is_wildcard_name(text) {
        Ok(SubjectAltName::Dns(text.to_owned()))
    } else {
        let lower = text.to_lowercase();
        Err(if is_dns_name(&lower) || is_wildcard_name(&lower) {
            format!("`{text}` must be lower case: write `{lower}`")
        } else {
            format!("{} is neither an IP address nor a DNS name", super::reader::quoted(text))
        })
    }
}

/// Reads `serviceSubnet`: one subnet, or two of different families, joined by a comma. Host bits are masked off. Each has
/// room for at least ten services and at most 20 host bits (kubeadm, `ValidateIPNetFromString` and
/// `maxServiceSubnetSize`).
///
/// # Errors
/// A sentence that says what is wrong.
pub fn service_subnets(text: &str) -> Result<Vec<IpNet>, String> {
    let subnets = text
        .split(',')
        .map(|part| {
            let net = subnet(part).ok_or_else(|| {
                let trimmed = part.trim();
                if trimmed != part && subnet(trimmed).is_some() {
                    format!("`{part}` has a space: write `{}`", text.replace(' ', ""))
                } else {
                    format!("`{part}` is not a subnet such as `10.96.0.0/12`")
                }
            })?;
            let host_bits = net.max_prefix_len() - net.prefix_len();
            match host_bits {
                0..=3 => Err(format!("`{part}` has fewer than 10 addresses")),
                4..=20 => Ok(net),
                _ => Err(format!(
                    "`{part}` is too large: at most 20 host bits, so /{} or longer",
                    net.max_prefix_len() - 20
                )),
            }
        })
        .collect::<Result<Vec<_>, _>>()?;
    match subnets[..] {
        [_] => Ok(subnets),
        [a, b] if a.addr().is_ipv4() != b.addr().is_ipv4() => Ok(subnets),
        [a, b] => {
            Err(format!("`{a}` and `{b}` are of the same family: a second subnet must be of the other"))
        }
        _ => Err(format!("{} subnets given: at most one of each family", subnets.len())),
    }
}

fn subnet(text: &str) -> Option<IpNet> {
    let (ip, length) = text.split_once('/')?;
    let plain = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let length = plain.then(|| length.parse().ok())??;
    Some(IpNet::new(address(ip)?, length).ok()?.trunc())
}

/// The first address of a service subnet, which the API server takes for itself.
#[must_use]
pub fn first_address(subnet: &IpNet) -> IpAddr {
    match subnet.network() {
        IpAddr::V4(address) => IpAddr::V4(Ipv4Addr::from(u32::from(address).wrapping_add(1))),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address).wrapping_add(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_those_of_gos_classic_parser() {
        for (text, address) in [
            ("010.000.0.001", Some("10.0.0.1")),
            ("::ffff:1.2.3.4", Some("1.2.3.4")),
            ("2001:DB8::1", Some("2001:db8::1")),
            ("256.1.1.1", None),
            ("1.2.3", None),
            ("1.2.3.4.5", None),
            ("fe80::1%eth0", None),
            ("1.2.3.+4", None),
            ("", None),
        ] {
            assert_eq!(super::address(text), address.map(|address| address.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn endpoints() {
        for (text, host, port) in [
            ("api.example.com", "api.example.com", None),
            ("api.example.com:6443", "api.example.com", Some(6443)),
            ("192.0.2.1:8443", "192.0.2.1", Some(8443)),
            ("[2001:db8::1]:6443", "2001:db8::1", Some(6443)),
            ("2001:db8::1", "2001:db8::1", None),
            ("fd00::99:6443", "fd00::99:6443", None),
        ] {
            let endpoint = endpoint(text).unwrap();
            assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port));
            assert_eq!(endpoint.to_string(), text);
        }
        for text in [
            "",
            "[2001:db8::1]",
            "API.example.com",
            "a:0",
            "a:65536",
            "a:",
            "a_b",
            "[x:1",
            "https://a",
            "a:+1",
        ] {
            assert!(endpoint(text).is_err(), "{text}");
        }
        assert_eq!(endpoint("2001:db8::1").unwrap().url(6443), "https://[2001:db8::1]:6443");
    }

    #[test]
    fn alternative_names() {
        assert_eq!(alt_name("256.1.1.1"), Ok(SubjectAltName::Dns("256.1.1.1".into())));
        assert!(looks_like_address("256.1.1.1"));
        assert!(alt_name("*.com").is_ok());
        for text in
            ["*", "a.", "a_b", "http://a", "1.2.3.4:80", "10.0.0.0/8", "*.*.a", "Foo", "-a", "a..b", ""]
        {
            assert!(alt_name(text).is_err(), "{text}");
        }
        assert_eq!(alt_name("Foo.com").unwrap_err(), "`Foo.com` must be lower case: write `foo.com`");
    }

    #[test]
    fn service_subnets_and_their_first_addresses() {
        for (text, first) in [
            ("10.96.0.0/12", &["10.96.0.1"][..]),
            ("10.96.5.7/16", &["10.96.0.1"]),
            ("fd00:1234::/112", &["fd00:1234::1"]),
            ("10.96.0.0/12,fd00:10:96::/112", &["10.96.0.1", "fd00:10:96::1"]),
        ] {
            let subnets = service_subnets(text).unwrap();
            let addresses: Vec<_> = subnets.iter().map(|net| first_address(net).to_string()).collect();
            assert_eq!(addresses, first);
        }
        for text in [
            "",
            "10.96.0.0",
            "10.96.0.0/12, fd00::/112",
            "10.96.0.0/11",
            "fd00::/107",
            "10.96.0.0/29",
            "10.0.0.0/16,10.1.0.0/16",
            "10.0.0.0/16,fd00::/112,fd01::/112",
            "10.0.0.0/+16",
        ] {
            assert!(service_subnets(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,60}") {
            let _ = (endpoint(&text), alt_name(&text), service_subnets(&text));
        }

        #[test]
        fn an_endpoint_reads_back(text in "[a-z0-9.:\\[\\]]{1,30}") {
            if let Ok(endpoint) = endpoint(&text) {
                prop_assert_eq!(super::endpoint(&endpoint.to_string()), Ok(endpoint));
            }
        }
    }
}
