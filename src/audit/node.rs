//! One node of a view: its credentials, and whatever else lies in its directories.

use std::path::{Path, PathBuf};

use super::Anchor;
use super::case::Case;
use super::file::{File, Thing};
use super::view::{Extent, View};
use crate::catalog::Role;
use crate::disk::content::Item;
use crate::disk::{Found, KubeletConfig, StaticPod, Stray};
use crate::spec;
use crate::target::Site;

/// One node, or the authority.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The directory that it is of.
    pub view: &'a View<'a>,
    pub(super) extent: &'a Extent,
}

impl<'a> Node<'a> {
    /// Which it is.
    #[must_use]
    pub fn site(&self) -> &'a Site {
        &self.extent.site
    }

    /// Whether it is not a node but the authority.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        *self.site() == Site::Authority
    }

    /// What a finding about it is about.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        Anchor { view: self.view.position, site: Some(self.site().clone()), ..Anchor::default() }
    }

    /// What the spec says of the node; nothing of one that it does not have.
    #[must_use]
    pub fn spec(&self) -> Option<&'a spec::Node> {
        let Site::Node(name) = self.site() else { return None };
        self.view.spec.nodes.iter().find(|node| node.name == *name)
    }

    /// Whether it has a role.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.spec().is_some_and(|node| node.is(role))
    }

    /// Its targets.
    pub fn cases(&self) -> impl Iterator<Item = Case<'a>> + use<'a> {
        let view = self.view;
        self.extent.targets.clone().filter_map(move |index| view.case(index))
    }

    /// Its target of a credential.
    #[must_use]
    pub fn credential(&self, name: &str) -> Option<Case<'a>> {
        self.cases().find(|case| case.target.credential == name)
    }

    /// Its files that no target has.
    pub fn strays(&self) -> impl Iterator<Item = &'a Stray> + use<'a> {
        let strays = &self.view.survey.strays;
        self.extent.strays.iter().filter_map(|index| strays.get(*index))
    }

    /// Its file of this name that no target has.
    #[must_use]
    pub fn stray(&self, name: &str) -> Option<&'a Stray> {
        self.strays().find(|stray| stray.path.file_name().is_some_and(|own| own == name))
    }

    /// Where a path of its own file system is, as the view's paths are written; `None` where that is not looked at and
    /// not known either.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<PathBuf> {
        self.view.survey.place(self.site(), path)
    }

    /// The file at a path of its own file system; what is in the spec's `certificatesDir` there is in `pki` here.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<File<'a>> {
        let there = self.place(path).and_then(|place| self.view.file(&place));
        there.or_else(|| {
            let below = Path::new(path).strip_prefix(&self.view.spec.certificates_dir).ok()?;
            self.view.file(&self.place("/etc/kubernetes/pki")?.join(below))
        })
    }

    /// The file with the CAs whose clients its kubelet believes.
    #[must_use]
    pub fn kubelet_client_ca(&self) -> Option<File<'a>> {
        let (_, config) = self.kubelet()?;
        self.file(&config.authentication.x509.client_ca_file)
    }

    /// Whether it runs workloads and nothing else, as far as is known: without a spec, only who has a kubelet's
    /// credentials is a worker for certain.
    #[must_use]
    pub fn is_only_worker(&self) -> bool {
        let others = self.is(Role::ControlPlane) || self.is(Role::Etcd);
        let has = |name| self.credential(name).is_some_and(|case| !case.is_absent());
        let known = self.view.terms.given || has("kubelet.conf") || has("kubelet-client");
        self.is(Role::Worker) && !others && known
    }

    /// Its static pod manifests, each with its path.
    pub fn pods(&self) -> impl Iterator<Item = (&'a Path, &'a StaticPod)> + use<'a> {
        self.objects().filter_map(|(path, item)| match item {
            Item::StaticPod(pod) => Some((path, &**pod)),
            _ => None,
        })
    }

    /// The manifest of a component, such as `kube-apiserver`.
    #[must_use]
    pub fn pod(&self, component: &str) -> Option<(&'a Path, &'a StaticPod)> {
        self.pods().find(|(_, pod)| pod.component == component)
    }

    /// The kubelet's configuration.
    #[must_use]
    pub fn kubelet(&self) -> Option<(&'a Path, &'a KubeletConfig)> {
        self.objects().find_map(|(path, item)| match item {
            Item::KubeletConfig(config) => Some((path, &**config)),
            _ => None,
        })
    }

    /// The file that a component of the node is told to read by its absolute path, as [`Node::file`], and where it is in
    /// the directory.
    #[must_use]
    pub fn named_file(&self, path: &str) -> Option<(&'a Path, &'a Found)> {
        let file = self.file(path)?;
        match file.thing {
            Thing::File(found) => Some((file.as_path(), found)),
            Thing::Directory(_) => None,
        }
    }

    /// Everything that is in files which no target has, each with the path of its file.
    pub fn items(&self) -> impl Iterator<Item = (&'a Path, &'a Item)> + use<'a> {
        self.strays().flat_map(items)
    }

    /// Its manifests and its kubelet's configuration.
    fn objects(&self) -> impl Iterator<Item = (&'a Path, &'a Item)> + use<'a> {
        let strays = &self.view.survey.strays;
        self.extent.objects.iter().filter_map(|index| strays.get(*index)).flat_map(items)
    }
}

fn items(stray: &Stray) -> impl Iterator<Item = (&Path, &Item)> {
    let items = stray.found.present().into_iter().flat_map(|present| &present.content.items);
    items.filter_map(|item| Some((stray.path.as_path(), item.as_ref().ok()?)))
}
