//! Files follow memory: what was acknowledged is written to them within a moment.

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::state::State;
use super::{Resident, SystemStamp, Writer, guard};
use crate::csr::Refusal;
use crate::csr::refusal::MODIFIED;
use crate::store::{Store, StoreError, Stored, Write};

/// How long other programs wait for the lock at most while writes never pause.
const LEASE: Duration = Duration::from_secs(10);

/// Clocks of file systems tick so often, or more often (`CONFIG_HZ` is 100 at least).
const TICK: Duration = Duration::from_millis(10);

/// How long they get to take it then.
const GAP: Duration = Duration::from_millis(5);

/// How long nothing must change before files are written, and how long they stay behind at most: what changes again in
/// that time is written once.
const QUIET: Duration = Duration::from_millis(50);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// So few files are written while others wait to write.
const FEW: usize = 256;

impl Writer {
    /// Whether other programs have waited for the lock long enough.
    fn is_overdue(&self) -> bool {
        self.held.as_ref().is_some_and(|(_, since)| since.elapsed() > LEASE)
    }
}

impl Resident {
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
        let begun = Instant::now();
        let mut seen = 0;
        loop {
            std::thread::sleep(QUIET);
            let last = self.version();
            if last == seen || begun.elapsed() > LONGEST_DELAY {
                break;
            }
            seen = last;
        }
        loop {
            let done = self.write_behind()?;
            if done || !guard(&self.writer).is_overdue() {
                return Ok(());
            }
        }
    }

    /// Brings files up to date.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush_now(&self) -> Result<(), StoreError> {
        while !self.write_behind()? {}
        Ok(())
    }

    /// Writes the files that are behind now. Says whether none is any more: then others may have the lock.
    fn write_behind(&self) -> Result<bool, StoreError> {
        let disk = guard(&self.disk);
        let mut writer = guard(&self.writer);
        let names = std::mem::take(&mut guard(&self.state).dirty);
        // Others have waited long enough, or the other half of the log cannot be used: nobody writes meanwhile.
        if names.is_empty() || writer.failed || writer.is_overdue() && names.len() <= FEW {
            self.write_or_defer(names, Some(&mut writer))?;
            writer.log.reset()?;
            writer.failed = false;
            self.release(writer);
            drop(disk);
            return Ok(true);
        }
        writer.log.turn();
        drop(writer);
        self.write_or_defer(names, None)?;
        let writer = guard(&self.writer);
        writer.log.empty()?;
        let done = guard(&self.state).dirty.is_empty();
        if done {
            self.release(writer);
        }
        Ok(done)
    }

    pub(super) fn write_or_defer(
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
    pub(super) fn stamp(&self) -> Option<SystemStamp> {
        let metadata = std::fs::metadata(self.directory.root()).ok()?;
        Some((metadata.mtime(), metadata.mtime_nsec()))
    }

    pub(super) fn release(&self, mut writer: MutexGuard<'_, Writer>) {
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
    pub(super) fn write_files(&self, names: &BTreeSet<String>) -> Result<(), StoreError> {
        let mut wanted: Vec<&String> = names.iter().collect();
        for _ in 0..3 {
            // Others wait for the state: what is copied is copied after it is given back.
            let pairs: Vec<_> = {
                let state = guard(&self.state);
                let of = |name: &String| (state.bases.get(name).cloned(), state.objects.get(name).cloned());
                wanted.iter().map(|name| (*name, of(name))).collect()
            };
            let write = |(base, new): (Option<Stored>, Option<Stored>)| match (base, new) {
                (Some(base), Some(new)) if base.object == new.object => None,
                (Some(base), Some(new)) => Some(Write::Replace { old: base, new: new.object }),
                (None, Some(new)) => Some(Write::Create(new.object)),
                (Some(base), None) => Some(Write::Remove(base)),
                (None, None) => None,
            };
            let writes = pairs.into_iter().filter_map(|(name, pair)| Some((name, write(pair)?)));
            let (order, writes): (Vec<_>, Vec<_>) = writes.unzip();
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
}
