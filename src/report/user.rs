//! A person's kubeconfig: who it is for, and until when.

use std::io;

use serde::Serialize;
use time::OffsetDateTime;

use super::style::plain;
use super::{API_VERSION, Table};
use crate::moment::{rfc3339, span};
use crate::store::entry::unsigned;
use crate::x509::hex::hex;
use crate::x509::{Certificate, Name};

/// A kubeconfig that was made, or that waits for its certificate.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserReport {
    api_version: &'static str,
    kind: &'static str,
    user: String,
    groups: Vec<String>,
    kubeconfig: String,
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    #[serde(skip)]
    left: String,
}

impl UserReport {
    fn new(kind: &'static str, subject: &Name, kubeconfig: &str, server: &str) -> Self {
        Self {
            api_version: API_VERSION,
            kind,
            user: subject.common_name().unwrap_or_default().to_owned(),
            groups: subject.organizations().into_iter().map(str::to_owned).collect(),
            kubeconfig: kubeconfig.to_owned(),
            server: server.to_owned(),
            serial: None,
            not_after: None,
            bundle: None,
            left: String::new(),
        }
    }

    /// A kubeconfig that is complete.
    #[must_use]
    pub fn made(certificate: &Certificate, kubeconfig: &str, server: &str, now: OffsetDateTime) -> Self {
        Self {
            serial: Some(hex(unsigned(&certificate.serial))),
            not_after: Some(rfc3339(certificate.not_after)),
            left: span(certificate.not_after - now),
            ..Self::new("User", &certificate.subject, kubeconfig, server)
        }
    }

    /// A kubeconfig that waits, and the bundle with the request.
    #[must_use]
    pub fn waits(subject: &Name, kubeconfig: &str, server: &str, bundle: &str) -> Self {
        Self { bundle: Some(bundle.to_owned()), ..Self::new("UserRequest", subject, kubeconfig, server) }
    }
}

impl Table for UserReport {
    fn table(&self, out: &mut dyn io::Write, _: usize) -> io::Result<()> {
        let who = match &self.groups[..] {
            [] => self.user.clone(),
            groups => format!("{} in {}", self.user, groups.join(", ")),
        };
        let (file, who, server) = (plain(&self.kubeconfig), plain(&who), plain(&self.server));
        match (&self.not_after, &self.bundle) {
            (Some(end), _) => writeln!(out, "+ {file}: {who}, at {server}, until {end} ({})", self.left),
            (None, bundle) => {
                writeln!(out, "+ {file}: {who}, at {server}; the key stays in it and waits")?;
                writeln!(out, "+ {}: the request", plain(bundle.as_deref().unwrap_or_default()))
            }
        }
    }
}
