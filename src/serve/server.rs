//! What the server answers, without the socket.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};

use crate::api::status::Status;
use crate::csr::Object;
use crate::csr::object::{APPROVED, DENIED, FAILED};
use crate::moment::Clock;
use crate::store::controller::Settings;
use crate::store::{Resident, Version};

use super::about;
use super::answer::{Answer, Content};
use super::audit::Audit;
use super::body::ROOM;
use super::bundle::{self, Bundles};
use super::call::Call;
use super::credentials::Credentials;
use super::link::Links;
use super::metrics::{Metrics, Snapshot};
use super::read;
use super::review;
use super::route::{Action, Change};
use super::shape::Thing;
use super::source::Source;
use super::watch::Watch;
use super::write::Desk;

/// The server.
pub struct Server {
    /// Where requests are kept.
    pub store: Arc<Resident>,
    /// The trust bundles.
    pub bundles: Arc<Bundles>,
    /// What decisions are made by.
    pub settings: Arc<Settings>,
    /// By what the server knows others and is known.
    pub credentials: Credentials,
    /// The clock.
    pub clock: Clock,
    /// The version of Kubernetes whose API is spoken.
    pub kubernetes: String,
    /// The audit log.
    pub audit: Audit,
    /// The ledger.
    pub ledger: PathBuf,
    /// What is measured.
    pub metrics: Metrics,
    /// The connections.
    pub links: Arc<Links>,
    /// The number of the last change.
    pub changed: watch::Sender<Version>,
    /// Whether the server stops.
    pub stop: watch::Sender<bool>,
    /// Whether the loop cannot sign: the store or the ledger cannot be written.
    pub stuck: AtomicBool,
    /// The room for bodies.
    pub room: Arc<Semaphore>,
    /// The room for requests that are in work.
    pub seats: Arc<Semaphore>,
    /// The room for lists of everything.
    pub lists: Arc<Semaphore>,
    /// The watches of each user.
    pub watches: Arc<Watches>,
}

/// As many requests are in work at most (`--max-requests-inflight` has 400).
pub const SEATS: usize = 400;

/// As many lists are made at the same time: each may hold everything.
pub const LISTS: usize = 4;

/// As many watches there are at most, and of one user.
const WATCHES: usize = 1000;
const WATCHES_OF_ONE: usize = 200;

/// The watches of each user.
#[derive(Debug, Default)]
pub struct Watches(Mutex<HashMap<String, usize>>);

/// A watch that is counted as long as this is kept.
#[derive(Debug)]
pub struct Watching(Arc<Watches>, String);

impl Watches {
    /// Lets a watch in.
    ///
    /// # Errors
    /// 429 when there are too many.
    pub fn enter(self: &Arc<Self>, user: &str) -> Result<Watching, Status> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.get(user).copied().unwrap_or_default();
        if own >= WATCHES_OF_ONE || counts.values().sum::<usize>() >= WATCHES {
            return Err(busy("too many watches, please try again later"));
        }
        *counts.entry(user.to_owned()).or_default() += 1;
        drop(counts);
        Ok(Watching(Arc::clone(self), user.to_owned()))
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut counts = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.1);
            }
        }
    }
}

/// There is no room now.
#[must_use]
pub fn busy(message: &str) -> Status {
    let details = crate::api::status::Details {
        retry_after_seconds: Some(1),
        ..crate::api::status::Details::default()
    };
    Status::new(429, "TooManyRequests", message).about(details)
}

