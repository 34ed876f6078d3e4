//! `kubepki ca new`.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::authority::Authority;
use super::issue::{Record, issue};
use crate::cli::ledger::LedgerArgs;
use crate::cli::passphrase::{PassphraseArgs, Passphrases};
use crate::cli::{Exit, Outside};
use crate::disk::durable;
use crate::error::Error;
use crate::moment::date;
use crate::spec::Period;
use crate::spec::authority::{domain, network};
use crate::x509::name_constraints::Subtree;
use crate::x509::profile::BACKDATE;
use crate::x509::token_uri::SCHEME;
use crate::x509::{
    self, KeyAlgorithm, KeyUsage, NameConstraints, PrivateKey, Profile, Subject, TokenKey, TokenUri, Usages,
    issue as signing,
};

/// Make a CA: a root, or an intermediate under a root that is given
///
/// Writes NAME.key and NAME.crt; what is there is never overwritten. Of a key in a token NAME.key holds the URI, and every
/// command that takes a key's file takes that. Its PIN comes from where passphrases come from, or from the file that
/// `?pin-source=` names in the URI; the module from `?module-path=` or KUBEPKI_PKCS11_MODULE.
#[derive(Debug, Args)]
pub struct New {
    /// Where the pair goes, without its endings: `pki/root` for pki/root.key and pki/root.crt.
    #[arg(value_name = "NAME")]
    name: PathBuf,

    /// Whom it is about: `CN=example root,O=example`.
    #[arg(long, value_name = "SUBJECT")]
    subject: Subject,

    /// How long it is valid.
    #[arg(long, value_name = "DURATION", default_value = "87600h")]
    ttl: Period,

    /// The kind of its key: ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096. Or the pkcs11: URI of a key in a token,
    /// which is made there if it is not there yet.
    #[arg(long, value_name = "ALGORITHM|URI", default_value = "ECDSA-P256", value_parser = key_arg)]
    key: Key,

    /// The kind of a key that is made in a token: ECDSA-P256, if it is not said.
    #[arg(long, value_name = "ALGORITHM", value_parser = algorithm_arg)]
    algorithm: Option<KeyAlgorithm>,

    /// How many CAs may stand between it and a leaf; any number, if it is not said.
    #[arg(long, value_name = "N")]
    path_length: Option<u8>,

    /// Only names below this domain, or addresses in this network, may be certified below it; may be given again.
    #[arg(long, value_name = "DOMAIN|NETWORK", value_parser = subtree_arg)]
    permit: Vec<Subtree>,

    /// No names below this domain, nor addresses in this network; may be given again.
    #[arg(long, value_name = "DOMAIN|NETWORK", value_parser = subtree_arg)]
    exclude: Vec<Subtree>,

    /// The certificate of the CA that signs it; without one it is a root.
    #[arg(long, value_name = "FILE")]
    parent: Option<PathBuf>,

    /// The key of that CA, where it is not beside its certificate.
    #[arg(long, value_name = "FILE", requires = "parent")]
    parent_key: Option<PathBuf>,

    /// Put the new key under a passphrase; one in a token has a PIN.
    #[arg(long)]
    encrypt: bool,

