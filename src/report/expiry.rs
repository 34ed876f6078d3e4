//! What ends when: kubeadm's `certs check-expiration`, column for column and field for field, and what it leaves out.
//!
//! Scripts that read kubeadm's output read this one (kubeadm, `output.kubeadm.k8s.io/v1alpha3`).

use std::io;

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::Table;
use crate::audit::case::Signing;
use crate::audit::{Case, Scene};
use crate::catalog::{CATALOG, Keeper};
use crate::error::Error;
use crate::moment::{listed, residual, rfc3339};
use crate::x509::Certificate;

/// What ends when.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Expiry {
    kind: &'static str,
    api_version: &'static str,
    certificates: Vec<Row>,
    certificate_authorities: Vec<Row>,
}

/// One certificate.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    name: String,
    expiration_date: Option<String>,
    /// In seconds: negative once it has expired, nothing where the certificate is missing.
    residual_time: i64,
    externally_managed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_name: Option<String>,
    missing: bool,
    #[serde(skip)]
    not_after: Option<OffsetDateTime>,
}

impl Expiry {
    /// The certificates of a scene, by name as kubeadm sorts them.
    #[must_use]
    pub fn new(scene: &Scene<'_>) -> Self {
        let several = scene.views.iter().any(|view| view.targets.fleet) || scene.views.len() > 1;
        let mut certificates = Vec::new();
        let mut certificate_authorities = Vec::new();
        for case in scene.cases() {
            if case.is_authority() {
                certificate_authorities.extend(authority(&case, several));
            } else {
                certificates.extend(leaf(&case, several));
            }
        }
        certificates.extend(omitted(scene, several));
        for rows in [&mut certificates, &mut certificate_authorities] {
            rows.sort_by(|a: &Row, b: &Row| a.name.cmp(&b.name));
        }
        Self {
            kind: "CertificateExpirationInfo",
            api_version: "output.kubeadm.k8s.io/v1alpha3",
            certificates,
            certificate_authorities,
        }
    }

    /// Whether a certificate ends sooner than that.
    #[must_use]
    pub fn ends_within(&self, within: Duration) -> bool {
        let rows = self.certificates.iter().chain(&self.certificate_authorities);
        rows.filter(|row| !row.missing).any(|row| row.residual_time < within.whole_seconds())
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.iter().chain(&self.certificate_authorities).all(|row| row.missing)
    }

    /// Writes it as kubeadm writes JSON: indented by four.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn json(&self, out: &mut dyn io::Write) -> Result<(), Error> {
        let mut text = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
        self.serialize(&mut serializer)
            .map_err(|error| Error::Format { format: "JSON", problem: error.to_string() })?;
        out.write_all(&text)?;
        Ok(writeln!(out)?)
    }
}

impl Expiry {
    /// Writes it as kubeadm writes YAML: keys in the order of the alphabet.
    ///
    /// # Errors
    /// When the writer fails.
    pub fn yaml(&self, out: &mut dyn io::Write) -> Result<(), Error> {
        // A JSON object sorts its keys.
        let sorted = serde_json::to_value(self)
            .map_err(|error| Error::Format { format: "YAML", problem: error.to_string() })?;
        super::yaml(&sorted, out)
    }
}

fn name(case: &Case<'_>, several: bool) -> String {
    let credential = &case.target.credential;
    if several { format!("{}/{credential}", case.target.site) } else { credential.clone() }
}

/// A row of a certificate that a CA has signed; none for what is not kept in this place.
fn leaf(case: &Case<'_>, several: bool) -> Option<Row> {
    let issuer = case.issuer()?;
    if case.is_rotated() || (case.is_absent() && case.target.keeper != Keeper::Kubepki) {
        return None;
    }
    let external = matches!(issuer.signing(), Signing::Elsewhere);
    let ca = issuer.target.credential.clone();
    Some(row(name(case, several), case.certificate(), case.view.now(), external, Some(ca)))
}

