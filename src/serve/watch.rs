//! Watching: what is there, then what changes.

use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::api::status::{Details, Status};
use crate::api::watch::{self as wire, frame};
use crate::csr::refusal::{Fault, FieldError};
use crate::moment::Clock;
use crate::store::Version;

use super::call::Call;
use super::read::{number, version};
use super::selection::Selection;
use super::shape::{Form, Thing};
use super::source::{Event, Item, Source};
use super::stop::stopped;

/// A watch that was let in.
pub struct Watch {
    form: Form,
    source: Source,
    selection: Selection,
    begin: Begin,
    bookmarks: bool,
    /// How long it goes on.
    pub duration: Duration,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("begin", &self.begin).finish_non_exhaustive()
    }
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    /// With everything that is there; and whether its end is told.
    State { told: bool },
    /// Behind a version.
    Behind(Version),
}

/// How long a watch goes on where the client does not say, and at most (`--min-request-timeout` is half an hour, and a
/// random time up to as much again is added upstream).
const LONGEST: Duration = Duration::from_secs(45 * 60);

/// How often a client that wants to know is told how far it has come, even where nothing has changed for it.
const BOOKMARK: Duration = Duration::from_secs(60);

/// So many changes are looked at in one go, and so many octets are sent in one piece.
const GROUP: usize = 256;
const PIECE: usize = 64 << 10;

impl Watch {
    /// Reads what is asked for. `name` is the one object that the path is about.
    ///
    /// # Errors
    /// When the query is not as it must be.
    pub fn of(call: &Call, source: Source, name: Option<&str>, now: OffsetDateTime) -> Result<Self, Status> {
        let form = call.form(now)?;
        let query = &call.query;
        let selection = Selection::of(query, source.kind())?;
        let selection = match name {
            Some(name) => selection.only(name),
            None => selection,
        };
        let forbidden = |field: &str, detail: &str| {
            let error = FieldError::new(field, Fault::Forbidden, detail);
            Err(Status::invalid("ListOptions.meta.k8s.io", "", &[error]))
        };
        let wanted = version(query)?;
        let initial = query.get("sendInitialEvents").map(|_| query.is("sendInitialEvents"));
        match (initial, query.said("resourceVersionMatch")) {
            (None, Some(_)) => {
                let detail =
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
                return forbidden("resourceVersionMatch", detail);
            }
            (Some(_), found) if found != Some("NotOlderThan") => {
                let detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
                return forbidden("resourceVersionMatch", detail);
            }
            _ => {}
        }
        let begin = match (initial, wanted) {
            (Some(true), _) => Begin::State { told: true },
            (None, None | Some(0)) => Begin::State { told: false },
            (_, Some(version)) if version > 0 => Begin::Behind(version),
            (Some(false) | None, _) => Begin::Behind(0),
        };
        let seconds = number(query, "timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        let duration =
            seconds.filter(|seconds| *seconds > 0).map_or(LONGEST, Duration::from_secs).min(LONGEST);
        let bookmarks = query.is("allowWatchBookmarks");
        Ok(Self { form, source, selection, begin, bookmarks, duration })
    }

    /// The media type of its events.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        wire::content_type(self.form.accept.format)
    }

