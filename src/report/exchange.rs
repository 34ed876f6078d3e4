//! What is asked of CAs elsewhere, and what they are about to sign or have signed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use super::style::{HEAD, short};
use super::tabs::columns;
use super::{API_VERSION, Table};
use crate::exchange::Requests;
use crate::exchange::sign::Order;
use crate::moment::{date, rfc3339};
use crate::store::entry::Entry;
use crate::x509::Issuer;

/// More characters of a cell than this tell nothing more.
const WIDEST: usize = 48;

/// What is asked: the manifest of the bundle.
#[derive(Debug, Serialize)]
pub struct RequestsReport {
    #[serde(flatten)]
    requests: Requests,
    bundle: String,
}

impl RequestsReport {
    /// The report of a bundle.
    #[must_use]
    pub fn new(requests: Requests, bundle: &Path) -> Self {
        Self { requests, bundle: bundle.display().to_string() }
    }
}

impl Table for RequestsReport {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        let mut text = "REQUEST\tTO BE SIGNED BY\tFOR\tSUBJECT\n".to_owned();
        for slip in &self.requests.requests {
            let subject = short(&slip.subject, WIDEST);
            text += &format!("{}\t{}\t{}\t{subject}\n", slip.name, slip.signer, slip.validity);
        }
        headed(out, &text, width)?;
        let count = self.requests.requests.len();
        writeln!(out, "\n{count} requests in {}; the keys stay here", self.bundle)
    }
}

/// What is signed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrdersReport {
    api_version: &'static str,
    kind: &'static str,
    cluster: String,
    id: String,
    certificates: Vec<OrderReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderReport {
    name: String,
    signer: String,
    subject: String,
    subject_alt_names: Vec<String>,
    usages: Vec<String>,
    not_after: String,
    public_key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial: Option<String>,
    #[serde(skip)]
    end: OffsetDateTime,
}

impl OrdersReport {
    /// The report of what is to be signed; with the ledger's entries and the new bundle, of what was.
    #[must_use]
    pub fn new(
        requests: &Requests,
        orders: &[Order],
        issuers: &BTreeMap<String, Issuer<'_>>,
        signed: Option<(&[Entry], &Path)>,
        now: OffsetDateTime,
    ) -> Self {
        let entry = |index: usize| signed.and_then(|(entries, _)| entries.get(index));
        let order = |(index, (slip, held)): (usize, &Order)| {
            let wanted = now + held.validity.duration();
            let ca = issuers.get(&slip.signer).map_or(wanted, |issuer| issuer.certificate().not_after);
            let planned = wanted.min(ca);
            let end =
                entry(index).and_then(|entry| crate::moment::parse(&entry.not_after)).unwrap_or(planned);
            OrderReport {
                name: slip.name.clone(),
                signer: slip.signer.clone(),
                subject: slip.subject.clone(),
                subject_alt_names: slip.subject_alt_names.clone(),
                usages: slip.usages.clone(),
                not_after: rfc3339(end),
                public_key: slip.public_key.clone(),
                serial: entry(index).map(|entry| entry.serial.clone()),
                end,
            }
        };
        Self {
            api_version: API_VERSION,
            kind: if signed.is_some() { "Signed" } else { "ToBeSigned" },
            cluster: requests.cluster.clone(),
            id: requests.id.clone(),
            certificates: orders.iter().enumerate().map(order).collect(),
            bundle: signed.map(|(_, bundle)| bundle.display().to_string()),
        }
    }
}

impl Table for OrdersReport {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        let mut text = "CERTIFICATE\tSIGNED BY\tUNTIL\tSUBJECT\tNAMES\n".to_owned();
        for order in &self.certificates {
            let names = short(&order.subject_alt_names.join(" "), WIDEST);
            let (name, subject) = (short(&order.name, WIDEST), short(&order.subject, WIDEST));
            let (signer, end) = (short(&order.signer, WIDEST), date(order.end));
            text += &format!("{name}\t{signer}\t{end}\t{subject}\t{names}\n");
        }
        headed(out, &text, width)?;
        let count = self.certificates.len();
        match &self.bundle {
            Some(bundle) => writeln!(out, "\n{count} certificates in {bundle}, and the ledger knows each"),
            None => writeln!(
                out,
                "\n{count} certificates to be signed for the cluster {}",
                short(&self.cluster, WIDEST)
            ),
        }
    }
}

/// Columns, and whatever does not fit the width is cut.
fn headed(out: &mut dyn io::Write, text: &str, width: usize) -> io::Result<()> {
    for (index, line) in columns(text, 0, 2).lines().enumerate() {
        let line = short(line.trim_end(), width.saturating_sub(1));
        match index {
            0 => writeln!(out, "{HEAD}{line}{HEAD:#}")?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}
