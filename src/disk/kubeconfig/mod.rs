//! Kubeconfigs: read as client-go reads them, written as kubeadm writes them.

mod write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_yaml::Mapping;
use zeroize::{Zeroize, Zeroizing};

pub use write::{Entry, redirect, renew, write};

use super::yaml::{self, YamlError};
use crate::x509::{self, Certificate, PrivateKey};

/// What a kubeconfig's current context comes down to.
#[derive(Debug)]
pub struct Kubeconfig {
    /// The name of the current context.
    pub context: String,
    /// The cluster's name.
    pub cluster: String,
    /// The user's name.
    pub user: String,
    /// The API server's URL.
    pub server: String,
    /// The CA certificates that the API server is checked with.
    pub authority: Source<Vec<Certificate>>,
    /// The client certificate, with what follows it in the same data.
    pub certificate: Source<Vec<Certificate>>,
    /// The client's key.
    pub key: Source<PrivateKey>,
    /// Whether the API server is not checked at all.
    pub insecure: bool,
    /// How else the user is identified: by token, password or program.
    pub other_credentials: Vec<&'static str>,
    /// The names of the contexts there are.
    pub contexts: Vec<String>,
}

/// Something that a kubeconfig holds or points to.
#[derive(Debug)]
pub enum Source<T> {
    /// It says nothing.
    Absent,
    /// It is in the kubeconfig.
    Embedded(Result<T, x509::Error>),
    /// It is in a file.
    File(String),
}

/// Why a text is no kubeconfig that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KubeconfigError {
    /// Not YAML, or not of a kubeconfig's form. The parser's words are dropped where they may quote the file.
    #[error("is not a kubeconfig{}", line.map_or_else(String::new, |line| format!(": line {line} does not parse")))]
    Syntax {
        /// The line, if it is known.
        line: Option<usize>,
    },
    /// A name that nothing has.
    #[error("its {what} `{name}` is not there")]
    Dangling {
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
}

impl<T> Source<T> {
    /// What is embedded and could be read.
    pub fn embedded(&self) -> Option<&T> {
        match self {
            Self::Embedded(Ok(value)) => Some(value),
            _ => None,
        }
    }
}

impl Kubeconfig {
    /// Reads a kubeconfig, following its current context.
    ///
    /// # Errors
    /// When it is none, or the current context or what it names is missing.
    pub fn parse(text: &str) -> Result<Self, KubeconfigError> {
        let raw: Raw = yaml::read(text)?;
        if raw.kind.as_deref().is_some_and(|kind| kind != "Config")
            || (raw.contexts.is_empty() && raw.clusters.is_empty())
        {
            return Err(KubeconfigError::Syntax { line: None });
        }
        let dangling = |what, name: &str| KubeconfigError::Dangling { what, name: name.to_owned() };
        let current = raw.current_context.as_str();
        let context = raw.contexts.iter().find(|named| named.name == current);
        let context = &context.ok_or_else(|| dangling("current-context", current))?.value;
        let cluster = raw.clusters.iter().find(|named| named.name == context.cluster);
        let cluster = &cluster.ok_or_else(|| dangling("cluster", &context.cluster))?.value;
        let user = raw.users.iter().find(|named| named.name == context.user);
        let user = &user.ok_or_else(|| dangling("user", &context.user))?.value;
        let other = [
            (user.token.is_some() || user.token_file.is_some(), "token"),
            (user.username.is_some(), "password"),
            (user.exec.is_some(), "program"),
            (user.auth_provider.is_some(), "auth provider"),
        ];
        Ok(Self {
            context: current.to_owned(),
            cluster: context.cluster.clone(),
            user: context.user.clone(),
            server: cluster.server.clone(),
            authority: source(
                &cluster.certificate_authority_data,
                &cluster.certificate_authority,
                Certificate::all_from_pem,
            ),
            certificate: source(
                &user.client_certificate_data,
                &user.client_certificate,
                Certificate::all_from_pem,
            ),
            key: source(&user.client_key_data, &user.client_key, PrivateKey::from_pem),
            insecure: cluster.insecure_skip_tls_verify,
            other_credentials: other
                .into_iter()
                .filter(|(present, _)| *present)
                .map(|(_, name)| name)
                .collect(),
            contexts: raw.contexts.iter().map(|named| named.name.clone()).collect(),
        })
    }
}

