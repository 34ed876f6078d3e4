//! Writes: each is judged against what is there, and many are durable by one sync.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use super::log::Record;
use super::{Resident, Writer, guard};
use crate::csr::refusal::{MODIFIED, Reason};
use crate::csr::{Object, Refusal};
use crate::store::counter::Counter;
use crate::store::file::version;
use crate::store::ledger::repeated;
use crate::store::{Store, StoreError, Stored, Token, Write};

/// So many objects, and so many octets of them, and not more: whoever may create could fill the memory. A cluster of five
/// thousand nodes that all join in an hour has ten thousand.
const MOST_OBJECTS: usize = 100_000;
const MOST_OCTETS: usize = 512 << 20;

/// The largest object that is kept, in octets as JSON: what etcd takes (`--max-request-bytes`).
const LARGEST: usize = 3 << 19;

/// How much larger one may become that is there: what is approved must have room for its certificate.
const GROWTH: usize = 64 << 10;

impl Resident {
    /// Does what all have brought who wait: one of them does it for all.
    pub(super) fn commit_waiting(&self) {
        let held = self.hold();
        let group = std::mem::take(&mut guard(&self.queue).waiting);
        let (writes, replies): (Vec<_>, Vec<_>) =
            group.into_iter().map(|brought| (brought.writes, brought.reply)).unzip();
        let all = held.and_then(|mut writer| self.commit_group(&mut writer, writes));
        match all {
            Ok(all) => replies.into_iter().zip(all).for_each(|(reply, done)| reply(Ok(done))),
            Err(error) => {
                for reply in replies {
                    reply(Err(repeated(&error, self.directory.root())));
                }
            }
        }
    }

