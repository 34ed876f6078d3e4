//! A directory with one object in each file.
//!
//! Whoever may write to the directory writes as they like: by hand, half a file, a file twice. So nothing that was read
//! is taken to be there still: a write says which bytes it replaces. kubepki's own writers take turns by a lock.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rayon::prelude::*;

use super::counter::Counter;
use super::file::{Index, Seen, look, version};
use super::history::{Change, Changes, History};
use super::manifest::{Foreign, Manifest};
use super::name::escape;
use super::notice::Notice;
use super::{Listing, Store, StoreError, Stored, Token, Trouble, Version, Write};
use crate::csr::refusal::MODIFIED;
use crate::csr::{CertificateSigningRequest, Object, Refusal};
use crate::disk::batch::{self, Put};
use crate::disk::{DiskError, Notation, Stamp};
use crate::moment::Clock;
use crate::x509::sha256;

/// The directory.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    clock: Clock,
    state: Mutex<State>,
    notice: Notice,
}

/// What was seen of the directory last.
#[derive(Debug)]
struct State {
    files: HashMap<String, Seen>,
    /// The file of each name.
    names: BTreeMap<String, String>,
    /// The files of objects whose names are to be generated.
    nameless: Vec<String>,
    troubles: Vec<Trouble>,
    history: History,
    begun: bool,
    swept: bool,
}

/// The lock, and the number of the last write.
const LOCK: &str = ".lock";

impl Directory {
    /// The store in a directory, which need not be there yet. `clock` gives versions.
    #[must_use]
    pub fn new(root: &Path, clock: Clock) -> Self {
        let state = State {
            files: HashMap::new(),
            names: BTreeMap::new(),
            nameless: Vec::new(),
            troubles: Vec::new(),
            history: History::new(0),
            begun: false,
            swept: false,
        };
        Self { root: root.to_owned(), clock, state: Mutex::new(state), notice: Notice::default() }
    }

