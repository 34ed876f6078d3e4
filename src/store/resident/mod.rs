//! A directory of requests that is held in memory, for a server: reads touch no file, a write is durable in a log before
//! anybody sees it, and the files follow within a moment. Many writers share one sync (group commit).
//!
//! Files and memory are two views of the same requests. As long as a file is behind, the lock of the store is held, so that
//! other programs of kubepki wait and then see what is true; what a person edits in that moment is overwritten by what
//! was acknowledged. At any other time an edit counts at once. After a crash the log is carried out first.

mod log;
mod state;

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use log::Log;
pub use state::Event;

use log::Record;
use state::State;

use super::counter::Counter;
use super::file::version;
use super::ledger::repeated;
use super::{Changes, Directory, Listing, Store, StoreError, Stored, Token, Version, Write};
use crate::csr::refusal::{MODIFIED, Reason};
use crate::csr::{Object, Refusal};
use crate::moment::Clock;

/// The store.
pub struct Resident {
    directory: Directory,
    clock: Clock,
    state: Mutex<State>,
    queue: Mutex<Vec<Brought>>,
    /// Who looks at files or writes them has this; it is taken before the writer.
    disk: Mutex<()>,
    writer: Mutex<Writer>,
    /// Rung at every change.
    bell: (Mutex<Version>, Condvar),
    /// Rung when a file is behind.
    behind: Condvar,
    hear: Box<dyn Fn(Version) + Send + Sync>,
}

struct Writer {
    log: Log,
    /// The lock of the store, as long as files are behind, and since when.
    held: Option<(Counter, Instant)>,
    /// Whether the files could not be written last time: then the other half of the log is not empty.
    failed: bool,
    /// When names in the directory had changed last, when the lock was given back: nobody else has written since, if that
    /// is still so.
    stamp: Option<SystemStamp>,
}

/// When a directory has changed, to the nanosecond as far as the file system knows.
type SystemStamp = (i64, i64);

struct Brought {
    writes: Vec<Write>,
    outcome: Arc<Mutex<Option<Done>>>,
}

type Done = Result<Vec<Result<Stored, Refusal>>, StoreError>;

/// How long other programs wait for the lock at most while writes never pause.
const LEASE: Duration = Duration::from_secs(10);

/// Clocks of file systems tick so often, or more often (`CONFIG_HZ` is 100 at least).
const TICK: Duration = Duration::from_millis(10);

/// How long they get to take it then.
const GAP: Duration = Duration::from_millis(5);

/// How long files stay behind before they are written, and how much longer where there are many: what changes again in
/// that time is written once.
const DELAY: Duration = Duration::from_millis(50);
const LONG_DELAY: Duration = Duration::from_millis(950);
const MANY: usize = 128;

/// After a look at the directory nobody looks for so many times as long.
const REST: u32 = 20;
const LONGEST_REST: Duration = Duration::from_secs(5);

