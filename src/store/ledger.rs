//! Everything that was ever signed: one line for each certificate, durable before anybody sees the certificate.
//!
//! Lines are only ever added. Many threads may add at once: the first of them writes what all have brought, with one write
//! and one sync (group commit). Other processes take turns by a lock on the file; what they have added is read first, so
//! that of two who sign the same request at once the second gets the certificate of the first. After a crash between
//! ledger and request the very same certificate is put into the request.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::yield_now;

use time::OffsetDateTime;

use super::StoreError;
use super::counter::lock;
use super::entry::{Claim, Entry};
use crate::disk::{DiskError, OWN, batch};

/// The ledger.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    queue: Mutex<Queue>,
    /// Told whenever a group has been written.
    written: Condvar,
    writer: Mutex<Writer>,
}

/// What waits to be written, and whether somebody is writing.
#[derive(Debug, Default)]
struct Queue {
    brought: Vec<Brought>,
    writing: bool,
}

/// Entries that somebody has brought, and where the outcome is put for them.
#[derive(Debug)]
struct Brought {
    entries: Vec<Entry>,
    now: OffsetDateTime,
    outcome: Arc<Mutex<Option<Added>>>,
}

/// What came of adding entries.
type Added = Result<Vec<Entry>, StoreError>;

#[derive(Debug)]
struct Writer {
    path: PathBuf,
    file: File,
    /// Where the line of what each certificate is enough for begins, and its length.
    claims: HashMap<Claim, (u64, usize)>,
    /// How much of the file has been read, in octets and lines.
    read: u64,
    lines: usize,
}

/// The longest line that is read: certificates have some kilobytes.
const LONGEST: u64 = 4 << 20;

impl Ledger {
    /// Opens a ledger, which is made where there is none. A last line that a crash has cut is cut away.
    ///
    /// # Errors
    /// When it cannot be opened or read, or a line is no entry.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = DiskError::at(path, "cannot be opened");
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        batch::prepare_private(parent)?;
        let fresh = !path.exists();
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).mode(0o600).open(path).map_err(&failed)?;
        if fresh {
            batch::sync(parent)?;
        }
        let mut writer = Writer { path: path.to_owned(), file, claims: HashMap::new(), read: 0, lines: 0 };
        writer.in_turn(Writer::catch_up)?;
        let (queue, written) = (Mutex::default(), Condvar::new());
        Ok(Self { path: path.to_owned(), queue, written, writer: Mutex::new(writer) })
    }

    /// Where the ledger of a CA is that lies in a directory: in `.kubepki` beside it. Of a CA in a part of a Kubernetes
    /// directory (`pki/etcd`) or of a fleet's (`authority`) it is in that of the whole, where there is one: `kubepki csr`
    /// writes there too. A ledger that is beside the CA already goes before.
    #[must_use]
    pub fn place(directory: &Path) -> PathBuf {
        let part = |directory: &&Path| {
            let name = directory.file_name().unwrap_or_default();
            ["etcd", "pki", "authority"].iter().any(|part| name == *part)
        };
        let mut all = vec![directory];
        while let Some(parent) = all.last().filter(|last| part(last)).and_then(|last| last.parent()) {
            all.push(parent);
        }
        let file = |directory: &&Path| directory.join(OWN).join("ledger");
        let known = all.iter().map(file).find(|file| file.exists());
        let whole = || all.iter().rev().find(|directory| directory.join(OWN).is_dir()).map(file);
        known.or_else(whole).unwrap_or_else(|| file(&directory))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds entries and returns when they are durable. Where the ledger has a certificate that is enough for the same
    /// request and has not ended, that entry comes back in the place of the new one, which is not added.
    ///
    /// # Errors
    /// When they cannot be written: then none of them counts.
    pub fn add(&self, entries: Vec<Entry>, now: OffsetDateTime) -> Result<Vec<Entry>, StoreError> {
        if entries.is_empty() {
            return Ok(entries);
        }
        let outcome = Arc::default();
        let brought = Brought { entries, now, outcome: Arc::clone(&outcome) };
        let mut queue = guard(&self.queue);
        queue.brought.push(brought);
        while queue.writing {
            queue = self.written.wait(queue).unwrap_or_else(PoisonError::into_inner);
            // Somebody has written these too.
            if let Some(outcome) = guard(&outcome).take() {
                return outcome;
            }
        }
        queue.writing = true;
        drop(queue);
        let turn = Turn(self);
        let group = self.gather();
        match guard(&self.writer).in_turn(|writer| writer.append(&group)) {
            Ok(all) => {
                for (brought, entries) in group.iter().zip(all) {
                    *guard(&brought.outcome) = Some(Ok(entries));
                }
            }
            Err(error) => {
                for brought in &group {
                    *guard(&brought.outcome) = Some(Err(repeated(&error, &self.path)));
                }
            }
        }
        drop(turn);
        let own = guard(&outcome).take();
        own.unwrap_or_else(|| Ok(Vec::new()))
    }

    /// Everything that waits. Those whose entries were written just now are about to bring more: while they do, it pays to
    /// wait for them, since a sync takes a thousand times as long.
    fn gather(&self) -> Vec<Brought> {
        let mut count = 0;
        loop {
            let mut queue = guard(&self.queue);
            if queue.brought.len() == count {
                return std::mem::take(&mut queue.brought);
            }
            count = queue.brought.len();
            drop(queue);
            yield_now();
        }
    }

    /// The certificate that is enough for the same request as a new entry would be, if there is one that has not ended.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn find(&self, entry: &Entry, now: OffsetDateTime) -> Result<Option<Entry>, StoreError> {
        guard(&self.writer).in_turn(|writer| {
            writer.catch_up()?;
            writer.known(entry, now)
        })
    }
}

