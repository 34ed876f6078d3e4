//! A key, wherever it stands: in a certificate, in a key file, in a kubeconfig.

use std::path::{Path, PathBuf};

use super::Anchor;
use super::case::Case;
use super::view::View;
use crate::disk::content::{Content, Item};
use crate::target::Site;
use crate::x509::{PrivateKey, PublicKey};

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
    for item in content.items.iter().flatten() {
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
