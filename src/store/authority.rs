//! The CAs that sign, as kube-controller-manager has them (`--cluster-signing-cert-file` and its kin): one certificate, the
//! key that belongs to it, read again when a file changes. What is bad signs nothing until it is mended.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use time::OffsetDateTime;

use super::StoreError;
use crate::disk::{Stamp, read};
use crate::x509::{self, Certificate, Issuer, PrivateKey, TokenKey, TokenUri, pem};

/// A CA that can sign.
#[derive(Debug)]
pub struct Authority {
    certificate: Certificate,
    key: PrivateKey,
    pem: String,
}

impl Authority {
    /// Reads a CA from its two files.
    ///
    /// # Errors
    /// When a file cannot be read, there is not exactly one certificate, it is none of a CA, or the key is another's.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, StoreError> {
        let at = |path: &Path, problem: String| StoreError::Authority { path: path.to_owned(), problem };
        let bytes = |path: &Path| read::bytes(path).map_err(|error| at(path, error.to_string()));
        let text = bytes(certificate)?;
        let found = one_certificate(&text.bytes).map_err(|problem| at(certificate, problem))?;
        let secret = secret(&bytes(key)?).map_err(|problem| at(key, problem))?;
        if found.public_key != *secret.public_key() {
            return Err(at(key, format!("does not belong to {}", certificate.display())));
        }
        if !found.is_ca() {
            let problem = "is no CA certificate: nothing that it signed would be trusted".to_owned();
            return Err(at(certificate, problem));
        }
        let pem = found.to_pem()?;
        Ok(Self { certificate: found, key: secret, pem })
    }

    /// The CA as what signs.
    #[must_use]
    pub fn issuer(&self) -> Option<Issuer<'_>> {
        Issuer::new(&self.certificate, &self.key)
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// The private key of a file. One in a token is opened without asking anybody, and so its URI names a file with the PIN.
fn secret(file: &read::Bytes) -> Result<PrivateKey, String> {
    let text = &file.bytes;
    let uri = std::str::from_utf8(text).ok().filter(|text| TokenUri::is_one(text.trim_start()));
    let Some(uri) = uri else { return PrivateKey::from_pem(text).map_err(|error| error.to_string()) };
    let key = TokenUri::parse(uri).map(TokenKey::new).map_err(|error| error.to_string())?;
    if !file.is_only_ours() {
        return Err(x509::Error::ForeignModule.to_string());
    }
    let token = key.reach(None).map_err(|error| error.to_string())?;
    let file = match &key.uri().pin_source {
        Some(source) if token.wants_pin() => Some(read::bytes(source).map_err(|error| error.to_string())?),
        None if token.wants_pin() => {
            return Err("is in a token that wants a PIN, and its URI names no pin-source".to_owned());
        }
        _ => None,
    };
    let pin = file.as_ref().and_then(|file| file.bytes.split(|octet| matches!(octet, b'\r' | b'\n')).next());
    key.open(&token, pin, None).map_err(|error| error.to_string())?;
    key.into_opened().ok_or_else(|| "is not open".to_owned())
}

/// Exactly one, as kube-controller-manager wants it (`authority.NewStaticCAContentProvider`, `parseOneCert`).
fn one_certificate(text: &[u8]) -> Result<Certificate, String> {
    let blocks = pem::blocks(text).map_err(|error| error.to_string())?;
    let blocks: Vec<_> = blocks.iter().filter(|block| block.label == "CERTIFICATE").collect();
    let [block] = blocks[..] else { return Err(format!("expected 1 certificate, found {}", blocks.len())) };
    Certificate::from_der(&block.contents).and_then(Certificate::accepted).map_err(|error| error.to_string())
}

/// Where a CA is, and what was read there.
#[derive(Debug)]
struct Slot {
    name: String,
    certificate: PathBuf,
    key: PathBuf,
    stamps: [Option<Stamp>; 2],
    loaded: Result<Arc<Authority>, String>,
}

/// Every CA by its name.
#[derive(Debug, Default)]
pub struct Authorities {
    slots: Vec<Slot>,
}

impl Authorities {
    /// The CAs at these places: a name, its certificate and its key. Nothing is read yet.
    #[must_use]
    pub fn new(places: Vec<(String, PathBuf, PathBuf)>) -> Self {
        let slot = |(name, certificate, key)| Slot {
            name,
            certificate,
            key,
            stamps: [None, None],
            loaded: Err("has not been read yet".to_owned()),
        };
        Self { slots: places.into_iter().map(slot).collect() }
    }

