//! A kubeconfig, wherever it stands: a credential's own, or one that no credential has.

use std::path::{Path, PathBuf};

use super::case::Case;
use super::view::{MOST_AUTHORITIES, View};
use super::{Anchor, Fault, Remedy};
use crate::disk::Kubeconfig;
use crate::disk::content::Item;
use crate::target::Site;
use crate::x509::{Certificate, PrivateKey, PublicKey, chain};

/// A kubeconfig in a view.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The directory that it is in.
    pub view: &'a View<'a>,
    /// What it says.
    pub kubeconfig: &'a Kubeconfig,
    path: &'a Path,
    site: Option<&'a Site>,
    target: Option<usize>,
}

impl<'a> Access<'a> {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &'a Path {
        self.path
    }

    /// The file's name.
    #[must_use]
    pub fn file_name(&self) -> &'a str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// To whom the file belongs.
    #[must_use]
    pub fn site(&self) -> Option<&'a Site> {
        self.site
    }

    /// The target whose file it is.
    #[must_use]
    pub fn case(&self) -> Option<Case<'a>> {
        self.view.case(self.target?)
    }

    /// Whether it is a credential of the catalogue's or of the user's spec. One that was only inferred from the file itself
    /// is nobody's word.
    #[must_use]
    pub fn is_planned(&self) -> bool {
        self.case().is_some_and(|case| self.view.terms.given || !case.is_the_users())
    }

    /// The client certificate in it.
    #[must_use]
    pub fn certificate(&self) -> Option<&'a Certificate> {
        self.kubeconfig.certificate.embedded()?.first()
    }

    /// The CA certificates in it.
    #[must_use]
    pub fn authority(&self) -> &'a [Certificate] {
        self.kubeconfig.authority.embedded().map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether it trusts the CA of a certificate, by what the certificates say.
    #[must_use]
    pub fn trusts_the_ca_of(&self, certificate: &Certificate) -> bool {
        let named = self.authority().iter().filter(|ca| ca.subject == certificate.issuer);
        named.take(MOST_AUTHORITIES).any(|ca| chain::claims(certificate, ca))
    }

    /// What a finding about it is about.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        let key = self.kubeconfig.key.embedded().map(PrivateKey::public_key);
        let key = self.certificate().map(|certificate| &certificate.public_key).or(key);
        Anchor {
            view: self.view.position,
            site: self.site.cloned(),
            target: self.target,
            key: key.map(PublicKey::fingerprint),
        }
    }

    /// A fault of it: `remedy` where it is a credential's own, else `text` for a person.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>, remedy: Remedy, text: &str) -> Fault {
        let remedy = if self.target.is_some() { remedy } else { Remedy::by_hand(text) };
        Fault::new(self.path_buf(), message, remedy)
    }

    /// A fault that a person mends: it does not hold up what is done about the credential by itself.
    #[must_use]
    pub fn fault_by_hand(&self, message: impl Into<String>, text: impl Into<String>) -> Fault {
        let anchor = Anchor { target: None, ..self.anchor() };
        Fault { anchor: Some(anchor), ..Fault::new(self.path_buf(), message, Remedy::by_hand(text)) }
    }

    fn path_buf(&self) -> PathBuf {
        self.path.to_owned()
    }
}

/// Every kubeconfig of a view that can be read: the targets', then those in other files.
pub(super) fn accesses<'a>(view: &'a View<'a>) -> impl Iterator<Item = Access<'a>> {
    let own = view.cases().filter_map(move |case| {
        let entry = case.entries().first()?;
        let (path, site) = (entry.file.path.as_path(), Some(&case.target.site));
        Some(Access { view, kubeconfig: case.kubeconfig()?, path, site, target: Some(case.index) })
    });
    let strays = view.survey.strays.iter().filter_map(move |stray| {
        let kubeconfig = stray.found.present()?.content.items.iter().find_map(|item| match item {
            Ok(Item::Kubeconfig(kubeconfig)) => Some(&**kubeconfig),
            _ => None,
        })?;
        let (path, site) = (stray.path.as_path(), stray.site.as_ref());
        Some(Access { view, kubeconfig, path, site, target: None })
    });
    own.chain(strays)
}
