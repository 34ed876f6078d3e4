//! kubepki: the PKI of a Kubernetes cluster, from one description.
//!
//! Two pure functions carry the program. Left of them is reading; right of them is doing or showing.
//!
//! ```text
//!  catalog (rows) ──┐
//!                   ├─ target ─► Targets ─┐
//!  cluster spec ────┘                     ├─ audit ─► Findings ── plan ─► Plan ─┬─ apply ─► disk
//!  directory ──────────────── disk ─► Survey ┘ (rules, now)                     └─ report ─► table, json
//! ```
//!
//! A module imports only from those above it in this table; `tests/architecture.rs` holds it to that.
//!
//! | Layer | Module | Knows |
//! |---|---|---|
//! | 1 | [`x509`], [`moment`], [`system`] | certificates as data, and the paths between them; time and the system's refusals as text |
//! | 2 | [`version`], [`catalog`], [`spec`], [`target`] | Kubernetes' PKI and the user's description, in this order |
//! | 3 | [`disk`] | files, modes, atomic writes |
//! | 4 | [`audit`] | judgement: no I/O, no clock, no randomness |
//! | 5 | [`plan`] | findings into ordered steps |
//! | 6 | [`apply`] | steps into keys, certificates and files |
//! | 6 | [`exchange`] | what is signed elsewhere: requests, bundles, answers |
//! | 7 | [`error`] | what went wrong, for whom, what to try |
//! | 8 | `serve` | `certificates.k8s.io` over HTTPS: the only asynchronous code |
//! | 8 | [`report`] | documents for people and machines |
//! | 9 | [`cli`] | clock, terminal, exit status |
//!
//! To add a credential: a row in [`catalog`]. To add a rule: a file in [`audit::rules`] and its name in the list there.

pub mod api;
pub mod apply;
pub mod audit;
pub mod catalog;
pub mod cli;
pub mod csr;
pub mod disk;
pub mod error;
pub mod exchange;
pub mod infer;
pub mod moment;
pub mod plan;
pub mod report;
#[cfg(feature = "serve")]
pub mod serve;
pub mod spec;
pub mod store;
pub mod system;
pub mod target;
pub mod version;
pub mod x509;
