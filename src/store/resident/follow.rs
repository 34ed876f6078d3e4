//! Memory follows files: what others have written to them counts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Resident, guard};
use crate::moment::Clock;
use crate::store::file::version;
use crate::store::{Listing, Store, StoreError, Stored, Version};

/// After a look at the directory nobody looks for so many times as long.
const REST: u32 = 20;
const LONGEST_REST: Duration = Duration::from_secs(5);

impl Resident {
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

    /// Notes what others have done to files. The caller has the disk and the writer.
    pub(super) fn take_over(&self, listing: Listing) {
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
        let gone: Vec<String> = state.bases.keys().filter(|name| !present.contains(*name)).cloned().collect();
        for name in gone {
            state.bases.remove(&name);
            if !state.dirty.contains(&name) && state.objects.contains_key(&name) {
                changes.push((name, None));
            }
        }
        let strangers = nameless
            .iter()
            .any(|stored| !state.nameless.iter().any(|known| known.token.digest == stored.token.digest));
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
}

/// Whether a number can be a version: anybody can write one into a file, and after the greatest there is none.
pub(super) fn sane(version: Version, clock: Clock) -> bool {
    const AHEAD: i128 = 24 * 60 * 60 * 1_000_000;
    i128::from(version) <= clock().unix_timestamp_nanos() / 1000 + AHEAD
}