    /// Takes the lock of the store unless it is held. What others have written until then is seen.
    pub(super) fn hold(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
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
    pub(super) fn commit_group(
        &self,
        writer: &mut Writer,
        group: Vec<Vec<Write>>,
    ) -> Result<Vec<Vec<Result<Stored, Refusal>>>, StoreError> {
        let Some((counter, _)) = &mut writer.held else { return Ok(Vec::new()) };
        let mut overlay: HashMap<String, Option<Stored>> = HashMap::new();
        // Text that grows is copied again and again.
        let mut text = Vec::with_capacity(group.iter().map(Vec::len).sum::<usize>() * 4096);
        let mut applied = Vec::new();
        let mut all = Vec::with_capacity(group.len());
        for writes in group {
            let mut outcomes = Vec::with_capacity(writes.len());
            for write in writes {
                if let Write::Replace { old, new } = &write
                    && old.name() != new.name()
                {
                    outcomes.push(self.christen(counter, write)?);
                    continue;
                }
                outcomes.push(self.judge(&overlay, &write).and_then(|token| {
                    let number = counter.next((self.clock)());
                    let (old, new, most) = match write {
                        Write::Create(new) => (None, Some(new), LARGEST),
                        Write::Replace { old, new } => (Some(old), Some(new), LARGEST + GROWTH),
                        Write::Remove(old) => (Some(old), None, LARGEST),
                    };
                    let stored = new.map(|mut object| {
                        // Nobody else has it yet, so nothing is copied.
                        Arc::make_mut(&mut object).metadata.resource_version = Some(number.to_string());
                        let digest = number.to_be_bytes().to_vec();
                        Stored { object, token: Token { digest, ..token } }
                    });
                    let Some(result) = stored.clone().or(old) else { return Err(Refusal::not_found("")) };
                    let name = result.name().to_owned();
                    let object = stored.as_ref().map(|stored| &*stored.object);
                    append(&mut text, &Record { name: name.clone(), version: number, object }, most)?;
                    overlay.insert(name.clone(), stored.clone());
                    applied.push((number, name, stored));
                    Ok(result)
                }));
            }
            all.push(outcomes);
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

    /// Whether a write is about what is there, and what the file of the object is known by.
    fn judge(&self, overlay: &HashMap<String, Option<Stored>>, write: &Write) -> Result<Token, Refusal> {
        let state = guard(&self.state);
        let now = |name: &str| overlay.get(name).cloned().unwrap_or_else(|| state.objects.get(name).cloned());
        let same = |old: &Stored| match now(old.name()) {
            None => Err(Refusal::not_found(old.name())),
            Some(now) if version(&now) == version(old) && now.object.uid() == old.object.uid() => {
                Ok(now.token)
            }
            Some(_) => Err(Refusal::conflict(old.name(), MODIFIED)),
        };
        match write {
            Write::Create(object) => {
                if now(object.name()).is_some() {
                    return Err(Refusal::already_exists(object.name()));
                }
                if state.objects.len() >= MOST_OBJECTS || state.size >= MOST_OCTETS {
                    let message = format!("there are {} requests already", state.objects.len());
                    return Err(Refusal { reason: Reason::TooManyRequests, message, causes: Vec::new() });
                }
                Ok(Token::default())
            }
            Write::Replace { old, .. } | Write::Remove(old) => same(old),
        }
    }

    /// Gives a name to what came without one: its file gets it at once.
    pub(super) fn christen(
        &self,
        counter: &mut Counter,
        write: Write,
    ) -> Result<Result<Stored, Refusal>, StoreError> {
        let file =
            if let Write::Replace { old, .. } = &write { old.token.file.clone() } else { String::new() };
        let outcome = self.directory.commit_as(counter, vec![write])?;
        let outcome = outcome.into_iter().next().unwrap_or_else(|| Err(Refusal::not_found("")));
        if let Ok(stored) = &outcome {
            let mut state = guard(&self.state);
            state.nameless.retain(|known| known.token.file != file);
            let number = version(stored).unwrap_or(state.last + 1);
            state.bases.insert(stored.name().to_owned(), stored.clone());
            state.change(number, stored.name(), Some(stored.clone()));
        }
        Ok(outcome)
    }
}

/// Adds a record to the text of a log, unless its object is larger than what is kept.
fn append(
    text: &mut Vec<u8>,
    record: &Record<&crate::csr::CertificateSigningRequest>,
    most: usize,
) -> Result<(), Refusal> {
    let begin = text.len();
    record.write(text).map_err(|error| Refusal::bad_request(error.to_string()))?;
    if text.len() - begin <= most {
        return Ok(());
    }
    text.truncate(begin);
    Err(Refusal::too_large(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::CertificateSigningRequest;
    use crate::store::Directory;
    use std::sync::mpsc;
    use std::time::Duration;
    use tempfile::TempDir;
    use time::macros::datetime;

    fn clock() -> time::OffsetDateTime {
        datetime!(2026-11-22 12:00 UTC)
    }

    fn object(name: &str) -> CertificateSigningRequest {
        let mut object = CertificateSigningRequest::default();
        (object.metadata.name, object.metadata.uid) = (Some(name.into()), Some(format!("uid-{name}")));
        object
    }

    fn store() -> (TempDir, Resident) {
        let home = TempDir::new().unwrap();
        let directory = Directory::new(&home.path().join("csr"), clock);
        let store = Resident::open(directory, clock, Box::new(|_| {})).unwrap();
        (home, store)
    }

    #[test]
    fn what_is_brought_is_made_by_whoever_commits_and_told_in_its_order() {
        let (_home, store) = store();
        let (sender, told) = mpsc::channel();
        for name in ["a", "b", "a"] {
            let sender = sender.clone();
            let reply = move |done: Result<Vec<Result<Stored, Refusal>>, StoreError>| {
                let outcome = done.unwrap().remove(0);
                sender
                    .send(outcome.map(|stored| stored.name().to_owned()).map_err(|refusal| refusal.reason))
                    .unwrap();
            };
            store.bring(vec![Write::Create(Arc::new(object(name)))], Box::new(reply));
        }
        assert!(told.try_recv().is_err(), "nobody has committed");
        store.commit_next(Duration::ZERO);
        let told: Vec<_> = told.try_iter().collect();
        assert_eq!(told, [Ok("a".to_owned()), Ok("b".to_owned()), Err(Reason::AlreadyExists)]);
        // Who brings and waits commits for others, too.
        store.commit(vec![Write::Create(Arc::new(object("c")))]).unwrap().remove(0).unwrap();
        assert_eq!(store.counts(), (3, 3));
    }

    #[test]
    fn what_is_too_large_is_refused_and_leaves_nothing_in_the_log() {
        let (home, store) = store();
        let sized = |name: &str, octets: usize| {
            let mut object = object(name);
            // Base64 makes four octets of three.
            object.spec.request.0 = vec![b'x'; octets / 4 * 3];
            Arc::new(object)
        };
        let writes = ["a", "large", "b"]
            .map(|name| Write::Create(sized(name, if name == "large" { LARGEST } else { LARGEST / 2 })));
        let outcomes = store.commit(writes.into()).unwrap();
        let reasons = outcomes.iter().map(|outcome| outcome.as_ref().err().map(|refusal| refusal.reason));
        assert_eq!(reasons.collect::<Vec<_>>(), [None, Some(Reason::RequestEntityTooLarge), None]);
        // What is there may get its certificate, and not become much larger.
        let a = store.get("a").unwrap().unwrap();
        let a = store.replace(a, Arc::unwrap_or_clone(sized("a", LARGEST))).map_err(|_| ());
        let Err(StoreError::Refused(refused)) =
            store.replace(a.unwrap(), Arc::unwrap_or_clone(sized("a", LARGEST + GROWTH)))
        else {
            panic!("it was kept")
        };
        assert_eq!(refused.reason.code(), 413);
        drop(store);
        let again = Resident::open(Directory::new(&home.path().join("csr"), clock), clock, Box::new(|_| {}));
        assert_eq!(again.unwrap().counts().0, 2);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let (_home, store) = store();
        let first = store.create(object("first")).unwrap();
        guard(&store.state).size = MOST_OCTETS;
        let Err(StoreError::Refused(refused)) = store.create(object("second")) else { panic!("it was kept") };
        assert_eq!(refused.reason, Reason::TooManyRequests);
        // What is there can still be decided on, and taken away.
        let kept = store.replace(first.clone(), (*first.object).clone()).unwrap();
        store.remove(kept).unwrap();
        store.create(object("second")).unwrap();
    }
}
