//! A certificate, wherever it stands: in a credential's file, behind another in a bundle, inside a kubeconfig, or in a file
//! that no credential has.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::case::Case;
use super::view::View;
use super::{Anchor, Fault, Remedy};
use crate::catalog::FileRole;
use crate::disk::content::{Content, Item};
use crate::disk::{Kubeconfig, Survey};
use crate::target::{Site, Targets};
use crate::x509::Certificate;

/// A certificate in a view.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The directory that it is in.
    pub view: &'a View<'a>,
    pub(super) spot: &'a Spot<'a>,
}

/// Where a certificate stands.
#[derive(Clone, Debug)]
pub(super) struct Spot<'a> {
    pub certificate: &'a Certificate,
    pub path: &'a Path,
    pub site: Option<&'a Site>,
    pub target: Option<usize>,
    pub part: Part,
    /// Whether it stands in a kubeconfig.
    pub kubeconfig: bool,
    /// The position of the CA among the targets that has signed it, once somebody has asked.
    pub signer: OnceLock<Option<usize>>,
}

/// What a certificate is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first of a file, or of a kubeconfig's client certificate: what the file is about.
    Own,
    /// One that follows it, by its position from one.
    Chain(usize),
    /// One that a kubeconfig trusts, by its position from zero.
    Trusted(usize),
}

impl<'a> Sighting<'a> {
    /// The certificate.
    #[must_use]
    pub fn certificate(&self) -> &'a Certificate {
        self.spot.certificate
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.spot.path.to_owned()
    }

    /// What it is in the file.
    #[must_use]
    pub fn part(&self) -> Part {
        self.spot.part
    }

    /// To whom the file belongs.
    #[must_use]
    pub fn site(&self) -> Option<&'a Site> {
        self.spot.site
    }

    /// The target whose file it is in.
    #[must_use]
    pub fn case(&self) -> Option<Case<'a>> {
        self.view.case(self.spot.target?)
    }

    /// The target that it is the certificate of.
    #[must_use]
    pub fn own_case(&self) -> Option<Case<'a>> {
        self.case().filter(|_| self.spot.part == Part::Own)
    }

    /// The CA among the targets that has signed it: [`View::own_signer`], asked once.
    #[must_use]
    pub fn own_signer(&self) -> Option<Case<'a>> {
        let find = || self.view.own_signer(self.certificate()).map(|signer| signer.index);
        self.view.case((*self.spot.signer.get_or_init(find))?)
    }

    /// Whether it stands in a kubeconfig.
    #[must_use]
    pub fn is_in_kubeconfig(&self) -> bool {
        self.spot.kubeconfig
    }

    /// Whether it is the certificate of a CA of the cluster.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.own_case().is_some_and(|case| case.is_authority())
    }

    /// What a finding about it is about.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor {
            view: self.view.position,
            site: self.spot.site.cloned(),
            target: self.spot.target,
            key: Some(self.certificate().public_key.fingerprint()),
        }
    }

    /// How the file says which of its certificates is meant: nothing where it is the first.
    #[must_use]
    pub fn which(&self) -> String {
        match self.spot.part {
            Part::Own => String::new(),
            Part::Chain(index) => format!("certificate {} ", index + 1),
            Part::Trusted(0) => "the CA in it ".to_owned(),
            Part::Trusted(index) => format!("CA {} in it ", index + 1),
        }
    }

    /// The fault of this certificate. `remedy` holds where the certificate is a credential's own that a CA signs; others
    /// are for a person.
    #[must_use]
    pub fn fault(&self, message: impl AsRef<str>, remedy: Remedy) -> Fault {
        let remedy = match (self.own_case(), self.spot.part) {
            (Some(case), _) if case.is_leaf() => remedy,
            (Some(case), _) if case.is_authority() => {
                Remedy::by_hand("plan for the CA's successor: everything that it has signed goes with it")
            }
            (_, Part::Chain(_)) => Remedy::by_hand("take it out of the file, or put a good one in its place"),
            (_, Part::Trusted(_)) => Remedy::by_hand("write the kubeconfig again with the cluster's CA"),
            _ => Remedy::by_hand("replace the file, or remove it if nothing reads it"),
        };
        Fault::new(self.path(), format!("{}{}", self.which(), message.as_ref()), remedy)
    }

    /// The fault of this certificate that a person mends: it does not hold up what is done about its credential by itself.
    #[must_use]
    pub fn fault_by_hand(&self, message: impl AsRef<str>, text: &str) -> Fault {
        let message = format!("{}{}", self.which(), message.as_ref());
        let anchor = Anchor { target: None, ..self.anchor() };
        Fault { anchor: Some(anchor), ..Fault::new(self.path(), message, Remedy::by_hand(text)) }
    }
}

/// Every certificate of a view once: the targets' own first, then what else their files hold, then other files.
pub(super) fn spots<'a>(targets: &'a Targets, survey: &'a Survey) -> Vec<Spot<'a>> {
    let mut seen: HashSet<&[u8]> = HashSet::new();
    let mut all = Vec::new();
    let mut push = |spot: Spot<'a>| {
        if seen.insert(spot.certificate.as_der()) {
            all.push(spot);
        }
    };
    for own in [true, false] {
        for (index, target) in targets.list.iter().enumerate() {
            for entry in survey.of_target(index) {
                let role = entry.file.role;
                let certificates = matches!(role, FileRole::Certificate | FileRole::Kubeconfig);
                let Some(present) = entry.found.present().filter(|_| certificates) else { continue };
                for (part, certificate) in certificates_of(&present.content) {
                    if (part == Part::Own) == own {
                        push(Spot {
                            certificate,
                            path: &entry.file.path,
                            site: Some(&target.site),
                            target: Some(index),
                            part,
                            kubeconfig: role == FileRole::Kubeconfig,
                            signer: OnceLock::new(),
                        });
                    }
                }
            }
        }
    }
    for stray in &survey.strays {
        let Some(present) = stray.found.present() else { continue };
        let kubeconfig = matches!(present.content.items[..], [Ok(Item::Kubeconfig(_))]);
        let (path, site) = (stray.path.as_path(), stray.site.as_ref());
        for (part, certificate) in certificates_of(&present.content) {
            let signer = OnceLock::new();
            push(Spot { certificate, path, site, target: None, part, kubeconfig, signer });
        }
    }
    all
}

/// The certificates of a file with what they are in it; those that cannot be read are passed over.
pub(super) fn certificates_of(content: &Content) -> Vec<(Part, &Certificate)> {
    let mut found = Vec::new();
    let mut position = 0;
    for item in content.items.iter().flatten() {
        match item {
            Item::Certificate(certificate) => {
                found.push((if position == 0 { Part::Own } else { Part::Chain(position) }, &**certificate));
                position += 1;
            }
            Item::Kubeconfig(kubeconfig) => found.extend(inside(kubeconfig)),
            _ => {}
        }
    }
    found
}

fn inside(kubeconfig: &Kubeconfig) -> impl Iterator<Item = (Part, &Certificate)> {
    let client = kubeconfig.certificate.embedded().into_iter().flatten().enumerate();
    let client = client.map(|(index, one)| (if index == 0 { Part::Own } else { Part::Chain(index) }, one));
    let trusted = kubeconfig.authority.embedded().into_iter().flatten().enumerate();
    client.chain(trusted.map(|(index, one)| (Part::Trusted(index), one)))
}
