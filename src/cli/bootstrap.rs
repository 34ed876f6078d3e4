//! `kubepki manifests bootstrap-token` and `bootstrap-kubeconfig`: what a joining node comes with.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::Outside;
use crate::disk::read;
use crate::disk::{DiskError, Notation};
use crate::error::Error;
use crate::moment::rfc3339;
use crate::spec::period::Period;
use crate::x509::random::random;

/// The Secret of a new token.
#[derive(Debug, Args)]
pub struct BootstrapToken {
    /// How long the token counts.
    #[arg(long, value_name = "DURATION", default_value = "24h")]
    ttl: Period,

    /// The groups of whoever comes with it.
    #[arg(long, value_name = "GROUP", default_value = "system:bootstrappers:kubeadm:default-node-token", value_parser = group)]
    group: Vec<String>,
}

/// The kubeconfig of a joining node.
#[derive(Debug, Args)]
pub struct BootstrapKubeconfig {
    /// The server's URL, as the node reaches it.
    #[arg(long, value_name = "URL", value_parser = url)]
    server: String,

    /// The token: six characters, a dot, sixteen characters.
    #[arg(long, value_name = "TOKEN", value_parser = token)]
    token: String,

    /// The Kubernetes directory whose CA the node is to trust.
    #[arg(short, long, value_name = "DIR", default_value = "/etc/kubernetes")]
    dir: PathBuf,

    /// The CA that the node is to trust, if it is another than ca.crt of the Kubernetes directory.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// What identifiers and secrets of tokens are made of (`k8s.io/cluster-bootstrap/token/util`).
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

impl BootstrapToken {
    /// The manifest.
    ///
    /// # Errors
    /// When there is no chance to be had.
    pub fn manifest(&self, outside: &Outside<'_>) -> Result<String, Error> {
        let id = text::<48>()?;
        let (secret, rest) = (text::<128>()?, "bootstrap.kubernetes.io/token");
        let ends = rfc3339(outside.now + self.ttl.duration());
        let value = json!({
            "apiVersion": "v1", "kind": "Secret", "type": rest,
            "metadata": {"name": format!("bootstrap-token-{id}"), "namespace": "kube-system"},
            "stringData": {
                "token-id": id, "token-secret": secret, "expiration": ends,
                "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
                "auth-extra-groups": self.group.join(","),
            },
        });
        yaml(&value)
    }
}

impl BootstrapKubeconfig {
    /// The kubeconfig.
    ///
    /// # Errors
    /// When the CA cannot be read.
    pub fn kubeconfig(&self) -> Result<String, Error> {
        let ca = self.ca.clone().unwrap_or_else(|| {
            let (node, fleet) = (self.dir.join("pki/ca.crt"), self.dir.join("authority/ca.crt"));
            if fleet.exists() && !node.exists() { fleet } else { node }
        });
        let bytes = bytes(&ca)?;
        // As `kubeadm join` writes it (`kubeadm.TLSBootstrapTokenUser`).
        let user = "tls-bootstrap-token-user";
        let context = format!("{user}@kubernetes");
        let value = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": context,
            "clusters": [{
                "name": "kubernetes",
                "cluster": {"certificate-authority-data": STANDARD.encode(bytes), "server": self.server},
            }],
            "contexts": [{"name": context, "context": {"cluster": "kubernetes", "user": user}}],
            "users": [{"name": user, "user": {"token": self.token}}],
        });
        yaml(&value)
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |problem: String| DiskError::at(path, "cannot be read")(std::io::Error::other(problem));
    Ok(read::bytes(path).map_err(|error| failed(error.to_string()))?.bytes.to_vec())
}

fn yaml(value: &Value) -> Result<String, Error> {
    let failed = |problem: String| Error::Format { format: "YAML", problem };
    Notation::Yaml.write(value).map_err(|error| failed(error.to_string()))
}

/// Random characters, one for each eight octets: the remainder favours none that could be seen.
fn text<const OCTETS: usize>() -> Result<String, Error> {
    let octets: [u8; OCTETS] = random()?;
    let character = |octets: &[u8]| {
        let number = octets.iter().fold(0_u64, |number, octet| number << 8 | u64::from(*octet));
        let index = usize::try_from(number % ALPHABET.len() as u64).unwrap_or_default();
        ALPHABET.get(index).map(|byte| char::from(*byte))
    };
    Ok(octets.chunks(8).filter_map(character).collect())
}

fn token(text: &str) -> Result<String, String> {
    let is = |text: &str, length| text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte));
    let parts = text.split_once('.').filter(|(id, secret)| is(id, 6) && is(secret, 16));
    parts
        .map(|_| text.to_owned())
        .ok_or_else(|| "not six characters, a dot and sixteen, of a-z and 0-9".to_owned())
}

fn group(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("system:bootstrappers:").unwrap_or_default();
    let inside = |byte: u8| ALPHABET.contains(&byte) || byte == b':' || byte == b'-';
    let ends = rest.bytes().last().is_some_and(|byte| ALPHABET.contains(&byte));
    if ends && rest.len() <= 256 && rest.bytes().all(inside) {
        Ok(text.to_owned())
    } else {
        Err("groups of tokens begin with system:bootstrappers:".to_owned())
    }
}

/// The URL of an API server, as clap's `value_parser`.
///
/// # Errors
/// When it is none of HTTPS.
pub fn url(text: &str) -> Result<String, String> {
    let rest =
        text.strip_prefix("https://").filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace));
    // kubectl and kubelets send a token over nothing else.
    rest.map(|_| text.to_owned()).ok_or_else(|| "not a URL that begins with https://".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_of_the_alphabet() {
        let id = text::<48>().unwrap();
        let secret = text::<128>().unwrap();
        assert!(token(&format!("{id}.{secret}")).is_ok());
        assert!(token("abcdef.0123").is_err() && token("ABCDEF.0123456789abcdef").is_err());
        assert!(group("system:masters").is_err() && group("system:bootstrappers:a:b-c").is_ok());
    }
}
