//! What is judged: what ought to be, what is, and when.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use time::OffsetDateTime;

use super::case::Case;
use super::links::Links;
use super::node::Node;
use super::sighting::{Sighting, Spots, spots};
use crate::disk::Survey;
use crate::spec::Spec;
use crate::target::{Site, Targets};
use crate::version::Version;
use crate::x509::Certificate;

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
    extents: Vec<Extent>,
    pub(super) spots: Spots<'a>,
    authorities: HashMap<&'a [u8], Vec<&'a Certificate>>,
    links: OnceLock<Links>,
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
}

/// The part of a view that is one node's, or the authority's.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    pub site: Site,
    pub targets: Range<usize>,
    pub strays: Vec<usize>,
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
        let links = OnceLock::new();
        Self { position: 0, spec, targets, survey, terms, extents, spots, authorities, links }
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
        self.nodes().find(|node| node.site() == site)
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
        Self { views: numbered.map(|(position, view)| View { position, ..view }).collect() }
    }

    /// Every node of every directory, and their authorities.
    pub fn nodes(&'a self) -> impl Iterator<Item = Node<'a>> {
        self.views.iter().flat_map(View::nodes)
    }

    /// Every target of every directory.
    pub fn cases(&'a self) -> impl Iterator<Item = Case<'a>> {
        self.views.iter().flat_map(View::cases)
    }

    /// Every certificate of every directory; one that is in several directories, once for each.
    pub fn sightings(&'a self) -> impl Iterator<Item = Sighting<'a>> {
        self.views.iter().flat_map(View::sightings)
    }
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
                extents.push(Extent { site: site.clone(), targets: 0..0, strays: vec![index] });
            }
            None => {}
        }
    }
    extents
}