/// So many objects, and so many octets of them, and not more: whoever may create could fill the memory. A cluster of five
/// thousand nodes that all join in an hour has ten thousand.
const MOST_OBJECTS: usize = 100_000;
const MOST_OCTETS: usize = 512 << 20;

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is whole before anything that could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Resident {
    /// Takes a directory into memory, after what a crash has left is carried out. `hear` is told of every change.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(
        directory: Directory,
        clock: Clock,
        hear: Box<dyn Fn(Version) + Send + Sync>,
    ) -> Result<Self, StoreError> {
        let (log, mut counter) = recover(&directory)?;
        let listing = directory.list()?;
        let seen = listing.objects.iter().filter_map(version).filter(|version| sane(*version, clock)).max();
        counter.raise(seen.unwrap_or_default());
        // The first version is that of the last write: who has seen that goes on where they were.
        let first = counter.last().max(1);
        counter.raise(first);
        counter.keep();
        drop(counter);
        let this = Self {
            directory,
            clock,
            state: Mutex::new(State::new(first)),
            queue: Mutex::default(),
            disk: Mutex::default(),
            writer: Mutex::new(Writer { log, held: None, failed: false, stamp: None }),
            bell: (Mutex::new(first), Condvar::new()),
            behind: Condvar::new(),
            hear,
        };
        this.begin(listing);
        Ok(this)
    }

    /// The first look: nothing of it is a change.
    fn begin(&self, listing: Listing) {
        let mut state = guard(&self.state);
        let first = state.last;
        let mut begun = State::new(first);
        for stored in listing.objects {
            if stored.name().is_empty() {
                begun.nameless.push(stored);
                continue;
            }
            let name = stored.name().to_owned();
            begun.bases.insert(name.clone(), stored.clone());
            begun.size += state::weight(&stored);
            begun.objects.insert(name, stored);
        }
        begun.troubles = listing.troubles;
        *state = begun;
    }

    /// The number of the last change.
    #[must_use]
    pub fn version(&self) -> Version {
        guard(&self.state).last
    }

    /// The request of a name; what has no uid yet is none.
    #[must_use]
    pub fn request(&self, name: &str) -> Option<Stored> {
        let state = guard(&self.state);
        state.objects.get(name).filter(|stored| !stored.object.uid().is_empty()).cloned()
    }

    /// The requests behind a name in the order of names, at most so many, and the number that this is the state of.
    #[must_use]
    pub fn page(&self, after: Option<&str>, most: usize) -> (Vec<Stored>, Version) {
        let state = guard(&self.state);
        (state.page(after, most), state.last)
    }

    /// The changes behind a number, oldest first, at most so many; `None` when some of them are forgotten.
    #[must_use]
    pub fn events(&self, since: Version, most: usize) -> Option<Vec<Arc<Event>>> {
        guard(&self.state).since(since, most)
    }

    /// The number from which on all changes are known.
    #[must_use]
    pub fn oldest(&self) -> Version {
        guard(&self.state).begin()
    }

    /// How many objects there are, and how many files are behind.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let state = guard(&self.state);
        (state.objects.len(), state.dirty.len())
    }

    /// Takes over what others have written, once something has changed or so long has passed.
    ///
    /// # Errors
    /// When the directory cannot be looked at.
    pub fn follow(&self, patience: Duration) -> Result<(), StoreError> {
        if !self.directory.wait(patience) {
            return Ok(());
        }
        let begun = Instant::now();
        let disk = guard(&self.disk);
        let listing = self.directory.list()?;
        let mut writer = guard(&self.writer);
        self.take_over(listing);
        writer.stamp = None;
        drop((writer, disk));
        // What this server writes itself rings too: looking is not to take more than a small part of the time.
        std::thread::sleep((begun.elapsed() * REST).min(LONGEST_REST));
        Ok(())
    }

    /// Ends the wait of whoever waits for a change.
    pub fn wake(&self) {
        self.ring(self.version());
    }

    /// Brings files up to date once some are behind, or so long has passed.
    ///
    /// # Errors
    /// When a file cannot be written: it stays behind, and the log keeps what it should say.
    pub fn flush(&self, patience: Duration) -> Result<(), StoreError> {
        let state = guard(&self.state);
        let idle = |state: &mut State| state.dirty.is_empty();
        let (state, _) =
            self.behind.wait_timeout_while(state, patience, idle).unwrap_or_else(PoisonError::into_inner);
        let nothing = state.dirty.is_empty();
        drop(state);
        if nothing {
            return Ok(());
        }
        std::thread::sleep(DELAY);
        if guard(&self.state).dirty.len() > MANY {
            std::thread::sleep(LONG_DELAY);
        }
        self.flush_now()
    }

    /// Brings files up to date.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush_now(&self) -> Result<(), StoreError> {
        loop {
            let disk = guard(&self.disk);
            let mut writer = guard(&self.writer);
            // Others have waited long enough, or the other half of the log cannot be used: nobody writes meanwhile.
            let alone = writer.failed || writer.held.as_ref().is_some_and(|(_, since)| since.elapsed() > LEASE);
            let names = std::mem::take(&mut guard(&self.state).dirty);
            if alone || names.is_empty() {
                self.write_or_defer(names, Some(&mut writer))?;
                writer.log.reset()?;
                writer.failed = false;
                self.release(writer);
                drop(disk);
                return Ok(());
            }
            writer.log.turn();
            drop(writer);
            self.write_or_defer(names, None)?;
            let writer = guard(&self.writer);
            writer.log.empty()?;
            if guard(&self.state).dirty.is_empty() {
                self.release(writer);
                return Ok(());
            }
        }
    }

    fn write_or_defer(
        &self,
        names: BTreeSet<String>,
        writer: Option<&mut Writer>,
    ) -> Result<(), StoreError> {
        let Err(error) = self.write_files(&names) else { return Ok(()) };
        guard(&self.state).dirty.extend(names);
        match writer {
            Some(writer) => writer.failed = true,
            None => guard(&self.writer).failed = true,
        }
        Err(error)
    }

    /// When names in the directory have changed last.
    fn stamp(&self) -> Option<SystemStamp> {
        let metadata = std::fs::metadata(self.directory.root()).ok()?;
        Some((metadata.mtime(), metadata.mtime_nsec()))
    }

    fn release(&self, mut writer: MutexGuard<'_, Writer>) {
        if let Some((mut counter, _)) = writer.held.take() {
            counter.keep();
            // What others change from now on shall show in the time of change.
            std::thread::sleep(TICK);
            writer.stamp = self.stamp();
            drop(counter);
            std::thread::sleep(GAP);
        }
    }

    /// Writes the files of some names as memory has them. What is in the way is overwritten: it was put there while others
    /// were told to wait.
    fn write_files(&self, names: &BTreeSet<String>) -> Result<(), StoreError> {
        let mut wanted: Vec<&String> = names.iter().collect();
        for _ in 0..3 {
            let writes: Vec<(&String, Write)> = {
                let state = guard(&self.state);
                let write = |name: &&String| match (state.bases.get(*name), state.objects.get(*name)) {
                    (Some(base), Some(new)) if base.object == new.object => None,
                    (Some(base), Some(new)) => {
                        Some(Write::Replace { old: base.clone(), new: (*new.object).clone() })
                    }
                    (None, Some(new)) => Some(Write::Create((*new.object).clone())),
                    (Some(base), None) => Some(Write::Remove(base.clone())),
                    (None, None) => None,
                };
                wanted.iter().filter_map(|name| Some((*name, write(name)?))).collect()
            };
            let (order, writes): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
            let removes: Vec<bool> = writes.iter().map(|write| matches!(write, Write::Remove(_))).collect();
            let outcomes = self.directory.keep(writes)?;
            let mut again = Vec::new();
            let mut state = guard(&self.state);
            for ((name, removed), outcome) in order.into_iter().zip(removes).zip(outcomes) {
                match outcome {
                    Ok(_) if removed => drop(state.bases.remove(name)),
                    Ok(stored) => drop(state.bases.insert(name.clone(), stored)),
                    Err(_) => again.push(name),
                }
            }
            drop(state);
            if again.is_empty() {
                return Ok(());
            }
            let listing = self.directory.list()?;
            let mut found: HashMap<String, Stored> =
                listing.objects.into_iter().map(|stored| (stored.name().to_owned(), stored)).collect();
            let mut state = guard(&self.state);
            for name in &again {
                match found.remove(*name) {
                    Some(base) => drop(state.bases.insert((*name).clone(), base)),
                    None => drop(state.bases.remove(*name)),
                }
            }
            wanted = again;
        }
        match wanted.first() {
            Some(name) => Err(Refusal::conflict(name, MODIFIED).into()),
            None => Ok(()),
        }
    }

    /// Notes what others have done to files. The caller has the disk and the writer.
    fn take_over(&self, listing: Listing) {
        let mut state = guard(&self.state);
        let mut present = BTreeSet::new();
        let mut changes: Vec<(String, Option<Stored>)> = Vec::new();
        let mut nameless = Vec::new();
        for stored in listing.objects {
            let name = stored.name().to_owned();
            if name.is_empty() {
                nameless.push(stored);
                continue;
            }
            present.insert(name.clone());
            if state.bases.get(&name).is_some_and(|base| base.token.digest == stored.token.digest) {
                continue;
            }
            state.bases.insert(name.clone(), stored.clone());
            if !state.dirty.contains(&name) {
                changes.push((name, Some(stored)));
            }
        }
        let gone: Vec<String> =
            state.bases.keys().filter(|name| !present.contains(*name)).cloned().collect();
        for name in gone {
            state.bases.remove(&name);
            if !state.dirty.contains(&name) && state.objects.contains_key(&name) {
                changes.push((name, None));
            }
        }
        let strangers = nameless.iter().any(|stored| {
            !state.nameless.iter().any(|known| known.token.digest == stored.token.digest)
        });
        (state.nameless, state.troubles) = (nameless, listing.troubles);
        changes.sort_by_key(|(_, stored)| stored.as_ref().and_then(version));
        let changed = !changes.is_empty();
        for (name, stored) in changes {
            let said = stored.as_ref().and_then(version).filter(|said| sane(*said, self.clock));
            let number = said.unwrap_or_default().max(state.last + 1);
            let stored = stored.map(|mut stored| {
                if version(&stored) != Some(number) {
                    Arc::make_mut(&mut stored.object).metadata.resource_version = Some(number.to_string());
                }
                stored
            });
            state.change(number, &name, stored);
        }
        let last = state.last;
        drop(state);
        if changed || strangers {
            self.ring(last);
        }
    }

    fn ring(&self, version: Version) {
        let (seen, rings) = &self.bell;
        // Also where only a file without a name has come.
        *guard(seen) = version;
        rings.notify_all();
        (self.hear)(version);
    }

    /// Takes the lock of the store unless it is held. What others have written until then is seen.
    fn hold(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let writer = guard(&self.writer);
        if writer.held.is_some() {
            return Ok(writer);
        }
        drop(writer);
        let disk = guard(&self.disk);
        let mut writer = guard(&self.writer);
        if writer.held.is_none() {
            self.directory.prepare()?;
            let mut counter = self.directory.lock()?;
            if writer.stamp.is_none() || writer.stamp != self.stamp() {
                self.take_over(self.directory.list()?);
            }
            counter.raise(guard(&self.state).last);
            writer.held = Some((counter, Instant::now()));
        }
        drop(disk);
        Ok(writer)
    }

    /// Does what a group has brought: all of it is durable at once.
    fn commit_group(&self, writer: &mut Writer, group: &[Brought]) -> Result<Vec<Done>, StoreError> {
        let Some((counter, _)) = &mut writer.held else { return Ok(Vec::new()) };
        let mut overlay: HashMap<String, Option<Stored>> = HashMap::new();
        let (mut text, mut applied) = (Vec::new(), Vec::new());
        let mut all = Vec::with_capacity(group.len());
        for brought in group {
            let mut outcomes = Vec::with_capacity(brought.writes.len());
            for write in &brought.writes {
                if let Write::Replace { old, new } = write
                    && old.name() != new.name()
                {
                    outcomes.push(self.christen(counter, write)?);
                    continue;
                }
                let judged = self.judge(&overlay, write);
                outcomes.push(judged.and_then(|(name, new)| {
                    let number = counter.next((self.clock)());
                    let stored = new.map(|(mut object, token)| {
                        object.metadata.resource_version = Some(number.to_string());
                        let digest = number.to_be_bytes().to_vec();
                        Stored { object: Arc::new(object), token: Token { digest, ..token } }
                    });
                    let object = stored.as_ref().map(|stored| (*stored.object).clone());
                    let record = Record { name: name.clone(), version: number, object };
                    record.write(&mut text).map_err(|error| Refusal::bad_request(error.to_string()))?;
                    let result = match (&stored, write) {
                        (Some(stored), _) => stored.clone(),
                        (None, Write::Remove(old)) => old.clone(),
                        (None, _) => return Err(Refusal::not_found(&name)),
                    };
                    overlay.insert(name.clone(), stored.clone());
                    applied.push((number, name, stored));
                    Ok(result)
                }));
            }
            all.push(Ok(outcomes));
        }
        if !text.is_empty() {
            writer.log.append(&text)?;
        }
        let mut state = guard(&self.state);
        for (number, name, stored) in applied {
            state.dirty.insert(name.clone());
            state.change(number, &name, stored);
        }
        let last = state.last;
        drop(state);
        self.behind.notify_all();
        self.ring(last);
        Ok(all)
    }

    /// Whether a write is about what is there, and what is to be there.
    #[allow(clippy::type_complexity, reason = "a name, and the object with what its file is known by")]
    fn judge(
        &self,
        overlay: &HashMap<String, Option<Stored>>,
        write: &Write,
    ) -> Result<(String, Option<(crate::csr::CertificateSigningRequest, Token)>), Refusal> {
        let state = guard(&self.state);
        let now = |name: &str| overlay.get(name).cloned().unwrap_or_else(|| state.objects.get(name).cloned());
        let same = |old: &Stored| match now(old.name()) {
            None => Err(Refusal::not_found(old.name())),
            Some(now) if version(&now) == version(old) && now.object.uid() == old.object.uid() => Ok(now.token),
            Some(_) => Err(Refusal::conflict(old.name(), MODIFIED)),
        };
        match write {
            Write::Create(object) => {
                let name = object.name().to_owned();
                if now(&name).is_some() {
                    return Err(Refusal::already_exists(&name));
                }
                if state.objects.len() >= MOST_OBJECTS || state.size >= MOST_OCTETS {
                    let message = format!("there are {} requests already", state.objects.len());
                    return Err(Refusal { reason: Reason::TooManyRequests, message, causes: Vec::new() });
                }
                Ok((name, Some((object.clone(), Token::default()))))
            }
            Write::Replace { old, new } => {
                let token = same(old)?;
                Ok((old.name().to_owned(), Some((new.clone(), token))))
            }
            Write::Remove(old) => {
                same(old)?;
                Ok((old.name().to_owned(), None))
            }
        }
    }

    /// Gives a name to what came without one: its file gets it at once.
    fn christen(&self, counter: &mut Counter, write: &Write) -> Result<Result<Stored, Refusal>, StoreError> {
        let outcome = self.directory.commit_as(counter, vec![write.clone()])?;
        let outcome = outcome.into_iter().next().unwrap_or_else(|| Err(Refusal::not_found("")));
        if let (Ok(stored), Write::Replace { old, .. }) = (&outcome, write) {
            let mut state = guard(&self.state);
            state.nameless.retain(|known| known.token.file != old.token.file);
            let number = version(stored).unwrap_or(state.last + 1);
            state.bases.insert(stored.name().to_owned(), stored.clone());
            state.change(number, stored.name(), Some(stored.clone()));
        }
        Ok(outcome)
    }
}

