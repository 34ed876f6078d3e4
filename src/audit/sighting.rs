//! A certificate, wherever it stands: in a credential's file, behind another in a bundle, inside a kubeconfig, or in a file
//! that no credential has.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::case::Case;
use super::links::{Link, Signer};
use super::view::View;
use super::{Anchor, Fault, Remedy, Severity};
use crate::catalog::FileRole;
use crate::disk::content::{Content, Item};
use crate::disk::{Kubeconfig, Survey};
use crate::target::{Aim, Site, Target, Targets};
use crate::x509::{Certificate, ExtendedKeyUsage};

/// A certificate in a view.
#[derive(Clone, Copy, Debug)]
pub struct Sighting<'a> {
    /// The directory that it is in.
    pub view: &'a View<'a>,
    pub(super) spot: &'a Spot<'a>,
    pub(super) position: usize,
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

/// Every certificate of a view, and which is each target's own.
#[derive(Clone, Debug, Default)]
pub(super) struct Spots<'a> {
    pub all: Vec<Spot<'a>>,
    /// For each target, the position of its own certificate.
    own: Vec<Option<usize>>,
    /// For a position, further targets that have the same certificate as their own.
    shared: HashMap<usize, Vec<usize>>,
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
        if self.signer() == Signer::Nobody {
            return None;
        }
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

    /// Whether a server shows it to its clients: by what its target is for, and by what it says itself where no target
    /// tells.
    #[must_use]
    pub fn serves(&self) -> bool {
        let purposes = match self.own_case().and_then(|case| case.blueprint()) {
            Some(blueprint) => &blueprint.usages.extended,
            None => &self.certificate().usages.extended,
        };
        !self.certificate().is_ca() && purposes.contains(&ExtendedKeyUsage::ServerAuth)
    }

    /// Whether nobody reads it: a file that was put aside, by its name.
    #[must_use]
    pub fn is_put_aside(&self) -> bool {
        self.spot.target.is_none() && is_put_aside(self.spot.path)
    }

    /// Whether it is a CA of a bundle, behind the first: not a server's chain. While a CA is replaced, the old one is there
    /// until its end.
    #[must_use]
    pub fn is_in_bundle(&self) -> bool {
        match self.spot.part {
            Part::Own | Part::Trusted(0) => false,
            Part::Trusted(_) => true,
            Part::Chain(_) => self.certificate().is_ca() && !self.case().is_some_and(|case| case.is_leaf()),
        }
    }

    /// Who signed it.
    #[must_use]
    pub fn signer(&self) -> Signer<'a> {
        match self.view.links().signer(self.position) {
            Link::Known(position) => {
                let signer = self.view.sighting(position);
                signer.map_or(Signer::Unknown, |signer| Signer::Known(signer.certificate()))
            }
            Link::Nobody => Signer::Nobody,
            Link::Unknown => Signer::Unknown,
        }
    }

    /// The CAs above it, the nearest first.
    pub fn above(&self) -> impl Iterator<Item = Sighting<'a>> + use<'a> {
        let view = self.view;
        view.links().above(self.position).into_iter().filter_map(move |position| view.sighting(position))
    }

    /// Whether its own key made its signature.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.signer() == Signer::Known(self.certificate())
    }

    /// Whether its signature was damaged, or forged: it names a CA that is here, by name and key identifier, and that
    /// CA's key did not make it.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        let certificate = self.certificate();
        let wanted = certificate.authority_key_identifier.as_ref();
        let mut named = self.view.authorities(certificate.issuer.as_der()).iter();
        wanted.is_some()
            && self.signer() == Signer::Nobody
            && named.any(|ca| ca.subject_key_identifier.as_ref() == wanted)
    }

    /// An earlier certificate of the same issuer with the same serial number.
    #[must_use]
    pub fn twin(&self) -> Option<Sighting<'a>> {
        self.view.sighting(self.view.links().twin(self.position)?)
    }

    /// The CA certificates that have its key: itself among them where it is one.
    pub fn authorities_of_key(&self) -> impl Iterator<Item = Sighting<'a>> + use<'a> {
        let view = self.view;
        let positions = view.links().authorities(self.position);
        positions.iter().filter_map(move |position| view.sighting(*position))
    }

    /// The same fault for every other target that has the same certificate as its own.
    pub(super) fn spread(&self, faults: Vec<Fault>) -> Vec<Fault> {
        if faults.is_empty() {
            return faults;
        }
        let Some(others) = self.view.spots.shared.get(&self.position) else { return faults };
        let others = others.iter().filter_map(|index| self.view.case(*index));
        let here = |fault: &&Fault| fault.anchor.is_none() && fault.path == self.spot.path;
        let copies = others.flat_map(|case| {
            let of = |fault: &Fault| Fault { path: case.certificate_path(), ..fault.clone() }.about(&case);
            faults.iter().filter(here).map(of).collect::<Vec<_>>()
        });
        let copies: Vec<Fault> = copies.collect();
        [faults, copies].concat()
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
    /// are for a person. Of a file that was put aside nothing is worse than untidy.
    #[must_use]
    pub fn fault(&self, message: impl AsRef<str>, remedy: Remedy) -> Fault {
        let remedy = match (self.own_case(), self.spot.part) {
            _ if self.is_put_aside() => {
                Remedy::advice("delete it, or keep it with the backups: nothing reads it")
            }
            (Some(case), _) if case.is_leaf() => remedy,
            (Some(case), _) if matches!(case.target.aim, Aim::Copy { .. }) => Remedy::Copy,
            (Some(case), _) if case.is_authority() => {
                Remedy::by_hand("plan for the CA's successor: everything that it has signed goes with it")
            }
            (_, Part::Chain(_)) => Remedy::by_hand("take it out of the file, or put a good one in its place"),
            (_, Part::Trusted(_)) => Remedy::by_hand("write the kubeconfig again with the cluster's CA"),
            _ => Remedy::by_hand("replace the file, or remove it if nothing reads it"),
        };
        let fault = Fault::new(self.path(), format!("{}{}", self.which(), message.as_ref()), remedy);
        if self.is_put_aside() { fault.severity(Severity::Low) } else { fault }
    }

    /// The same, of this severity.
    #[must_use]
    pub fn graded(&self, severity: Severity, message: impl AsRef<str>, remedy: Remedy) -> Fault {
        let fault = self.fault(message, remedy);
        let severity = fault.severity.map_or(severity, |limit| limit.min(severity));
        fault.severity(severity)
    }

    /// The same, where nothing has to be done: what could be.
    #[must_use]
    pub fn advise(&self, severity: Severity, message: impl AsRef<str>, text: &str) -> Fault {
        self.graded(severity, message, Remedy::advice(text)).cured_by(Remedy::advice(text))
    }

    /// The fault of this certificate that a person mends: it does not hold up what is done about its credential by itself.
    #[must_use]
    pub fn fault_by_hand(&self, message: impl AsRef<str>, text: &str) -> Fault {
        let message = format!("{}{}", self.which(), message.as_ref());
        let anchor = Anchor { target: None, ..self.anchor() };
        Fault { anchor: Some(anchor), ..Fault::new(self.path(), message, Remedy::by_hand(text)) }
    }

    /// How bad it is that this certificate is not accepted: as bad as can be for a credential; less for what stands behind
    /// it, or in a file of which nobody knows who reads it.
    #[must_use]
    pub fn weight(&self, worst: Severity) -> Severity {
        match (self.spot.target, self.spot.part) {
            (Some(_), Part::Own) => worst,
            (None, _) if self.view.targets.list.is_empty() => worst.min(Severity::High),
            _ => worst.min(Severity::Medium),
        }
    }
}

