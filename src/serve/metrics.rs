//! What is measured, in Prometheus' text format.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::store::outcome::Event;

/// What a request was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// The verb.
    pub verb: String,
    /// The resource and the part of it; empty for what is none of ours.
    pub resource: String,
    /// The HTTP status.
    pub code: u16,
}

/// A verb.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Verb {
    verb: String,
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Decision {
    decision: &'static str,
}

/// A signer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Signer {
    signer: String,
}

/// The state of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// Files that are read again, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reload {
    files: &'static str,
    status: &'static str,
}

/// A certificate of the server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Certificate {
    certificate: String,
}

/// What is looked up when somebody asks, and not counted as it happens.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// How many requests are in each state.
    pub states: Vec<(&'static str, usize)>,
    /// How many files are behind.
    pub behind: usize,
    /// How many connections there are.
    pub connections: usize,
    /// How many watches.
    pub watches: usize,
    /// The size of the ledger, in octets.
    pub ledger: u64,
    /// When each certificate ends, in seconds since 1970.
    pub expiries: Vec<(String, i64)>,
}

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    latencies: Family<Verb, Histogram, fn() -> Histogram>,
    decisions: Family<Decision, Counter>,
    issued: Family<Signer, Counter>,
    refused: Counter,
    reloads: Family<Reload, Counter>,
    states: Family<State, Gauge>,
    behind: Gauge,
    connections: Gauge,
    watches: Gauge,
    ledger: Gauge,
    expiries: Family<Certificate, Gauge>,
    heartbeat: Gauge<f64, AtomicU64>,
}

/// In seconds: a write takes a sync of the disk, a list of ten thousand objects a tenth of a second.
const BUCKETS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("kubepki");
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let this = Self {
            requests: Family::default(),
            latencies: Family::new_with_constructor(histogram),
            decisions: Family::default(),
            issued: Family::default(),
            refused: Counter::default(),
            reloads: Family::default(),
            states: Family::default(),
            behind: Gauge::default(),
            connections: Gauge::default(),
            watches: Gauge::default(),
            ledger: Gauge::default(),
            expiries: Family::default(),
            heartbeat: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register(
            "http_requests",
            "Requests by verb, resource and HTTP status",
            this.requests.clone(),
        );
        let help = "How long requests take but for watches";
        registry.register_with_unit("http_request_duration", help, Unit::Seconds, this.latencies.clone());
        registry.register("decisions", "What the loop has decided", this.decisions.clone());
        registry.register("certificates_issued", "Certificates by signer", this.issued.clone());
        registry.register("connections_refused", "Connections that were not let in", this.refused.clone());
        registry.register("reloads", "Files that were read again", this.reloads.clone());
        registry.register("requests", "Certificate signing requests by their state", this.states.clone());
        registry.register("files_behind", "Requests whose files are not written yet", this.behind.clone());
        registry.register("connections", "Open connections", this.connections.clone());
        registry.register("watches", "Open watches", this.watches.clone());
        registry.register_with_unit(
            "ledger_size",
            "The size of the ledger",
            Unit::Bytes,
            this.ledger.clone(),
        );
        let help = "When a certificate ends, in seconds since 1970";
        registry.register("certificate_not_after_timestamp_seconds", help, this.expiries.clone());
        let help = "When the loop was last seen at work, in seconds since 1970";
        registry.register("loop_timestamp_seconds", help, this.heartbeat.clone());
        Self { registry, ..this }
    }
}

impl Metrics {
    /// Counts a request.
    pub fn request(&self, request: &Request, took: Option<Duration>) {
        if let Some(took) = took {
            let verb = Verb { verb: request.verb.clone() };
            self.latencies.get_or_create(&verb).observe(took.as_secs_f64());
        }
        self.requests.get_or_create(request).inc();
    }

    /// Counts a connection that was not let in.
    pub fn refused(&self) {
        self.refused.inc();
    }

    /// Counts files that were read again because they have changed, and whether they could be used.
    pub fn reload(&self, files: &'static str, good: bool) {
        let status = if good { "success" } else { "failure" };
        self.reloads.get_or_create(&Reload { files, status }).inc();
    }

    /// Counts what the loop has done.
    pub fn decision(&self, event: &Event) {
        let decision = match event {
            Event::Admitted { .. } => "admitted",
            Event::Approved { .. } => "approved",
            Event::Denied { .. } => "denied",
            Event::Signed { signer, .. } => {
                self.issue(signer);
                "signed"
            }
            Event::Failed { .. } => "failed",
            Event::Removed { .. } => "removed",
            Event::Retry { .. } => "deferred",
            Event::Invalid { .. } => "invalid",
            _ => return,
        };
        self.decisions.get_or_create(&Decision { decision }).inc();
    }

    fn issue(&self, signer: &str) {
        // Only signers that are served sign, and these are few.
        self.issued.get_or_create(&Signer { signer: signer.to_owned() }).inc();
    }

    /// Notes that the loop is at work.
    pub fn heartbeat(&self, seconds: f64) {
        self.heartbeat.set(seconds);
    }

    /// Everything as text.
    #[must_use]
    pub fn text(&self, snapshot: &Snapshot) -> String {
        let gauge = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        for (state, count) in &snapshot.states {
            self.states.get_or_create(&State { state }).set(gauge(*count));
        }
        self.behind.set(gauge(snapshot.behind));
        self.connections.set(gauge(snapshot.connections));
        self.watches.set(gauge(snapshot.watches));
        self.ledger.set(i64::try_from(snapshot.ledger).unwrap_or(i64::MAX));
        for (certificate, ends) in &snapshot.expiries {
            self.expiries.get_or_create(&Certificate { certificate: certificate.clone() }).set(*ends);
        }
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