/// Carries out what a crash has left in a log, under the lock of the store.
fn recover(directory: &Directory) -> Result<(Log, Counter), StoreError> {
    directory.prepare()?;
    let mut counter = directory.lock()?;
    let (mut log, records) = Log::open(directory.root())?;
    let listing = directory.list()?;
    let mut found: HashMap<String, Stored> =
        listing.objects.into_iter().map(|stored| (stored.name().to_owned(), stored)).collect();
    let mut writes = Vec::new();
    for (name, record) in records {
        counter.raise(record.version);
        let base = found.remove(&name);
        // Its file may have got it before the crash.
        if base.as_ref().and_then(version).is_some_and(|known| known >= record.version) {
            continue;
        }
        match (base, record.object) {
            (Some(old), Some(new)) => writes.push(Write::Replace { old, new }),
            (None, Some(new)) => writes.push(Write::Create(new)),
            (Some(old), None) => writes.push(Write::Remove(old)),
            (None, None) => {}
        }
    }
    if !writes.is_empty() {
        for outcome in directory.keep(writes)? {
            outcome?;
        }
    }
    log.reset()?;
    counter.keep();
    Ok((log, counter))
}

/// Carries out what a server that has crashed has left in its log, if there is any. A server that runs is waited for.
///
/// # Errors
/// When the directory cannot be read or written.
pub fn settle(directory: &Directory) -> Result<(), StoreError> {
    if Log::is_left(directory.root()) {
        recover(directory)?;
    }
    Ok(())
}