impl Spots<'_> {
    /// The position of a target's own certificate.
    pub fn of_target(&self, index: usize) -> Option<usize> {
        self.own.get(index).copied().flatten()
    }
}

/// Every certificate of a view once: the targets' own first, then what else their files hold, then other files.
pub(super) fn spots<'a>(targets: &'a Targets, survey: &'a Survey) -> Spots<'a> {
    let mut seen: HashMap<&[u8], usize> = HashMap::new();
    let mut spots = Spots { own: vec![None; targets.list.len()], ..Spots::default() };
    for own in [true, false] {
        for (index, target) in targets.list.iter().enumerate() {
            for entry in survey.of_target(index) {
                let role = entry.file.role;
                let certificates = matches!(role, FileRole::Certificate | FileRole::Kubeconfig);
                let Some(present) = entry.found.present().filter(|_| certificates) else { continue };
                for (part, certificate) in certificates_of(&present.content) {
                    if (part == Part::Own) != own {
                        continue;
                    }
                    let (path, site) = (entry.file.path.as_path(), Some(&target.site));
                    let kubeconfig = role == FileRole::Kubeconfig;
                    let signer = OnceLock::new();
                    let spot =
                        Spot { certificate, path, site, target: Some(index), part, kubeconfig, signer };
                    let position = spots.push(spot, &mut seen);
                    if own {
                        spots.claim(position, index, target);
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
            spots.push(Spot { certificate, path, site, target: None, part, kubeconfig, signer }, &mut seen);
        }
    }
    spots
}

impl<'a> Spots<'a> {
    /// The position of a certificate, which is added if it is new.
    fn push(&mut self, spot: Spot<'a>, seen: &mut HashMap<&'a [u8], usize>) -> usize {
        *seen.entry(spot.certificate.as_der()).or_insert_with(|| {
            self.all.push(spot);
            self.all.len() - 1
        })
    }

    /// Notes whose certificate it is. A copy's is its original's.
    fn claim(&mut self, position: usize, index: usize, target: &Target) {
        let first = self.all.get(position).and_then(|spot| spot.target) == Some(index);
        if let Some(own) = self.own.get_mut(index) {
            *own = Some(position);
        }
        if !first && !matches!(target.aim, Aim::Copy { .. }) {
            self.shared.entry(position).or_default().push(index);
        }
    }
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

/// How files are called that somebody put aside, or a program left behind.
fn is_put_aside(path: &Path) -> bool {
    const SUFFIXES: [&str; 8] = [".bak", ".old", ".orig", ".backup", ".save", ".saved", ".rpmsave", "~"];
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    // The kubelet keeps what it has replaced: `kubelet-client-2026-11-22-05-13-14.pem`.
    let dated = ["kubelet-client-", "kubelet-server-"].into_iter().any(|prefix| {
        let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".pem"));
        rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    });
    let stem = Path::new(name).with_extension("");
    let aside = |name: &str| SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    let name = name.to_ascii_lowercase();
    // k3s keeps `tls-<time>` beside `tls`.
    let old_directory = path.components().filter_map(|part| part.as_os_str().to_str()).any(|part| {
        let time = part.strip_prefix("tls-");
        time.is_some_and(|time| !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit()))
            || aside(part)
    });
    dated || old_directory || aside(&name) || stem.to_str().is_some_and(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_were_put_aside_are_known_by_their_names() {
        for (path, aside) in [
            ("pki/apiserver.crt", false),
            ("pki/apiserver.crt.bak", true),
            ("pki/apiserver.old.crt", true),
            ("pki/apiserver.crt~", true),
            ("pki.bak/apiserver.crt", true),
            ("server/tls-1700000000/server-ca.crt", true),
            ("server/tls/server-ca.crt", false),
            ("kubelet-client-2026-11-22-05-13-14.pem", true),
            ("kubelet-client-current.pem", false),
        ] {
            assert_eq!(is_put_aside(Path::new(path)), aside, "{path}");
        }
    }
}
