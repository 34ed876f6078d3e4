//! What `audit`, `adopt` and `expiry` begin with: directories that somebody made, with or without a spec.

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use super::terminal;
use super::workspace::{load_spec, root_key};
use crate::audit::{Scene, Terms, View};
use crate::catalog::Distribution;
use crate::catalog::distribution::{ALL, KUBEADM};
use crate::disk::detect::{Detected, DirectoryKind, detect};
use crate::disk::digest::Digest;
use crate::disk::{Content, DiskError, Inventory, Layout, Survey};
use crate::error::Error;
use crate::infer::{self, Fact, Inferred};
use crate::spec::Spec;
use crate::target::{Selection, Targets};
use crate::version::Version;

/// The directories, and what is known of them.
#[derive(Debug, Args)]
pub struct SceneArgs {
    /// A Kubernetes directory, a node's file system, or a fleet directory; several are compared with each other.
    #[arg(short, long = "dir", value_name = "DIR", default_value = "/etc/kubernetes")]
    pub dirs: Vec<PathBuf>,

    /// The spec, or a kubeadm configuration; without one the cluster is read from the directories.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// The node of the spec whose directory it is; once for each directory.
    #[arg(long = "node", value_name = "NAME", requires = "file")]
    pub nodes: Vec<String>,

    /// The kubelet's own directory, such as /var/lib/kubelet/pki; once for each directory.
    #[arg(long = "kubelet-dir", value_name = "DIR")]
    pub kubelet_dirs: Vec<PathBuf>,

    /// Whose layout the directories have, where it is not recognised.
    #[arg(long, value_name = "NAME", value_parser = layout_arg)]
    pub layout: Option<&'static Distribution>,
}

/// Directories with what ought to be in them and what is.
pub struct Looks {
    /// One for each directory.
    pub all: Vec<Look>,
}

/// A directory with what ought to be in it and what is.
pub struct Look {
    /// The directory as it was given.
    pub directory: PathBuf,
    /// Whose layout it has.
    pub layout: &'static str,
    /// Whether `apply` writes such directories.
    pub ours: bool,
    /// The node of the user's spec that it is, where that has several and this is no fleet's directory.
    pub node: Option<String>,
    /// The spec: the user's, or what was read from the directory.
    pub spec: Spec,
    /// What ought to be there.
    pub targets: Targets,
    /// What is there.
    pub survey: Survey,
    /// The key of the root that the spec names, where it is here.
    pub root_key: Option<Content>,
    /// What was read, file by file.
    pub inventory: Inventory,
    /// The directories below which it was read.
    pub roots: Vec<PathBuf>,
    /// What the spec was read from, where it is not the user's.
    pub facts: Option<Vec<Fact>>,
}

impl SceneArgs {
    /// Looks at every directory.
    ///
    /// # Errors
    /// When a directory is not there, or the spec cannot be used or has no such node.
    pub fn look(&self) -> Result<Looks, Error> {
        let spec = match &self.file {
            Some(file) => Some(load_spec(&super::workspace::SpecArg { file: file.clone() })?),
            None => None,
        };
        let nodes = self.nodes.iter().map(Some).chain(std::iter::repeat(None));
        let kubelets = self.kubelet_dirs.iter().map(Some).chain(std::iter::repeat(None));
        let all = self.dirs.iter().zip(nodes).zip(kubelets).map(|((directory, node), kubelet)| {
            look(
                directory,
                spec.as_ref(),
                node.map(String::as_str),
                kubelet.map(PathBuf::as_path),
                self.layout,
            )
        });
        Ok(Looks { all: all.collect::<Result<_, _>>()? })
    }
}

impl Looks {
    /// The scene at a moment. `at` says whether the user asked for that moment; `release` is the one that was asked
    /// for.
    #[must_use]
    pub fn scene(&self, now: OffsetDateTime, at: bool, release: Option<Version>) -> Scene<'_> {
        let views = self.all.iter().map(|look| {
            let given = look.facts.is_none();
            let certain =
                look.facts.as_ref().is_none_or(|facts| infer::is_certain(facts, "kubernetesVersion"));
            let known = certain.then_some(look.spec.kubernetes_version);
            let terms = Terms { now, at, given, release: release.or(known) };
            View::new(&look.spec, &look.targets, &look.survey, terms).with_root_key(look.root_key.as_ref())
        });
        Scene::new(views.collect())
    }
}