impl Server {
    /// What an action is answered with.
    ///
    /// # Errors
    /// What is refused.
    pub async fn act(&self, action: Action, names: &[String], call: &Call) -> Result<Answer, Status> {
        let now = (self.clock)();
        let name = names.first().map(String::as_str).unwrap_or_default();
        let second = names.get(1).map(String::as_str).unwrap_or_default();
        let desk = self.desk();
        match action {
            Action::Health => {
                Ok(about::health(call, *self.stop.borrow(), self.stuck.load(Ordering::Acquire)))
            }
            Action::Version => Ok(about::version(&self.kubernetes)),
            Action::Paths => Ok(about::paths()),
            Action::CoreVersions => about::groups(call, true),
            Action::Groups => about::groups(call, false),
            Action::Group => about::group(name),
            Action::Resources => about::resources(name, second),
            Action::OpenApi => about::open_api(call),
            Action::OpenApiIndex => Ok(about::open_api_index()),
            Action::OpenApiGroup => about::open_api_group(name, second),
            Action::List if call.query.is("watch") => watching(call, self.requests(), None, now),
            Action::Get if call.query.is("watch") => watching(call, self.requests(), Some(name), now),
            Action::Watch => watching(call, self.requests(), names.first().map(String::as_str), now),
            Action::List => read::list(&self.requests(), call, now),
            Action::Get => read::get(&self.store, call, name, now),
            Action::WhoAmI => review::who_am_i(call, now),
            Action::MayI => review::may_i(call, &self.settings.rbac),
            Action::WhatMayI => review::what_may_i(call, &self.settings.rbac),
            Action::ListBundles if call.query.is("watch") => watching(call, self.trust(), None, now),
            Action::GetBundle if call.query.is("watch") => watching(call, self.trust(), Some(name), now),
            Action::ListBundles => read::list(&self.trust(), call, now),
            Action::GetBundle => {
                let found = self.bundles.get(name).ok_or_else(|| bundle::not_found(name))?;
                Ok(call.form(now)?.one(200, Thing::Bundle(&found)))
            }
            Action::Write(change) => self.write(change, names, call).await,
            Action::CreateBundle => self.told(desk.create_bundle(&self.bundles, call)),
            Action::UpdateBundle => self.told(desk.update_bundle(&self.bundles, call, name)),
            Action::PatchBundle => self.told(desk.patch_bundle(&self.bundles, call, name)),
            Action::DeleteBundle => self.told(desk.delete_bundle(&self.bundles, call, name)),
            Action::DeleteBundles => self.told(desk.delete_bundles(&self.bundles, call)),
        }
    }

    async fn write(&self, change: Change, names: &[String], call: &Call) -> Result<Answer, Status> {
        let name = names.first().map(String::as_str).unwrap_or_default();
        let desk = self.desk();
        match change {
            Change::Create => desk.create(call).await,
            Change::Update(endpoint) => desk.update(call, name, endpoint).await,
            Change::Patch(endpoint) => desk.patch(call, name, endpoint).await,
            Change::Delete => desk.delete(call, name).await,
            Change::DeleteMany => desk.delete_many(call).await,
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { store: &self.store, settings: &self.settings, now: (self.clock)() }
    }

    fn requests(&self) -> Source {
        Source::Requests(Arc::clone(&self.store))
    }

    fn trust(&self) -> Source {
        Source::Bundles(Arc::clone(&self.bundles))
    }

    /// Tells watches that a bundle may have changed.
    fn told<T>(&self, outcome: T) -> T {
        self.changed.send_modify(|_| {});
        outcome
    }

    /// Publishes the cluster's CA, where it is another than was published.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub fn publish(&self) -> Result<(), Status> {
        let authorities = self.credentials.current();
        let pems = authorities.authorities.iter().filter_map(|ca| ca.to_pem().ok());
        let bundle: String = pems.collect();
        self.told(self.bundles.publish(&bundle, (self.clock)()).map(drop))
    }

    /// What is looked up for the metrics.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (all, _) = self.store.page(None, usize::MAX);
        let mut states = [("pending", 0), ("approved", 0), ("issued", 0), ("denied", 0), ("failed", 0)];
        for stored in &all {
            let object = &stored.object;
            let index = if object.certificate().is_some() {
                2
            } else if object.has(FAILED) {
                4
            } else if object.has(DENIED) {
                3
            } else {
                usize::from(object.has(APPROVED))
            };
            if let Some((_, count)) = states.get_mut(index) {
                *count += 1;
            }
        }
        let current = self.credentials.current();
        let mut expiries = vec![("serving".to_owned(), current.not_after.unix_timestamp())];
        let authorities = current.authorities.iter();
        expiries.extend(authorities.map(|ca| (ca.subject.to_string(), ca.not_after.unix_timestamp())));
        let (_, behind) = self.store.counts();
        Snapshot {
            states: states.to_vec(),
            behind,
            connections: self.links.count(),
            watches: self.watches.count(),
            ledger: std::fs::metadata(&self.ledger).map_or(0, |metadata| metadata.len()),
            expiries,
        }
    }

    /// The semaphores of a new server.
    #[must_use]
    pub fn rooms() -> [Arc<Semaphore>; 3] {
        [ROOM, SEATS, LISTS].map(|size| Arc::new(Semaphore::new(size)))
    }
}

fn watching(
    call: &Call,
    source: Source,
    name: Option<&str>,
    now: time::OffsetDateTime,
) -> Result<Answer, Status> {
    let watch = Watch::of(call, source, name, now)?;
    let content_type = watch.content_type().to_owned();
    Ok(Answer { code: 200, content_type, headers: Vec::new(), body: Content::Watch(Box::new(watch)) })
}
