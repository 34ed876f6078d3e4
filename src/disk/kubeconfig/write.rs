//! Kubeconfigs as kubeadm writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use serde_yaml::Value;
use zeroize::{Zeroize, Zeroizing};

use super::KubeconfigError;
use crate::disk::yaml;

/// What is written into a kubeconfig.
pub struct Entry<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The API server's URL.
    pub server: &'a str,
    /// The CA certificate in PEM; none while it is still to come.
    pub authority: Option<&'a str>,
    /// The user's name: the certificate's common name.
    pub user: &'a str,
    /// The client certificate in PEM; none while it is still to come.
    pub certificate: Option<&'a str>,
    /// The client's key in PEM.
    pub key: &'a str,
}

/// The text of a kubeconfig with this entry. Where there is one already, its current context is set to the entry and
/// everything else is kept; names that the user has given stay.
///
/// # Errors
/// When the YAML library fails.
pub fn write(existing: Option<&str>, entry: &Entry<'_>) -> Result<Zeroizing<String>, KubeconfigError> {
    let failed = |_| KubeconfigError::Syntax { line: None };
    let mut config = existing.and_then(|text| yaml::read::<Value>(text).ok()).unwrap_or_default();
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
    let mut config: Value = yaml::read(existing)?;
    let missing = || KubeconfigError::Dangling { what: "current-context", name: String::new() };
    set_cluster(&mut config, server, Some(authority)).ok_or_else(missing)?;
    let text = serde_yaml::to_string(&config)
        .map(Zeroizing::new)
        .map_err(|_| KubeconfigError::Syntax { line: None });
    wipe(&mut config);
    text
}

/// The text of a kubeconfig whose current user has another certificate and key, everything else as it was.
///
/// # Errors
/// When the text has no current user to give them to.
pub fn renew(existing: &str, certificate: &str, key: &str) -> Result<Zeroizing<String>, KubeconfigError> {
    let mut config: Value = yaml::read(existing)?;
    let missing = || KubeconfigError::Dangling { what: "current-context", name: String::new() };
    set_user(&mut config, Some(certificate), key).ok_or_else(missing)?;
    let text = serde_yaml::to_string(&config)
        .map(Zeroizing::new)
        .map_err(|_| KubeconfigError::Syntax { line: None });
    wipe(&mut config);
    text
}

/// Sets the current context's cluster and user; `None` when the file has no current context to set.
fn update(config: &mut Value, entry: &Entry<'_>) -> Option<()> {
    set_cluster(config, entry.server, entry.authority)?;
    set_user(config, entry.certificate, entry.key)
}

fn set_user(config: &mut Value, certificate: Option<&str>, key: &str) -> Option<()> {
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
    if let Some(certificate) = certificate {
        user.insert("client-certificate-data".into(), STANDARD.encode(certificate).into());
    }
    user.insert("client-key-data".into(), STANDARD.encode(key).into());
    Some(())
}

fn set_cluster(config: &mut Value, server: &str, authority: Option<&str>) -> Option<()> {
    let cluster = current(config, "cluster")?;
    let cluster = named(config, "clusters", &cluster)?.get_mut("cluster")?.as_mapping_mut()?;
    for name in ["certificate-authority", "insecure-skip-tls-verify"] {
        cluster.remove(name);
    }
    if let Some(authority) = authority {
        cluster.insert("certificate-authority-data".into(), STANDARD.encode(authority).into());
    }
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

#[cfg(test)]
mod tests {
    use super::super::Kubeconfig;
    use super::*;

    const ENTRY: Entry<'_> = Entry {
        cluster: "prod",
        server: "https://192.0.2.10:6443",
        authority: Some("CA\n"),
        user: "system:node:cp1",
        certificate: Some("CERTIFICATE\n"),
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
}