fn look(
    directory: &Path,
    spec: Option<&Spec>,
    node: Option<&str>,
    kubelet: Option<&Path>,
    wanted: Option<&'static Distribution>,
) -> Result<Look, Error> {
    let at = DiskError::at(directory, "cannot be looked at");
    let absolute = std::path::absolute(directory).map_err(&at)?;
    if !std::fs::metadata(&absolute).map_err(&at)?.is_dir() {
        let message = format!("{} is not a directory", directory.display());
        let hint = "`kubepki inspect` says what is in a file".to_owned();
        return Err(Error::Usage { message, hint });
    }
    let mut detected = detect(&absolute, wanted);
    if let (DirectoryKind::Node(distribution), Some(spec)) = (&detected.kind, spec)
        && distribution.certificates != KUBEADM.certificates
        && spec.certificates_dir.ends_with(&format!("/{}", distribution.certificates))
    {
        // The user's own choice of a directory, and not the distribution that usually has it.
        detected.kind = DirectoryKind::Node(&KUBEADM);
    }
    let kubelet =
        kubelet.map(|path| std::path::absolute(path).map_err(DiskError::at(path, "cannot be looked at")));
    let kubelet = kubelet.transpose()?.map(kubelet_pki).or(detected.kubelet.clone());
    let place = Place { detected: &detected, kubelet: kubelet.as_deref() };
    // First as if nothing were known, then as what it turns out to be.
    let names = match &detected.kind {
        DirectoryKind::Fleet(names) => names.clone(),
        _ => detected.node.iter().cloned().collect(),
    };
    let provisional = infer::provisional(&names);
    let (layout, targets) = place.targets(&provisional, None)?;
    let mut inventory = Inventory::of(&layout, None);
    let survey = Survey::of(&layout, &targets, &mut inventory);
    let terms = Terms { now: OffsetDateTime::UNIX_EPOCH, at: false, given: false, release: None };
    let inferred = infer::infer(&View::new(&provisional, &targets, &survey, terms));
    let Inferred { spec: found, facts } = inferred;
    let name = found.nodes.first().map(|node| node.name.clone());
    let (spec, node, facts) = match spec {
        None => (found, None, Some(facts)),
        Some(spec) => {
            let fleet = matches!(detected.kind, DirectoryKind::Fleet(_));
            let known = |name: &String| spec.nodes.iter().any(|node| node.name == *name);
            let node = node.map(str::to_owned);
            let node = if fleet || spec.nodes.len() == 1 { node } else { node.or(name.filter(known)) };
            if node.is_none() && !fleet && spec.nodes.len() > 1 {
                let message = format!("{}: no certificate says which node's it is", directory.display());
                let hint = "name the node of the spec with --node".to_owned();
                return Err(Error::Usage { message, hint });
            }
            (spec.clone(), node, None)
        }
    };
    let (layout, targets) = place.targets(&spec, node.as_deref())?;
    let survey = Survey::of(&layout, &targets, &mut inventory);
    if survey.overflow {
        terminal::warning(&format!("{} has more files than are looked at", directory.display()));
    }
    let roots = layout.roots().map(Path::to_owned).collect();
    let ours = match &detected.kind {
        DirectoryKind::Fleet(_) => true,
        DirectoryKind::Node(distribution) => *distribution == &KUBEADM,
        DirectoryKind::Unknown => false,
    };
    let (directory, layout) = (directory.to_owned(), layout.name());
    // Who only looks need not be allowed to read it.
    let root_key = if facts.is_none() { root_key(&spec).unwrap_or_default() } else { None };
    Ok(Look { directory, layout, ours, node, spec, targets, survey, root_key, inventory, roots, facts })
}

impl Look {
    /// The numbers of what was read: one for each directory that has files.
    #[must_use]
    pub fn digests(&self) -> Vec<Digest> {
        let all = self.roots.iter().map(|root| Digest::of(&self.inventory, root));
        all.filter(|digest| digest.files + digest.unread > 0).collect()
    }
}

/// Where a directory's credentials are.
struct Place<'a> {
    detected: &'a Detected,
    kubelet: Option<&'a Path>,
}

impl Place<'_> {
    fn targets(&self, spec: &Spec, node: Option<&str>) -> Result<(Layout, Targets), Error> {
        let root = &self.detected.root;
        let nothing = Targets { list: Vec::new(), fleet: false, renew_before: spec.renew_before.duration() };
        let layout = match &self.detected.kind {
            DirectoryKind::Fleet(names) => {
                let kubelet =
                    names.iter().any(|name| root.join("nodes").join(name).join("var/lib/kubelet").is_dir());
                let selection = Selection { kubelet, fleet: true, ..Selection::default() };
                return Ok((
                    Layout::new(root, None, &spec.certificates_dir, true),
                    Targets::of(spec, &selection)?,
                ));
            }
            DirectoryKind::Unknown => return Ok((Layout::unknown(root), nothing)),
            DirectoryKind::Node(distribution) if *distribution == &KUBEADM => {
                Layout::new(root, None, &spec.certificates_dir, false)
            }
            DirectoryKind::Node(distribution) => Layout::of_distribution(root, distribution),
        };
        let DirectoryKind::Node(distribution) = self.detected.kind else { return Ok((layout, nothing)) };
        let selection =
            Selection { node, kubelet: self.kubelet.is_some(), distribution, ..Selection::default() };
        let layout = layout.with_kubelet(self.kubelet).with_etcd(self.detected.etcd.as_deref());
        Ok((layout, Targets::of(spec, &selection)?))
    }
}

/// `/var/lib/kubelet` means its `pki`, but its configuration is looked at too.
fn kubelet_pki(path: PathBuf) -> PathBuf {
    let pki = path.join("pki");
    if pki.is_dir() { pki } else { path }
}

/// Reads the name of `--layout`; made for clap's `value_parser`.
///
/// # Errors
/// When it is none.
pub fn layout_arg(text: &str) -> Result<&'static Distribution, String> {
    let known = ALL.iter().copied().find(|one| one.name == text);
    let names: Vec<&str> = ALL.iter().map(|one| one.name).collect();
    known.ok_or_else(|| format!("there are {}", names.join(", ")))
}
