//! Kubeconfigs: read as client-go reads them, written as kubeadm writes them.

mod write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
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
    /// The name that the API server's certificate must have, where that is not the host of its URL.
    pub server_name: String,
    /// Whether the API server is not checked at all.
    pub insecure: bool,
    /// How else the user is identified: by token, password or program.
    pub other_credentials: Vec<&'static str>,
    /// Whether a token stands in it, and not in a file that somebody renews.
    pub token: bool,
    /// The program that it has its credentials from: the command, and of kubectl the plugin too.
    pub program: Option<String>,
    /// Fields that name a file although the same is there as data, each with the file: client-go takes the data.
    pub shadowed: Vec<(&'static str, String)>,
    /// The names of the contexts there are.
    pub contexts: Vec<String>,
    /// The names of the users there are.
    pub users: Vec<String>,
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
            server_name: cluster.tls_server_name.clone(),
            insecure: cluster.insecure_skip_tls_verify,
            other_credentials: other
                .into_iter()
                .filter(|(present, _)| *present)
                .map(|(_, name)| name)
                .collect(),
            // client-go prefers the file where both are given.
            token: user.token.as_ref().is_some_and(|token| !token.0.is_empty())
                && user.token_file.as_ref().is_none_or(String::is_empty),
            program: user.exec.as_ref().map(program),
            shadowed: [
                (
                    "certificate-authority",
                    &cluster.certificate_authority_data,
                    &cluster.certificate_authority,
                ),
                ("client-certificate", &user.client_certificate_data, &user.client_certificate),
                ("client-key", &user.client_key_data, &user.client_key),
            ]
            .into_iter()
            .filter(|(_, data, file)| !data.0.is_empty() && !file.is_empty())
            .map(|(field, _, file)| (field, file.clone()))
            .collect(),
            contexts: raw.contexts.iter().map(|named| named.name.clone()).collect(),
            users: raw.users.iter().map(|named| named.name.clone()).collect(),
        })
    }
}

impl From<YamlError> for KubeconfigError {
    fn from(error: YamlError) -> Self {
        Self::Syntax { line: error.line }
    }
}

/// `aws`, `kubectl oidc-login`.
fn program(exec: &Mapping) -> String {
    let command = exec.get("command").and_then(Value::as_str).unwrap_or_default();
    let plugin = exec.get("args").and_then(|arguments| arguments.get(0)?.as_str());
    match plugin.filter(|_| command.rsplit('/').next() == Some("kubectl")) {
        Some(plugin) => format!("{command} {plugin}"),
        None => command.to_owned(),
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
    #[serde(deserialize_with = "nullable")]
    tls_server_name: String,
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
    fn who_else_identifies_the_user_is_told() {
        let read = |user: &str| {
            let text = format!(
                "current-context: a
contexts: [{{name: a, context: {{cluster: c, user: u}}}}]
clusters: [{{name: c, cluster: {{server: 'https://192.0.2.1', tls-server-name: api.example.com}}}}]
users: [{{name: u, user: {user}}}, {{name: v, user: {{}}}}]
"
            );
            Kubeconfig::parse(&text).unwrap()
        };
        let login = read("{exec: {command: /usr/bin/kubectl, args: [oidc-login, get-token]}}");
        assert_eq!(login.program.as_deref(), Some("/usr/bin/kubectl oidc-login"));
        assert_eq!(read("{exec: {command: aws, args: [eks]}}").program.as_deref(), Some("aws"));
        assert_eq!(
            (login.server_name.as_str(), login.users),
            ("api.example.com", vec!["u".into(), "v".into()])
        );
        assert!(read("{token: abc}").token && !read("{token: abc, tokenFile: /token}").token);
        let both = read("{client-certificate-data: AAAA, client-certificate: /a.pem, client-key: /b.pem}");
        assert_eq!(both.shadowed, [("client-certificate", "/a.pem".to_owned())]);
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
