//! The loop: list, decide, sign, note in the ledger, write. What decides is [`crate::csr::decide()`]; here it is only done.
//!
//! The order of things keeps every promise. A certificate is in the ledger, durable, before it is in an object; so after
//! a crash at any moment a request has no certificate or exactly one, and the ledger knows its number. An object is
//! written only over the very bytes that the decision was about.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use time::{Duration, OffsetDateTime};

use super::backoff::Backoff;
use super::outcome::{Event, Outcome};
use super::readings::{Digest, Readings};
use super::work::{Desk, Task, Wants};
use super::{Authorities, Ledger, Listing, Store, StoreError, Stored, Version, Write};
use crate::csr::policy::Rule;
use crate::csr::rbac::Rbac;
use crate::csr::signer::Signer;
use crate::csr::{Object, Policy};
use crate::moment::Clock;
use crate::spec::Spec;

/// What decisions are made by.
#[derive(Debug)]
pub struct Settings {
    /// The signers.
    pub signers: Vec<Signer>,
    /// The user's own rules of approval.
    pub rules: Vec<Rule>,
    /// The cluster.
    pub spec: Option<Spec>,
    /// Who may do what.
    pub rbac: Rbac,
    /// Whether what a file says of who asked is believed.
    pub trust_requester: bool,
    /// Whether what a file without a uid says of who asked is believed.
    pub trust_files: bool,
    /// Whether old objects are cleaned away.
    pub clean: bool,
    /// Requests that have been read.
    pub readings: Readings,
}

impl Settings {
    /// The policy for one look at everything. `ends` says when each CA ends.
    #[must_use]
    pub fn policy<'a>(&'a self, ends: &'a [(String, OffsetDateTime)]) -> Policy<'a> {
        Policy {
            signers: &self.signers,
            authorities: ends,
            rules: &self.rules,
            spec: self.spec.as_ref(),
            rbac: &self.rbac,
            trust_requester: self.trust_requester,
            clean: self.clean,
        }
    }
}

/// The loop.
pub struct Controller<'a> {
    store: &'a dyn Store,
    ledger: &'a Ledger,
    authorities: Authorities,
    settings: &'a Settings,
    clock: Clock,
    backoff: Backoff,
    /// What was told of each thing last, so that it is told once.
    told: HashMap<String, Told>,
    /// When everything was looked at last.
    looked: Option<OffsetDateTime>,
    /// Behind which change nothing has been looked at.
    seen: Version,
    /// What this loop has written last and is done with, by the digests of the tokens: it need not look at it again until
    /// it looks at everything.
    own: HashSet<Vec<u8>>,
}

struct Told {
    words: String,
    since: OffsetDateTime,
    said: bool,
}

/// So many objects are decided on, signed, noted and written together. One sync of the file system takes as long for a
/// thousand files as for one.
const GROUP: usize = 1024;

/// With so many objects all processors are set to work.
const FEW: usize = 128;

/// How long others are waited for where there are many: they share the syncs of the ledger and of the store.
const GATHER: std::time::Duration = std::time::Duration::from_millis(10);

/// How often everything is looked at even where nothing has changed: conditions grow old.
const RESYNC: Duration = Duration::seconds(60);

/// How often the files of CAs are looked at.
const POLL: Duration = Duration::seconds(5);

/// How often everything is looked at in one go while others write, too.
const PASSES: usize = 5;

/// How long something must be wrong before it is told: whoever writes a file by hand may be in the middle of it.
const PATIENCE: Duration = Duration::seconds(1);

impl<'a> Controller<'a> {
    /// A loop over a store.
    #[must_use]
    pub fn new(
        store: &'a dyn Store,
        ledger: &'a Ledger,
        authorities: Authorities,
        settings: &'a Settings,
        clock: Clock,
    ) -> Self {
        let (told, backoff) = (HashMap::new(), Backoff::default());
        Self {
            store,
            ledger,
            authorities,
            settings,
            clock,
            backoff,
            told,
            looked: None,
            seen: 0,
            own: HashSet::new(),
        }
    }

    /// Decides about everything once, and tells of each thing that was done or could not be. What waits for another try
    /// is tried.
    ///
    /// # Errors
    /// When store or ledger cannot be read or written; what was done before stays done.
    pub fn once(&mut self, tell: &mut dyn FnMut(&Event)) -> Result<Outcome, StoreError> {
        self.backoff.clear();
        self.refresh(tell);
        let mut outcome = self.pass(tell, Duration::ZERO, true)?;
        // What has just been admitted is decided on; and where somebody else was quicker, what they wrote is looked at.
        for _ in 1..PASSES {
            if outcome.unfinished == 0 {
                break;
            }
            let again = self.pass(tell, Duration::ZERO, true)?;
            outcome = Outcome { done: outcome.done + again.done, ..again };
        }
        Ok(outcome)
    }