    #[command(flatten)]
    ledger: LedgerArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Where its key comes from.
#[derive(Clone, Debug)]
enum Key {
    /// It is made, and written beside the certificate.
    New(KeyAlgorithm),
    /// It is in a token, by this URI.
    InToken(String),
}

impl New {
    /// Makes the pair.
    ///
    /// # Errors
    /// When something is in its place, the parent must not sign it, or it cannot be written. Then neither file is.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let (key_path, certificate_path) = (ending(&self.name, "key"), ending(&self.name, "crt"));
        for path in [&key_path, &certificate_path] {
            if path.symlink_metadata().is_ok() {
                return Err(Error::IsThere(path.clone()));
            }
        }
        let failed = |source| Error::Key { path: key_path.clone(), source };
        let mut passphrases = Passphrases::new(&self.passphrase);
        if self.encrypt && matches!(self.key, Key::InToken(_)) {
            let message =
                "--encrypt: a key in a token never leaves it, and there is nothing to encrypt".to_owned();
            return Err(Error::Usage { message, hint: "leave --encrypt out".to_owned() });
        }
        if self.algorithm.is_some() && matches!(self.key, Key::New(_)) {
            let message = "--algorithm is the kind of a key that is made in a token".to_owned();
            return Err(Error::Usage { message, hint: "--key names the kind of any other".to_owned() });
        }
        let parent = self.parent.as_ref().map(|parent| {
            let key = self.parent_key.clone().unwrap_or_else(|| parent.with_extension("key"));
            Authority::load(parent, &key, &mut passphrases)
        });
        let parent = parent.transpose()?;
        let in_token = match &self.key {
            Key::New(_) => None,
            Key::InToken(uri) => {
                let wrong = |source| Error::Key { path: PathBuf::from(SCHEME), source };
                Some(TokenKey::new(TokenUri::parse(uri).map_err(wrong)?))
            }
        };
        let fresh = match self.key {
            Key::New(algorithm) => Some(PrivateKey::generate(algorithm).map_err(failed)?),
            Key::InToken(_) => None,
        };
        let key = match (&in_token, &fresh) {
            (Some(key), _) => {
                passphrases.token(key, Some(self.algorithm.unwrap_or(KeyAlgorithm::EcdsaP256)))?
            }
            (None, Some(key)) => key,
            (None, None) => return Err(failed(x509::Error::Missing("private key"))),
        };
        let profile = self.profile(outside).map_err(failed)?;
        let certificate = match &parent {
            Some(parent) => {
                let record = Record { verb: "ca new", ledger: &self.ledger };
                issue(parent, &certificate_path, profile, key.public_key(), &record, outside.now)?
            }
            None => signing::self_signed(&profile, key).map_err(failed)?,
        };
        let text = if let Some(key) = &in_token {
            Zeroizing::new(format!("{}\n", key.uri()))
        } else if self.encrypt {
            Zeroizing::new(key.to_encrypted_pem(&passphrases.fresh(&key_path)?).map_err(failed)?)
        } else {
            key.to_pem().map_err(failed)?
        };
        let public = certificate.to_pem().map_err(failed)?;
        durable::create_pair(
            (&key_path, text.as_bytes(), 0o600),
            (&certificate_path, public.as_bytes(), 0o644),
        )?;
        writeln!(outside.out, "+ {}", key_path.display())?;
        writeln!(
            outside.out,
            "+ {}: {}, signed by {}, until {}",
            certificate_path.display(),
            certificate.subject,
            if parent.is_some() { certificate.issuer.to_string() } else { "itself".to_owned() },
            date(certificate.not_after)
        )?;
        Ok(Exit::Done)
    }

    fn profile(&self, outside: &Outside<'_>) -> Result<Profile, x509::Error> {
        let now = outside.now.replace_nanosecond(0).unwrap_or(outside.now);
        let constraints = NameConstraints { permitted: self.permit.clone(), excluded: self.exclude.clone() };
        let any = !(constraints.permitted.is_empty() && constraints.excluded.is_empty());
        Ok(Profile {
            subject: self.subject.to_name()?,
            subject_alt_names: Vec::new(),
            usages: authority_usages(),
            ca: true,
            path_length: self.path_length,
            name_constraints: any.then_some(constraints),
            not_before: now - BACKDATE,
            not_after: now + self.ttl.duration(),
        })
    }
}

/// What a CA's key may do: kubeadm's CAs have no cRLSign, and OpenSSL takes no revocation list of theirs.
#[must_use]
pub fn authority_usages() -> Usages {
    Usages {
        key: vec![KeyUsage::DigitalSignature, KeyUsage::CertSign, KeyUsage::CrlSign],
        extended: Vec::new(),
    }
}

/// `pki/root` with an ending; `with_extension` would take a part of `example.com`.
fn ending(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    PathBuf::from(path)
}

/// An algorithm, or a URI, which is looked at later: a complaint of clap's would print it with a PIN that may be in it.
fn key_arg(text: &str) -> Result<Key, String> {
    if TokenUri::is_one(text) { Ok(Key::InToken(text.to_owned())) } else { algorithm_arg(text).map(Key::New) }
}

fn algorithm_arg(text: &str) -> Result<KeyAlgorithm, String> {
    let known = KeyAlgorithm::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let names = || KeyAlgorithm::ALL.map(|(name, _)| name).join(", ");
    known.map(|(_, algorithm)| *algorithm).ok_or_else(|| format!("there are {}", names()))
}

/// A network, an address, or a domain.
fn subtree_arg(text: &str) -> Result<Subtree, String> {
    let base = network(text).or_else(|| domain(text));
    let base = base.ok_or_else(|| "write a domain, example.com, or a network, 192.0.2.0/24".to_owned())?;
    Ok(Subtree { base, has_distances: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_are_domains_and_networks() {
        for (text, expected) in [
            ("Example.com", Some("DNS:example.com")),
            (".example.com", Some("DNS:.example.com")),
            ("192.0.2.7/24", Some("IP:192.0.2.0/24")),
            ("2001:db8::1", Some("IP:2001:db8::1/128")),
            ("*.example.com", None),
            ("a b", None),
            ("user@example.com", None),
        ] {
            let base = subtree_arg(text).ok().map(|subtree| subtree.base.to_string());
            assert_eq!(base.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_endings_are_added() {
        assert_eq!(ending(Path::new("a/example.com"), "key"), Path::new("a/example.com.key"));
    }
}