    /// The directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the directory where there is none.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn prepare(&self) -> Result<(), StoreError> {
        Ok(batch::prepare(&self.root)?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is whole before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at every file that may have changed.
    fn scan(&self, state: &mut State) -> Result<(), StoreError> {
        let failed = DiskError::at(&self.root, "cannot be listed");
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(&failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(failed(error).into()),
        };
        let mut present = Vec::with_capacity(entries.len());
        let mut troubles = Vec::new();
        for entry in entries {
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
            let Some(notation) = Notation::of(&path).filter(|_| !hidden) else { continue };
            match entry.file_name().into_string() {
                Ok(name) => present.push((name, notation)),
                Err(_) => troubles.push(Trouble { path, problem: "has a name that is no text".to_owned() }),
            }
        }
        let known = &state.files;
        let looks = present.into_par_iter().filter_map(|(name, notation)| {
            let seen = look(&self.root, &name, notation, known.get(&name), self.clock)?;
            Some((name, seen))
        });
        let files: HashMap<String, Seen> = looks.collect();
        let index = Index::of(&files);
        for (name, seen) in &files {
            if let Err(problem) = &seen.content {
                troubles.push(Trouble { path: self.root.join(name), problem: problem.clone() });
            }
        }
        let twice = index.twice.iter();
        troubles.extend(
            twice.map(|(name, problem)| Trouble { path: self.root.join(name), problem: problem.clone() }),
        );
        troubles.sort_unstable();
        if state.begun {
            note(state, files, &index);
        } else {
            let versions = files.values().filter_map(|seen| version(seen.content.as_ref().ok()?));
            let now = (self.clock)().unix_timestamp_nanos() / 1000;
            let last = versions.max().unwrap_or_default().max(Version::try_from(now).unwrap_or_default());
            state.history = History::new(last);
            state.files = files;
        }
        (state.names, state.nameless, state.troubles, state.begun) =
            (index.names, index.nameless, troubles, true);
        Ok(())
    }

    /// What is in one file now.
    fn refresh(&self, state: &State, file: &str) -> Option<Seen> {
        let notation = Notation::of(Path::new(file))?;
        look(&self.root, file, notation, state.files.get(file), self.clock)
    }

    /// What a write comes to. `claimed` are the files that writes before it are about.
    fn plan(&self, state: &State, claimed: &mut HashSet<String>, write: Write) -> Result<Planned, Refusal> {
        let mut claim = |file: &str| claimed.insert(file.to_owned());
        match write {
            Write::Create(object) => {
                let file = format!("{}{}", escape(object.name()), Notation::Yaml.suffix());
                if state.names.contains_key(object.name()) || !claim(&file) {
                    return Err(Refusal::already_exists(object.name()));
                }
                Ok(Planned { old: None, new: Some(New { object, file, fresh: true, foreign: None }) })
            }
            Write::Replace { old, new } => {
                self.still_there(state, &old, claim(&old.token.file))?;
                let (mut file, mut fresh) = (old.token.file.clone(), false);
                if old.name() != new.name() {
                    // What came without a name of its own has one now.
                    let notation = Notation::of(Path::new(&file)).unwrap_or(Notation::Yaml);
                    (file, fresh) = (format!("{}{}", escape(new.name()), notation.suffix()), true);
                    if state.names.contains_key(new.name()) || !claim(&file) {
                        return Err(Refusal::already_exists(new.name()));
                    }
                }
                let foreign = old.token.foreign.clone();
                Ok(Planned { old: Some(old), new: Some(New { object: new, file, fresh, foreign }) })
            }
            Write::Remove(old) => {
                self.still_there(state, &old, claim(&old.token.file))?;
                Ok(Planned { old: Some(old), new: None })
            }
        }
    }

    fn still_there(&self, state: &State, old: &Stored, first: bool) -> Result<(), Refusal> {
        match self.refresh(state, &old.token.file) {
            None => Err(Refusal::not_found(old.name())),
            Some(Seen { content: Ok(now), .. }) if first && now.token.digest == old.token.digest => Ok(()),
            Some(_) => Err(Refusal::conflict(old.name(), MODIFIED)),
        }
    }

    /// Takes the lock of the store: nobody else's program writes until it is dropped.
    pub(super) fn lock(&self) -> Result<Counter, StoreError> {
        Counter::take(&self.root.join(LOCK))
    }

    /// Does what it is told in the name of whoever has the lock.
    pub(super) fn commit_as(
        &self,
        counter: &mut Counter,
        writes: Vec<Write>,
    ) -> Result<Vec<Result<Stored, Refusal>>, StoreError> {
        let mut state = self.state();
        if !state.swept {
            batch::sweep(&self.root)?;
            state.swept = true;
        }
        if !state.begun || writes.iter().any(|write| matches!(write, Write::Create(_))) {
            self.scan(&mut state)?;
        }
        counter.raise(state.history.last());
        let mut claimed = HashSet::new();
        let planned = writes.into_iter().map(|write| self.plan(&state, &mut claimed, write)).collect();
        let outcomes = self.carry_out(&mut state, planned, &mut |_| counter.next((self.clock)()))?;
        counter.keep();
        self.notice.ring();
        Ok(outcomes)
    }

    /// Writes objects with the numbers that they have already. The caller has the lock.
    pub(super) fn keep(&self, writes: Vec<Write>) -> Result<Vec<Result<Stored, Refusal>>, StoreError> {
        let mut state = self.state();
        let mut claimed = HashSet::new();
        let planned = writes.into_iter().map(|write| self.plan(&state, &mut claimed, write)).collect();
        let next = state.history.last() + 1;
        let number = |plan: &Planned| {
            let own = plan.new.as_ref().and_then(|new| new.object.metadata.resource_version.as_ref());
            own.and_then(|own| own.parse().ok()).unwrap_or(next)
        };
        self.carry_out(&mut state, planned, &mut { number })
    }

    /// Writes what was planned, and notes it so that it need not be read again.
    fn carry_out(
        &self,
        state: &mut State,
        planned: Vec<Result<Planned, Refusal>>,
        number: &mut dyn FnMut(&Planned) -> Version,
    ) -> Result<Vec<Result<Stored, Refusal>>, StoreError> {
        let mut numbered: Vec<(Result<Planned, Refusal>, Version)> = Vec::with_capacity(planned.len());
        for plan in planned {
            let version = plan.as_ref().map_or(0, &mut *number);
            numbered.push((plan, version));
        }
        for (plan, version) in &mut numbered {
            if let Ok(Planned { new: Some(new), .. }) = plan {
                let version = Some(version.to_string());
                // What memory has written has its number, and is shared with memory.
                if new.object.metadata.resource_version != version {
                    Arc::make_mut(&mut new.object).metadata.resource_version = version;
                }
            }
        }
        let texts: Vec<Result<Option<Vec<u8>>, StoreError>> =
            numbered.par_iter().map(|(plan, _)| plan.as_ref().map_or(Ok(None), Planned::text)).collect();
        let (mut puts, mut removals) = (Vec::new(), Vec::new());
        for ((plan, _), text) in numbered.iter().zip(texts) {
            let (Ok(plan), text) = (plan, text?) else { continue };
            if let (Some(new), Some(bytes)) = (&plan.new, text) {
                puts.push(Put { name: new.file.clone(), bytes, fresh: new.fresh });
            }
            removals.extend(plan.left().map(str::to_owned));
        }
        let done = batch::change(&self.root, &puts, &removals)?;
        let mut put = puts.into_iter().zip(done);
        Ok(numbered
            .into_iter()
            .map(|(plan, version)| note_one(&self.root, state, plan?, version, &mut put))
            .collect())
    }
}

/// A write that can be done.
struct Planned {
    old: Option<Stored>,
    new: Option<New>,
}

/// An object that is to be put into a file.
struct New {
    object: Arc<CertificateSigningRequest>,
    file: String,
    fresh: bool,
    foreign: Option<Arc<Foreign>>,
}

impl Planned {
    fn text(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(new) = &self.new else { return Ok(None) };
        let notation = Notation::of(Path::new(&new.file)).unwrap_or(Notation::Yaml);
        let text = Manifest::write(&new.object, new.foreign.as_deref(), notation)?;
        Ok(Some(text.into_bytes()))
    }

