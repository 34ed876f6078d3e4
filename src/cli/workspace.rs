//! What `plan`, `apply` and `renew` begin with: a spec, the directory it is for, and what is there.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use time::OffsetDateTime;

use super::ca::authority::{content, unusable};
use super::terminal;
use crate::audit::{self, Scene, Terms, View};
use crate::disk::journal::Journal;
use crate::disk::lock::{Lock, PATIENCE};
use crate::disk::read::ReadError;
use crate::disk::{Content, Inventory, Layout, Survey};
use crate::error::Error;
use crate::moment::{self, rfc3339};
use crate::plan::Plan;
use crate::spec::load::{Loaded, load};
use crate::spec::{AuthorityMode, Spec};
use crate::target::{Selection, Targets};
use crate::x509::TokenKey;

/// The spec.
#[derive(Debug, Args)]
pub struct SpecArg {
    /// The spec, or a kubeadm configuration: YAML, TOML by its name, `-` for standard input.
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: PathBuf,
}

/// The spec and the directory.
#[derive(Debug, Args)]
pub struct WorkspaceArgs {
    #[command(flatten)]
    spec: SpecArg,

    /// The directory: the node's Kubernetes directory where one node is meant, else the fleet's.
    #[arg(short, long, value_name = "DIR", default_value = "/etc/kubernetes")]
    dir: PathBuf,

    /// Only this node of the spec: DIR is its Kubernetes directory.
    #[arg(long, value_name = "NAME")]
    node: Option<String>,

    /// Where the shared CAs and service account keys are, when they are not kept on the node itself.
    #[arg(long, value_name = "DIR", requires = "node")]
    authority: Option<PathBuf>,
}

/// A spec and a directory, where something else may take their place: the argument `into`.
#[derive(Debug)]
pub struct WorkspaceOrInto(pub Option<WorkspaceArgs>);

