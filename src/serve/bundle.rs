//! ClusterTrustBundles: the cluster's own CA, published as kube-controller-manager publishes it, and those that somebody who
//! may attest for a signer has made. One file for each, which others may write too.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::api::status::Status;
use crate::api::trust_bundle::{SERVING, prefix, published_name};
use crate::csr::refusal::MODIFIED;
use crate::disk::batch::{self, Put};
use crate::disk::{DiskError, Notation, Stamp};
use crate::moment::rfc3339;
use crate::store::birth::birth;
use crate::store::name::escape;
use crate::store::{StoreError, Version};
use crate::x509::go::quoted;

use super::bundle_file;

/// The `apiVersion` of the object.
pub const API_VERSION: &str = "certificates.k8s.io/v1beta1";

/// The version in it.
pub const VERSION: &str = "v1beta1";

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
    /// The files, by their names.
    files: BTreeMap<String, Known>,
    /// Why the directory cannot be listed.
    problem: Option<String>,
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

/// What a file has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The file; the directory where it cannot be listed.
    pub path: PathBuf,
    /// The bundle that it holds, or held when it was last read; nothing where it has never held one.
    pub name: String,
    /// What has become of the bundle, or why nothing has.
    pub outcome: Result<Turn, String>,
}

/// What has become of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is new.
    Created,
    /// It is another.
    Updated,
    /// It is gone.
    Deleted,
}

/// What is known of a file.
#[derive(Debug, Default)]
struct Known {
    stamp: Option<Stamp>,
    /// The bundle that it holds, or held when it was last good.
    holds: String,
    /// What is wrong with it now.
    problem: Option<String>,
}

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
        let files = files(&directory)?;
        let mut state = State { last: micros(now), ..State::default() };
        let bundles = Self { directory, state: Mutex::default() };
        for news in bundles.take(&mut state, files.unwrap_or_default()) {
            if let Err(problem) = news.outcome {
                warn(format!("{}: {problem}", news.path.display()));
            }
        }
        // Who watched another server begins anew.
        state.events.clear();
        state.begin = state.last;
        Ok(Self { state: Mutex::new(state), ..bundles })
    }

    /// Reads again what others have done to files. A bundle whose file cannot be used stays as it was when it last could;
    /// that is told once.
    #[must_use]
    pub fn follow(&self) -> Vec<News> {
        let mut state = self.state();
        let problem = match files(&self.directory) {
            Ok(Some(files)) => {
                state.problem = None;
                return self.take(&mut state, files);
            }
            Ok(None) if state.files.is_empty() => return Vec::new(),
            Ok(None) => "is missing".to_owned(),
            Err(error) => error.to_string(),
        };
        if state.problem.as_ref() == Some(&problem) {
            return Vec::new();
        }
        state.problem = Some(problem.clone());
        vec![News { path: self.directory.clone(), name: String::new(), outcome: Err(problem) }]
    }

    /// Takes over what is in files.
    fn take(&self, state: &mut State, names: Vec<String>) -> Vec<News> {
        let mut news = Vec::new();
        let mut tell = |file: &str, name: &str, outcome| {
            news.push(News { path: self.directory.join(file), name: name.to_owned(), outcome });
        };
        let mut left: Vec<(String, String)> = Vec::new();
        state.files.retain(|file, known| {
            let stays = names.binary_search(file).is_ok();
            if !stays && !known.holds.is_empty() {
                left.push((file.clone(), std::mem::take(&mut known.holds)));
            }
            stays
        });
        for file in names {
            let path = self.directory.join(&file);
            let stamp = Stamp::at(&path);
            let known = state.files.entry(file.clone()).or_default();
            if known.stamp == stamp && stamp.is_some() {
                continue;
            }
            known.stamp = stamp;
            let held = known.holds.clone();
            let written = stamp.map_or(OffsetDateTime::UNIX_EPOCH, |stamp| stamp.written());
            let outcome = bundle_file::bundle(&path).and_then(|value| state.accept(&file, value, written));
            let known = state.files.entry(file.clone()).or_default();
            match outcome {
                Ok(turn) => {
                    known.problem = None;
                    if !held.is_empty() && held != known.holds {
                        left.push((file.clone(), held));
                    }
                    if let Some(turn) = turn {
                        tell(&file, &known.holds, Ok(turn));
                    }
                }
                Err(problem) if known.problem.as_ref() == Some(&problem) => {}
                Err(problem) => {
                    known.problem = Some(problem.clone());
                    tell(&file, &known.holds, Err(problem));
                }
            }
        }
        for (file, name) in left {
            // It may only have moved.
            if !state.files.values().any(|known| known.holds == name) && state.forget(&name) {
                tell(&file, &name, Ok(Turn::Deleted));
            }
        }
        news
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
        let spec = json!({"signerName": SERVING, "trustBundle": bundle});
        let mut changed = match self.get(&own) {
            None => {
                let metadata = json!({"name": own});
                let object =
                    json!({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec});
                self.create(object, now)?;
                true
            }
            // Somebody has changed it.
            Some(old) if old.get("spec") != Some(&spec) => {
                let mut new = (*old).clone();
                if let Some(fields) = new.as_object_mut() {
                    fields.insert("spec".to_owned(), spec);
                }
                self.replace(&old, new)?;
                true
            }
            Some(_) => false,
        };
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
        let files = state.files_of(name(old));
        batch::change(&self.directory, &[], &files).map_err(|error| failed(&error.into()))?;
        state.files.retain(|file, _| !files.contains(file));
        state.forget(name(old));
        Ok(())
    }

    fn put(&self, state: &mut State, mut object: Value) -> Result<Arc<Value>, Status> {
        let version = state.last + 1;
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".to_owned(), version.to_string().into());
        }
        let written = Notation::Yaml.write(&object).map_err(|error| failed(&error.into()))?;
        let own = state.place(name(&object));
        let put = Put { name: own.clone(), bytes: written.into_bytes(), fresh: false };
        // What somebody has put under another name is in this file from now on.
        let others: Vec<String> =
            state.files_of(name(&object)).into_iter().filter(|other| *other != own).collect();
        batch::prepare(&self.directory).map_err(|error| failed(&error.into()))?;
        batch::change(&self.directory, &[put], &others).map_err(|error| failed(&error.into()))?;
        state.files.retain(|file, _| !others.contains(file));
        let stamp = Stamp::at(&self.directory.join(&own));
        state.files.insert(own, Known { stamp, holds: name(&object).to_owned(), problem: None });
        Ok(state.set(object, version))
    }
}