/// Whoever writes; when this is dropped, it is the next one's turn.
struct Turn<'a>(&'a Ledger);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        guard(&self.0.queue).writing = false;
        self.0.written.notify_all();
    }
}

impl Writer {
    /// Does something while no other process writes.
    fn in_turn<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        lock(&self.file, &self.path)?;
        let outcome = work(self);
        let _ = self.file.unlock();
        outcome
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> DiskError + use<> {
        let path = self.path.clone();
        move |source| DiskError { path: path.clone(), what, source }
    }

    /// Reads what has been added since, and cuts away a last line that has no end.
    fn catch_up(&mut self) -> Result<(), StoreError> {
        let failed = self.failed("cannot be read");
        let length = self.file.metadata().map_err(&failed)?.len();
        if length < self.read {
            let error = io::Error::other("it has become shorter, and lines are only ever added");
            return Err(failed(error).into());
        }
        if length == self.read {
            return Ok(());
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.read)).map_err(&failed)?;
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let count = (&mut reader).take(LONGEST).read_until(b'\n', &mut line).map_err(&failed)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            self.lines += 1;
            let entry: Entry = serde_json::from_slice(&line)
                .map_err(|_| StoreError::Ledger { path: self.path.clone(), line: self.lines })?;
            if let Some(claim) = entry.claim() {
                self.claims.insert(claim, (self.read, count));
            }
            self.read += count as u64;
        }
        if self.read < length {
            let failed = self.failed("its cut line cannot be cut away");
            self.file.set_len(self.read).and_then(|()| self.file.sync_all()).map_err(failed)?;
        }
        Ok(())
    }

    /// The entry that is enough for the same as another.
    fn known(&self, entry: &Entry, now: OffsetDateTime) -> Result<Option<Entry>, StoreError> {
        let place = entry.claim().and_then(|claim| self.claims.get(&claim));
        let Some((begin, length)) = place.copied() else { return Ok(None) };
        let mut line = vec![0; length];
        self.file.read_exact_at(&mut line, begin).map_err(self.failed("cannot be read"))?;
        let found = serde_json::from_slice::<Entry>(&line).ok();
        Ok(found.filter(|found| !found.has_ended(now)))
    }

    /// Writes the entries of a group, and says what stands in the ledger for each.
    fn append(&mut self, group: &[Brought]) -> Result<Vec<Vec<Entry>>, StoreError> {
        self.catch_up()?;
        // An entry has some two thousand octets; text that grows is copied again and again.
        let mut text = Vec::with_capacity(group.iter().map(|brought| brought.entries.len() * 2048).sum());
        let mut claims: HashMap<Claim, (u64, usize)> = HashMap::new();
        let mut own: HashMap<Claim, Entry> = HashMap::new();
        let mut lines = 0;
        let mut all = Vec::with_capacity(group.len());
        for brought in group {
            let mut entries = Vec::with_capacity(brought.entries.len());
            for entry in &brought.entries {
                let claim = entry.claim();
                let twin = claim.as_ref().and_then(|claim| own.get(claim)).cloned();
                if let Some(known) =
                    twin.map_or_else(|| self.known(entry, brought.now), |twin| Ok(Some(twin)))?
                {
                    entries.push(known);
                    continue;
                }
                let begin = text.len();
                serde_json::to_writer(&mut text, entry)
                    .map_err(|error| self.failed("cannot be written")(error.into()))?;
                text.push(b'\n');
                lines += 1;
                if let Some(claim) = claim {
                    claims.insert(claim.clone(), (self.read + begin as u64, text.len() - begin));
                    own.insert(claim, entry.clone());
                }
                entries.push(entry.clone());
            }
            all.push(entries);
        }
        let written = (&self.file).write_all(&text).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a group must not stand there: its certificates are not handed out.
            let _ = self.file.set_len(self.read).and_then(|()| self.file.sync_all());
            return Err(self.failed("cannot be written")(error).into());
        }
        self.claims.extend(claims);
        self.read += text.len() as u64;
        self.lines += lines;
        Ok(all)
    }
}

