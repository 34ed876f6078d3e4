//! Layer 8: `certificates.k8s.io` over HTTPS, without a cluster. The only asynchronous code, and none of it decides: what
//! is decided about a request stands in [`crate::csr`], what its bytes are in [`crate::api`], where it is kept in
//! [`crate::store`].
//!
//! | Module | Holds |
//! |---|---|
//! | [`route`] | the one table of paths, methods and what they do |
//! | [`listen`], [`stream`], [`link`] | connections: let in, bounded, closed |
//! | [`tls`], [`credentials`] | the server's certificate, the CAs, the tokens: read again when they change |
//! | [`client`], [`token`], [`authenticate`] | who asks |
//! | [`attributes`], [`query`] | what is asked, by method and path |
//! | [`handler`], [`body`] | from a request to its answer |
//! | [`server`], [`call`], [`answer`] | the same without the socket |
//! | [`read`], [`watch`], [`mod@write`], [`selection`], [`shape`], [`source`] | what is read and written |
//! | [`bundle`], [`review`], [`about`] | trust bundles, reviews, discovery |
//! | [`audit`], [`metrics`] | what is noted and measured |
//! | [`engine`] | the threads that decide, write files, and read what has changed |

pub mod about;
pub mod answer;
pub mod attributes;
pub mod audit;
pub mod authenticate;
pub mod body;
pub mod bundle;
mod bundle_file;
pub mod call;
pub mod client;
pub mod credentials;
pub mod engine;
pub mod error;
pub mod handler;
pub mod link;
pub mod listen;
pub mod metrics;
pub mod query;
pub mod read;
mod reload;
pub mod review;
pub mod route;
pub mod selection;
pub mod server;
pub mod shape;
pub mod source;
pub mod stop;
pub mod stream;
pub mod tls;
pub mod token;
pub mod watch;
pub mod write;
mod write_bundle;

pub use engine::{Setup, Word, run};
pub use error::ServeError;
