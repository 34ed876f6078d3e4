//! `KP-X5013`: an alternative name that no client finds.

use std::net::IpAddr;

use crate::audit::peculiarity::{Peculiarity, peculiarities};
use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Severity, Sighting};
use crate::x509::SubjectAltName;

rule! {
    /// A server's certificate has a name that matches nothing: an address written as a DNS name or only in the common
    /// name, an empty name, one that ends in a dot, has an empty or overlong label or characters that no host name has;
    /// or an alternative name that is not encoded as it must be.
    ///
    /// ## Why it matters
    ///
    /// Clients that connect by that name or address refuse the server. Go refuses several of the encodings altogether. An
    /// underscore is no character of a host name either, but Go and others let it pass: that is low.
    ///
    /// ## What to do
    ///
    /// Correct the name in the spec, if it comes from there; `kubepki apply` issues a certificate with the right names for
    /// the same key.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.6; RFC 9525 §6; RFC 1123 §2.1; Go, crypto/x509, `validHostname`.
    "KP-X5013" "bad-alt-name" High Sighting "certificates of servers, and others with alternative names"
}

/// More names than these are not listed, nor more of one than this.
const LISTED: usize = 3;
const SHOWN: usize = 64;

fn applies(sighting: &Sighting<'_>) -> bool {
    let odd = |sighting: &Sighting<'_>| {
        let mut anomalies = sighting.certificate().anomalies.iter();
        anomalies.any(|anomaly| Peculiarity::of(anomaly) == Peculiarity::AltNames)
    };
    sighting.serves() || odd(sighting)
}

fn check(sighting: &Sighting<'_>) -> Vec<Fault> {
    let mut faults = peculiarities(sighting, Peculiarity::AltNames);
    if !sighting.serves() {
        return faults;
    }
    let names = &sighting.certificate().subject_alt_names;
    let bad: Vec<String> = names.iter().filter_map(|name| fault_of(name, names)).collect();
    if !bad.is_empty() {
        let mut list: Vec<&str> = bad.iter().take(LISTED).map(String::as_str).collect();
        let more = format!("and {} more", bad.len().saturating_sub(LISTED));
        if bad.len() > LISTED {
            list.push(&more);
        }
        faults.push(sighting.fault(format!("no client finds it by {}", list.join(", ")), Remedy::Reissue));
    }
    if let Some(name) = names.iter().find(|name| has_underscore(name)).filter(|_| bad.is_empty()) {
        let message = format!("has the name `{name}`, whose underscore not every client takes");
        faults.push(sighting.advise(Severity::Low, message, "correct the name where it comes from"));
    }
    let common_name =
        sighting.certificate().subject.common_name().and_then(|name| name.parse::<IpAddr>().ok());
    if let Some(address) = common_name.filter(|address| !names.contains(&SubjectAltName::ip(*address)))
        && !names.is_empty()
    {
        let message = format!("has the address {address} only as its common name, which no client looks at");
        faults.push(sighting.fault(message, Remedy::Reissue));
    }
    faults
}

/// What is wrong with a name that no client finds.
fn fault_of(name: &SubjectAltName, all: &[SubjectAltName]) -> Option<String> {
    let SubjectAltName::Dns(text) = name else { return None };
    if let Ok(address) = text.parse::<IpAddr>() {
        // As a further name it is in nobody's way: kubeadm writes the name of a node that is called by its address.
        let also = all.contains(&SubjectAltName::ip(address));
        return (!also).then(|| format!("`{text}`, an address written as a DNS name"));
    }
    // A wildcard stands for one label; where it stands is looked at elsewhere.
    let host = text.strip_prefix("*.").unwrap_or(text);
    let reason = if host.is_empty() {
        "an empty name"
    } else if host.ends_with('.') {
        "which ends in a dot"
    } else if host.len() > 253 {
        "which is longer than 253 characters"
    } else if host.split('.').any(|label| label.is_empty() || label.len() > 63) {
        "which has an empty or overlong label"
    } else if host.bytes().any(|byte| !byte.is_ascii_alphanumeric() && !b"-._*".contains(&byte)) {
        "which has characters that no host name has"
    } else {
        return None;
    };
    let shown: String = text.escape_debug().take(SHOWN).collect();
    Some(format!("`{shown}`, {reason}"))
}

fn has_underscore(name: &SubjectAltName) -> bool {
    matches!(name, SubjectAltName::Dns(name) if name.contains('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_client_finds_are_told() {
        let long = format!("{}.example.com", "x".repeat(64));
        for (name, bad) in [
            ("kubernetes.default.svc", false),
            ("*.example.com", false),
            ("Upper.Example.COM", false),
            ("10.0.0.1", true),
            ("::1", true),
            ("10.0.0.300", false),
            ("", true),
            ("*.", true),
            ("example.com.", true),
            ("a..b", true),
            (".example.com", true),
            (long.as_str(), true),
            ("a b", true),
            ("https://a", true),
            ("a_b.example.com", false),
        ] {
            let name = SubjectAltName::Dns(name.to_owned());
            assert_eq!(fault_of(&name, &[]).is_some(), bad, "{name}");
        }
        let (name, address) =
            (SubjectAltName::Dns("10.0.0.1".into()), SubjectAltName::ip([10, 0, 0, 1].into()));
        assert_eq!(fault_of(&name, &[address]), None);
    }
}
