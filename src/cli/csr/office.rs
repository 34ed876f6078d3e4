//! What the verbs of `csr` have in common: the store, the CAs, and what decisions are made by.

use std::path::{Path, PathBuf};

use clap::Args;
use time::OffsetDateTime;

use crate::cli::Outside;
use crate::cli::terminal;
use crate::cli::workspace::{SpecArg, load_spec};
use crate::csr::load::{CLUSTER, Signers, permissions, rules, signers};
use crate::csr::rbac::Rbac;
use crate::csr::{Object, Policy, Refusal, User};
use crate::disk::OWN;
use crate::error::Error;
use crate::moment::Clock;
use crate::spec::load::{LoadError, text};
use crate::spec::{Problem, Spec};
use crate::store::controller::Settings;
use crate::store::readings::Readings;
use crate::store::{Authorities, Directory, Ledger, Listing, Store, StoreError, Stored, admission, resident};

/// The options of every verb.
#[derive(Debug, Args)]
#[command(next_help_heading = "Store and policy")]
pub struct OfficeArgs {
    /// The Kubernetes directory: its CA signs, and the requests are kept in its `csr`.
    #[arg(short, long, value_name = "DIR", default_value = "/etc/kubernetes", global = true)]
    dir: PathBuf,

    /// The directory of requests, if it is another than `csr` in the Kubernetes directory.
    #[arg(long, value_name = "DIR", global = true)]
    store: Option<PathBuf>,

    /// The cluster's spec: kubelets of its nodes get their serving certificates, with their own names and no others.
    #[arg(short = 'f', long = "file", value_name = "FILE", global = true)]
    file: Option<PathBuf>,

    /// Rules of approval: the first that holds decides.
    #[arg(long, value_name = "FILE", global = true)]
    policy: Option<PathBuf>,

    /// Signers of your own, and a CA for each signer.
    #[arg(long, value_name = "FILE", global = true)]
    signers: Option<PathBuf>,

    /// Manifests of ClusterRoles and ClusterRoleBindings, beside those of Kubernetes and kubeadm.
    #[arg(long, value_name = "FILE", global = true)]
    rbac: Vec<PathBuf>,

    /// Believe what a request says of who asks; without this everybody is anonymous. It is only as good as whoever can
    /// write to the store.
    #[arg(long, global = true)]
    trust_requester: bool,

    /// The ledger of everything that was signed, if it is another than `.kubepki/ledger` in the Kubernetes directory.
    #[arg(long, value_name = "FILE", global = true)]
    ledger: Option<PathBuf>,
}

/// In whose name something is done.
#[derive(Debug, Args)]
pub struct AsArgs {
    /// Do it in the name of this user, and only if the user may (RBAC); else whoever runs this may do everything.
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,

    /// A group of that user.
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    groups: Vec<String>,
}

/// The store, and what decisions about what is in it are made by.
pub struct Office {
    /// The store.
    pub store: Directory,
    /// What decisions are made by.
    pub settings: Settings,
    /// The CAs: nothing has been read yet.
    pub authorities: Authorities,
    /// The clock.
    pub clock: Clock,
    ledger: PathBuf,
}

/// The roles and bindings that every cluster of kubeadm has.
const DEFAULT_ROLES: &str = include_str!("../../../templates/csr-rbac.yaml");

impl OfficeArgs {
    /// Reads everything that decisions are made by.
    ///
    /// # Errors
    /// When a file cannot be used.
    pub fn open(&self, outside: &Outside<'_>) -> Result<Office, Error> {
        let spec = match &self.file {
            Some(file) => Some(load_spec(&SpecArg { file: file.clone() })?),
            None => None,
        };
        let table = self.table()?;
        let rules = match &self.policy {
            Some(file) => read(file, |text| rules(text).map(|rules| (rules, Vec::new())))?,
            None => Vec::new(),
        };
        let mut rbac = permissions(DEFAULT_ROLES).map(|(rbac, _)| rbac).unwrap_or_default();
        for file in &self.rbac {
            rbac.extend(read(file, permissions)?);
        }
        let places = self.places(&table, spec.as_ref());
        let trust_requester = self.trust_requester;
        let store = self.store(outside.clock)?;
        Ok(Office {
            store,
            authorities: Authorities::new(places),
            settings: Settings {
                signers: table.signers,
                rules,
                spec,
                rbac,
                trust_requester,
                trust_files: trust_requester,
                clean: true,
                readings: Readings::default(),
            },
            clock: outside.clock,
            ledger: self.ledger.clone().unwrap_or_else(|| self.dir.join(OWN).join("ledger")),
        })
    }

    /// The signers by themselves.
    ///
    /// # Errors
    /// When their file cannot be used.
    pub fn table(&self) -> Result<Signers, Error> {
        self.signers.as_deref().map_or_else(|| Ok(Signers::default()), signers_file)
    }

    /// The store by itself, with everything in it that a server has acknowledged.
    ///
    /// # Errors
    /// When what a server has left cannot be written.
    pub fn store(&self, clock: Clock) -> Result<Directory, Error> {
        let store = Directory::new(&self.store.clone().unwrap_or_else(|| self.dir.join("csr")), clock);
        resident::settle(&store)?;
        Ok(store)
    }

