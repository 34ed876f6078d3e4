//! Certificates that are signed elsewhere: what is asked, what is answered, and whether the one fits the other.
//!
//! The side that has the nodes asks ([`ask`]) and keeps the keys; the side that has the CAs' keys holds each request to its
//! slip and to the spec ([`hold`]) and signs; and what comes back is held to what was asked ([`answer`]). Between them
//! goes a [`bundle`]: a tar file with one PEM file for each request or certificate, and a manifest.

pub mod answer;
pub mod ask;
pub mod bundle;
pub mod hold;
pub mod person;
pub mod sign;
#[cfg(feature = "age")]
pub mod unpack;

use serde::{Deserialize, Serialize};

/// The manifest's name in a bundle.
pub const MANIFEST: &str = "manifest.json";

/// The `apiVersion` of both manifests.
pub const API_VERSION: &str = "kubepki/v1";

/// What a bundle of requests asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requests {
    /// `kubepki/v1`.
    pub api_version: String,
    /// `CertificateRequests`.
    pub kind: String,
    /// Tells this bundle from every other: who signs the same bundle twice hands out the same certificates.
    pub id: String,
    /// The cluster.
    pub cluster: String,
    /// When it was made.
    pub time: String,
    /// One for each request.
    pub requests: Vec<Slip>,
}

impl Requests {
    /// The manifest's `kind`.
    pub const KIND: &'static str = "CertificateRequests";
}

/// What one request asks for: a PKCS#10 request does not say who is to sign it, nor for what and how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Slip {
    /// The name in the plan: `cp1/apiserver`.
    pub name: String,
    /// The node that it is for; nothing where it is a CA's that the nodes share, and for a person.
    pub node: String,
    /// The credential; `user` for a person.
    pub credential: String,
    /// The request's file in the bundle.
    pub file: String,
    /// The SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// The credential that is the CA.
    pub signer: String,
    /// Whom the certificate is about.
    pub subject: String,
    /// The names that it speaks for.
    pub subject_alt_names: Vec<String>,
    /// What its key may be used for: the names of certificates.k8s.io.
    pub usages: Vec<String>,
    /// How long it is valid, in Go's notation.
    pub validity: String,
    /// The SHA-256 of its key's `SubjectPublicKeyInfo`, in hexadecimal.
    pub public_key: String,
}

/// What a bundle of certificates holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answers {
    /// `kubepki/v1`.
    pub api_version: String,
    /// `SignedCertificates`.
    pub kind: String,
    /// The bundle of requests that they answer.
    pub id: String,
    /// The cluster.
    pub cluster: String,
    /// When they were signed.
    pub time: String,
    /// The certificates, and those of the CAs that signed them.
    pub certificates: Vec<Paper>,
}

impl Answers {
    /// The manifest's `kind`.
    pub const KIND: &'static str = "SignedCertificates";
}

/// One certificate of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Paper {
    /// What it is for: the request's name, or the credential that is the CA.
    pub name: String,
    /// The node that it is for; none for a CA or a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// The certificate's file in the bundle.
    pub file: String,
    /// The SHA-256 of that file, in hexadecimal.
    pub sha256: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
}

/// Why something is not signed, or not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The request or certificate, as the user knows it.
    pub name: String,
    /// Each reason.
    pub reasons: Vec<String>,
}