    /// Goes on until `stop` says otherwise. Nothing that goes wrong ends it: it is told to `complain`, and tried again.
    pub fn watch(
        &mut self,
        tell: &mut dyn FnMut(&Event),
        complain: &mut dyn FnMut(&StoreError),
        stop: &dyn Fn() -> bool,
    ) {
        const STORE: &str = "";
        // Whether something is to be looked at, and whether everything is.
        let (mut due, mut all) = (true, true);
        // Listening begins before the first look.
        self.store.wait(std::time::Duration::ZERO);
        while !stop() {
            all |= self.refresh(tell);
            let now = (self.clock)();
            if (due || all) && !self.backoff.pauses(STORE, b"", now) {
                match self.pass(tell, PATIENCE, all) {
                    Ok(outcome) => {
                        all = false;
                        self.backoff.forget(STORE);
                        if outcome.done > 0 {
                            std::thread::sleep(GATHER);
                        }
                    }
                    Err(error) => {
                        all = true;
                        self.complain_once(&error, complain);
                        self.backoff.fail(STORE, b"", now);
                    }
                }
            }
            due = self.store.wait(self.pause());
            let now = (self.clock)();
            all |= self.looked.is_none_or(|looked| now - looked >= RESYNC || looked > now);
            all |= self.backoff.next().is_some_and(|next| next <= now)
                || self.told.values().any(|told| !told.said);
        }
    }

    /// How long nothing is to be done.
    fn pause(&self) -> std::time::Duration {
        let until = self.backoff.next().map(|next| next - (self.clock)());
        let untold = self.told.values().any(|told| !told.said).then_some(PATIENCE);
        let pause = [Some(POLL), until, untold].into_iter().flatten().min().unwrap_or(POLL);
        // Never without a breath: a clock may stand still.
        pause.max(Duration::milliseconds(10)).try_into().unwrap_or_default()
    }

    /// Reads CAs that have changed. Whoever waited for one need not wait longer.
    fn refresh(&mut self, tell: &mut dyn FnMut(&Event)) -> bool {
        let changed = self.authorities.refresh();
        for (name, problem) in &changed {
            let authority = name.clone();
            tell(&match problem {
                Some(problem) => Event::AuthorityLost { authority, problem: problem.clone() },
                None => Event::AuthorityRead { authority },
            });
        }
        if !changed.is_empty() {
            self.backoff.clear();
        }
        !changed.is_empty()
    }

    fn complain_once(&mut self, error: &StoreError, complain: &mut dyn FnMut(&StoreError)) {
        let words = error.to_string();
        let now = (self.clock)();
        let known =
            self.told.insert("store".to_owned(), Told { words: words.clone(), since: now, said: true });
        if known.is_none_or(|known| known.words != words) {
            complain(error);
        }
    }