fn authority(case: &Case<'_>, several: bool) -> Option<Row> {
    if case.is_absent() && case.target.keeper != Keeper::Kubepki {
        return None;
    }
    let external = matches!(case.signing(), Signing::Elsewhere);
    Some(row(name(case, several), case.certificate(), case.view.now(), external, None))
}

fn row(
    name: String,
    certificate: Option<&Certificate>,
    now: OffsetDateTime,
    external: bool,
    ca: Option<String>,
) -> Row {
    let Some(certificate) = certificate else {
        return Row {
            name,
            expiration_date: None,
            residual_time: 0,
            externally_managed: false,
            ca_name: None,
            missing: true,
            not_after: None,
        };
    };
    Row {
        name,
        expiration_date: Some(rfc3339(certificate.not_after)),
        residual_time: (certificate.not_after - now).whole_seconds(),
        externally_managed: external,
        ca_name: ca,
        missing: false,
        not_after: Some(certificate.not_after),
    }
}

/// What a control plane may do without: kubeadm tells that it is missing.
fn omitted<'a>(scene: &'a Scene<'a>, several: bool) -> impl Iterator<Item = Row> + use<'a> {
    scene.nodes().filter(|node| node.credential("apiserver").is_some()).flat_map(move |node| {
        let now = node.view.now();
        let lacks =
            |name: &str| node.credential(name).is_none() && node.view.spec.omit.iter().any(|o| o == name);
        let names = CATALOG.iter().map(|row| row.name.as_str()).filter(|name| lacks(name));
        let names: Vec<String> = names
            .map(|name| if several { format!("{}/{name}", node.site()) } else { name.to_owned() })
            .collect();
        names.into_iter().map(move |name| row(name, None, now, false, None))
    })
}

impl Table for Expiry {
    fn table(&self, out: &mut dyn io::Write, _: usize) -> io::Result<()> {
        let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        let cells = |row: &Row, ca: bool| -> (Vec<String>, Option<String>) {
            let mut cells = match row.not_after {
                None => vec![format!("!MISSING! {}", row.name), String::new(), String::new()],
                Some(end) => vec![row.name.clone(), listed(end), residual(row.residual_time)],
            };
            if ca {
                cells.push(row.ca_name.clone().unwrap_or_default());
            }
            (cells, (!row.missing).then(|| yes(row.externally_managed)))
        };
        let head = ["CERTIFICATE", "EXPIRES", "RESIDUAL TIME", "CERTIFICATE AUTHORITY"];
        let rows = self.certificates.iter().map(|row| cells(row, true)).collect();
        block(out, &head, rows)?;
        writeln!(out)?;
        let head = ["CERTIFICATE AUTHORITY", "EXPIRES", "RESIDUAL TIME"];
        let rows = self.certificate_authorities.iter().map(|row| cells(row, false)).collect();
        block(out, &head, rows)
    }
}

/// Columns as Go's tabwriter sets them with a least width of ten and a padding of three, which is how kubeadm calls it; the
/// last column is outside of the grid.
fn block(out: &mut dyn io::Write, head: &[&str], rows: Vec<(Vec<String>, Option<String>)>) -> io::Result<()> {
    let head = (head.iter().map(ToString::to_string).collect(), Some("EXTERNALLY MANAGED".to_owned()));
    let all: Vec<(Vec<String>, Option<String>)> = std::iter::once(head).chain(rows).collect();
    let columns = all.iter().map(|(cells, _)| cells.len()).max().unwrap_or_default();
    let length = |column: usize| {
        let cells = all.iter().filter_map(|(cells, _)| cells.get(column));
        cells.map(|cell| cell.chars().count() + 3).max().unwrap_or_default().max(10)
    };
    let lengths: Vec<usize> = (0..columns).map(length).collect();
    for (cells, last) in &all {
        for (cell, length) in cells.iter().zip(&lengths) {
            write!(out, "{cell:<length$}")?;
        }
        match last {
            Some(last) => writeln!(out, "{last:<8}")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
