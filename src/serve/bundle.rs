//! ClusterTrustBundles: the cluster's own CA, published as kube-controller-manager publishes it, and those that somebody who
//! may attest for a signer has made. One file for each, read when the server begins.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::api::status::Status;
use crate::api::trust_bundle::{SERVING, prefix, published_name};
use crate::csr::refusal::MODIFIED;
use crate::disk::batch::{self, Put};
use crate::disk::{DiskError, Notation};
use crate::moment::rfc3339;
use crate::store::birth::birth;
use crate::store::name::escape;
use crate::store::{StoreError, Version};
use crate::x509::go::quoted;

/// The `apiVersion` of the object.
pub const API_VERSION: &str = "certificates.k8s.io/v1beta1";

pub use crate::api::trust_bundle::KIND;

/// Its resource.
pub const RESOURCE: &str = "clustertrustbundles";

/// The bundles.
#[derive(Debug)]
pub struct Bundles {
    directory: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Arc<Value>>,
    events: VecDeque<Event>,
    begin: Version,
    last: Version,
}

/// A change of one bundle.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of the change.
    pub version: Version,
    /// What it was, unless it is new.
    pub old: Option<Arc<Value>>,
    /// What it is, unless it is not there any more.
    pub new: Option<Arc<Value>>,
}

/// As many changes are remembered, and as many bundles kept: each may have a megabyte.
const LONGEST: usize = 256;
const MOST: usize = 256;

impl Bundles {
    /// Reads those that are kept in a directory, which need not be there. What is no bundle is passed over and told to
    /// `warn`.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn open(
        directory: PathBuf,
        now: OffsetDateTime,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self, DiskError> {
        let mut state = State::default();
        let entries = match std::fs::read_dir(&directory) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        };
        let entries = entries.map_err(DiskError::at(&directory, "cannot be listed"))?;
        for path in entries.into_iter().map(|entry| entry.path()) {
            if Notation::of(&path).is_none() {
                continue;
            }
            let bytes = crate::disk::read::bytes(&path).map_err(|error| error.to_string());
            let text = bytes.and_then(|bytes| {
                String::from_utf8(bytes.bytes.to_vec()).map_err(|_| "is no text".to_owned())
            });
            let value = text.and_then(|text| Notation::Yaml.read(&text).map_err(|error| error.to_string()));
            match value {
                Ok(value) if value["kind"] == KIND && !name(&value).is_empty() => {
                    state.last = state.last.max(version(&value));
                    state.objects.insert(name(&value).to_owned(), Arc::new(value));
                }
                Ok(_) => warn(format!("{}: is no {KIND}", path.display())),
                Err(problem) => warn(format!("{}: {problem}", path.display())),
            }
        }
        let micros = Version::try_from(now.unix_timestamp_nanos() / 1000).unwrap_or_default();
        state.last = state.last.max(micros);
        state.begin = state.last;
        Ok(Self { directory, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a CA as what API servers are trusted by, in the place of what was published before. Says whether
    /// something has changed.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn publish(&self, bundle: &str, now: OffsetDateTime) -> Result<bool, Status> {
        let own = published_name(SERVING, bundle);
        let begin = prefix(SERVING);
        let others: Vec<Arc<Value>> = {
            let state = self.state();
            let others = state.objects.iter().filter(|(name, _)| name.starts_with(&begin) && **name != own);
            others.map(|(_, value)| Arc::clone(value)).collect()
        };
        let mut changed = false;
        if self.get(&own).is_none() {
            let object = json!({
                "apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": own},
                "spec": {"signerName": SERVING, "trustBundle": bundle},
            });
            self.create(object, now)?;
            changed = true;
        }
        for other in others {
            self.remove(&other)?;
            changed = true;
        }
        Ok(changed)
    }