impl State {
    /// Takes over the bundle of a file; says what has become of it, if anything.
    fn accept(
        &mut self,
        file: &str,
        mut value: Value,
        written: OffsetDateTime,
    ) -> Result<Option<Turn>, String> {
        let name = name(&value).to_owned();
        let others = self.files_of(&name);
        let old = self.objects.get(&name).cloned();
        let problem = match others.iter().find(|other| *other != file) {
            Some(other) => Some(format!("{} is in {other} already", quoted(&name))),
            None if old.is_none() && self.objects.len() >= MOST => {
                Some(format!("there are {MOST} bundles already"))
            }
            None => None,
        };
        let known = self.files.entry(file.to_owned()).or_default();
        if let Some(problem) = problem {
            // What is in the way may go.
            known.stamp = None;
            return Err(problem);
        }
        known.holds = name;
        let Some(old) = old else {
            let said = version(&value);
            // What was kept before the server began is the same as it was.
            let next = if self.begin == 0 && said > 0 { said } else { self.last + 1 };
            bundle_file::settle(&mut value, None, next, written);
            self.set(value, next);
            return Ok(Some(Turn::Created));
        };
        bundle_file::settle(&mut value, Some(&old), version(&old), written);
        if *old == value {
            return Ok(None);
        }
        let next = self.last + 1;
        bundle_file::settle(&mut value, Some(&old), next, written);
        self.set(value, next);
        Ok(Some(Turn::Updated))
    }

    /// The files that hold a bundle.
    fn files_of(&self, name: &str) -> Vec<String> {
        let held = self.files.iter().filter(|(_, known)| known.holds == name);
        held.map(|(file, _)| file.clone()).collect()
    }

    /// The file in which a bundle is kept: no other is in it.
    fn place(&self, name: &str) -> String {
        let free =
            |file: &String| self.files.get(file).is_none_or(|known| ["", name].contains(&&*known.holds));
        let own = escape(name);
        let others = (2..).map(|number| format!("{own}~{number}{}", Notation::Yaml.suffix()));
        std::iter::once(own.clone() + Notation::Yaml.suffix()).chain(others).find(free).unwrap_or(own)
    }

    fn set(&mut self, object: Value, version: Version) -> Arc<Value> {
        let new = Arc::new(object);
        let old = self.objects.insert(name(&new).to_owned(), Arc::clone(&new));
        self.note(Event { version, old, new: Some(Arc::clone(&new)) });
        new
    }

    /// Takes a bundle away; says whether it was there.
    fn forget(&mut self, name: &str) -> bool {
        let Some(old) = self.objects.remove(name) else { return false };
        let version = self.last + 1;
        self.note(Event { version, old: Some(old), new: None });
        true
    }

    fn note(&mut self, event: Event) {
        self.last = self.last.max(event.version);
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

/// The files of a directory that may hold a bundle, by their names in order; `None` where there is no directory.
fn files(directory: &Path) -> Result<Option<Vec<String>>, DiskError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => Err(error),
    };
    let entries = entries.map_err(DiskError::at(directory, "cannot be listed"))?;
    let names = entries.into_iter().filter(|entry| Notation::of(&entry.path()).is_some());
    // What is no text was not put there by this server, and has no name that could be told.
    let mut names: Vec<String> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(Some(names))
}

fn micros(now: OffsetDateTime) -> Version {
    Version::try_from(now.unix_timestamp_nanos() / 1000).unwrap_or_default()
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
