//! Kubeconfigs: read as client-go reads them, written as kubeadm writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use serde_yaml::{Mapping, Value};
use zeroize::{Zeroize, Zeroizing};

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

/// What is written into a kubeconfig.
pub struct Entry<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The API server's URL.
    pub server: &'a str,
    /// The CA certificate in PEM.
    pub authority: &'a str,
    /// The user's name: the certificate's common name.
    pub user: &'a str,
    /// The client certificate in PEM.
    pub certificate: &'a str,
    /// The client's key in PEM.
    pub key: &'a str,
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
        let raw: Raw = serde_yaml::from_str(text).map_err(syntax)?;
        if raw.kind.as_deref().is_some_and(|kind| kind != "Config")
            || (raw.contexts.is_empty() && raw.clusters.is_empty())
        {
            return Err(KubeconfigError::Syntax { line: None });
        }
        let dangling = |what, name: &str| KubeconfigError::Dangling { what, name: name.to_owned() };
        let current = raw.current_context.as_str();
        let context = raw.contexts.iter().find(|named| named.name == current);
        let context = &context.ok_or_else(|| dangling("current-context", current))?.context;
        let cluster = raw.clusters.iter().find(|named| named.name == context.cluster);
        let cluster = &cluster.ok_or_else(|| dangling("cluster", &context.cluster))?.cluster;
        let user = raw.users.iter().find(|named| named.name == context.user);
        let user = &user.ok_or_else(|| dangling("user", &context.user))?.user;
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

/// The text of a kubeconfig with this entry. Where there is one already, its current context is set to the entry and
/// everything else is kept; names that the user has given stay.
///
/// # Errors
/// When the YAML library fails.
pub fn write(existing: Option<&str>, entry: &Entry<'_>) -> Result<Zeroizing<String>, KubeconfigError> {
    let failed = |_| KubeconfigError::Syntax { line: None };
    let mut config = existing.and_then(|text| serde_yaml::from_str::<Value>(text).ok()).unwrap_or_default();
    if update(&mut config, entry).is_none() {
        wipe(&mut config);
        // The fields in kubeadm's order, which is the alphabet's.
        let context = format!("{}@{}", entry.user, entry.cluster);
        config = serde_yaml::to_value(json!({
            "apiVersion": "v1",
            "clusters": [{"cluster": {}, "name": entry.cluster}],
            "contexts": [{"context": {"cluster": entry.cluster, "user": entry.user}, "name": context}],
            "current-context": context,
            "kind": "Config",
            "users": [{"name": entry.user, "user": {}}],
        }))
        .map_err(failed)?;
        update(&mut config, entry);
    }
    let text = serde_yaml::to_string(&config).map(Zeroizing::new).map_err(failed);
    wipe(&mut config);
    text
}

/// The text of a kubeconfig whose current context points to another API server and trusts another CA, everything else as
/// it was.
///
/// # Errors
/// When the text has no current context to set.
pub fn redirect(existing: &str, server: &str, authority: &str) -> Result<Zeroizing<String>, KubeconfigError> {
    let mut config: Value = serde_yaml::from_str(existing).map_err(syntax)?;
    let missing = || KubeconfigError::Dangling { what: "current-context", name: String::new() };
    set_cluster(&mut config, server, authority).ok_or_else(missing)?;
    let text = serde_yaml::to_string(&config).map(Zeroizing::new).map_err(syntax);
    wipe(&mut config);
    text
}

/// Sets the current context's cluster and user; `None` when the file has no current context to set.
fn update(config: &mut Value, entry: &Entry<'_>) -> Option<()> {
    set_cluster(config, entry.server, entry.authority)?;
    let user = current(config, "user")?;
    let user = named(config, "users", &user)?.get_mut("user")?.as_mapping_mut()?;
    for name in [
        "client-certificate",
        "client-key",
        "token",
        "tokenFile",
        "username",
        "password",
        "exec",
        "auth-provider",
    ] {
        user.remove(name);
    }
    user.insert("client-certificate-data".into(), STANDARD.encode(entry.certificate).into());
    user.insert("client-key-data".into(), STANDARD.encode(entry.key).into());
    Some(())
}

fn set_cluster(config: &mut Value, server: &str, authority: &str) -> Option<()> {
    let cluster = current(config, "cluster")?;
    let cluster = named(config, "clusters", &cluster)?.get_mut("cluster")?.as_mapping_mut()?;
    for name in ["certificate-authority", "insecure-skip-tls-verify"] {
        cluster.remove(name);
    }
    cluster.insert("certificate-authority-data".into(), STANDARD.encode(authority).into());
    cluster.insert("server".into(), server.into());
    Some(())
}