/// Whether a number can be a version: anybody can write one into a file, and after the greatest there is none.
fn sane(version: Version, clock: Clock) -> bool {
    const AHEAD: i128 = 24 * 60 * 60 * 1_000_000;
    i128::from(version) <= clock().unix_timestamp_nanos() / 1000 + AHEAD
}

impl Store for Resident {
    fn list(&self) -> Result<Listing, StoreError> {
        let state = guard(&self.state);
        let objects = state.objects.values().chain(&state.nameless).cloned().collect();
        Ok(Listing { objects, troubles: state.troubles.clone(), version: state.last })
    }

    fn get(&self, name: &str) -> Result<Option<Stored>, StoreError> {
        Ok(guard(&self.state).objects.get(name).cloned())
    }

    fn commit(&self, writes: Vec<Write>) -> Result<Vec<Result<Stored, Refusal>>, StoreError> {
        if writes.is_empty() {
            return Ok(Vec::new());
        }
        let outcome: Arc<Mutex<Option<Done>>> = Arc::default();
        guard(&self.queue).push(Brought { writes, outcome: Arc::clone(&outcome) });
        // Whoever waits here finds, when it is their turn, that somebody has written theirs too.
        let held = self.hold();
        if let Some(done) = guard(&outcome).take() {
            return done;
        }
        let group = std::mem::take(&mut *guard(&self.queue));
        let (writer, all) = match held {
            Ok(mut writer) => {
                let all = self.commit_group(&mut writer, &group);
                (Some(writer), all)
            }
            Err(error) => (None, Err(error)),
        };
        match all {
            Ok(all) => {
                for (brought, done) in group.iter().zip(all) {
                    *guard(&brought.outcome) = Some(done);
                }
            }
            Err(error) => {
                for brought in &group {
                    *guard(&brought.outcome) = Some(Err(repeated(&error, self.directory.root())));
                }
            }
        }
        drop(writer);
        let own = guard(&outcome).take();
        own.unwrap_or_else(|| Ok(Vec::new()))
    }

    fn changes(&self, since: Version) -> Result<Option<Changes>, StoreError> {
        let state = guard(&self.state);
        let events = state.since(since, usize::MAX);
        let changes = |events: Vec<Arc<Event>>| Changes {
            changes: events.iter().filter_map(|event| Some((event.version, event.change()?))).collect(),
            version: state.last,
            nameless: state.nameless.clone(),
            troubles: state.troubles.clone(),
        };
        Ok(events.map(changes))
    }

    fn wait(&self, patience: Duration) -> bool {
        let (seen, rings) = &self.bell;
        let seen = guard(seen);
        // Zero: nothing has rung since the last wait.
        let (mut seen, _) =
            rings.wait_timeout_while(seen, patience, |seen| *seen == 0).unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen) != 0
    }
}