    /// The file that is not needed any more.
    fn left(&self) -> Option<&str> {
        let old = self.old.as_ref()?.token.file.as_str();
        self.new.as_ref().is_none_or(|new| new.file != old).then_some(old)
    }
}

impl Store for Directory {
    fn list(&self) -> Result<Listing, StoreError> {
        let mut state = self.state();
        self.scan(&mut state)?;
        let objects = state.names.values().chain(&state.nameless);
        let objects = objects.filter_map(|file| state.files.get(file)?.content.clone().ok()).collect();
        Ok(Listing { objects, troubles: state.troubles.clone(), version: state.history.last() })
    }

    fn get(&self, name: &str) -> Result<Option<Stored>, StoreError> {
        // Somebody may have put it into a file of any name.
        let mut state = self.state();
        self.scan(&mut state)?;
        let file = state.names.get(name);
        Ok(file.and_then(|file| state.files.get(file)?.content.clone().ok()))
    }

    fn commit(&self, writes: Vec<Write>) -> Result<Vec<Result<Stored, Refusal>>, StoreError> {
        self.prepare()?;
        let mut counter = self.lock()?;
        self.commit_as(&mut counter, writes)
    }
    fn changes(&self, since: Version) -> Result<Option<Changes>, StoreError> {
        let mut state = self.state();
        self.scan(&mut state)?;
        let version = state.history.last();
        let nameless = state.nameless.iter().filter_map(|file| state.files.get(file)?.content.clone().ok());
        let (nameless, troubles) = (nameless.collect(), state.troubles.clone());
        Ok(state.history.since(since).map(|changes| Changes { changes, version, nameless, troubles }))
    }

