//! The 23 usages of certificates.k8s.io, and what they are in a certificate (`pkg/apis/certificates/types.go`,
//! client-go `util/csr`).

use super::refusal::quoted;
use crate::x509::{ExtendedKeyUsage, KeyUsage, Usages};

/// Names that stand for another: the usage that they are written as.
const ALIASES: [(&str, &str); 2] = [("signing", "digital signature"), ("s/mime", "email protection")];

/// The purposes in the order in which Kubernetes writes them, whatever the order in the request.
const ORDER: [ExtendedKeyUsage; 12] = [
    ExtendedKeyUsage::Any,
    ExtendedKeyUsage::ServerAuth,
    ExtendedKeyUsage::ClientAuth,
    ExtendedKeyUsage::CodeSigning,
    ExtendedKeyUsage::EmailProtection,
    ExtendedKeyUsage::IpsecEndSystem,
    ExtendedKeyUsage::IpsecTunnel,
    ExtendedKeyUsage::IpsecUser,
    ExtendedKeyUsage::TimeStamping,
    ExtendedKeyUsage::OcspSigning,
    ExtendedKeyUsage::MicrosoftSgc,
    ExtendedKeyUsage::NetscapeSgc,
];

/// Every name, sorted.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let bits = KeyUsage::all().map(|(name, _)| name);
    let purposes = ExtendedKeyUsage::all().map(|(name, _)| name);
    let mut names: Vec<&str> = bits.chain(purposes).chain(ALIASES.map(|(name, _)| name)).collect();
    names.sort_unstable();
    names
}

/// Whether a usage has this name; case counts.
#[must_use]
pub fn is_known(name: &str) -> bool {
    KeyUsage::all().any(|(known, _)| known == name)
        || ExtendedKeyUsage::all().any(|(known, _)| known == name)
        || ALIASES.iter().any(|(alias, _)| *alias == name)
}

/// What usages are in a certificate.
///
/// # Errors
/// The names that are no usages, in the words of Kubernetes.
pub fn certified(usages: &[String]) -> Result<Usages, String> {
    let mut certified = Usages::default();
    let mut unknown = Vec::new();
    for usage in usages {
        let alias = ALIASES.iter().find(|(alias, _)| alias == usage);
        let name = alias.map_or(usage.as_str(), |(_, name)| name);
        let bit = KeyUsage::all().find(|(known, _)| *known == name);
        let purpose = ExtendedKeyUsage::all().find(|(known, _)| *known == name);
        match (bit, purpose) {
            (Some((_, bit)), _) => certified.key.push(bit),
            (None, Some((_, purpose))) => certified.extended.push(purpose),
            (None, None) => unknown.push(quoted(usage)),
        }
    }
    if !unknown.is_empty() {
        return Err(format!("unrecognized usage values: [{}]", unknown.join(" ")));
    }
    certified.key.sort_unstable();
    certified.key.dedup();
    certified.extended = ORDER.into_iter().filter(|purpose| certified.extended.contains(purpose)).collect();
    Ok(certified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_twenty_three() {
        assert_eq!(
            names(),
            [
                "any",
                "cert sign",
                "client auth",
                "code signing",
                "content commitment",
                "crl sign",
                "data encipherment",
                "decipher only",
                "digital signature",
                "email protection",
                "encipher only",
                "ipsec end system",
                "ipsec tunnel",
                "ipsec user",
                "key agreement",
                "key encipherment",
                "microsoft sgc",
                "netscape sgc",
                "ocsp signing",
                "s/mime",
                "server auth",
                "signing",
                "timestamping",
            ]
        );
        assert!(is_known("s/mime") && !is_known("Client Auth"));
    }

    #[test]
    fn aliases_and_repeats_come_to_one_and_order_is_kubernetes() {
        let usages = [
            "timestamping",
            "client auth",
            "signing",
            "s/mime",
            "any",
            "digital signature",
            "email protection",
        ];
        let certified = certified(&usages.map(str::to_owned)).unwrap();
        assert_eq!(
            certified.to_string(),
            "digital signature, any, client auth, email protection, timestamping"
        );
        let unknown = super::certified(&["cat".to_owned(), "any".to_owned(), "dog".to_owned()]);
        assert_eq!(unknown.unwrap_err(), r#"unrecognized usage values: ["cat" "dog"]"#);
    }
}
