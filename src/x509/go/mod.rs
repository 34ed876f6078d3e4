//! A certificate request as Go reads it, which is how Kubernetes sees what is asked for: what Go passes over is not seen
//! here either, and what Go refuses is refused in its words (Go 1.26, `encoding/asn1` and `crypto/x509`).
//!
//! [`Request`](super::Request) is the strict reader for people who look at a file; this one is for who decides like
//! Kubernetes. Where it is stricter than Go, it is so on purpose and in words of its own:
//! - a public key must be written as Go would write it, because its bytes go into the certificate as they are;
//! - a URI must be one of RFC 3986, and be written as Go would write it.
//!
//! Some signatures Go checks and the cryptographic library does not; they are refused as `algorithm unimplemented`: those of
//! P-224 keys, of P-384 keys with SHA-1, of RSA keys under 2048 bits with SHA-384 or PSS, of RSA keys over 8192 bits.

mod element;
mod quote;
mod request;
mod uri;

pub use element::Fault;
pub use quote::quoted;
pub use request::GoRequest;
