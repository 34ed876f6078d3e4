//! One connection: whose certificate it came with, and what it is doing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::client::{Client, client};
use super::credentials::Current;
use crate::csr::User;

/// A connection.
#[derive(Debug)]
pub struct Link {
    /// Where it comes from.
    pub peer: SocketAddr,
    /// The certificates that the client has sent, its own first.
    chain: Mutex<Vec<Vec<u8>>>,
    /// What was found about them, and by which reading of the CAs.
    known: Mutex<Option<(u64, Result<Client, String>)>>,
    /// How many requests are in work.
    busy: AtomicUsize,
    /// When the last one ended, or the connection began.
    last: Mutex<Instant>,
    /// Rung when it is to be closed.
    pub close: Notify,
}

/// A request in work.
#[derive(Debug)]
pub struct Busy(Arc<Link>);

impl Link {
    fn new(peer: SocketAddr) -> Self {
        Self {
            peer,
            chain: Mutex::default(),
            known: Mutex::default(),
            busy: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
            close: Notify::new(),
        }
    }

    /// Notes the certificates of the client.
    pub fn came_with(&self, chain: Vec<Vec<u8>>) {
        *guard(&self.chain) = chain;
    }

    /// The user whom the client's certificate is about; nothing where it has sent none.
    pub fn client(&self, current: &Current, now: OffsetDateTime) -> Option<Result<User, String>> {
        let chain = guard(&self.chain);
        if chain.is_empty() {
            return None;
        }
        let mut known = guard(&self.known);
        let fresh = known.as_ref().is_some_and(|(generation, _)| *generation == current.generation);
        if !fresh {
            let ders: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
            *known = Some((current.generation, client(&ders, &current.authorities, now)));
        }
        let (_, found) = known.as_ref()?;
        Some(match found {
            Ok(client) if client.from <= now && now <= client.until => Ok(client.user.clone()),
            Ok(_) => Err("the certificate is not valid now".to_owned()),
            Err(problem) => Err(problem.clone()),
        })
    }

    /// Notes that a request is in work, as long as what is returned is kept.
    #[must_use]
    pub fn work(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }

    /// Since when nothing is in work.
    #[must_use]
    pub fn idle_since(&self) -> Option<Instant> {
        (self.busy.load(Ordering::Acquire) == 0).then(|| *guard(&self.last))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        *guard(&self.0.last) = Instant::now();
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Every connection that there is.
#[derive(Debug, Default)]
pub struct Links {
    links: Mutex<HashMap<u64, Arc<Link>>>,
    next: AtomicU64,
}

/// A connection in the list, as long as it is kept.
#[derive(Debug)]
pub struct Listed {
    links: Arc<Links>,
    number: u64,
    /// The connection.
    pub link: Arc<Link>,
}

/// As many connections as there are at most; those of one address may take half of them.
pub const MOST: usize = 2048;

impl Links {
    /// Lets a connection in. Where there are too many already, the one that has been idle longest is closed for it; where
    /// none is idle, it is not let in.
    #[must_use]
    pub fn enter(self: &Arc<Self>, peer: SocketAddr) -> Option<Listed> {
        let mut links = guard(&self.links);
        let idlest = |same: bool| {
            let own = links.iter().filter(|(_, link)| !same || link.peer.ip() == peer.ip());
            let idle = own.filter_map(|(number, link)| Some((link.idle_since()?, *number)));
            idle.min().map(|(_, number)| number)
        };
        let own = links.values().filter(|link| link.peer.ip() == peer.ip()).count();
        if own >= MOST / 2 || links.len() >= MOST {
            let number = idlest(own >= MOST / 2)?;
            // It counts no longer: it is closed as soon as it is looked at.
            links.remove(&number)?.close.notify_one();
        }
        let link = Arc::new(Link::new(peer));
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        links.insert(number, Arc::clone(&link));
        drop(links);
        Some(Listed { links: Arc::clone(self), number, link })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        guard(&self.links).len()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        guard(&self.links.links).remove(&self.number);
    }
}
