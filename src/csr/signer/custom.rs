//! Signers of the user's own: what is not allowed is refused, with the value and what is allowed.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::csr::request::Wanted;
use crate::csr::user::MASTERS;

/// What a signer of the user's own allows. What is not named is not allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// One sentence about it.
    pub about: String,
    /// How its CA reaches who must trust it, in words.
    pub trust_distribution: String,
    /// The common names.
    pub common_names: Vec<Pattern>,
    /// The organizations.
    pub organizations: Vec<Pattern>,
    /// The DNS names.
    pub dns_names: Vec<Pattern>,
    /// The IP addresses.
    pub ip_addresses: Vec<Range>,
    /// The e-mail addresses.
    pub email_addresses: Vec<Pattern>,
    /// The URIs.
    pub uris: Vec<Pattern>,
    /// The usages that a request must have.
    pub required_usages: Vec<String>,
    /// The usages that it may have beside them.
    pub permitted_usages: Vec<String>,
    /// Whether what it signs is a CA.
    pub authority: bool,
}

/// A text in which `*` stands for any characters; in a DNS name for one label at its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub String);

/// An address or a subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range(pub IpNet);

impl Custom {
    pub(super) fn check(&self, wanted: &Wanted, usages: &[String]) -> Result<(), String> {
        let subject = &wanted.subject;
        one(&self.common_names, "common name", &subject.common_name)?;
        for organization in &subject.organization {
            one(&self.organizations, "organization", organization)?;
            // Whoever is in this group may do everything: a wildcard does not stand for it.
            if organization == MASTERS && !self.organizations.iter().any(|pattern| pattern.0 == MASTERS) {
                return Err(refused("organization", organization, &self.organizations));
            }
        }
        let others = [
            ("country", &subject.country),
            ("province", &subject.province),
            ("locality", &subject.locality),
            ("street address", &subject.street_address),
            ("postal code", &subject.postal_code),
            ("organizational unit", &subject.organizational_unit),
        ];
        if let Some((name, values)) = others.iter().find(|(_, values)| !values.is_empty()) {
            return Err(format!("subject {name} `{}` is not allowed", values.join("`, `")));
        }
        if !subject.serial_number.is_empty() {
            return Err(format!("subject serial number `{}` is not allowed", subject.serial_number));
        }
        for name in &wanted.dns_names {
            if !self.dns_names.iter().any(|pattern| pattern.matches_dns(name)) {
                return Err(refused("DNS subjectAltName", name, &self.dns_names));
            }
        }
        for address in &wanted.email_addresses {
            one(&self.email_addresses, "email subjectAltName", address)?;
        }
        for uri in &wanted.uris {
            one(&self.uris, "URI subjectAltName", uri)?;
        }
        for address in &wanted.ip_addresses {
            if !self.ip_addresses.iter().any(|range| range.holds(address)) {
                let ranges: Vec<String> = self.ip_addresses.iter().map(|range| range.0.to_string()).collect();
                return Err(format!("IP subjectAltName `{address}` is not allowed{}", allowed(&ranges)));
            }
        }
        let permitted =
            |usage: &&String| !self.required_usages.contains(usage) && !self.permitted_usages.contains(usage);
        if let Some(usage) = usages.iter().find(permitted) {
            let all: Vec<String> =
                self.required_usages.iter().chain(&self.permitted_usages).cloned().collect();
            return Err(format!("usage `{usage}` is not allowed{}", allowed(&all)));
        }
        match self.required_usages.iter().find(|usage| !usages.contains(usage)) {
            Some(usage) => Err(format!("usage `{usage}` is required")),
            None => Ok(()),
        }
    }
}

fn one(patterns: &[Pattern], what: &str, value: &str) -> Result<(), String> {
    let empty = value.is_empty() && what == "common name";
    if empty || patterns.iter().any(|pattern| pattern.matches(value)) {
        Ok(())
    } else {
        Err(refused(what, value, patterns))
    }
}

fn refused(what: &str, value: &str, patterns: &[Pattern]) -> String {
    let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.0.clone()).collect();
    format!("{what} `{}` is not allowed{}", value.escape_debug(), allowed(&patterns))
}

fn allowed(values: &[String]) -> String {
    if values.is_empty() { String::new() } else { format!(": there are `{}`", values.join("`, `")) }
}

impl Pattern {
    /// Whether a text is of the pattern. A star does not stand for control characters, and nothing else than itself
    /// matches a text that has some.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        if self.0 == text {
            return true;
        }
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
        let Some(last) = parts.next_back() else { return false };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        rest.ends_with(last) && !text.chars().any(char::is_control)
    }

    /// Whether a DNS name is of the pattern: whatever the case, and `*.` stands for one label. A star alone stands for
    /// every name, but not for what is none.
    #[must_use]
    pub fn matches_dns(&self, name: &str) -> bool {
        let (pattern, name) = (self.0.to_ascii_lowercase(), name.to_ascii_lowercase());
        if pattern == name {
            return true;
        }
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if pattern == "*" {
            return name.strip_prefix("*.").unwrap_or(&name).split('.').all(is_label);
        }
        let label = |domain: &str| Some(is_label(name.strip_suffix(domain)?.strip_suffix('.')?));
        pattern.strip_prefix("*.").and_then(label).unwrap_or(false)
    }
}

impl Range {
    /// Whether an address is in it.
    #[must_use]
    pub fn holds(&self, address: &IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, matches) in [
            ("a", "a", true),
            ("a", "b", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("ab*bc", "abc", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("system:node:*", "system:node:cp1", true),
            ("*", "a\0b", false),
            ("a\0b", "a\0b", true),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(Pattern(pattern.into()).matches(text), matches, "{pattern} {text}");
        }
        for (pattern, name, matches) in [
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "A.Example.COM", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", true),
            ("*.example.com", "evilexample.com", false),
            ("a.example.com", "*.example.com", false),
            ("*", "anything.at.all", true),
            ("*", "*.anything", true),
            ("*", "", false),
            ("*", "a..b", false),
            ("*", "a b", false),
            ("*.example.com", "a\0.example.com", false),
            ("*.example.com", "a/b.example.com", false),
            ("*.example.com", ".example.com", false),
        ] {
            assert_eq!(Pattern(pattern.into()).matches_dns(name), matches, "{pattern} {name}");
        }
    }
}
