//! After a crash: what was acknowledged and is not in its file yet is written there.

use std::collections::HashMap;
use std::sync::Arc;

use super::log::Log;
use crate::store::counter::Counter;
use crate::store::file::version;
use crate::store::{Directory, Store, StoreError, Stored, Write};

/// Carries out what a crash has left in a log, under the lock of the store.
pub(super) fn recover(directory: &Directory) -> Result<(Log, Counter), StoreError> {
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
            (Some(old), Some(new)) => writes.push(Write::Replace { old, new: Arc::new(new) }),
            (None, Some(new)) => writes.push(Write::Create(Arc::new(new))),
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
