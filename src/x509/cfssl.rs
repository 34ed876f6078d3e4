//! cfssl's JSON (`csr.CertificateRequest`, `config.Config`, what its commands print): read and written, and given meaning.
//! A field that is not known here is refused: it would have changed the certificate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{ExtendedKeyUsage, KeyAlgorithm, KeyUsage, Subject, SubjectAltName, Usages};

/// A request as cfssl's users write it (`csr.json`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// The common name.
    #[serde(rename = "CN", default)]
    pub common_name: String,
    /// The other attributes of the subject, in groups that mean nothing.
    #[serde(default)]
    pub names: Vec<Names>,
    /// Names and addresses.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The kind of key.
    #[serde(default)]
    pub key: Option<KeyRequest>,
    /// What a CA is to be like.
    #[serde(default)]
    pub ca: Option<AuthorityRequest>,
    /// The serialNumber attribute of the subject.
    #[serde(rename = "serialnumber", default)]
    pub serial_number: String,
}

/// Attributes of a subject.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "the names are those of the attributes")]
pub struct Names {
    #[serde(rename = "C", default)]
    pub country: String,
    #[serde(rename = "ST", default)]
    pub province: String,
    #[serde(rename = "L", default)]
    pub locality: String,
    #[serde(rename = "O", default)]
    pub organization: String,
    #[serde(rename = "OU", default)]
    pub organizational_unit: String,
    #[serde(rename = "SerialNumber", default)]
    pub serial_number: String,
}

/// A kind of key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// `rsa` or `ecdsa`.
    pub algo: String,
    /// Bits.
    pub size: u32,
}

/// What a CA is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityRequest {
    /// How long it is valid, in Go's notation.
    #[serde(default)]
    pub expiry: Option<String>,
    /// How early it begins, in Go's notation.
    #[serde(default)]
    pub backdate: Option<String>,
    /// How many CAs may stand below it; zero means any number unless `pathlenzero` says otherwise.
    #[serde(default)]
    pub pathlen: u8,
    /// Whether a `pathlen` of zero means zero.
    #[serde(default)]
    pub pathlenzero: bool,
}

/// A configuration for signing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The profiles.
    pub signing: Signing,
}

/// The profiles of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// What is taken when no profile is named.
    #[serde(default)]
    pub default: Option<SigningProfile>,
    /// The others, by their names.
    #[serde(default)]
    pub profiles: BTreeMap<String, SigningProfile>,
}

/// What a certificate is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningProfile {
    /// What its key may be used for.
    #[serde(default)]
    pub usages: Vec<String>,
    /// How long it is valid, in Go's notation.
    #[serde(default)]
    pub expiry: Option<String>,
    /// How early it begins, in Go's notation.
    #[serde(default)]
    pub backdate: Option<String>,
    /// Whether it is a CA's.
    #[serde(default)]
    pub ca_constraint: AuthorityConstraint,
}

/// Whether a certificate is a CA's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityConstraint {
    /// Whether it is.
    #[serde(default)]
    pub is_ca: bool,
    /// How many CAs may stand below it; zero means any number unless `max_path_len_zero` says otherwise.
    #[serde(default)]
    pub max_path_len: u8,
    /// Whether a `max_path_len` of zero means zero.
    #[serde(default)]
    pub max_path_len_zero: bool,
}

/// What `genkey`, `gencert` and `sign` print.
#[derive(Debug, Default, Serialize)]
pub struct Output {
    /// The certificate in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// The request in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csr: Option<String>,
    /// The key in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
}

/// What `cfssljson` reads: the above, or a server's answer.
#[derive(Debug, Default, Deserialize)]
pub struct Input {
    /// The certificate in PEM.
    #[serde(alias = "certificate")]
    pub cert: Option<String>,
    /// The request in PEM.
    #[serde(alias = "certificate_request")]
    pub csr: Option<String>,
    /// The key in PEM.
    #[serde(alias = "private_key")]
    pub key: Option<Secret>,
    /// A server's answer has it inside.
    pub result: Option<Box<Input>>,
}

/// A key in PEM, wiped when dropped.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub Zeroizing<String>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[elided]")
    }
}

/// What cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CfsslError {
    /// A key that is not made here.
    #[error("key: {algo} of {size} bits is not made; rsa 2048, 3072 and 4096 and ecdsa 256 and 384 are")]
    Key {
        /// The algorithm.
        algo: String,
        /// The bits.
        size: u32,
    },
    /// A host that is none.
    #[error("hosts: `{}` is neither an address nor a DNS name, e-mail address or URI", .0.escape_debug())]
    Host(String),
    /// No profile has this name.
    #[error("no profile is called `{}`", .0.escape_debug())]
    Profile(String),
    /// A usage that is none.
    #[error("usages: `{}` is none", .0.escape_debug())]
    Usage(String),
}

impl CertificateRequest {
    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> Subject {
        let mut subject = Subject::default();
        for names in &self.names {
            for (attribute, value) in [
                ("C", &names.country),
                ("ST", &names.province),
                ("L", &names.locality),
                ("O", &names.organization),
                ("OU", &names.organizational_unit),
                ("serialNumber", &names.serial_number),
            ] {
                subject.add(attribute, value);
            }
        }
        subject.add("CN", &self.common_name);
        subject.add("serialNumber", &self.serial_number);
        subject
    }