/// The same error for another of the group.
pub(super) fn repeated(error: &StoreError, path: &Path) -> StoreError {
    match error {
        StoreError::Held(path) => StoreError::Held(path.clone()),
        StoreError::Ledger { path, line } => StoreError::Ledger { path: path.clone(), line: *line },
        StoreError::Disk(DiskError { path, what, source }) => {
            let source = source.raw_os_error().map_or_else(
                || io::Error::new(source.kind(), source.to_string()),
                io::Error::from_raw_os_error,
            );
            StoreError::Disk(DiskError { path: path.clone(), what, source })
        }
        other => DiskError::at(path, "cannot be written")(io::Error::other(other.to_string())).into(),
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is behind it is whole before anything that could panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::entry::{Asked, Reason};
    use super::*;
    use std::fs;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

    fn entry(uid: &str, serial: usize) -> Entry {
        Entry {
            time: "2026-11-22T12:00:00Z".into(),
            serial: format!("{serial:x}"),
            signer: "example.com/a".into(),
            authority: "CN=ca".into(),
            request: Some(Asked { name: "a".into(), uid: uid.into() }),
            requester: None,
            decision: Reason { rule: None, reason: "r".into(), message: "m".into() },
            subject: "CN=a".into(),
            subject_alt_names: vec!["a".into()],
            usages: vec!["client auth".into()],
            public_key: "00".into(),
            not_before: "2026-11-22T11:55:00Z".into(),
            not_after: "2027-11-22T12:00:00Z".into(),
            certificate: "AAAA".into(),
        }
    }

    #[test]
    fn the_ledger_is_beside_the_ca_or_with_the_tree() {
        let home = tempfile::TempDir::new().unwrap();
        let at = |below: &str| home.path().join(below);
        let place = |below: &str| Ledger::place(&at(below)).strip_prefix(home.path()).unwrap().to_owned();
        fs::create_dir_all(at("k/pki/etcd")).unwrap();
        assert_eq!(place("k/pki/etcd"), Path::new("k/pki/etcd/.kubepki/ledger"));
        fs::create_dir_all(at("k/.kubepki")).unwrap();
        for below in ["k", "k/pki", "k/pki/etcd", "k/authority"] {
            assert_eq!(place(below), Path::new("k/.kubepki/ledger"), "{below}");
        }
        assert_eq!(place("k/other"), Path::new("k/other/.kubepki/ledger"), "no part of a tree");
        Ledger::open(&at("k/pki/.kubepki/ledger")).unwrap();
        assert_eq!(place("k/pki"), Path::new("k/pki/.kubepki/ledger"), "what was begun goes on");
    }

    fn lines(path: &Path) -> usize {
        fs::read_to_string(path).unwrap().lines().count()
    }

    #[test]
    fn a_request_has_one_certificate() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("own/ledger");
        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.find(&entry("u1", 9), NOW).unwrap(), None);
        let first = ledger.add(vec![entry("u1", 1), entry("u1", 2), entry("u2", 3)], NOW).unwrap();
        let serials =
            |entries: &[Entry]| entries.iter().map(|entry| entry.serial.clone()).collect::<Vec<_>>();
        assert_eq!(serials(&first), ["1", "1", "3"]);
        // Another process, and this one after it.
        let other = Ledger::open(&path).unwrap();
        assert_eq!(serials(&other.add(vec![entry("u1", 4), entry("u3", 5)], NOW).unwrap()), ["1", "5"]);
        assert_eq!(serials(&ledger.add(vec![entry("u3", 6)], NOW).unwrap()), ["5"]);
        assert_eq!(ledger.find(&entry("u3", 9), NOW).unwrap().unwrap().serial, "5");
        // What asks for something else, or has no uid, or comes after the end of the first, is another.
        let other = Entry { subject: "CN=b".into(), ..entry("u1", 7) };
        let later = datetime!(2028-01-01 0:00 UTC);
        assert_eq!(
            serials(&ledger.add(vec![other, entry("", 8), entry("", 9)], NOW).unwrap()),
            ["7", "8", "9"]
        );
        assert_eq!(serials(&ledger.add(vec![entry("u1", 10)], later).unwrap()), ["a"]);
        assert_eq!(lines(&path), 7);
    }

    #[test]
    fn a_cut_line_is_cut_away_and_a_foreign_one_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ledger");
        Ledger::open(&path).unwrap().add(vec![entry("u1", 1), entry("u2", 2)], NOW).unwrap();
        let whole = fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for end in first..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let ledger = Ledger::open(&path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().len(), first as u64);
            assert_eq!(ledger.add(vec![entry("u1", 9)], NOW).unwrap()[0].serial, "1");
        }
        fs::write(&path, [&whole[..first], b"hello\n", &whole[first..]].concat()).unwrap();
        let error = Ledger::open(&path).unwrap_err().to_string();
        assert!(error.ends_with("ledger: line 2 is no entry of a ledger"), "{error}");
    }

    #[test]
    fn many_writers_share_syncs_and_lose_nothing() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("ledger");
        let ledgers = [Ledger::open(&path).unwrap(), Ledger::open(&path).unwrap()];
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let ledger = &ledgers[writer % 2];
                scope.spawn(move || {
                    for turn in 0..20 {
                        let own = ledger.add(vec![entry(&format!("{writer}-{turn}"), writer)], NOW).unwrap();
                        assert_eq!(own[0].serial, format!("{writer:x}"));
                        let shared = ledger.add(vec![entry(&format!("shared-{turn}"), writer)], NOW).unwrap();
                        assert_eq!(shared.len(), 1);
                    }
                });
            }
        });
        assert_eq!(lines(&path), 8 * 20 + 20, "of what all have signed there is one");
        Ledger::open(&path).unwrap();
    }
}
