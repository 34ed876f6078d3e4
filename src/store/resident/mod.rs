//! A directory of requests that is held in memory, for a server: reads touch no file, a write is durable in a log before
//! anybody sees it, and the files follow within a moment. Many writers share one sync (group commit).
//!
//! Files and memory are two views of the same requests. As long as a file is behind, the lock of the store is held, so that
//! other programs of kubepki wait and then see what is true; what a person edits in that moment is overwritten by what
//! was acknowledged. At any other time an edit counts at once. After a crash the log is carried out first.

mod commit;
mod flush;
mod follow;
mod log;
mod recover;
mod state;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use log::Log;
pub use state::Event;

use follow::sane;
use recover::recover;
pub use recover::settle;
use state::State;

use super::counter::Counter;
use super::file::version;
use super::{Changes, Directory, Listing, Store, StoreError, Stored, Token, Version, Write};
use crate::csr::{Object, Refusal};
use crate::moment::Clock;

/// The store.
pub struct Resident {
    directory: Directory,
    clock: Clock,
    state: Mutex<State>,
    queue: Mutex<Queue>,
    /// Rung when writes are brought, and when a group of them is done.
    turn: Condvar,
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

/// Writes that wait for whoever writes for all.
#[derive(Default)]
struct Queue {
    waiting: Vec<Brought>,
    /// Whether somebody writes.
    busy: bool,
}

struct Brought {
    writes: Vec<Write>,
    reply: Reply,
}

/// What came of some writes.
pub type Done = Result<Vec<Result<Stored, Refusal>>, StoreError>;

/// To whom it is told, once it is durable. It is called where writes are made, so it must not take long.
pub type Reply = Box<dyn FnOnce(Done) + Send>;

/// How long somebody waits for their turn before they look again.
const TURN: Duration = Duration::from_secs(1);

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
        let first = if counter.last() == 0 { counter.next(clock()) } else { counter.last() };
        counter.keep();
        drop(counter);
        let this = Self {
            directory,
            clock,
            state: Mutex::new(State::new(first)),
            queue: Mutex::default(),
            turn: Condvar::new(),
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

    /// Brings writes, and returns at once: who does [`Resident::commit_next`] makes them, and tells `reply`.
    pub fn bring(&self, writes: Vec<Write>, reply: Reply) {
        guard(&self.queue).waiting.push(Brought { writes, reply });
        self.turn.notify_all();
    }

    /// Does what all have brought who wait, and makes it durable at once; or waits until somebody else has done something,
    /// or somebody brings something, but not longer than so long. Says whether it has done something.
    pub fn commit_next(&self, patience: Duration) -> bool {
        self.take_turn(guard(&self.queue), patience)
    }

    fn take_turn(&self, mut queue: MutexGuard<'_, Queue>, patience: Duration) -> bool {
        if queue.busy || queue.waiting.is_empty() {
            drop(self.turn.wait_timeout(queue, patience));
            return false;
        }
        queue.busy = true;
        drop(queue);
        self.commit_waiting();
        guard(&self.queue).busy = false;
        self.turn.notify_all();
        true
    }

    /// Ends the wait of whoever waits for a change.
    pub fn wake(&self) {
        self.ring(self.version());
    }

    fn ring(&self, version: Version) {
        let (seen, rings) = &self.bell;
        // Also where only a file without a name has come.
        *guard(seen) = version;
        rings.notify_all();
        (self.hear)(version);
    }
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
        let told = Arc::clone(&outcome);
        self.bring(writes, Box::new(move |done| *guard(&told) = Some(done)));
        loop {
            // Whoever has made them has told so before the queue is free again.
            let queue = guard(&self.queue);
            if let Some(done) = guard(&outcome).take() {
                return done;
            }
            self.take_turn(queue, TURN);
        }
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
        let (mut seen, _) = rings
            .wait_timeout_while(seen, patience, |seen| *seen == 0)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen) != 0
    }
}
