//! What a rule sees: one target, what stands in its place, and the same of its issuer.

use std::path::PathBuf;

use super::Anchor;
use super::links::Signer;
use super::sighting::Sighting;
use super::view::View;
use crate::catalog::{FileRole, Keeper};
use crate::disk::content::SealedKey;
use crate::disk::kubeconfig::Source;
use crate::disk::{Entry, Found, Kubeconfig, Present};
use crate::spec::AuthorityMode;
use crate::target::{Absent, Aim, Blueprint, Target};
use crate::x509::{Certificate, Issuer, PrivateKey, PublicKey, TokenKey, chain};

/// No path of CAs is longer: rustls-webpki has six, OpenSSL's default is more.
const LONGEST_PATH: usize = 8;

/// So many CAs of one name are tried, and no more: a hostile directory may have thousands.
const MOST_CANDIDATES: usize = 4;

/// One target of a view.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The whole.
    pub view: &'a View<'a>,
    /// The position of the target.
    pub index: usize,
    /// The target.
    pub target: &'a Target,
}

/// Who can sign a certificate of a CA.
#[derive(Clone, Copy, Debug)]
pub enum Signing<'a> {
    /// Whoever runs this: certificate and key are at hand.
    Here(Issuer<'a>),
    /// Whoever knows the passphrase of the key, or the PIN of its token, which are here.
    Sealed(SealedKey<'a>),
    /// Whoever has the key, which is not here.
    Elsewhere,
    /// Nobody yet: the CA is still to be made, or to be mended by a person.
    Nobody,
}

impl<'a> Case<'a> {
    /// The files of the target.
    #[must_use]
    pub fn entries(&self) -> &'a [Entry] {
        self.view.survey.of_target(self.index)
    }

    /// The file with a role.
    #[must_use]
    pub fn entry(&self, role: FileRole) -> Option<&'a Entry> {
        self.entries().iter().find(|entry| entry.file.role == role)
    }

    /// The file with a role, if it could be read.
    #[must_use]
    pub fn present(&self, role: FileRole) -> Option<&'a Present> {
        self.entry(role)?.found.present()
    }

    /// What a finding about the target is about.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        let certificate = self.certificate().map(|certificate| &certificate.public_key);
        let key = certificate.or_else(|| self.private_key().map(PrivateKey::public_key));
        Anchor {
            view: self.view.position,
            site: Some(self.target.site.clone()),
            target: Some(self.index),
            key: key.map(PublicKey::fingerprint),
        }
    }

    /// Whether kubepki makes and renews it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.target.keeper == Keeper::Kubepki
    }

    /// Whether it is a credential of the user's own, and none of the catalogue's.
    #[must_use]
    pub fn is_the_users(&self) -> bool {
        self.view.spec.credentials.iter().any(|row| row.name == self.target.credential)
    }

    /// Whether nothing of the target is there.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        self.entries().iter().all(|entry| entry.found.is_missing())
    }

    /// The path of the file with a role; the first file's where there is none with the role.
    #[must_use]
    pub fn path(&self, role: FileRole) -> PathBuf {
        let entry = self.entry(role).or_else(|| self.entries().first());
        entry.map_or_else(PathBuf::new, |entry| entry.file.path.clone())
    }

    /// The path of the file that the certificate is in.
    #[must_use]
    pub fn certificate_path(&self) -> PathBuf {
        self.path(if self.is_kubeconfig() { FileRole::Kubeconfig } else { FileRole::Certificate })
    }

    /// The path of the file that the private key is in.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        self.path(if self.is_kubeconfig() { FileRole::Kubeconfig } else { FileRole::Key })
    }

    /// The certificates in the target's file, the target's own first, if all of them could be read.
    #[must_use]
    pub fn certificates(&self) -> Vec<&'a Certificate> {
        if let Aim::Kubeconfig { .. } = self.target.aim {
            return self.kubeconfig().and_then(|k| k.certificate.embedded()).into_iter().flatten().collect();
        }
        let certificates =
            self.present(FileRole::Certificate).and_then(|file| file.content.certificates().ok());
        certificates.unwrap_or_default()
    }

    /// The target's own certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&'a Certificate> {
        self.certificates().first().copied()
    }

    /// The target's private key.
    #[must_use]
    pub fn private_key(&self) -> Option<&'a PrivateKey> {
        if self.is_kubeconfig() {
            return self.kubeconfig()?.key.embedded();
        }
        self.present(FileRole::Key)?.content.private_key().ok()
    }

    /// The target's private key, where that is under a passphrase or in a token.
    #[must_use]
    pub fn sealed_key(&self) -> Option<SealedKey<'a>> {
        self.present(FileRole::Key)?.content.sealed_key()
    }

    /// Of a CA: the key that the spec has in a token for it.
    #[must_use]
    pub fn token_key(&self) -> Option<&'a TokenKey> {
        let keys = self.view.token_keys.iter().filter(|_| self.is_authority());
        keys.into_iter().find(|(name, _)| *name == self.target.credential).map(|(_, key)| key)
    }

    /// Whether the target's private key is in a token: then there is nothing to copy.
    #[must_use]
    pub fn is_in_token(&self) -> bool {
        matches!(self.sealed_key(), Some(SealedKey::Token(_)))
    }

    /// The kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> Option<&'a Kubeconfig> {
        self.present(FileRole::Kubeconfig)?.content.kubeconfig().ok()
    }

    /// Whether the target is a kubeconfig.
    #[must_use]
    pub fn is_kubeconfig(&self) -> bool {
        matches!(self.target.aim, Aim::Kubeconfig { .. })
    }

    /// Whether the target is a CA.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        matches!(self.target.aim, Aim::Authority { .. })
    }

    /// Whether the target is the root above the CAs.
    #[must_use]
    pub fn is_root(&self) -> bool {
        matches!(self.target.aim, Aim::Authority { absent: Absent::Root, .. })
    }

    /// Whether a CA signs the target, and its certificate is kept in it: not so in a kubelet's kubeconfig that points to
    /// the file that the kubelet renews.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        self.view.targets.issuer(self.target).is_some() && !self.is_rotated()
    }

    /// Whether the user of a kubeconfig keeps its certificate in a file of its own.
    #[must_use]
    pub fn is_rotated(&self) -> bool {
        let rotates = matches!(self.target.aim, Aim::Kubeconfig { rotates: true, .. });
        rotates
            && self.kubeconfig().is_some_and(|kubeconfig| matches!(kubeconfig.certificate, Source::File(_)))
    }

    /// The certificate of a target that a CA signs, and what it ought to say.
    #[must_use]
    pub fn leaf(&self) -> Option<(&'a Certificate, &'a Blueprint)> {
        if self.is_leaf() { Some((self.certificate()?, self.blueprint()?)) } else { None }
    }

    /// The same where kubepki makes it: what is held to the spec.
    #[must_use]
    pub fn specified(&self) -> Option<(&'a Certificate, &'a Blueprint)> {
        self.leaf().filter(|_| self.is_ours())
    }

    /// The certificate of a CA or of a target that a CA signs: what time is told of.
    #[must_use]
    pub fn dated(&self) -> Option<&'a Certificate> {
        if self.is_authority() || self.is_leaf() { self.certificate() } else { None }
    }

    /// What the certificate ought to say.
    #[must_use]
    pub fn blueprint(&self) -> Option<&'a Blueprint> {
        self.target.aim.certificate()
    }

    /// The CA that signs the target.
    #[must_use]
    pub fn issuer(&self) -> Option<Case<'a>> {
        match self.target.aim {
            Aim::Pair { issuer, .. } | Aim::Kubeconfig { issuer, .. } => self.view.case(issuer),
            _ => None,
        }
    }

    /// Of a CA: the root that the spec names above it.
    #[must_use]
    pub fn root(&self) -> Option<Case<'a>> {
        match self.target.aim {
            Aim::Authority { root, .. } => self.view.case(root?),
            _ => None,
        }
    }

    /// Whoever signs the target: its CA, or of a CA the root above it.
    #[must_use]
    pub fn certifier(&self) -> Option<Case<'a>> {
        self.issuer().or_else(|| self.root())
    }

    /// The certificate of whoever signs the target: of the root the one that the spec names.
    #[must_use]
    pub fn certifier_certificate(&self) -> Option<&'a Certificate> {
        let certifier = self.certifier()?;
        if certifier.is_root() {
            return self.view.spec.authority.root_certificate();
        }
        certifier.certificate()
    }

    /// The certificates that stand behind the target's own in its file, so that whoever has nothing but the root finds the
    /// way: that of its CA, if a root is above it. A kubeconfig's certificate is shown to the API server alone, which has
    /// the CA.
    #[must_use]
    pub fn followed_by(&self) -> Option<Case<'a>> {
        let pair = matches!(self.target.aim, Aim::Pair { .. });
        self.issuer().filter(|issuer| pair && issuer.root().is_some())
    }

    /// Of a certificate that its CA has signed over intermediates of which one is not in its file but elsewhere in the
    /// directory: the first that is missing.
    #[must_use]
    pub fn missing_link(&self) -> Option<&'a Certificate> {
        let issuer = self.issuer()?;
        let (certificates, ca) = (self.certificates(), issuer.certificate()?);
        let (certificate, sent) = certificates.split_first()?;
        if !self.is_leaf() || chain::leads_to(certificate, sent, ca).is_ok() {
            return None;
        }
        let mut reached = *certificate;
        let mut missing = None;
        for _ in 0..LONGEST_PATH {
            if chain::claims(reached, ca) {
                return missing.filter(|_| chain::signed_by(reached, ca).is_ok());
            }
            let candidates = self.view.authorities(reached.issuer.as_der()).iter().take(MOST_CANDIDATES);
            let next = candidates
                .copied()
                .find(|other| *other != reached && chain::signed_by(reached, other).is_ok())?;
            if !sent.contains(&next) {
                missing = missing.or(Some(next));
            }
            reached = next;
        }
        None
    }

    /// The target's own certificate among those of the view.
    #[must_use]
    pub fn sighting(&self) -> Option<Sighting<'a>> {
        self.view.sighting_of(self.index)
    }

    /// Who signed the target's own certificate.
    #[must_use]
    pub fn signer(&self) -> Signer<'a> {
        self.sighting().map_or(Signer::Unknown, |sighting| sighting.signer())
    }

    /// The original of a copy.
    #[must_use]
    pub fn original(&self) -> Option<Case<'a>> {
        match self.target.aim {
            Aim::Copy { of, .. } => self.view.case(of),
            _ => None,
        }
    }

    /// Of a CA: who can sign with it. The one place where a missing CA key is asked about.
    #[must_use]
    pub fn signing(&self) -> Signing<'a> {
        if self.is_root() {
            return self.root_signing();
        }
        let key = self.entry(FileRole::Key).map(|entry| &*entry.found);
        let Some(certificate) = self.certificate() else {
            let awaited = self.view.spec.authority.mode == AuthorityMode::External && self.is_absent();
            return if awaited && self.is_authority() { Signing::Elsewhere } else { Signing::Nobody };
        };
        if !certificate.is_ca() || certificate.not_after < self.view.now() {
            return Signing::Nobody;
        }
        match (key, self.private_key()) {
            (None | Some(Found::Missing), _) => Signing::Elsewhere,
            (_, Some(key)) => Issuer::new(certificate, key).map_or(Signing::Nobody, Signing::Here),
            (_, None) => match self.sealed_key() {
                Some(key) if certificate.refusal().is_none() => Signing::Sealed(key),
                _ => Signing::Nobody,
            },
        }
    }

    /// The same of the root, whose key is where the spec says, or elsewhere.
    fn root_signing(&self) -> Signing<'a> {
        let Some(certificate) = self.view.spec.authority.root_certificate() else { return Signing::Nobody };
        if certificate.not_after < self.view.now() || certificate.refusal().is_some() {
            return Signing::Nobody;
        }
        let Some(content) = self.view.root_key else { return Signing::Elsewhere };
        match (content.private_key(), content.sealed_key()) {
            (Ok(key), _) => Issuer::new(certificate, key).map_or(Signing::Nobody, Signing::Here),
            (Err(_), Some(key)) => Signing::Sealed(key),
            (Err(_), None) => Signing::Nobody,
        }
    }

    /// Of something shared that is nowhere: whether it may be made. Not where it is given or where others have it, and not
    /// where certificates of it exist: then it is lost and not new.
    #[must_use]
    pub fn may_be_made(&self) -> bool {
        let make = matches!(
            self.target.aim,
            Aim::Authority { absent: Absent::Make | Absent::Root, .. }
                | Aim::KeyPair { absent: Absent::Make, .. }
        );
        make && self.is_absent() && self.orphans().next().is_none()
    }

    /// Of a CA: what it would have to have signed.
    pub fn orphans(&self) -> impl Iterator<Item = Case<'a>> + use<'a> {
        let index = self.index;
        self.view.cases().filter(move |case| {
            case.issuer().is_some_and(|issuer| issuer.index == index) && case.certificate().is_some()
        })
    }
}
