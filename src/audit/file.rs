//! A file or directory as it lies there: a credential's, or one that no credential has.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Anchor;
use super::case::Case;
use super::node::Node;
use super::view::View;
use crate::catalog::FileRole;
use crate::disk::content::{Content, Encoding, Item};
use crate::disk::{Acl, Directory, Found, Present, Survey};
use crate::target::{Site, Targets};

/// A file or directory in a view.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// The directory that it is below.
    pub view: &'a View<'a>,
    /// What stands there.
    pub thing: Thing<'a>,
    /// What ought to be in it, where a target has it.
    pub role: Option<FileRole>,
    /// What it leads to, where it is a symlink that no target has.
    pub link: Option<&'a Path>,
    path: &'a Path,
    site: Option<&'a Site>,
    target: Option<usize>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
pub enum Thing<'a> {
    /// A file, or what stands in the place of one.
    File(&'a Found),
    /// A directory.
    Directory(&'a Directory),
}

impl<'a> File<'a> {
    /// Its path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    /// The same, borrowed.
    #[must_use]
    pub(super) fn as_path(&self) -> &'a Path {
        self.path
    }

    /// Its name; nothing of the directory that is looked at itself.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// Whether its name ends with one of these, whatever the case.
    #[must_use]
    pub fn is_called(&self, suffixes: &[&str]) -> bool {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        suffixes.iter().any(|suffix| name.ends_with(suffix))
    }

    /// To whom it belongs.
    #[must_use]
    pub fn site(&self) -> Option<&'a Site> {
        self.site
    }

    /// The node that it is on.
    #[must_use]
    pub fn node(&self) -> Option<Node<'a>> {
        self.view.node(self.site?)
    }

    /// The target whose file it is.
    #[must_use]
    pub fn case(&self) -> Option<Case<'a>> {
        self.view.case(self.target?)
    }

    /// What a finding about it is about.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        let of_target = self.case().map(|case| case.anchor());
        let site = self.site.cloned();
        of_target.unwrap_or_else(|| Anchor { view: self.view.position, site, ..Anchor::default() })
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        matches!(self.thing, Thing::Directory(_))
    }

    /// The file, if it could be read.
    #[must_use]
    pub fn present(&self) -> Option<&'a Present> {
        match self.thing {
            Thing::File(found) => found.present(),
            Thing::Directory(_) => None,
        }
    }

    /// What it holds, if it could be read.
    #[must_use]
    pub fn content(&self) -> Option<&'a Content> {
        self.present().map(|present| &present.content)
    }

    /// The permission bits.
    #[must_use]
    pub fn mode(&self) -> Option<u32> {
        match self.thing {
            Thing::File(found) => found.present().map(|present| present.file.mode),
            Thing::Directory(directory) => Some(directory.mode),
        }
    }

    /// The owner's number.
    #[must_use]
    pub fn uid(&self) -> Option<u32> {
        match self.thing {
            Thing::File(found) => found.present().map(|present| present.file.uid),
            Thing::Directory(directory) => Some(directory.uid),
        }
    }

    /// Who may do more than the mode says, if anyone.
    #[must_use]
    pub fn acl(&self) -> Option<&'a Acl> {
        match self.thing {
            Thing::File(found) => found.present()?.file.acl.as_deref(),
            Thing::Directory(directory) => directory.acl.as_deref(),
        }
    }

    /// Whether it is a kubeconfig: a target's, or one by its content.
    #[must_use]
    pub fn is_kubeconfig(&self) -> bool {
        self.role == Some(FileRole::Kubeconfig)
            || self.items().any(|item| matches!(item, Item::Kubeconfig(_)))
    }

    /// Whether a private key is in it, or ought to be.
    #[must_use]
    pub fn holds_private_key(&self) -> bool {
        let by_name = self.role.is_none() && self.is_called(&[".key", "-key.pem"]) && self.is_unknown();
        let key = self.content().is_some_and(Content::has_private_key);
        self.present().is_some() && (self.role == Some(FileRole::Key) || key || by_name)
    }

    /// Whether it holds what the PKI is made of: certificates, keys, requests, revocation lists or a kubeconfig.
    #[must_use]
    pub fn is_of_pki(&self) -> bool {
        let known =
            |item: &Item| !matches!(item, Item::Other(_) | Item::StaticPod(_) | Item::KubeletConfig(_));
        self.present().is_some()
            && (self.role.is_some() || self.holds_private_key() || self.items().any(known))
    }

    /// Whether it is an archive of a node's overlay, which `apply --archive` puts beside it.
    #[must_use]
    pub fn is_archive_of_node(&self) -> bool {
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.strip_suffix(".age").unwrap_or(name);
        let stem = name.strip_suffix(".tar").unwrap_or(name);
        let beside = self.path.with_file_name(stem);
        self.view.targets.fleet
            && self.path.parent() == Some(Path::new("nodes"))
            && self.is_called(&[".tar", ".tar.age"])
            && self.view.file(&beside).is_some_and(|overlay| overlay.is_directory())
    }

    /// What could be read of it.
    pub fn items(&self) -> impl Iterator<Item = &'a Item> + use<'a> {
        self.content().into_iter().flat_map(|content| content.items.iter().flatten())
    }

    /// Whether nothing of it makes sense.
    fn is_unknown(&self) -> bool {
        let text = self.content().is_some_and(|content| content.encoding == Encoding::Other);
        text && self.items().next().is_none()
    }
}

