//! The server as a whole: its threads, from the first file that is read to the last that is written.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, interval, sleep};

use super::ServeError;
use super::audit::Audit;
use super::bundle::Bundles;
use super::credentials::{Credentials, Places};
use super::link::Links;
use super::listen::{bind, listen, listen_metrics};
use super::metrics::Metrics;
use super::reload::reload;
use super::server::{Server, Watches};
use super::stop::stopped;
use crate::moment::Clock;
use crate::store::controller::Settings;
use crate::store::outcome::Event;
use crate::store::{Authorities, Controller, Directory, Ledger, Resident, StoreError};

/// What a server is made of.
pub struct Setup {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where its metrics are, if they are to be had.
    pub metrics: Option<SocketAddr>,
    /// Its credentials.
    pub places: Places,
    /// Where requests are kept.
    pub directory: Directory,
    /// What decisions are made by.
    pub settings: Settings,
    /// The CAs that sign.
    pub authorities: Authorities,
    /// The ledger.
    pub ledger: Ledger,
    /// Where trust bundles are kept.
    pub bundles: PathBuf,
    /// The audit log.
    pub audit: PathBuf,
    /// The version of Kubernetes whose API is spoken.
    pub kubernetes: String,
    /// The clock.
    pub clock: Clock,
}

/// What the server tells whoever has started it.
#[derive(Debug)]
pub enum Word<'a> {
    /// It listens.
    Listening {
        /// Where.
        address: SocketAddr,
        /// Where its metrics are.
        metrics: Option<SocketAddr>,
    },
    /// The loop has done something.
    Event(&'a Event),
    /// Something is wrong, and the server goes on.
    Trouble(String),
    /// It stops.
    Stopping,
}

