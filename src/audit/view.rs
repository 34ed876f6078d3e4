//! What is judged: what ought to be, what is, and when.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use time::OffsetDateTime;

use super::access::{Access, accesses};
use super::case::Case;
use super::file::{File, Place, files, places};
use super::links::Links;
use super::listener::Listener;
use super::node::Node;
use super::sighting::{Sighting, Spots, spots};
use crate::catalog::FileRole;
use crate::disk::content::{Content, Item};
use crate::disk::{Scan, Stray, Survey};
use crate::spec::Spec;
use crate::target::{Aim, Site, Targets};
use crate::version::Version;
use crate::x509::{Certificate, Crl, PublicKey, TokenKey, chain};

/// One directory: of a node, or of a fleet.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Its position in the scene.
    pub position: usize,
    /// The cluster.
    pub spec: &'a Spec,
    /// What ought to be.
    pub targets: &'a Targets,
    /// What is.
    pub survey: &'a Survey,
    /// How it is judged.
    pub terms: Terms,
    /// What the file of the root's key holds, where the spec names it and it is here.
    pub root_key: Option<&'a Content>,
    /// The keys of CAs that the spec has in a token, by the CA's name.
    pub token_keys: &'a [(String, TokenKey)],
    extents: Vec<Extent>,
    pub(super) spots: Spots<'a>,
    authorities: HashMap<&'a [u8], Vec<&'a Certificate>>,
    authority_keys: HashSet<&'a PublicKey>,
    crls: Vec<(&'a Path, &'a Crl)>,
    places: HashMap<&'a Path, Place>,
    sites: HashMap<Site, usize>,
    signers: Vec<Signer<'a>>,
    links: OnceLock<Links>,
}

/// A CA of the targets: its position, the certificates in its file, and who believes them.
#[derive(Clone, Debug)]
struct Signer<'a> {
    index: usize,
    certificates: Vec<&'a Certificate>,
    listeners: BTreeSet<Listener>,
}

/// How a directory is judged.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// When.
    pub now: OffsetDateTime,
    /// Whether that is another moment than the present, which the user asked for.
    pub at: bool,
    /// Whether the spec is the user's; else it was inferred from the directory itself.
    pub given: bool,
    /// The release whose demands are held against the certificates, where it is known or asked for.
    pub release: Option<Version>,
}

impl Terms {
    /// The terms of a plan: a spec of the user's, now.
    #[must_use]
    pub fn of_plan(spec: &Spec, now: OffsetDateTime) -> Self {
        Self { now, at: false, given: true, release: Some(spec.kubernetes_version) }
    }
}

/// Everything that is judged together: findings may be about several directories.
#[derive(Clone, Debug)]
pub struct Scene<'a> {
    /// The directories.
    pub views: Vec<View<'a>>,
    /// What a look for scattered keys has found, if there was one.
    pub scan: Option<&'a Scan>,
}

/// The part of a view that is one node's, or the authority's.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub site: Site,
    pub targets: Range<usize>,
    pub strays: Vec<usize>,
    /// Those of the strays that are manifests or a kubelet's configuration.
    pub objects: Vec<usize>,
}

impl<'a> View<'a> {
    /// A view of one directory.
    #[must_use]
    pub fn new(spec: &'a Spec, targets: &'a Targets, survey: &'a Survey, terms: Terms) -> Self {
        let spots = spots(targets, survey);
        let mut authorities: HashMap<&[u8], Vec<&Certificate>> = HashMap::new();
        for spot in spots.all.iter().filter(|spot| spot.certificate.is_ca()) {
            authorities.entry(spot.certificate.subject.as_der()).or_default().push(spot.certificate);
        }
        let extents = extents(targets, survey);
        let authority_keys = authorities.values().flatten().map(|ca| &ca.public_key).collect();
        let sites = extents.iter().enumerate().map(|(position, extent)| (extent.site.clone(), position));
        Self {
            position: 0,
            spec,
            targets,
            survey,
            terms,
            root_key: None,
            token_keys: &[],
            spots,
            authorities,
            authority_keys,
            crls: crls(survey),
            places: places(targets, survey),
            sites: sites.collect(),
            signers: signers(targets, survey),
            extents,
            links: OnceLock::new(),
        }
    }

    /// The same with the key of the root that signs the CAs.
    #[must_use]
    pub fn with_root_key(self, root_key: Option<&'a Content>) -> Self {
        Self { root_key, ..self }
    }

    /// The same with the keys of CAs that are in a token.
    #[must_use]
    pub fn with_token_keys(self, token_keys: &'a [(String, TokenKey)]) -> Self {
        Self { token_keys, ..self }
    }