impl From<YamlError> for KubeconfigError {
    fn from(error: YamlError) -> Self {
        Self::Syntax { line: error.line }
    }
}

fn source<T>(data: &Secret, file: &str, read: impl Fn(&[u8]) -> Result<T, x509::Error>) -> Source<T> {
    // client-go takes the data where both are given.
    if !data.0.is_empty() {
        let decoded = STANDARD.decode(data.0.as_bytes()).map(Zeroizing::new);
        let decoded = decoded.map_err(|_| x509::Error::Pem("its base64 does not decode"));
        Source::Embedded(decoded.and_then(|text| read(&text)))
    } else if file.is_empty() {
        Source::Absent
    } else {
        Source::File(file.to_owned())
    }
}

/// Text that is wiped when it is dropped.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Secret(String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The fields that matter. Null is the same as nothing wherever it stands, as in client-go.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Raw {
    kind: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    current_context: String,
    #[serde(default, deserialize_with = "elements")]
    clusters: Vec<Named<Cluster>>,
    #[serde(default, deserialize_with = "elements")]
    contexts: Vec<Named<Context>>,
    #[serde(default, deserialize_with = "elements")]
    users: Vec<Named<User>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "T: Default + Deserialize<'de>")]
struct Named<T> {
    #[serde(deserialize_with = "nullable")]
    name: String,
    #[serde(deserialize_with = "nullable", alias = "cluster", alias = "context", alias = "user")]
    value: T,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    #[serde(deserialize_with = "nullable")]
    server: String,
    #[serde(deserialize_with = "nullable")]
    certificate_authority: String,
    #[serde(deserialize_with = "nullable")]
    certificate_authority_data: Secret,
    #[serde(deserialize_with = "nullable")]
    insecure_skip_tls_verify: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    #[serde(deserialize_with = "nullable")]
    cluster: String,
    #[serde(deserialize_with = "nullable")]
    user: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    #[serde(deserialize_with = "nullable")]
    client_certificate: String,
    #[serde(deserialize_with = "nullable")]
    client_certificate_data: Secret,
    #[serde(deserialize_with = "nullable")]
    client_key: String,
    #[serde(deserialize_with = "nullable")]
    client_key_data: Secret,
    token: Option<Secret>,
    #[serde(rename = "tokenFile")]
    token_file: Option<String>,
    username: Option<String>,
    exec: Option<Mapping>,
    auth_provider: Option<Mapping>,
}

fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn elements<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let elements: Vec<Option<T>> = nullable(deserializer)?;
    Ok(elements.into_iter().map(Option::unwrap_or_default).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_nothing() {
        let text = "current-context: a
contexts: [null, {name: a, context: {cluster: null, user: null}}]
clusters: [{cluster: null, name: null}]
users: [{name: b, user: null}, null]
";
        let read = Kubeconfig::parse(text).unwrap();
        assert_eq!((read.context.as_str(), read.server.as_str()), ("a", ""));
        assert!(matches!((read.certificate, read.key), (Source::Absent, Source::Absent)));
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        for (text, message) in [
            ("a: [", "is not a kubeconfig: line 2 does not parse"),
            ("hello", "is not a kubeconfig"),
            ("kind: Pod\ncontexts: [{name: a}]", "is not a kubeconfig"),
            ("contexts: [{name: a}]\ncurrent-context: b", "its current-context `b` is not there"),
        ] {
            let error = Kubeconfig::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