/// To whom it is told, from any thread.
pub type Tell = Arc<dyn Fn(&Word<'_>) + Send + Sync>;

/// How often files are looked at that credentials are read from.
const POLL: Duration = Duration::from_secs(5);

/// How long others who write are waited for where there are many: they share one sync, which takes about as long.
const GATHER: Duration = Duration::from_micros(300);

/// How long requests that are in work may take when the server stops. Kubernetes gives a program thirty seconds.
const GRACE: Duration = Duration::from_secs(25);

/// Serves until the process is told to stop.
///
/// # Errors
/// When the server cannot begin, or what it was told to keep cannot be written when it stops.
pub fn run(setup: Setup, tell: &Tell) -> Result<(), ServeError> {
    let Setup {
        address,
        metrics,
        places,
        directory,
        settings,
        authorities,
        ledger,
        bundles,
        audit,
        kubernetes,
        clock,
    } = setup;
    let (changed, _) = watch::channel(0);
    let hear = {
        let changed = changed.clone();
        Box::new(move |version| {
            changed.send_replace(version);
        })
    };
    let store = Arc::new(Resident::open(directory, clock, hear)?);
    let warned = Arc::clone(tell);
    let mut warn = |problem| warned(&Word::Trouble(problem));
    let credentials = Credentials::read(places, &mut warn)?;
    let bundles = Arc::new(Bundles::open(bundles, clock(), &mut warn)?);
    let complain = Arc::clone(tell);
    let (audit, writer) = Audit::open(&audit, move |error| complain(&Word::Trouble(error.to_string())))?;
    let [room, seats, lists] = Server::rooms();
    let server = Arc::new(Server {
        store: Arc::clone(&store),
        bundles,
        settings: Arc::new(settings),
        credentials,
        clock,
        kubernetes,
        audit,
        ledger: ledger.path().to_owned(),
        metrics: Metrics::default(),
        links: Arc::new(Links::default()),
        changed,
        stop: watch::channel(false).0,
        stuck: AtomicBool::new(false),
        room,
        seats,
        lists,
        watches: Arc::new(Watches::default()),
    });
    if let Err(status) = server.publish() {
        tell(&Word::Trouble(status.message));
    }
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(ServeError::Threads)?;
    let ended = Arc::new(AtomicBool::new(false));
    let threads = Threads { server: Arc::clone(&server), ended: Arc::clone(&ended), tell: Arc::clone(tell) };
    let outcome = std::thread::scope(|scope| {
        scope.spawn(|| threads.decide(&ledger, authorities));
        scope.spawn(|| threads.commit());
        scope.spawn(|| threads.follow());
        scope.spawn(|| threads.flush());
        let outcome = runtime.block_on(serve(Arc::clone(&server), address, metrics, Arc::clone(tell)));
        ended.store(true, Ordering::Release);
        store.wake();
        outcome
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    let flushed = store.flush_now();
    drop((threads, server));
    // Everything that was noted is written.
    let _ = writer.join();
    outcome?;
    Ok(flushed?)
}

/// Listens, and ends when everybody has been served.
async fn serve(
    server: Arc<Server>,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    tell: Tell,
) -> Result<(), ServeError> {
    let listener = bind(address).await?;
    let address = listener.local_addr().unwrap_or(address);
    let metrics = match metrics {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let of_metrics = metrics.as_ref().and_then(|listener| listener.local_addr().ok());
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Threads)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Threads)?;
    tokio::spawn(listen(Arc::clone(&server), listener));
    if let Some(listener) = metrics {
        tokio::spawn(listen_metrics(Arc::clone(&server), listener));
    }
    tokio::spawn(refresh(Arc::clone(&server), Arc::clone(&tell)));
    tell(&Word::Listening { address, metrics: of_metrics });
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tell(&Word::Stopping);
    server.stop.send_replace(true);
    let begun = Instant::now();
    while server.links.count() > 0 && begun.elapsed() < GRACE {
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Reads credentials and trust bundles again when their files change.
async fn refresh(server: Arc<Server>, tell: Tell) {
    let mut ticks = interval(POLL);
    let mut stop = server.stop.subscribe();
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let (server, tell) = (Arc::clone(&server), Arc::clone(&tell));
        if tokio::task::spawn_blocking(move || reload(&server, &tell)).await.is_err() {
            return;
        }
    }
}

/// What goes on beside connections.
struct Threads {
    server: Arc<Server>,
    ended: Arc<AtomicBool>,
    tell: Tell,
}

impl Threads {
    fn ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Approves, signs and cleans.
    fn decide(&self, ledger: &Ledger, authorities: Authorities) {
        let server = &self.server;
        let store: &Resident = &server.store;
        let mut controller = Controller::new(store, ledger, authorities, &server.settings, server.clock);
        let mut tell = |event: &Event| {
            server.metrics.decision(event);
            server.audit.decision(event, (server.clock)());
            server.stuck.store(false, Ordering::Release);
            (self.tell)(&Word::Event(event));
        };
        let mut complain = |error: &StoreError| {
            server.stuck.store(true, Ordering::Release);
            (self.tell)(&Word::Trouble(error.to_string()));
        };
        controller.watch(&mut tell, &mut complain, &|| {
            #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
            server.metrics.heartbeat((server.clock)().unix_timestamp() as f64);
            self.ended()
        });
    }

    /// Makes what requests write.
    fn commit(&self) {
        let mut busy = false;
        while !self.ended() {
            if busy {
                std::thread::sleep(GATHER);
            }
            busy = self.server.store.commit_next(Duration::from_secs(1));
        }
    }

    /// Takes over what others do to files.
    fn follow(&self) {
        self.repeat(|store| store.follow(Duration::from_secs(1)));
    }

    /// Writes files.
    fn flush(&self) {
        self.repeat(|store| store.flush(Duration::from_secs(1)));
    }

    fn repeat(&self, work: impl Fn(&Resident) -> Result<(), StoreError>) {
        let mut told = String::new();
        while !self.ended() {
            match work(&self.server.store) {
                Ok(()) => told.clear(),
                Err(error) => {
                    let words = error.to_string();
                    if words != told {
                        (self.tell)(&Word::Trouble(words.clone()));
                    }
                    told = words;
                    std::thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}