    /// The moment of the judgement.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.terms.now
    }

    /// Every target.
    pub fn cases(&'a self) -> impl Iterator<Item = Case<'a>> {
        let targets = self.targets.list.iter().enumerate();
        targets.map(|(index, target)| Case { view: self, index, target })
    }

    /// The target at a position.
    #[must_use]
    pub fn case(&'a self, index: usize) -> Option<Case<'a>> {
        Some(Case { view: self, index, target: self.targets.list.get(index)? })
    }

    /// The nodes, and the authority where it is apart.
    pub fn nodes(&'a self) -> impl Iterator<Item = Node<'a>> {
        self.extents.iter().map(|extent| Node { view: self, extent })
    }

    /// The node of a site.
    #[must_use]
    pub fn node(&'a self, site: &Site) -> Option<Node<'a>> {
        let extent = self.extents.get(*self.sites.get(site)?)?;
        Some(Node { view: self, extent })
    }

    /// Every certificate, wherever it stands, each once: first those of the targets.
    pub fn sightings(&'a self) -> impl Iterator<Item = Sighting<'a>> {
        (0..self.spots.all.len()).filter_map(|position| self.sighting(position))
    }

    /// The certificate at a position among them.
    pub(super) fn sighting(&'a self, position: usize) -> Option<Sighting<'a>> {
        Some(Sighting { view: self, spot: self.spots.all.get(position)?, position })
    }

    /// The target's own certificate among them.
    pub(super) fn sighting_of(&'a self, target: usize) -> Option<Sighting<'a>> {
        self.sighting(self.spots.of_target(target)?)
    }

    /// What the certificates have to do with each other: worked out once, with all threads where that is worth it. A rule
    /// must find it done ([`super::judge`] begins with it): threads that wait for each other's work would wait for ever.
    pub(super) fn links(&self) -> &Links {
        self.links.get_or_init(|| Links::of(&self.spots.all))
    }

    /// Every file, the targets' first, and every directory.
    pub fn files(&'a self) -> impl Iterator<Item = File<'a>> {
        files(self).into_iter()
    }

    /// The file or directory at a path.
    #[must_use]
    pub fn file(&'a self, path: &Path) -> Option<File<'a>> {
        File::of(self, *self.places.get(path)?)
    }

    /// Whether a key is that of a CA whose certificate is somewhere in the view.
    #[must_use]
    pub fn is_authority_key(&self, key: &PublicKey) -> bool {
        self.authority_keys.contains(key)
    }

    /// The revocation lists in files that no target has, each with the path of its file.
    #[must_use]
    pub fn crls(&self) -> &[(&'a Path, &'a Crl)] {
        &self.crls
    }

    /// Every kubeconfig, wherever it stands: first those of the targets.
    pub fn accesses(&'a self) -> impl Iterator<Item = Access<'a>> {
        accesses(self)
    }

    /// The CA that has signed a certificate, by the names and key identifiers in them; the signature is looked at only
    /// where there are none.
    #[must_use]
    pub fn own_signer(&'a self, certificate: &Certificate) -> Option<Case<'a>> {
        let signer = self
            .signers
            .iter()
            .find(|signer| signer.certificates.iter().any(|ca| chain::claims(certificate, ca)));
        self.case(signer?.index)
    }

    /// The certificates of the CAs among the targets.
    pub fn own_authorities(&self) -> impl Iterator<Item = &'a Certificate> + use<'a, '_> {
        self.signers.iter().filter_map(|signer| signer.certificates.first().copied())
    }

    /// Who believes the clients of a CA.
    #[must_use]
    pub fn listeners(&self, ca: &Case<'_>) -> &BTreeSet<Listener> {
        const NOBODY: &BTreeSet<Listener> = &BTreeSet::new();
        let signer = self.signers.iter().find(|signer| signer.index == ca.index);
        signer.map_or(NOBODY, |signer| &signer.listeners)
    }

    /// The CA certificates of a name, by its bytes.
    #[must_use]
    pub fn authorities(&self, subject: &[u8]) -> &[&'a Certificate] {
        self.authorities.get(subject).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Scene<'a> {
    /// These directories together.
    #[must_use]
    pub fn new(views: Vec<View<'a>>) -> Self {
        let numbered = views.into_iter().enumerate();
        Self { views: numbered.map(|(position, view)| View { position, ..view }).collect(), scan: None }
    }

    /// The same, with what a look for scattered keys has found.
    #[must_use]
    pub fn with_scan(self, scan: Option<&'a Scan>) -> Self {
        Self { scan, ..self }
    }

    /// Every node of every directory, and their authorities.
    pub fn nodes(&'a self) -> impl Iterator<Item = Node<'a>> {
        self.views.iter().flat_map(View::nodes)
    }

    /// Every target of every directory.
    pub fn cases(&'a self) -> impl Iterator<Item = Case<'a>> {
        self.views.iter().flat_map(View::cases)
    }

    /// Every file and directory.
    pub fn files(&'a self) -> impl Iterator<Item = File<'a>> {
        self.views.iter().flat_map(View::files)
    }

    /// Every kubeconfig of every directory.
    pub fn accesses(&'a self) -> impl Iterator<Item = Access<'a>> {
        self.views.iter().flat_map(View::accesses)
    }

    /// How a file of one directory is called in a finding about another.
    #[must_use]
    pub fn place(&self, path: &Path, of: &View<'_>, seen_from: &View<'_>) -> String {
        if of.position == seen_from.position {
            path.display().to_string()
        } else {
            format!("{} of directory {}", path.display(), of.position + 1)
        }
    }

    /// Every certificate of every directory; one that is in several directories, once for each.
    pub fn sightings(&'a self) -> impl Iterator<Item = Sighting<'a>> {
        self.views.iter().flat_map(View::sightings)
    }
}

fn crls(survey: &Survey) -> Vec<(&Path, &Crl)> {
    let present = survey.strays.iter().filter_map(|stray| Some((stray, stray.found.present()?)));
    present
        .flat_map(|(stray, present)| present.content.crls().map(|crl| (stray.path.as_path(), crl)))
        .collect()
}

/// Whether a file is a manifest or a kubelet's configuration.
fn is_object(stray: &Stray) -> bool {
    let mut items =
        stray.found.present().into_iter().flat_map(|present| present.content.items.iter().flatten());
    items.any(|item| matches!(item, Item::StaticPod(_) | Item::KubeletConfig(_)))
}

/// So many certificates of a CA's file are compared with what it may have signed: a change of CAs has two or three, a
/// hostile file thousands.
pub(super) const MOST_AUTHORITIES: usize = 16;

/// The CAs among the targets.
fn signers<'a>(targets: &'a Targets, survey: &'a Survey) -> Vec<Signer<'a>> {
    let mut signers: Vec<Signer<'a>> = Vec::new();
    for (index, target) in targets.list.iter().enumerate() {
        match target.aim {
            Aim::Authority { .. } => {
                let file =
                    survey.of_target(index).iter().find(|entry| entry.file.role == FileRole::Certificate);
                let content = file.and_then(|entry| Some(&entry.found.present()?.content));
                let certificates = content.and_then(|content| content.certificates().ok());
                let certificates = certificates.into_iter().flatten().take(MOST_AUTHORITIES).collect();
                signers.push(Signer { index, certificates, listeners: BTreeSet::new() });
            }
            Aim::Pair { issuer, .. } | Aim::Kubeconfig { issuer, .. } => {
                if let Some(signer) = signers.iter_mut().find(|signer| signer.index == issuer) {
                    signer.listeners.extend(Listener::shown(&target.credential, &target.aim));
                }
            }
            Aim::KeyPair { .. } | Aim::Copy { .. } => {}
        }
    }
    signers
}

/// Targets of a site follow each other.
fn extents(targets: &Targets, survey: &Survey) -> Vec<Extent> {
    let mut extents: Vec<Extent> = Vec::new();
    for (index, target) in targets.list.iter().enumerate() {
        match extents.last_mut() {
            Some(last) if last.site == target.site => last.targets.end = index + 1,
            _ => extents.push(Extent {
                site: target.site.clone(),
                targets: index..index + 1,
                strays: Vec::new(),
                objects: Vec::new(),
            }),
        }
    }
    let mut positions: HashMap<Site, usize> = HashMap::new();
    for (position, extent) in extents.iter().enumerate() {
        positions.insert(extent.site.clone(), position);
    }
    let mut unknown: HashSet<&Site> = HashSet::new();
    for (index, stray) in survey.strays.iter().enumerate() {
        let Some(site) = &stray.site else { continue };
        match positions.get(site).and_then(|position| extents.get_mut(*position)) {
            Some(extent) => extent.strays.push(index),
            // A node that the spec does not have.
            None if unknown.insert(site) => {
                positions.insert(site.clone(), extents.len());
                let (site, strays) = (site.clone(), vec![index]);
                extents.push(Extent { site, targets: 0..0, strays, objects: Vec::new() });
            }
            None => {}
        }
    }
    for extent in &mut extents {
        let is_object = |index: &usize| survey.strays.get(*index).is_some_and(is_object);
        extent.objects = extent.strays.iter().copied().filter(is_object).collect();
    }
    extents
}