    /// Sends events until the time is over, the client has gone, or the server stops. Nothing is kept for a client that
    /// reads slowly: what it has not been sent is read from the store when it is ready, and when that is forgotten the
    /// watch ends as Kubernetes ends it.
    pub async fn run(
        self,
        mut changed: watch::Receiver<Version>,
        mut stop: watch::Receiver<bool>,
        clock: Clock,
        sender: mpsc::Sender<Bytes>,
    ) {
        let end = Instant::now() + self.duration;
        let mut writer = Writer { watch: &self, clock, columns: true, piece: Vec::new() };
        let mut seen = match self.begin {
            Begin::Behind(0) => self.source.versions().1,
            Begin::Behind(version) => version,
            Begin::State { told } => match writer.state(&sender).await {
                Some(version) => {
                    if told && self.bookmarks {
                        writer.bookmark(version, true);
                    }
                    if !writer.send(&sender).await {
                        return;
                    }
                    version
                }
                None => return,
            },
        };
        let mut bookmark = Instant::now() + BOOKMARK;
        loop {
            // Before the look, so that no change is missed between the two.
            changed.borrow_and_update();
            match self.source.events(seen, GROUP) {
                None => {
                    writer.forgotten(seen, self.source.versions().1);
                    writer.send(&sender).await;
                    return;
                }
                Some(events) if !events.is_empty() => {
                    for event in &events {
                        writer.event(event);
                        seen = event.version;
                        if writer.piece.len() >= PIECE && !writer.send(&sender).await {
                            return;
                        }
                    }
                    if !writer.send(&sender).await {
                        return;
                    }
                    continue;
                }
                Some(_) => {}
            }
            tokio::select! {
                outcome = changed.changed() => if outcome.is_err() { return },
                () = sender.closed() => return,
                () = stopped(&mut stop) => return,
                () = sleep_until(end.min(bookmark)) => {
                    let now = Instant::now();
                    if self.bookmarks && (now >= bookmark || now >= end) {
                        bookmark = now + BOOKMARK;
                        writer.bookmark(seen.max(self.source.versions().1), false);
                        if !writer.send(&sender).await {
                            return;
                        }
                    }
                    if now >= end {
                        return;
                    }
                    bookmark = bookmark.max(now + Duration::from_secs(1));
                }
            }
        }
    }
}

/// What becomes of events.
struct Writer<'a> {
    watch: &'a Watch,
    clock: Clock,
    /// Whether the next table names its columns: only the first does.
    columns: bool,
    piece: Vec<u8>,
}

impl Writer<'_> {
    /// Everything that is there, and the version that it is the state of.
    async fn state(&mut self, sender: &mpsc::Sender<Bytes>) -> Option<Version> {
        let mut after: Option<String> = None;
        let mut version = None;
        loop {
            let (page, now) = self.watch.source.page(after.as_deref(), GROUP);
            // What changes while this is read is sent as a change.
            let version = *version.get_or_insert(now);
            let Some(last) = page.last() else { return Some(version) };
            after = Some(last.thing().name().to_owned());
            for item in page.iter().filter(|item| self.watch.selection.matches(item.thing())) {
                self.push(wire::Event::Added, item.thing());
                if self.piece.len() >= PIECE && !self.send(sender).await {
                    return None;
                }
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let selection = &self.watch.selection;
        let selected = |item: &&Item| selection.matches(item.thing());
        let was = event.old.as_ref().filter(selected);
        let is = event.new.as_ref().filter(selected);
        match (was, is) {
            (None, Some(new)) => self.push(wire::Event::Added, new.thing()),
            (Some(_), Some(new)) => self.push(wire::Event::Modified, new.thing()),
            // As it was last, with the number of what has taken it away.
            (Some(old), None) => self.push(wire::Event::Deleted, old.at(event.version).thing()),
            (None, None) => {}
        }
    }

    fn push(&mut self, event: wire::Event, thing: Thing<'_>) {
        let form = Form { now: (self.clock)(), ..self.watch.form };
        let shaped = form.shaped(thing, self.columns);
        self.write(event, &shaped);
    }

    fn bookmark(&mut self, version: Version, end: bool) {
        let shaped = self.watch.form.bookmark(self.watch.source.kind(), version, end, self.columns);
        self.write(wire::Event::Bookmark, &shaped);
    }

    fn write(&mut self, event: wire::Event, object: &serde_json::Value) {
        self.columns = false;
        // What has no bytes in a format is none that is kept.
        self.piece.extend(frame(self.watch.form.accept.format, event, object).unwrap_or_default());
    }

    /// What the client has seen last is forgotten.
    fn forgotten(&mut self, seen: Version, now: Version) {
        let message = format!("too old resource version: {seen} ({now})");
        let status = Status::expired(message).about(Details::default());
        self.write(wire::Event::Error, &status.value());
    }

    /// Sends what there is; says whether the client is still there.
    async fn send(&mut self, sender: &mpsc::Sender<Bytes>) -> bool {
        self.piece.is_empty() || sender.send(Bytes::from(std::mem::take(&mut self.piece))).await.is_ok()
    }
}