    /// The bundle of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Value>> {
        self.state().objects.get(name).cloned()
    }

    /// The bundles behind a name in the order of names, at most so many, and the number that this is the state of.
    #[must_use]
    pub fn page(&self, after: Option<&str>, most: usize) -> (Vec<Arc<Value>>, Version) {
        let state = self.state();
        let begin = after.map_or(Bound::Unbounded, Bound::Excluded);
        let objects = state.objects.range::<str, _>((begin, Bound::Unbounded));
        (objects.take(most).map(|(_, value)| Arc::clone(value)).collect(), state.last)
    }

    /// The changes behind a number, oldest first; `None` when some of them are forgotten.
    #[must_use]
    pub fn events(&self, since: Version) -> Option<Vec<Event>> {
        let state = self.state();
        let later = |event: &&Event| event.version > since;
        (since >= state.begin).then(|| state.events.iter().filter(later).cloned().collect())
    }

    /// The numbers from which on all changes are known, and of the last.
    #[must_use]
    pub fn versions(&self) -> (Version, Version) {
        let state = self.state();
        (state.begin, state.last)
    }

    /// Keeps a new bundle, which is as it must be.
    ///
    /// # Errors
    /// 409 when its name is taken.
    pub fn create(&self, mut object: Value, now: OffsetDateTime) -> Result<Arc<Value>, Status> {
        let born = birth(now).map_err(|_| Status::internal("no uid can be made"))?;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("uid".to_owned(), born.uid.into());
            metadata.insert("creationTimestamp".to_owned(), rfc3339(now).into());
        }
        let name = name(&object).to_owned();
        let mut state = self.state();
        if state.objects.contains_key(&name) {
            let message = format!("{RESOURCE}.certificates.k8s.io {} already exists", quoted(&name));
            return Err(Status::new(409, "AlreadyExists", message).details(RESOURCE, &name, Vec::new()));
        }
        if state.objects.len() >= MOST {
            return Err(Status::new(429, "TooManyRequests", format!("there are {MOST} bundles already")));
        }
        self.put(&mut state, object)
    }

    /// Keeps a bundle in the place of one that was read.
    ///
    /// # Errors
    /// 409 when that is another by now.
    pub fn replace(&self, old: &Value, new: Value) -> Result<Arc<Value>, Status> {
        let mut state = self.state();
        same(&state, old)?;
        self.put(&mut state, new)
    }

    /// Forgets a bundle that was read.
    ///
    /// # Errors
    /// 409 when it is another by now.
    pub fn remove(&self, old: &Value) -> Result<(), Status> {
        let mut state = self.state();
        same(&state, old)?;
        let file = file(name(old));
        batch::change(&self.directory, &[], &[file]).map_err(|error| failed(&error.into()))?;
        let gone = state.objects.remove(name(old));
        let version = state.last + 1;
        state.note(Event { version, old: gone, new: None });
        Ok(())
    }

    fn put(&self, state: &mut State, mut object: Value) -> Result<Arc<Value>, Status> {
        let version = state.last + 1;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), version.to_string().into());
        }
        let written = Notation::Yaml.write(&object).map_err(|error| failed(&error.into()))?;
        let put = Put { name: file(name(&object)), bytes: written.into_bytes(), fresh: false };
        batch::prepare(&self.directory).map_err(|error| failed(&error.into()))?;
        batch::change(&self.directory, &[put], &[]).map_err(|error| failed(&error.into()))?;
        let new = Arc::new(object);
        let old = state.objects.insert(name(&new).to_owned(), Arc::clone(&new));
        state.note(Event { version, old, new: Some(Arc::clone(&new)) });
        Ok(new)
    }
}

impl State {
    fn note(&mut self, event: Event) {
        self.last = event.version;
        self.events.push_back(event);
        while self.events.len() > LONGEST {
            self.begin = self.events.pop_front().map_or(self.begin, |event| event.version);
        }
    }
}

fn same(state: &State, old: &Value) -> Result<(), Status> {
    match state.objects.get(name(old)) {
        None => Err(not_found(name(old))),
        Some(now) if version(now) == version(old) => Ok(()),
        Some(_) => Err(conflict(name(old), MODIFIED)),
    }
}

fn file(name: &str) -> String {
    format!("{}{}", escape(name), Notation::Yaml.suffix())
}

fn failed(_: &StoreError) -> Status {
    Status::internal("the trust bundle cannot be kept")
}

/// Somebody else has written meanwhile.
#[must_use]
pub fn conflict(name: &str, text: &str) -> Status {
    let message =
        format!("Operation cannot be fulfilled on {RESOURCE}.certificates.k8s.io {}: {text}", quoted(name));
    Status::new(409, "Conflict", message).details(RESOURCE, name, Vec::new())
}

/// Nothing has this name.
#[must_use]
pub fn not_found(name: &str) -> Status {
    let message = format!("{RESOURCE}.certificates.k8s.io {} not found", quoted(name));
    Status::new(404, "NotFound", message).details(RESOURCE, name, Vec::new())
}

/// The name of a bundle.
#[must_use]
pub fn name(value: &Value) -> &str {
    value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// The signer of a bundle.
#[must_use]
pub fn signer(value: &Value) -> &str {
    value.pointer("/spec/signerName").and_then(Value::as_str).unwrap_or_default()
}

fn version(value: &Value) -> Version {
    let version = value.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    version.and_then(|version| version.parse().ok()).unwrap_or_default()
}
