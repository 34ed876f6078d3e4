//! Bootstrap tokens (`plugin/pkg/auth/authenticator/token/bootstrap`): a file of Secrets as they lie in `kube-system`.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::csr::User;
use crate::disk::Notation;
use crate::x509::sha256;

/// The type of such a Secret.
const KIND: &str = "bootstrap.kubernetes.io/token";

/// The group of everybody who comes with a token, and what the names of their other groups begin with.
const GROUP: &str = "system:bootstrappers";

/// What the name of the user begins with.
const USER: &str = "system:bootstrap:";

/// The tokens of a file, by their ids.
#[derive(Debug, Default)]
pub struct Tokens {
    tokens: HashMap<String, Token>,
}

struct Token {
    /// The SHA-256 of the secret: digests are compared, so that the time it takes tells nothing.
    secret: Vec<u8>,
    until: Option<OffsetDateTime>,
    groups: Vec<String>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("until", &self.until)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads a file of Secrets, in YAML or JSON; with what each is passed over for that is no such token.
    ///
    /// # Errors
    /// When it does not parse.
    pub fn read(text: &str) -> Result<(Self, Vec<String>), String> {
        let mut tokens = Self::default();
        let mut problems = Vec::new();
        for value in Notation::Yaml.read_all(text).map_err(|error| error.to_string())? {
            let items = value.get("items").and_then(|items| items.as_array()).cloned();
            for secret in items.unwrap_or_else(|| vec![value]) {
                let name =
                    secret.pointer("/metadata/name").and_then(|name| name.as_str()).unwrap_or_default();
                match token(&secret) {
                    Ok((id, token)) => drop(tokens.tokens.insert(id, token)),
                    Err(problem) => {
                        problems.push(format!("the Secret {name:?} is no bootstrap token: {problem}"));
                    }
                }
            }
        }
        Ok((tokens, problems))
    }

    /// The user who comes with a token, if it counts now.
    #[must_use]
    pub fn user(&self, bearer: &str, now: OffsetDateTime) -> Option<User> {
        let (id, secret) = bearer.split_once('.').filter(|(id, secret)| is_id(id) && is_secret(secret))?;
        let token = self.tokens.get(id)?;
        let matches = token.secret == sha256(secret.as_bytes());
        let holds = token.until.is_none_or(|until| now < until);
        (matches && holds).then(|| User::known(&format!("{USER}{id}"), &token.groups))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

fn token(secret: &serde_json::Value) -> Result<(String, Token), String> {
    let text = |path: &str| secret.pointer(path).and_then(|value| value.as_str()).unwrap_or_default();
    if text("/kind") != "Secret" || text("/type") != KIND {
        return Err(format!("its type is not {KIND}"));
    }
    let field = |name: &str| -> Option<String> {
        if let Some(plain) = secret.get("stringData").and_then(|data| data.get(name)) {
            return plain.as_str().map(str::to_owned);
        }
        let encoded = secret.get("data")?.get(name)?.as_str()?;
        String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()
    };
    let id = field("token-id").filter(|id| is_id(id)).ok_or("it has no token-id of six of a-z0-9")?;
    let name = text("/metadata/name");
    if name != format!("bootstrap-token-{id}") {
        return Err(format!("it is not called bootstrap-token-{id}"));
    }
    let value = field("token-secret").filter(|secret| is_secret(secret));
    let value = value.ok_or("it has no token-secret of sixteen of a-z0-9")?;
    if field("usage-bootstrap-authentication").as_deref() != Some("true") {
        return Err("its usage-bootstrap-authentication is not true".to_owned());
    }
    // What cannot be read has ended.
    let end = |text: String| OffsetDateTime::parse(&text, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let until = field("expiration").filter(|text| !text.is_empty()).map(end);
    let mut groups = vec![GROUP.to_owned()];
    let more = field("auth-extra-groups").unwrap_or_default();
    for group in more.split(',').map(str::trim).filter(|group| !group.is_empty()) {
        if !is_group(group) {
            return Err(format!("{group:?} in auth-extra-groups is no group of {GROUP}"));
        }
        groups.push(group.to_owned());
    }
    groups.sort_unstable();
    groups.dedup();
    Ok((id, Token { secret: sha256(value.as_bytes()), until, groups }))
}

fn is_id(text: &str) -> bool {
    text.len() == 6 && text.bytes().all(is_letter)
}

fn is_secret(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(is_letter)
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// `\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z` (`k8s.io/cluster-bootstrap/token/api`).
fn is_group(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix(':')) else { return false };
    let inside = rest.bytes().all(|byte| is_letter(byte) || byte == b':' || byte == b'-');
    inside && (1..=256).contains(&rest.len()) && rest.bytes().last().is_some_and(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn secret(id: &str, more: &str) -> String {
        format!(
            "---\napiVersion: v1\nkind: Secret\nmetadata: {{name: bootstrap-token-{id}, namespace: kube-system}}\n\
             type: bootstrap.kubernetes.io/token\nstringData:\n  token-id: {id}\n  token-secret: 0123456789abcdef\n  \
             usage-bootstrap-authentication: \"true\"\n{more}"
        )
    }

    #[test]
    fn tokens_are_kubernetes_own() {
        let text = secret("abcdef", "  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token\n")
            + &secret("t00000", "  expiration: 2026-11-22T12:00:00Z\n")
            + &secret("t11111", "  expiration: tomorrow\n")
            + &secret("t22222", "  auth-extra-groups: system:masters\n")
            + &secret("t33333", "").replace("\"true\"", "\"false\"")
            + &secret("44444", "");
        let (tokens, problems) = Tokens::read(&text).unwrap();
        assert_eq!((tokens.len(), problems.len()), (3, 3), "{problems:?}");
        let before = datetime!(2026-11-22 11:59 UTC);
        let user = tokens.user("abcdef.0123456789abcdef", before).unwrap();
        assert_eq!(user.name, "system:bootstrap:abcdef");
        let groups = [
            "system:bootstrappers",
            "system:bootstrappers:kubeadm:default-node-token",
            "system:authenticated",
        ];
        assert_eq!(user.groups, groups);
        for (bearer, at, counts) in [
            ("abcdef.0123456789abcdee", before, false),
            ("abcdef.0123456789abcde", before, false),
            ("abcdef", before, false),
            ("t00000.0123456789abcdef", before, true),
            ("t00000.0123456789abcdef", datetime!(2026-11-22 12:00 UTC), false),
            ("t11111.0123456789abcdef", before, false),
            ("t22222.0123456789abcdef", before, false),
        ] {
            assert_eq!(tokens.user(bearer, at).is_some(), counts, "{bearer}");
        }
    }

    #[test]
    fn data_is_base64() {
        let text = secret("abcdef", "").replace("stringData", "data");
        assert_eq!(Tokens::read(&text).unwrap().0.len(), 0);
        let text = text
            .replace(": abcdef", ": YWJjZGVm")
            .replace("0123456789abcdef", "MDEyMzQ1Njc4OWFiY2RlZg==")
            .replace("\"true\"", "dHJ1ZQ==");
        let (tokens, problems) = Tokens::read(&text).unwrap();
        assert_eq!(tokens.len(), 1, "{problems:?}");
    }
}
