//! How far a CA reaches: what it has signed here, and who lets in whoever it vouches for.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::listener::{Listener, bundles};
use super::view::{MOST_AUTHORITIES, Scene};
use super::{Anchor, Part, Sighting, WORTH_THREADS};
use crate::target::Site;
use crate::x509::{Certificate, chain};

/// A CA and how far it reaches. The same key in several directories, or under several certificates, is one CA.
#[derive(Clone, Debug)]
pub struct Reach<'a> {
    /// Its certificate, as it was seen first.
    pub ca: &'a Certificate,
    /// The file that it was seen in.
    pub path: PathBuf,
    /// What a finding about it is about.
    pub anchor: Anchor,
    /// What it has signed: by the names and key identifiers in the certificates.
    pub signed: Vec<Signed<'a>>,
    /// Who believes its clients, or its servers.
    pub accepted_by: Vec<Acceptance<'a>>,
}

/// A certificate that a CA has signed.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// The position of the directory that it is in.
    pub view: usize,
    /// To whom its file belongs.
    pub site: Option<&'a Site>,
    /// The credential that it is of.
    pub credential: Option<&'a str>,
    /// Whether it is a CA itself.
    pub is_ca: bool,
}

/// Somebody who believes a CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance<'a> {
    /// Who.
    pub by: By,
    /// On which nodes, by the position of their directory.
    pub nodes: BTreeSet<(usize, &'a str)>,
    /// Whether a flag or a configuration says so; else it is what kubeadm and distributions do.
    pub told: bool,
}

/// Who believes a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// Something that lets its clients in.
    Listener(Listener),
    /// Kubeconfigs, which take its servers for the API server.
    Kubeconfigs,
}

/// Every CA of a scene with how far it reaches: the targets' first, then those that bundles have beside.
#[must_use]
pub fn blast_radius<'a>(scene: &'a Scene<'a>) -> Vec<Reach<'a>> {
    let mut radius = Radius::default();
    for case in scene.cases().filter(super::Case::is_authority) {
        if let Some(ca) = case.certificate() {
            radius.add(ca, &case.certificate_path(), case.anchor());
        }
    }
    for node in scene.nodes() {
        let site = (node.view.position, site_name(node.site()));
        for bundle in bundles(&node) {
            for ca in &bundle.certificates {
                let index = radius.add(ca, &bundle.path, node.anchor());
                // What the authority keeps is read on the nodes.
                for listener in bundle.listeners.iter().filter(|_| !node.is_authority()) {
                    radius.accept(index, By::Listener(*listener), site, bundle.told.contains(listener));
                }
            }
        }
    }
    for access in scene.accesses() {
        let site = (access.view.position, access.site().map(site_name).unwrap_or_default());
        for ca in access.authority() {
            if let Some(index) = radius.position(ca) {
                radius.accept(index, By::Kubeconfigs, site, true);
            }
        }
    }
    radius.sign(scene);
    radius.all
}

fn site_name(site: &Site) -> &str {
    match site {
        Site::Authority => "authority",
        Site::Node(name) => name,
    }
}

#[derive(Default)]
struct Radius<'a> {
    all: Vec<Reach<'a>>,
    by_key: HashMap<&'a [u8], usize>,
    by_name: HashMap<&'a [u8], Vec<(usize, &'a Certificate)>>,
}

impl<'a> Radius<'a> {
    fn add(&mut self, ca: &'a Certificate, path: &Path, anchor: Anchor) -> usize {
        let index = *self.by_key.entry(ca.public_key.as_der()).or_insert(self.all.len());
        if index == self.all.len() {
            let path = path.to_owned();
            self.all.push(Reach { ca, path, anchor, signed: Vec::new(), accepted_by: Vec::new() });
        }
        let named = self.by_name.entry(ca.subject.as_der()).or_default();
        if named.len() < MOST_AUTHORITIES && !named.iter().any(|(_, known)| *known == ca) {
            named.push((index, ca));
        }
        index
    }

    fn position(&self, ca: &Certificate) -> Option<usize> {
        self.by_key.get(ca.public_key.as_der()).copied()
    }

    fn accept(&mut self, index: usize, by: By, node: (usize, &'a str), told: bool) {
        let Some(reach) = self.all.get_mut(index) else { return };
        match reach.accepted_by.iter_mut().find(|known| known.by == by) {
            Some(known) => {
                known.nodes.insert(node);
                known.told |= told;
            }
            None => reach.accepted_by.push(Acceptance { by, nodes: BTreeSet::from([node]), told }),
        }
    }

    /// Finds the CA of every certificate that is a file's own. Signatures are judged by rules of their own.
    fn sign(&mut self, scene: &'a Scene<'a>) {
        let mut seen: HashSet<&[u8]> = HashSet::new();
        let whole = |sighting: &Sighting<'_>| sighting.part() == Part::Own || sighting.certificate().is_ca();
        let sightings: Vec<Sighting<'a>> = scene
            .sightings()
            .filter(|sighting| whole(sighting) && seen.insert(sighting.certificate().as_der()))
            .collect();
        let signer = |sighting: &Sighting<'a>| self.signer(sighting.certificate());
        let signers: Vec<Option<usize>> = if sightings.len() < WORTH_THREADS {
            sightings.iter().map(signer).collect()
        } else {
            sightings.par_iter().map(signer).collect()
        };
        for (sighting, signer) in sightings.into_iter().zip(signers) {
            let Some(reach) = signer.and_then(|index| self.all.get_mut(index)) else { continue };
            let (certificate, case) = (sighting.certificate(), sighting.own_case());
            reach.signed.push(Signed {
                certificate,
                view: sighting.view.position,
                site: sighting.site(),
                credential: case.map(|case| case.target.credential.as_str()),
                is_ca: certificate.is_ca(),
            });
        }
        for reach in &mut self.all {
            reach.accepted_by.sort_by_key(|acceptance| acceptance.by);
        }
    }

    /// The CA that a certificate says has signed it.
    fn signer(&self, certificate: &Certificate) -> Option<usize> {
        let named = self.by_name.get(certificate.issuer.as_der())?;
        let mut others = named.iter().filter(|(_, ca)| ca.public_key != certificate.public_key);
        others.find(|(_, ca)| chain::claims(certificate, ca)).map(|(index, _)| *index)
    }
}