/// What the current context names as its cluster or user.
fn current(config: &mut Value, what: &str) -> Option<String> {
    let current = config.get("current-context")?.as_str()?.to_owned();
    let name = named(config, "contexts", &current)?.get("context")?.get(what)?;
    name.as_str().map(str::to_owned)
}

fn named<'a>(config: &'a mut Value, list: &str, name: &str) -> Option<&'a mut Value> {
    let elements = config.get_mut(list)?.as_sequence_mut()?;
    elements.iter_mut().find(|element| element.get("name").and_then(Value::as_str) == Some(name))
}

/// Overwrites every text: some are keys.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Sequence(elements) => elements.iter_mut().for_each(wipe),
        Value::Mapping(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

#[allow(clippy::needless_pass_by_value, reason = "made for `map_err`")]
fn syntax(error: serde_yaml::Error) -> KubeconfigError {
    KubeconfigError::Syntax { line: error.location().map(|location| location.line()) }
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

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Raw {
    kind: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    clusters: Vec<RawCluster>,
    #[serde(default, deserialize_with = "nullable")]
    contexts: Vec<RawContext>,
    #[serde(default, deserialize_with = "nullable")]
    current_context: String,
    #[serde(default, deserialize_with = "nullable")]
    users: Vec<RawUser>,
}

#[derive(Deserialize)]
struct RawCluster {
    #[serde(default)]
    name: String,
    #[serde(default)]
    cluster: Cluster,
}

#[derive(Deserialize)]
struct RawContext {
    #[serde(default)]
    name: String,
    #[serde(default)]
    context: Context,
}

#[derive(Deserialize)]
struct RawUser {
    #[serde(default)]
    name: String,
    #[serde(default)]
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Cluster {
    server: String,
    certificate_authority: String,
    certificate_authority_data: Secret,
    insecure_skip_tls_verify: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Context {
    cluster: String,
    user: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct User {
    client_certificate: String,
    client_certificate_data: Secret,
    client_key: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry<'_> = Entry {
        cluster: "prod",
        server: "https://192.0.2.10:6443",
        authority: "CA\n",
        user: "system:node:cp1",
        certificate: "CERTIFICATE\n",
        key: "KEY\n",
    };

    #[test]
    fn a_new_file_has_kubeadms_form() {
        assert_eq!(
            *write(None, &ENTRY).unwrap(),
            "apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0EK
    server: https://192.0.2.10:6443
  name: prod
contexts:
- context:
    cluster: prod
    user: system:node:cp1
  name: system:node:cp1@prod
current-context: system:node:cp1@prod
kind: Config
users:
- name: system:node:cp1
  user:
    client-certificate-data: Q0VSVElGSUNBVEUK
    client-key-data: S0VZCg==
"
        );
    }

    #[test]
    fn names_that_yaml_would_mistype_are_quoted() {
        let text = write(None, &Entry { cluster: "12345", ..ENTRY }).unwrap();
        assert!(text.contains("name: '12345'"), "{}", *text);
        let read = Kubeconfig::parse(&text).unwrap();
        assert_eq!(read.cluster, "12345");
    }

    #[test]
    fn what_the_user_added_stays() {
        let existing = "apiVersion: v1
kind: Config
preferences: {}
current-context: mine
contexts:
- name: other
  context: {cluster: other, user: other, namespace: web}
- name: mine
  context: {cluster: prod, user: admin}
clusters:
- name: other
  cluster: {server: https://other.example.com}
- name: prod
  cluster: {server: https://old.example.com, certificate-authority: /etc/ca.crt}
users:
- name: admin
  user: {token: abc}
- name: other
  user: {username: u, password: p}
";
        let text = write(Some(existing), &ENTRY).unwrap();
        let read = Kubeconfig::parse(&text).unwrap();
        assert_eq!((read.context.as_str(), read.server.as_str()), ("mine", "https://192.0.2.10:6443"));
        assert_eq!(read.contexts, ["other", "mine"]);
        assert!(read.other_credentials.is_empty(), "the token is gone");
        assert!(text.contains("namespace: web") && text.contains("https://other.example.com"));
        assert!(!text.contains("/etc/ca.crt"));
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