/// Where a file or directory is in a survey.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// The position of its target, and of the entry there.
    Target(usize, usize),
    /// Its position among the files that no target has.
    Stray(usize),
    /// Its position among the directories.
    Directory(usize),
}

impl<'a> File<'a> {
    pub(super) fn of(view: &'a View<'a>, place: Place) -> Option<Self> {
        let survey = view.survey;
        Some(match place {
            Place::Target(index, entry) => {
                let entry = survey.of_target(index).get(entry)?;
                let site = &view.targets.list.get(index)?.site;
                let (thing, role, path) =
                    (Thing::File(&entry.found), Some(entry.file.role), entry.file.path.as_path());
                Self { view, thing, role, link: None, path, site: Some(site), target: Some(index) }
            }
            Place::Stray(index) => {
                let stray = survey.strays.get(index)?;
                let (thing, link, path) =
                    (Thing::File(&stray.found), stray.link.as_deref(), stray.path.as_path());
                Self { view, thing, role: None, link, path, site: stray.site.as_ref(), target: None }
            }
            Place::Directory(index) => {
                let directory = survey.directories.get(index)?;
                let (thing, path, site) =
                    (Thing::Directory(directory), directory.path.as_path(), directory.site.as_ref());
                Self { view, thing, role: None, link: None, path, site, target: None }
            }
        })
    }
}

/// Every file and directory of a view: the targets' files, then others, then directories.
pub(super) fn files<'a>(view: &'a View<'a>) -> Vec<File<'a>> {
    each(view.targets, view.survey).filter_map(|(_, place)| File::of(view, place)).collect()
}

/// The same by their paths.
pub(super) fn places<'a>(targets: &'a Targets, survey: &'a Survey) -> HashMap<&'a Path, Place> {
    let mut places = HashMap::new();
    // A directory may stand in the place of a target's file: then that is what it is.
    for (path, place) in each(targets, survey) {
        places.entry(path).or_insert(place);
    }
    places
}

fn each<'a>(targets: &'a Targets, survey: &'a Survey) -> impl Iterator<Item = (&'a Path, Place)> {
    let of_targets = (0..targets.list.len()).flat_map(|index| {
        let mut last: Option<&Path> = None;
        let entries = survey.of_target(index).iter().enumerate();
        // A certificate and a key in one file are one file.
        entries.filter_map(move |(position, entry)| {
            let path = entry.file.path.as_path();
            (last.replace(path) != Some(path)).then_some((path, Place::Target(index, position)))
        })
    });
    let strays = survey.strays.iter().enumerate();
    let strays = strays.map(|(index, stray)| (stray.path.as_path(), Place::Stray(index)));
    let directories = survey.directories.iter().enumerate();
    let directories =
        directories.map(|(index, directory)| (directory.path.as_path(), Place::Directory(index)));
    of_targets.chain(strays).chain(directories)
}