impl Args for WorkspaceOrInto {
    fn augment_args(command: Command) -> Command {
        let relax = |arg: Arg| arg.required(false).required_unless_present("into").conflicts_with("into");
        WorkspaceArgs::augment_args(command).mut_arg("file", relax)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for WorkspaceOrInto {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let said = matches.contains_id("file");
        said.then(|| WorkspaceArgs::from_arg_matches(matches)).transpose().map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A directory and what ought to be in it.
pub struct Workspace {
    /// The spec.
    pub spec: Spec,
    /// What ought to be there.
    pub targets: Targets,
    /// Which files that is.
    pub layout: Layout,
    /// What the file of the root's key holds, where the spec names one that is here.
    root_key: Option<Content>,
    /// The keys of CAs that the spec has in a token.
    token_keys: Vec<(String, TokenKey)>,
}

/// A directory as it is.
pub struct Look {
    /// The files.
    pub survey: Survey,
    /// What an interrupted run has left to be put in place.
    pub pending: Option<Journal>,
}

/// Loads a spec and tells its warnings.
///
/// # Errors
/// When it cannot be used.
pub fn load_spec(arg: &SpecArg) -> Result<Spec, Error> {
    let Loaded { spec, warnings, name } = load(&arg.file)?;
    terminal::problems(&name, &warnings);
    Ok(spec)
}

impl Workspace {
    /// Loads the spec and works out what ought to be in the directory.
    ///
    /// # Errors
    /// When the spec cannot be used, or has no such node.
    pub fn open(args: &WorkspaceArgs) -> Result<Self, Error> {
        Self::of(load_spec(&args.spec)?, args)
    }

    /// The same where a CA that is not here is elsewhere, and not still to be made: a kubeadm configuration cannot say so.
    ///
    /// # Errors
    /// When the spec cannot be used, or has no such node.
    pub fn open_external(args: &WorkspaceArgs) -> Result<Self, Error> {
        let mut spec = load_spec(&args.spec)?;
        if spec.authority.mode == AuthorityMode::SelfSigned {
            spec.authority.mode = AuthorityMode::External;
        }
        Self::of(spec, args)
    }

    fn of(spec: Spec, args: &WorkspaceArgs) -> Result<Self, Error> {
        let (node, authority) = (args.node.as_deref(), args.authority.is_some());
        let targets = Targets::of(&spec, &Selection { node, authority, ..Selection::default() })?;
        let root = absolute(&args.dir)?;
        let authority = args.authority.as_deref().map(absolute).transpose()?;
        let layout = Layout::new(&root, authority.as_deref(), &spec.certificates_dir, targets.fleet);
        if !layout.keeps(&spec.certificates_dir) {
            terminal::warning(&format!(
                "certificatesDir `{}` is outside /etc/kubernetes: the certificates go to {}",
                spec.certificates_dir,
                root.join("pki").display()
            ));
        }
        let root_key = root_key(&spec)?;
        let keys = spec.authority.keys.iter();
        let token_keys = keys.map(|(name, uri)| (name.clone(), TokenKey::new(uri.clone()))).collect();
        Ok(Self { spec, targets, layout, root_key, token_keys })
    }

    /// Looks at the directory.
    ///
    /// # Errors
    /// When an interrupted run has left a journal that cannot be read.
    pub fn look(&self) -> Result<Look, Error> {
        let pending = Journal::pending(self.layout.root())?;
        let mut inventory = Inventory::of(&self.layout, pending.as_ref());
        let survey = Survey::of(&self.layout, &self.targets, &mut inventory);
        Ok(Look { survey, pending })
    }

    /// Takes the lock of the directory, and finishes what an interrupted run has left: how many files that were.
    ///
    /// # Errors
    /// When another holds it, or what was left cannot be finished.
    pub fn hold(&self, kind: &str, now: OffsetDateTime) -> Result<(Lock, usize), Error> {
        let root = self.layout.root();
        let lock = Lock::take(root, &me(kind, now), PATIENCE)?;
        let Some(journal) = Journal::pending(root)? else { return Ok((lock, 0)) };
        let remaining = journal.remaining();
        journal.finish(root)?;
        Ok((lock, remaining))
    }

    /// The view of what is there at a moment.
    #[must_use]
    pub fn view<'a>(&'a self, look: &'a Look, now: OffsetDateTime) -> View<'a> {
        View::new(&self.spec, &self.targets, &look.survey, Terms::of_plan(&self.spec, now))
            .with_root_key(self.root_key.as_ref())
            .with_token_keys(&self.token_keys)
    }
}

/// What the file of the root's key holds; nothing where there is no such file: then the key is elsewhere.
///
/// # Errors
/// When it cannot be read, holds no key that can be used, or another root's.
pub(super) fn root_key(spec: &Spec) -> Result<Option<Content>, Error> {
    let Some((root, file)) =
        spec.authority.root.as_ref().and_then(|root| Some((root, root.key_file.as_ref()?)))
    else {
        return Ok(None);
    };
    let content = match content(file) {
        Err(Error::Read { source: ReadError::Missing, .. }) => return Ok(None),
        content => content?,
    };
    if content.sealed_key().is_none() {
        let key = content.private_key().map_err(|source| unusable(file, source))?;
        if root.certificate.as_ref().is_some_and(|own| own.public_key != *key.public_key()) {
            let (key, certificate) = (file.clone(), root.certificate_file.clone());
            return Err(Error::ForeignKey { key, certificate });
        }
    }
    Ok(Some(content))
}

/// The plan that cures everything that the rules find.
#[must_use]
pub fn cure(view: &View<'_>) -> Plan {
    let scene = Scene::new(vec![view.clone()]);
    Plan::of(view, &audit::judge(&scene).findings)
}

/// Reads the moment of `--at`; made for clap's `value_parser`.
///
/// # Errors
/// When it is none.
pub fn moment_arg(text: &str) -> Result<OffsetDateTime, String> {
    moment::parse(text).ok_or_else(|| "write a day, 2027-03-01, or a moment, 2027-03-01T12:00:00Z".to_owned())
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let absolute = std::path::absolute(path);
    Ok(absolute.map_err(crate::disk::DiskError::at(path, "cannot be found"))?)
}

/// What the lock file says of this run.
pub(super) fn me(kind: &str, now: OffsetDateTime) -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!(
        "kubepki {} with process {} on {host} since {}",
        kind.to_lowercase(),
        std::process::id(),
        rfc3339(now)
    )
}