    /// One look at everything, or at what has changed since the last.
    fn pass(
        &mut self,
        tell: &mut dyn FnMut(&Event),
        patience: Duration,
        all: bool,
    ) -> Result<Outcome, StoreError> {
        let now = (self.clock)();
        let changed = if all { None } else { self.store.changes(self.seen)? };
        let all = changed.is_none();
        let Listing { objects, troubles, version } = match changed {
            Some(changes) => changes.into_listing(),
            None => self.store.list()?,
        };
        self.seen = version;
        if all {
            self.looked = Some(now);
        }
        let mut outcome = Outcome::default();
        let mut present = HashSet::new();
        for trouble in &troubles {
            let key = trouble.path.display().to_string();
            outcome.troubles += 1;
            let event = Event::Trouble { path: trouble.path.clone(), problem: trouble.problem.clone() };
            self.tell_once(key.clone(), &trouble.problem, &event, now, patience, tell);
            present.insert(key);
        }
        if all {
            present.extend(objects.iter().map(key));
            present.insert("store".to_owned());
            self.told.retain(|key, _| present.contains(key));
            self.backoff.retain(|name| name.is_empty() || present.contains(name));
        }
        let ends = self.authorities.ends();
        let own = std::mem::take(&mut self.own);
        let fresh = |stored: &Stored| {
            let digest = &stored.token.digest;
            (all || !own.contains(digest)) && !self.backoff.pauses(&key(stored), digest, now)
        };
        let objects: Vec<Stored> = objects.into_iter().filter(fresh).collect();
        let (mut used, mut octets) = (HashSet::new(), 0);
        for group in objects.chunks(GROUP) {
            let desk = Desk {
                policy: self.settings.policy(&ends),
                authorities: &self.authorities,
                trust_files: self.settings.trust_files,
                now,
            };
            let work = |stored: &Stored| {
                let (digest, reading) = self.settings.readings.read_known(&stored.object.spec.request.0);
                (digest, desk.look(stored.clone(), &reading))
            };
            // Other threads are not woken for what is done before they are awake.
            let looked: Vec<(Digest, Task)> = if group.len() < FEW {
                group.iter().map(work).collect()
            } else {
                group.par_iter().map(work).collect()
            };
            let (digests, tasks): (Vec<_>, Vec<_>) = looked.into_iter().unzip();
            if all {
                used.extend(digests);
                octets += group.iter().map(|stored| stored.object.spec.request.0.len()).sum::<usize>();
            }
            self.carry_out(tasks, now, &mut outcome, patience, tell)?;
        }
        if all {
            // Only what is still there is remembered.
            self.settings.readings.retain(&used, octets);
        }
        Ok(outcome)
    }

    /// Notes in the ledger, then writes, then tells.
    fn carry_out(
        &mut self,
        tasks: Vec<Task>,
        now: OffsetDateTime,
        outcome: &mut Outcome,
        patience: Duration,
        tell: &mut dyn FnMut(&Event),
    ) -> Result<(), StoreError> {
        let orders = tasks.iter().filter_map(|task| task.entry.clone()).collect();
        let mut entries = self.ledger.add(orders, now)?.into_iter();
        let (mut writes, mut written) = (Vec::new(), Vec::new());
        for mut task in tasks {
            if task.entry.is_some() {
                match entries.next() {
                    Some(entry) => task.certify(&entry)?,
                    None => continue,
                }
            }
            let name = key(&task.stored);
            if let Some(words) = &task.retry {
                outcome.waiting += 1;
                self.backoff.fail(&name, &task.stored.token.digest, now);
                let event = Event::Retry { name: task.stored.name().to_owned(), problem: words.clone() };
                self.tell_once(name.clone(), words, &event, now, Duration::ZERO, tell);
            } else if let Some(words) = &task.invalid {
                outcome.troubles += 1;
                let event = Event::Invalid { name: task.stored.name().to_owned(), problem: words.clone() };
                self.tell_once(name.clone(), words, &event, now, patience, tell);
            } else {
                self.backoff.forget(&name);
            }
            let is_done = !task.again && task.retry.is_none() && task.invalid.is_none();
            let Task { stored, wants, events, again, .. } = task;
            outcome.unfinished += usize::from(again);
            match wants {
                Wants::Nothing => continue,
                Wants::Write(new) => writes.push(Write::Replace { old: stored, new }),
                Wants::Remove => writes.push(Write::Remove(stored)),
            }
            written.push((name, events, is_done));
        }
        if writes.is_empty() {
            return Ok(());
        }
        for ((name, events, is_done), done) in written.into_iter().zip(self.store.commit(writes)?) {
            if let Ok(stored) = done {
                outcome.done += 1;
                events.iter().for_each(&mut *tell);
                if is_done {
                    self.own.insert(stored.token.digest);
                }
            } else {
                // Somebody else was quicker: what they wrote is looked at next.
                outcome.unfinished += 1;
                self.backoff.fail(&name, b"", now);
            }
        }
        Ok(())
    }

    /// Tells what is wrong with something, unless that was told before or may be over in a moment.
    fn tell_once(
        &mut self,
        key: String,
        words: &str,
        event: &Event,
        now: OffsetDateTime,
        patience: Duration,
        tell: &mut dyn FnMut(&Event),
    ) {
        let new = || Told { words: words.to_owned(), since: now, said: false };
        let told = self.told.entry(key).or_insert_with(new);
        if told.words != words {
            *told = new();
        }
        if !told.said && now - told.since >= patience {
            told.said = true;
            tell(event);
        }
    }
}

/// What an object is known by while it waits: its uid, or where it has none yet, its file.
fn key(stored: &Stored) -> String {
    if stored.object.uid().is_empty() { stored.token.file.clone() } else { stored.object.uid().to_owned() }
}