    /// The kind of key; cfssl's own choice is ECDSA of 256 bits.
    ///
    /// # Errors
    /// When it is one that is not made here.
    pub fn algorithm(&self) -> Result<KeyAlgorithm, CfsslError> {
        let Some(KeyRequest { algo, size }) = &self.key else { return Ok(KeyAlgorithm::EcdsaP256) };
        match (algo.as_str(), size) {
            ("ecdsa", 256) => Ok(KeyAlgorithm::EcdsaP256),
            ("ecdsa", 384) => Ok(KeyAlgorithm::EcdsaP384),
            ("rsa", 2048) => Ok(KeyAlgorithm::Rsa2048),
            ("rsa", 3072) => Ok(KeyAlgorithm::Rsa3072),
            ("rsa", 4096) => Ok(KeyAlgorithm::Rsa4096),
            _ => Err(CfsslError::Key { algo: algo.clone(), size: *size }),
        }
    }
}

impl AuthorityRequest {
    /// How many CAs may stand below it.
    #[must_use]
    pub fn path_length(&self) -> Option<u8> {
        (self.pathlen > 0 || self.pathlenzero).then_some(self.pathlen)
    }
}

impl AuthorityConstraint {
    /// How many CAs may stand below it.
    #[must_use]
    pub fn path_length(&self) -> Option<u8> {
        (self.max_path_len > 0 || self.max_path_len_zero).then_some(self.max_path_len)
    }
}

impl Config {
    /// A profile by its name, or the default one. cfssl takes the default for a name that is none.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn profile(&self, name: Option<&str>) -> Result<SigningProfile, CfsslError> {
        let Some(name) = name.filter(|name| !name.is_empty()) else {
            return Ok(self.signing.default.clone().unwrap_or_else(SigningProfile::standard));
        };
        let unknown = || CfsslError::Profile(name.to_owned());
        self.signing.profiles.get(name).cloned().ok_or_else(unknown)
    }
}

impl SigningProfile {
    /// cfssl's own default (`config.DefaultConfig`).
    #[must_use]
    pub fn standard() -> Self {
        Self {
            usages: ["signing", "key encipherment", "server auth", "client auth"].map(str::to_owned).to_vec(),
            expiry: Some("8760h".to_owned()),
            ..Self::default()
        }
    }

    /// What the key may be used for. cfssl passes over usages that it does not know.
    ///
    /// # Errors
    /// When one is none.
    pub fn usages(&self) -> Result<Usages, CfsslError> {
        let mut usages = Usages::default();
        for name in &self.usages {
            let plain = match name.as_str() {
                // `config.KeyUsage` and `config.ExtKeyUsage` have second names.
                "signing" => "digital signature",
                "content committment" => "content commitment",
                "s/mime" => "email protection",
                other => other,
            };
            let key = KeyUsage::all().find(|(own, _)| *own == plain);
            let extended = ExtendedKeyUsage::all().find(|(own, _)| *own == plain);
            match (key, extended) {
                (Some((_, usage)), _) => usages.key.push(usage),
                (None, Some((_, usage))) => usages.extended.push(usage),
                (None, None) => return Err(CfsslError::Usage(name.clone())),
            }
        }
        Ok(usages)
    }
}

/// The names of a list of hosts.
///
/// # Errors
/// When one is none.
pub fn names<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Result<Vec<SubjectAltName>, CfsslError> {
    let hosts = hosts.into_iter().map(str::trim).filter(|host| !host.is_empty());
    hosts.map(|host| host.parse().map_err(|_| CfsslError::Host(host.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_the_kubernetes_page_is_read() {
        let text = r#"{"hosts": ["my-svc.my-namespace.svc.cluster.local", "192.0.2.24", "spiffe://a/b", "a@b.c"],
            "CN": "pod", "names": [{"O": "one", "C": "DE"}, {"O": "two"}], "key": {"algo": "ecdsa", "size": 256}}"#;
        let request: CertificateRequest = serde_json::from_str(text).unwrap();
        assert_eq!(request.algorithm(), Ok(KeyAlgorithm::EcdsaP256));
        assert_eq!(request.subject(), "C=DE,O=one,O=two,CN=pod".parse().unwrap());
        let names = names(request.hosts.iter().map(String::as_str)).unwrap();
        assert!(matches!(
            names[..],
            [SubjectAltName::Dns(_), SubjectAltName::Ip(_), SubjectAltName::Uri(_), SubjectAltName::Email(_)]
        ));
        assert!(super::names(["not a name"]).is_err());
        for (algo, size) in [("rsa", 1024), ("ecdsa", 521), ("ed25519", 0)] {
            let key = Some(KeyRequest { algo: algo.to_owned(), size });
            assert!(CertificateRequest { key, ..CertificateRequest::default() }.algorithm().is_err());
        }
    }

    #[test]
    fn a_profile_is_found_and_what_is_unknown_is_refused() {
        let text =
            r#"{"signing": {"profiles": {"peer": {"usages": ["signing", "client auth"], "expiry": "1h"}}}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let usages = config.profile(Some("peer")).unwrap().usages().unwrap();
        assert_eq!(usages.names(), ["digital signature", "client auth"]);
        assert_eq!(config.profile(None).unwrap(), SigningProfile::standard());
        assert_eq!(config.profile(Some("x")), Err(CfsslError::Profile("x".to_owned())));
        let typo = SigningProfile { usages: vec!["sever auth".to_owned()], ..SigningProfile::default() };
        assert_eq!(typo.usages(), Err(CfsslError::Usage("sever auth".to_owned())));
        assert!(serde_json::from_str::<Config>(r#"{"signing": {"default": {"crl_url": "x"}}}"#).is_err());
    }

    #[test]
    fn a_path_length_of_zero_must_be_meant() {
        for (pathlen, pathlenzero, expected) in [(0, false, None), (0, true, Some(0)), (2, false, Some(2))] {
            let ca = AuthorityRequest { pathlen, pathlenzero, ..AuthorityRequest::default() };
            assert_eq!(ca.path_length(), expected);
        }
    }
}
