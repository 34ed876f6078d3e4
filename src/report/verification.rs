//! Whether certificates are valid, over which path, and if not, why.

use std::io;

use serde::Serialize;
use time::OffsetDateTime;

use super::style::{BAD, FAINT, GOOD, HEAD, beside};
use super::{API_VERSION, Table};
use crate::moment::{date, rfc3339, span};
use crate::x509::Certificate;
use crate::x509::path::{Conditions, Place, Purpose, Step, Verdict};

/// What became of each certificate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    api_version: &'static str,
    kind: &'static str,
    judged_at: String,
    strict: bool,
    names: Vec<String>,
    /// Whether all are valid.
    pub valid: bool,
    certificates: Vec<CertificateReport>,
}

/// A certificate that was given, and the file that it is in.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The file.
    pub file: &'a str,
    /// The certificate.
    pub certificate: &'a Certificate,
}

/// A file whose certificate was verified.
#[derive(Debug)]
pub struct Verified<'a> {
    /// The file.
    pub file: &'a str,
    /// What the certificate is to be used for.
    pub purpose: Purpose,
    /// What came of it, or why the certificate cannot be read.
    pub outcome: Result<Outcome<'a>, &'a str>,
}

/// What came of a certificate.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// The validator's verdict.
    pub verdict: Verdict<'a>,
    /// The trust anchors, in the order in which the validator had them.
    pub anchors: Vec<Given<'a>>,
    /// The other certificates, likewise.
    pub intermediates: Vec<Given<'a>>,
    /// Whether rustls agrees, or what it says.
    pub rustls: Result<(), String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateReport {
    file: String,
    purpose: &'static str,
    valid: bool,
    /// The certificate, who signed it, and so on.
    path: Vec<StepReport>,
    reasons: Vec<ReasonReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rustls: Option<RustlsReport>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StepReport {
    subject: String,
    file: String,
    /// Whether it is trusted.
    trusted: bool,
    not_before: String,
    not_after: String,
    sha256: String,
    #[serde(skip)]
    validity: String,
    #[serde(skip)]
    is_valid: bool,
}

#[derive(Serialize)]
struct ReasonReport {
    code: &'static str,
    /// Which certificate of the path: 0 is the first.
    depth: usize,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<&'static str>,
}

/// Whether a peer on rustls would accept it.
#[derive(Serialize)]
struct RustlsReport {
    accepts: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Verification {
    /// Reports what became of certificates under these conditions.
    #[must_use]
    pub fn new(conditions: &Conditions, verified: &[Verified<'_>]) -> Self {
        let certificates: Vec<CertificateReport> =
            verified.iter().map(|verified| certificate_report(verified, conditions.at)).collect();
        Self {
            api_version: API_VERSION,
            kind: "Verification",
            judged_at: rfc3339(conditions.at),
            strict: conditions.strict,
            names: conditions.names.iter().map(ToString::to_string).collect(),
            valid: certificates.iter().all(|certificate| certificate.valid),
            certificates,
        }
    }
}

fn certificate_report(verified: &Verified<'_>, at: OffsetDateTime) -> CertificateReport {
    let purpose = match verified.purpose {
        Purpose::Server => "server",
        Purpose::Client => "client",
        Purpose::Any => "any",
    };
    let mut report = CertificateReport {
        file: verified.file.to_owned(),
        purpose,
        valid: false,
        path: Vec::new(),
        reasons: Vec::new(),
        rustls: None,
    };
    match &verified.outcome {
        Ok(outcome) => {
            let Outcome { verdict, anchors, intermediates, rustls } = outcome;
            let file = |place| match place {
                Place::End => Some(verified.file),
                Place::Intermediate(position) => intermediates.get(position).map(|given| given.file),
                Place::Anchor(position) => anchors.get(position).map(|given| given.file),
            };
            let step = |step: &Step<'_>| step_report(step, file(step.place).unwrap_or_default(), at);
            report.path = verdict.path.iter().map(step).collect();
            let reasons = verdict.reasons.iter().map(|reason| ReasonReport {
                code: reason.fault.code(),
                depth: reason.depth,
                message: reason.fault.to_string(),
                section: Some(reason.fault.section()),
            });
            report.reasons = reasons.collect();
            report.valid = verdict.is_valid();
            report.rustls =
                Some(RustlsReport { accepts: rustls.is_ok(), reason: rustls.as_ref().err().cloned() });
        }
        Err(reason) => {
            let message = (*reason).to_owned();
            report.reasons = vec![ReasonReport { code: "unreadable", depth: 0, message, section: None }];
        }
    }
    report
}

fn step_report(step: &Step<'_>, file: &str, at: OffsetDateTime) -> StepReport {
    let certificate = step.certificate;
    let (from, to) = (certificate.not_before, certificate.not_after);
    let validity = if at < from {
        format!("from {} (in {})", date(from), span(from - at))
    } else if at > to {
        format!("until {} ({} ago)", date(to), span(at - to))
    } else {
        format!("until {} ({})", date(to), span(to - at))
    };
    StepReport {
        subject: certificate.subject.to_string(),
        file: file.to_owned(),
        trusted: step.trusted,
        not_before: rfc3339(from),
        not_after: rfc3339(to),
        sha256: certificate.fingerprint(),
        validity,
        is_valid: (from..=to).contains(&at),
    }
}

impl Table for Verification {
    fn table(&self, out: &mut dyn io::Write, width: usize) -> io::Result<()> {
        for (index, certificate) in self.certificates.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            certificate.draw(out, &self.names, width)?;
        }
        Ok(())
    }
}

impl CertificateReport {
    fn draw(&self, out: &mut dyn io::Write, names: &[String], width: usize) -> io::Result<()> {
        let (style, verdict) = if self.valid { (GOOD, "valid") } else { (BAD, "not valid") };
        write!(out, "{HEAD}{}{HEAD:#}: {style}{verdict}{style:#}", self.file)?;
        if self.purpose != "any" {
            write!(out, " as {}", self.purpose)?;
        }
        if !names.is_empty() {
            write!(out, " for {}", names.join(", "))?;
        }
        writeln!(out)?;
        for (depth, step) in self.path.iter().enumerate() {
            let joint = if depth == 0 { "" } else { "└─ " };
            let indent = 2 + 3 * depth.saturating_sub(1);
            let style = if step.is_valid { FAINT } else { BAD };
            let file = if depth == 0 { String::new() } else { format!(" {FAINT}({}){FAINT:#}", step.file) };
            let trusted = if step.trusted { ", trusted" } else { "" };
            let (subject, validity) = (&step.subject, &step.validity);
            writeln!(out, "{:indent$}{joint}{subject}{file}, {style}{validity}{style:#}{trusted}", "")?;
        }
        for reason in &self.reasons {
            let subject = self.path.get(reason.depth).map(|step| format!("{} ", step.subject));
            let section = reason.section.map(|section| format!(" ({section})"));
            let (subject, section) = (subject.unwrap_or_default(), section.unwrap_or_default());
            write!(out, "  {BAD}-{BAD:#} ")?;
            beside(out, &format!("{subject}{}{section}", reason.message), 4, width, anstyle::Style::new())?;
        }
        match &self.rustls {
            Some(rustls) if rustls.accepts != self.valid => {
                let opinion = match &rustls.reason {
                    Some(reason) => format!("rustls would refuse it: {reason}"),
                    None => "rustls would accept it".to_owned(),
                };
                writeln!(out, "  {FAINT}{opinion}{FAINT:#}")
            }
            _ => Ok(()),
        }
    }
}