    /// The Kubernetes directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.dir
    }

    /// Whether what a request says of who asks is believed.
    #[must_use]
    pub fn trusts_requester(&self) -> bool {
        self.trust_requester
    }

    /// The files of each CA: the cluster's where kubeadm, or a fleet, has them, and those that the signers file names, from
    /// where it lies.
    fn places(&self, table: &Signers, spec: Option<&Spec>) -> Vec<(String, PathBuf, PathBuf)> {
        let below =
            spec.and_then(|spec| Path::new(&spec.certificates_dir).strip_prefix("/etc/kubernetes").ok());
        let node = self.dir.join(below.unwrap_or(Path::new("pki")));
        let fleet = self.dir.join("authority");
        let certificates =
            if fleet.join("ca.crt").exists() && !node.join("ca.crt").exists() { fleet } else { node };
        let beside = self.signers.as_ref().and_then(|file| file.parent()).unwrap_or(Path::new(""));
        let named = table.authorities.iter();
        let mut places: Vec<_> = named
            .map(|(name, files)| (name.clone(), beside.join(&files.certificate), beside.join(&files.key)))
            .collect();
        if !places.iter().any(|(name, ..)| name == CLUSTER) {
            places.push((CLUSTER.to_owned(), certificates.join("ca.crt"), certificates.join("ca.key")));
        }
        places
    }
}

/// Reads a signers file.
///
/// # Errors
/// When it cannot be used.
pub fn signers_file(path: &Path) -> Result<Signers, Error> {
    read(path, |text| signers(text).map(|signers| (signers, Vec::new())))
}

/// Reads a file and tells its warnings.
fn read<T>(
    path: &Path,
    make: impl FnOnce(&str) -> Result<(T, Vec<Problem>), Vec<Problem>>,
) -> Result<T, Error> {
    let name = path.display().to_string();
    let (made, warnings) = make(&text(path).map_err(Error::Input)?)
        .map_err(|problems| Error::Input(LoadError::Invalid { name, problems }))?;
    terminal::problems(&path.display().to_string(), &warnings);
    Ok(made)
}

impl AsArgs {
    /// The user; whoever runs this passes every authorization.
    #[must_use]
    pub fn user(&self) -> User {
        match &self.user {
            Some(name) => User::known(name, &self.groups),
            None => User {
                name: "kubernetes-admin".to_owned(),
                groups: vec!["system:masters".to_owned()],
                ..User::default()
            },
        }
    }

    /// The user, if one was named.
    #[must_use]
    pub fn named(&self) -> Option<User> {
        self.user.as_ref().map(|_| self.user())
    }
}

/// Whether a user may do something with requests, in the words of the API server.
///
/// # Errors
/// When the user may not.
pub fn allowed(rbac: &Rbac, user: &User, verb: &str, subresource: &str, name: &str) -> Result<(), Error> {
    if rbac.allows_request(user, verb, subresource, name) {
        return Ok(());
    }
    let part = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let text = format!(
        "User {:?} cannot {verb} resource \"certificatesigningrequests{part}\" in API group \"certificates.k8s.io\" at the \
         cluster scope",
        user.name
    );
    Err(StoreError::Refused(Refusal::forbidden(name, &text)).into())
}

/// How often a write is tried again that somebody else was quicker than (`kubectl certificate approve`).
const TRIES: usize = 10;

impl Office {
    /// The object of a name; one that somebody has only just put there is made a request first, as the loop would.
    ///
    /// # Errors
    /// When there is none, or it is not as it must be.
    pub fn object(
        &self,
        name: &str,
        now: OffsetDateTime,
    ) -> Result<(Stored, crate::csr::CertificateSigningRequest), Error> {
        let stored = self.store.get(name)?.ok_or_else(|| StoreError::Refused(Refusal::not_found(name)))?;
        let object = if stored.object.uid().is_empty() {
            admission::admit((*stored.object).clone(), &self.settings.policy(&[]), now)?
        } else {
            (*stored.object).clone()
        };
        Ok((stored, object))
    }

    /// Changes an object, and again where somebody else was quicker. `change` returns nothing where nothing is to be done.
    ///
    /// # Errors
    /// When there is none, it may not be changed so, or the store cannot be written to.
    pub fn update(
        &self,
        name: &str,
        now: OffsetDateTime,
        change: impl Fn(
            &crate::csr::CertificateSigningRequest,
        ) -> Result<Option<crate::csr::CertificateSigningRequest>, Error>,
    ) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            let (stored, object) = self.object(name, now)?;
            let Some(new) = change(&object)? else { return Ok(()) };
            tries += 1;
            match self.store.replace(stored, new) {
                Ok(_) => return Ok(()),
                Err(StoreError::Refused(refusal)) if refusal.is_conflict() && tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Everything in the store; what is no object is told.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn listing(store: &Directory) -> Result<Listing, Error> {
        let listing = store.list()?;
        for trouble in &listing.troubles {
            terminal::warning(&format!("{} {}", trouble.path.display(), trouble.problem));
        }
        Ok(listing)
    }

    /// The ledger, opened.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn ledger(&self) -> Result<Ledger, Error> {
        Ok(Ledger::open(&self.ledger)?)
    }

    /// The policy at one moment. `ends` says when each CA ends.
    #[must_use]
    pub fn policy<'a>(&'a self, ends: &'a [(String, OffsetDateTime)]) -> Policy<'a> {
        self.settings.policy(ends)
    }
}