    /// Reads what has changed, and returns the CAs that have come, changed or gone, with what is wrong with them.
    pub fn refresh(&mut self) -> Vec<(String, Option<String>)> {
        let mut changed = Vec::new();
        for slot in &mut self.slots {
            let stamps = [Stamp::at(&slot.certificate), Stamp::at(&slot.key)];
            let unread = slot.loaded.is_err() && slot.stamps == [None, None] && stamps == [None, None];
            if stamps == slot.stamps && !unread {
                continue;
            }
            let loaded = Authority::read(&slot.certificate, &slot.key);
            // Taken before the files were read: what changes meanwhile is read again.
            slot.stamps = stamps;
            let loaded = loaded.map(Arc::new).map_err(|error| error.to_string());
            if loaded.as_ref().err() != slot.loaded.as_ref().err() || loaded.is_ok() {
                changed.push((slot.name.clone(), loaded.as_ref().err().cloned()));
            }
            slot.loaded = loaded;
        }
        changed
    }

    /// When each CA ends that can sign now.
    #[must_use]
    pub fn ends(&self) -> Vec<(String, OffsetDateTime)> {
        let end = |slot: &Slot| Some((slot.name.clone(), slot.loaded.as_ref().ok()?.certificate.not_after));
        self.slots.iter().filter_map(end).collect()
    }

    /// The CA of a name, if it can sign.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Authority>> {
        let slot = self.slots.iter().find(|slot| slot.name == name)?;
        slot.loaded.as_ref().ok().cloned()
    }

    /// What is wrong with the CA of a name.
    #[must_use]
    pub fn problem(&self, name: &str) -> Option<&str> {
        let slot = self.slots.iter().find(|slot| slot.name == name)?;
        slot.loaded.as_ref().err().map(String::as_str)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::fs;

    use crate::x509::issue::self_signed;
    use crate::x509::{KeyAlgorithm, KeyUsage, Name, Profile, Usages};
    use tempfile::TempDir;
    use time::macros::datetime;

    /// Writes a new CA into a directory.
    pub fn make(home: &Path, name: &str, ca: bool) {
        let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let profile = Profile {
            path_length: None,
            name_constraints: None,
            subject: Name::new(name, &[]).unwrap(),
            subject_alt_names: Vec::new(),
            usages: Usages { key: vec![KeyUsage::CertSign], extended: Vec::new() },
            ca,
            not_before: datetime!(2026-01-01 0:00 UTC),
            not_after: datetime!(2036-01-01 0:00 UTC),
        };
        let certificate = self_signed(&profile, &key).unwrap();
        fs::write(home.join(format!("{name}.crt")), certificate.to_pem().unwrap()).unwrap();
        fs::write(home.join(format!("{name}.key")), &*key.to_pem().unwrap()).unwrap();
    }

    #[test]
    fn what_is_bad_signs_nothing_until_it_is_mended() {
        let home = TempDir::new().unwrap();
        let path = |name: &str| home.path().join(name);
        for (name, ca) in [("ca", true), ("other", true), ("leaf", false)] {
            make(home.path(), name, ca);
        }
        let mut all = Authorities::new(vec![("ca".into(), path("ca.crt"), path("ca.key"))]);
        assert_eq!(all.refresh(), [("ca".to_owned(), None)]);
        assert_eq!(all.refresh(), []);
        assert_eq!(all.ends(), [("ca".to_owned(), datetime!(2036-01-01 0:00 UTC))]);
        let mut replace = |certificate: &str, key: &str, words: &str| {
            fs::copy(path(certificate), path("ca.crt")).unwrap();
            fs::copy(path(key), path("ca.key")).unwrap();
            let (_, problem) = all.refresh().remove(0);
            assert_eq!(all.get("ca").is_some(), words.is_empty(), "{problem:?}");
            assert!(problem.unwrap_or_default().contains(words));
        };
        replace("other.crt", "leaf.key", "ca.key: does not belong to ");
        replace("leaf.crt", "leaf.key", "is no CA certificate");
        let both = fs::read_to_string(path("other.crt")).unwrap().repeat(2);
        fs::write(path("two.crt"), both).unwrap();
        replace("two.crt", "other.key", "expected 1 certificate, found 2");
        replace("other.key", "other.key", "expected 1 certificate, found 0");
        replace("other.crt", "other.key", "");
        fs::remove_file(path("ca.key")).unwrap();
        assert!(all.refresh()[0].1.as_ref().unwrap().contains("ca.key: is missing"));
        assert_eq!((all.refresh().len(), all.ends().len()), (0, 0), "told once");
    }
}
