//! A key, wherever it stands: in a certificate, in a key file, in a kubeconfig.

use std::path::{Path, PathBuf};

use super::case::Case;
use super::view::View;
use super::{Anchor, Fault, Remedy};
use crate::disk::content::{Broken, Content, ContentError, Item};
use crate::disk::kubeconfig::Source;
use crate::target::{Aim, Site};
use crate::x509::rsa::RsaFault;
use crate::x509::{Error, PrivateKey, PublicKey};

/// A key in a view. A pair of files has two: the certificate's, and the private one.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// The directory that it is in.
    pub view: &'a View<'a>,
    /// The public key.
    pub public: &'a PublicKey,
    /// The private key, where that is what stands there.
    pub private: Option<&'a PrivateKey>,
    path: &'a Path,
    site: Option<&'a Site>,
    target: Option<usize>,
}

impl<'a> Key<'a> {
    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    /// To whom the file belongs.
    #[must_use]
    pub fn site(&self) -> Option<&'a Site> {
        self.site
    }

    /// The target whose file it is in.
    #[must_use]
    pub fn case(&self) -> Option<Case<'a>> {
        self.view.case(self.target?)
    }

    /// What a finding about it is about.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor {
            view: self.view.position,
            site: self.site.cloned(),
            target: self.target,
            key: Some(self.public.fingerprint()),
        }
    }
}

/// Every key of a view, in the order of the targets and then of other files: those of certificates, private and public
/// keys. CA certificates in kubeconfigs and behind others in bundles are left out: they are somebody else's.
pub(super) fn keys<'a>(view: &'a View<'a>) -> Vec<Key<'a>> {
    let mut all = Vec::new();
    for (index, target) in view.targets.list.iter().enumerate() {
        for entry in view.survey.of_target(index) {
            let Some(present) = entry.found.present() else { continue };
            for (public, private) in keys_of(&present.content) {
                let (path, site) = (entry.file.path.as_path(), Some(&target.site));
                all.push(Key { view, public, private, path, site, target: Some(index) });
            }
        }
    }
    for stray in &view.survey.strays {
        let Some(present) = stray.found.present() else { continue };
        for (public, private) in keys_of(&present.content) {
            let (path, site) = (stray.path.as_path(), stray.site.as_ref());
            all.push(Key { view, public, private, path, site, target: None });
        }
    }
    all
}

fn keys_of(content: &Content) -> Vec<(&PublicKey, Option<&PrivateKey>)> {
    let mut found: Vec<(&PublicKey, Option<&PrivateKey>)> = Vec::new();
    let mut certificates = 0;
    for item in &content.items {
        let item = match item {
            Ok(item) => item,
            // A key that cannot be loaded still shows which it is.
            Err(Broken { error: ContentError::X509(Error::RsaKey { public, .. }), .. }) => {
                found.push((public, None));
                continue;
            }
            Err(_) => continue,
        };
        match item {
            Item::Certificate(certificate) => {
                if certificates == 0 {
                    found.push((&certificate.public_key, None));
                }
                certificates += 1;
            }
            Item::PrivateKey(key) => found.push((key.public_key(), Some(key))),
            Item::PublicKey(key) => found.push((key, None)),
            Item::Kubeconfig(kubeconfig) => {
                let client = kubeconfig.certificate.embedded().and_then(|all| all.first());
                found.extend(client.map(|client| (&client.public_key, None)));
                found.extend(kubeconfig.key.embedded().map(|key| (key.public_key(), Some(key))));
            }
            _ => {}
        }
    }
    found
}

/// An RSA private key whose numbers do not agree, so that it cannot be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Malformed<'a> {
    /// The directory that it is in.
    pub view: &'a View<'a>,
    /// The relation that does not hold.
    pub relation: &'static str,
    path: &'a Path,
    site: Option<&'a Site>,
    target: Option<usize>,
}

impl Malformed<'_> {
    /// The fault of this key.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        let remedy = match self.target.and_then(|target| self.view.case(target)) {
            Some(case) if case.is_leaf() => Remedy::Rekey,
            Some(_) => Remedy::by_hand("write it anew from its primes, or put it back from a backup"),
            None => Remedy::by_hand("replace the file, or remove it if nothing reads it"),
        };
        let (view, site, target) = (self.view.position, self.site.cloned(), self.target);
        let anchor = Anchor { view, site, target, key: None };
        Fault { anchor: Some(anchor), ..Fault::new(self.path.to_owned(), message, remedy) }
    }
}

/// Whether a view has private keys.
pub(super) fn holds_private_keys(view: &View<'_>) -> bool {
    let own = (0..view.targets.list.len()).flat_map(|index| view.survey.of_target(index));
    let own = own.filter_map(|entry| entry.found.present());
    let others = view.survey.strays.iter().filter_map(|stray| stray.found.present());
    own.chain(others).any(|present| {
        present.content.items.iter().any(|item| match item {
            Ok(Item::PrivateKey(_)) | Err(Broken { error: ContentError::X509(Error::RsaKey { .. }), .. }) => {
                true
            }
            Ok(Item::Kubeconfig(kubeconfig)) => matches!(kubeconfig.key, Source::Embedded(_)),
            _ => false,
        })
    })
}

/// Every malformed key of a view; a copy is its original.
pub(super) fn malformed<'a>(view: &'a View<'a>) -> Vec<Malformed<'a>> {
    let mut all = Vec::new();
    for (index, target) in view.targets.list.iter().enumerate() {
        if matches!(target.aim, Aim::Copy { .. }) {
            continue;
        }
        for entry in view.survey.of_target(index) {
            let Some(present) = entry.found.present() else { continue };
            let (path, site) = (entry.file.path.as_path(), Some(&target.site));
            let keys = broken_relations(&present.content);
            all.extend(keys.map(|relation| Malformed { view, relation, path, site, target: Some(index) }));
        }
    }
    for stray in &view.survey.strays {
        let Some(present) = stray.found.present() else { continue };
        let (path, site) = (stray.path.as_path(), stray.site.as_ref());
        let keys = broken_relations(&present.content);
        all.extend(keys.map(|relation| Malformed { view, relation, path, site, target: None }));
    }
    all
}

fn broken_relations(content: &Content) -> impl Iterator<Item = &'static str> {
    let relation = |error: &Error| match error {
        Error::RsaKey { fault: RsaFault::Numbers(relation), .. } => Some(*relation),
        _ => None,
    };
    content.items.iter().filter_map(move |item| match item {
        Err(Broken { error: ContentError::X509(error), .. }) => relation(error),
        Ok(Item::Kubeconfig(kubeconfig)) => match &kubeconfig.key {
            Source::Embedded(Err(error)) => relation(error),
            _ => None,
        },
        _ => None,
    })
}