    fn wait(&self, patience: Duration) -> bool {
        self.notice.listen(&self.root);
        self.notice.wait(patience)
    }
}

/// Takes over what was seen, and notes what has changed by somebody else's hand. Such a change has no number unless
/// kubepki made it: it gets one, so that whoever holds the object as it was is told that it is old.
fn note(state: &mut State, mut files: HashMap<String, Seen>, index: &Index) {
    let was = |state: &State, name: &str| state.files.get(state.names.get(name)?)?.content.clone().ok();
    let mut changes = Vec::new();
    for (name, file) in &index.names {
        let Some(now) = files.get(file).and_then(|seen| seen.content.as_ref().ok()) else { continue };
        match was(state, name) {
            None => changes.push((version(now), Change::Added(now.clone()))),
            Some(old) if old.token.digest != now.token.digest => {
                changes.push((
                    version(now).filter(|now| Some(*now) != version(&old)),
                    Change::Modified(now.clone()),
                ));
            }
            Some(_) => {}
        }
    }
    for name in state.names.keys().filter(|name| !index.names.contains_key(*name)) {
        changes.extend(was(state, name).map(|old| (None, Change::Removed(old))));
    }
    changes.sort_by_key(|(version, _)| version.unwrap_or(Version::MAX));
    for (version, change) in changes {
        let last = state.history.last();
        let number = version.filter(|version| *version > last).unwrap_or(last + 1);
        let change = match change {
            Change::Removed(stored) => Change::Removed(stored),
            Change::Added(stored) => Change::Added(numbered(stored, number, &mut files)),
            Change::Modified(stored) => Change::Modified(numbered(stored, number, &mut files)),
        };
        state.history.push(number, change);
    }
    state.files = files;
}

/// The object with the number of its change, also where it is kept.
fn numbered(mut stored: Stored, number: Version, files: &mut HashMap<String, Seen>) -> Stored {
    if version(&stored) != Some(number) {
        Arc::make_mut(&mut stored.object).metadata.resource_version = Some(number.to_string());
        if let Some(seen) = files.get_mut(&stored.token.file) {
            seen.content = Ok(stored.clone());
        }
    }
    stored
}

/// Notes what was written.
fn note_one(
    root: &Path,
    state: &mut State,
    planned: Planned,
    version: Version,
    puts: &mut impl Iterator<Item = (Put, bool)>,
) -> Result<Stored, Refusal> {
    let left = planned.left().map(str::to_owned);
    let Planned { old, new } = planned;
    let Some(New { object, file, foreign, .. }) = new else {
        let old = old.ok_or_else(|| Refusal::not_found(""))?;
        state.files.remove(&old.token.file);
        state.names.remove(old.name());
        state.history.push(version, Change::Removed(old.clone()));
        return Ok(old);
    };
    let Some((put, true)) = puts.next() else { return Err(Refusal::already_exists(object.name())) };
    let token = Token { file: file.clone(), digest: sha256(&put.bytes), foreign };
    let stored = Stored { object, token };
    if let Ok(metadata) = fs::symlink_metadata(root.join(&file)) {
        let seen = Seen { stamp: Stamp::of(&metadata), sure: false, content: Ok(stored.clone()) };
        state.files.insert(file.clone(), seen);
    }
    state.names.insert(stored.name().to_owned(), file);
    if let Some(left) = left {
        state.files.remove(&left);
        state.nameless.retain(|file| *file != left);
    }
    let change = if old.is_some() { Change::Modified } else { Change::Added };
    state.history.push(version, change(stored.clone()));
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::object::Object;
    use proptest::prelude::*;
    use serde_json::json;
    use tempfile::TempDir;
    use time::macros::datetime;

    fn clock() -> time::OffsetDateTime {
        datetime!(2026-11-22 12:00 UTC)
    }

    fn object(name: &str) -> CertificateSigningRequest {
        let mut value = super::super::manifest::tests::value();
        value["metadata"] = json!({"name": name});
        Manifest::of(&value).unwrap().object
    }

    fn store() -> (TempDir, Directory) {
        let home = TempDir::new().unwrap();
        let store = Directory::new(&home.path().join("csr"), clock);
        (home, store)
    }

    fn problems(store: &Directory) -> Vec<String> {
        let told = |trouble: Trouble| {
            format!("{} {}", trouble.path.file_name().unwrap().to_string_lossy(), trouble.problem)
        };
        store.list().unwrap().troubles.into_iter().map(told).collect()
    }

    #[test]
    fn an_object_is_kept_replaced_and_forgotten() {
        let (_home, store) = store();
        assert!(store.list().unwrap().objects.is_empty(), "nothing is made by looking");
        assert!(!store.root().exists());
        let one = store.create(object("one")).unwrap();
        let version: Version = one.object.metadata.resource_version.as_ref().unwrap().parse().unwrap();
        assert_eq!(version, 1_795_348_800_000_001);
        assert_eq!(
            store.create(object("one")).unwrap_err().to_string().split(' ').next_back(),
            Some("exists")
        );
        let mut new = object("one");
        new.add_condition("C", "", "");
        let two = store.replace(one.clone(), new).unwrap();
        assert_eq!(store.get("one").unwrap().unwrap().token, two.token);
        let gone = store.replace(one.clone(), object("one")).unwrap_err().to_string();
        assert!(gone.contains("the object has been modified"), "{gone}");
        assert!(store.remove(one).is_err());
        store.remove(two.clone()).unwrap();
        assert!(store.remove(two).unwrap_err().to_string().ends_with("not found"));
        let changes = store.changes(version - 1).unwrap().unwrap().changes;
        let kinds = changes.iter().map(|(at, change)| match change {
            Change::Added(_) => format!("+{}", at - version),
            Change::Modified(_) => format!("~{}", at - version),
            Change::Removed(_) => format!("-{}", at - version),
        });
        assert_eq!(kinds.collect::<Vec<_>>(), ["+0", "~1", "-2"]);
    }

    #[test]
    fn a_hand_edit_is_seen_and_not_overwritten() {
        let (_home, store) = store();
        let one = store.create(object("one")).unwrap();
        let path = store.root().join("one.yaml");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.clone() + "note: mine\n").unwrap();
        let refused = store.replace(one.clone(), object("one")).unwrap_err().to_string();
        assert!(refused.contains("modified"), "{refused}");
        let edited = store.get("one").unwrap().unwrap();
        let number = |stored: &Stored| version(stored).unwrap();
        assert!(number(&edited) > number(&one), "whoever holds the old one is told");
        let new = store.replace(edited, object("one")).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("note: mine\n"));
        fs::remove_file(&path).unwrap();
        assert!(store.get("one").unwrap().is_none());
        assert!(store.replace(new, object("one")).is_err());
        let changes = store.changes(number(&one)).unwrap().unwrap().changes;
        assert_eq!(changes.len(), 3, "edited, replaced, removed");
    }

    #[test]
    fn what_is_no_object_is_told_and_the_rest_counts() {
        let (_home, store) = store();
        store.create(object("one")).unwrap();
        let file = |name: &str, text: &str| fs::write(store.root().join(name), text).unwrap();
        let text = fs::read_to_string(store.root().join("one.yaml")).unwrap();
        file("copy.yaml", &text);
        file("half.yaml", &text[..text.len() / 3]);
        file("list.json", "{\"kind\": \"List\", \"apiVersion\": \"v1\"}");
        file("note.txt", "not looked at");
        file(".hidden.yaml", "neither");
        file("unnamed.yaml", &text.replace("  name: one\n", "  labels: {}\n"));
        file("new.yaml", &text.replace("  name: one\n", "  generateName: csr-\n"));
        std::os::unix::fs::symlink("/etc/passwd", store.root().join("link.yaml")).unwrap();
        fs::create_dir(store.root().join("folder.yaml")).unwrap();
        let problems = problems(&store);
        let begins = [
            "copy.yaml names the request `one` as `one.yaml` does, which counts",
            "folder.yaml is a directory, not a file",
            "half.yaml ",
            "link.yaml is a symlink, which is not followed",
            "list.json is a `List` of `v1`, not a CertificateSigningRequest",
            "unnamed.yaml has neither metadata.name nor metadata.generateName",
        ];
        assert_eq!(problems.len(), begins.len(), "{problems:#?}");
        for (problem, begin) in problems.iter().zip(begins) {
            assert!(problem.starts_with(begin), "{problem}");
        }
        let names: Vec<String> =
            store.list().unwrap().objects.iter().map(|stored| stored.name().to_owned()).collect();
        assert_eq!(names, ["one", ""]);
    }

    #[test]
    fn json_stays_json_and_a_name_that_is_generated_gets_its_file() {
        let (_home, store) = store();
        store.prepare().unwrap();
        let mut value = serde_json::to_value(object("x")).unwrap();
        value["metadata"] = json!({"generateName": "csr-"});
        fs::write(store.root().join("in.json"), value.to_string()).unwrap();
        let old = store.list().unwrap().objects.remove(0);
        store.replace(old, object("csr-abcde")).unwrap();
        let names: Vec<_> =
            fs::read_dir(store.root()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.contains(&"csr-abcde.json".into()) && !names.contains(&"in.json".into()), "{names:?}");
        assert!(
            fs::read_to_string(store.root().join("csr-abcde.json")).unwrap().starts_with("{\n    \"apiV")
        );
        assert_eq!(store.list().unwrap().objects.len(), 1);
    }

    /// Every write of every thread is there in the end: a counter in each of three objects is raised by all.
    #[test]
    fn writers_do_not_lose_each_others_writes() {
        const WRITERS: usize = 4;
        const TIMES: usize = 25;
        let (_home, store) = store();
        for name in ["a", "b", "c"] {
            store.create(object(name)).unwrap();
        }
        let stores: Vec<Directory> = (0..2).map(|_| Directory::new(store.root(), clock)).collect();
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let store = &stores[writer % stores.len()];
                scope.spawn(move || {
                    for turn in 0..TIMES {
                        let name = ["a", "b", "c"][turn % 3];
                        loop {
                            let old = store.get(name).unwrap().unwrap();
                            let mut new = (*old.object).clone();
                            new.add_condition(&format!("W{writer}-{turn}"), "", "");
                            match store.replace(old, new) {
                                Ok(_) => break,
                                Err(StoreError::Refused(_)) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                });
            }
        });
        let written = |name| store.get(name).unwrap().unwrap().object.conditions().len() - 2;
        assert_eq!(["a", "b", "c"].map(written).iter().sum::<usize>(), WRITERS * TIMES);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any name, however odd, comes back as it was, from the same store and from another.
        #[test]
        fn names_survive(names in prop::collection::btree_set("\\PC{1,20}|[a-zäß]{150,260}|[.~%]{1,3}", 1..6)) {
            let (_home, store) = store();
            let writes = names.iter().map(|name| Write::Create(Arc::new(object(name)))).collect();
            for outcome in store.commit(writes).unwrap() {
                outcome.unwrap();
            }
            for store in [&store, &Directory::new(store.root(), clock)] {
                let listed: Vec<String> =
                    store.list().unwrap().objects.iter().map(|stored| stored.name().to_owned()).collect();
                prop_assert_eq!(&listed, &names.iter().cloned().collect::<Vec<_>>());
                for name in &names {
                    prop_assert!(store.get(name).unwrap().is_some());
                }
            }
        }
    }
}
