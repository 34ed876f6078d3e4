//! What files say: certificates, keys, requests, kubeconfigs, and who signed whom.

use std::collections::HashMap;
use std::io;

use serde::Serialize;
use time::OffsetDateTime;

use super::style::{BAD, FAINT, GOOD, HEAD};
use super::{API_VERSION, Table};
use crate::disk::Kubeconfig;
use crate::disk::content::{Content, ContentError, Item};
use crate::disk::kubeconfig::Source;
use crate::moment::{rfc3339, span};
use crate::x509::certificate::hex;
use crate::x509::{Certificate, PrivateKey, PublicKey, Request, SubjectAltName, chain};

/// What was found in files.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    api_version: &'static str,
    kind: &'static str,
    judged_at: String,
    files: Vec<FileReport>,
    /// Who signed whom: only where several certificates are given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    trust: Vec<Link>,
    /// Whether something could not be read.
    #[serde(skip)]
    pub broken: bool,
}

#[derive(Serialize)]
struct FileReport {
    path: String,
    items: Vec<ItemReport>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum ItemReport {
    Certificate(CertificateReport),
    PrivateKey(KeyReport),
    PublicKey(KeyReport),
    CertificateRequest(RequestReport),
    Kubeconfig(Box<KubeconfigReport>),
    Other { label: String },
    Unreadable { reason: String },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CertificateReport {
    subject: String,
    issuer: String,
    serial_number: String,
    not_before: String,
    not_after: String,
    state: String,
    key: String,
    signature_algorithm: String,
    certificate_authority: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_length: Option<u8>,
    usages: Vec<String>,
    subject_alt_names: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_key_identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority_key_identifier: Option<String>,
    sha256: String,
    #[serde(skip)]
    valid: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyReport {
    key: String,
    public_key_sha256: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestReport {
    subject: String,
    key: String,
    signature_algorithm: String,
    signature_verifies: bool,
    usages: Vec<String>,
    subject_alt_names: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KubeconfigReport {
    context: String,
    contexts: Vec<String>,
    cluster: String,
    server: String,
    user: String,
    certificate_authority: Vec<ItemReport>,
    client_certificate: Vec<ItemReport>,
    client_key: Vec<ItemReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    other_credentials: Vec<&'static str>,
    insecure_skip_tls_verify: bool,
}

/// A certificate, the one that signed it, and the files that hold it and its key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    subject: String,
    sha256: String,
    files: Vec<String>,
    keys: Vec<String>,
    issuer: String,
    /// The position of the issuer in this list, if it is among the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_by: Option<usize>,
}

impl Inspection {
    /// Reports files: each with its content, or why there is none. Certificates are judged at `now`.
    #[must_use]
    pub fn new(files: &[(String, Result<Content, String>)], now: OffsetDateTime) -> Self {
        let mut broken = false;
        let reports = files.iter().map(|(path, content)| {
            let items: Vec<ItemReport> = match content {
                Ok(content) => content.items.iter().map(|item| item_report(item, now)).collect(),
                Err(reason) => vec![ItemReport::Unreadable { reason: reason.clone() }],
            };
            broken |= items.iter().any(is_broken);
            FileReport { path: path.clone(), items }
        });
        let files_reported = reports.collect();
        Self {
            api_version: API_VERSION,
            kind: "Inspection",
            judged_at: rfc3339(now),
            files: files_reported,
            trust: trust(files),
            broken,
        }
    }
}

fn is_broken(item: &ItemReport) -> bool {
    match item {
        ItemReport::Unreadable { .. } => true,
        ItemReport::Kubeconfig(kubeconfig) => {
            let parts =
                [&kubeconfig.certificate_authority, &kubeconfig.client_certificate, &kubeconfig.client_key];
            parts.into_iter().flatten().any(is_broken)
        }
        _ => false,
    }
}

fn item_report(item: &Result<Item, ContentError>, now: OffsetDateTime) -> ItemReport {
    match item {
        Ok(Item::Certificate(certificate)) => ItemReport::Certificate(certificate_report(certificate, now)),
        Ok(Item::PrivateKey(key)) => ItemReport::PrivateKey(key_report(key.public_key())),
        Ok(Item::PublicKey(key)) => ItemReport::PublicKey(key_report(key)),
        Ok(Item::Request(request)) => ItemReport::CertificateRequest(request_report(request)),
        Ok(Item::Kubeconfig(kubeconfig)) => {
            ItemReport::Kubeconfig(Box::new(kubeconfig_report(kubeconfig, now)))
        }
        Ok(Item::Other(label)) => ItemReport::Other { label: label.clone() },
        Err(error) => ItemReport::Unreadable { reason: error.to_string() },
    }
}

fn certificate_report(certificate: &Certificate, now: OffsetDateTime) -> CertificateReport {
    let (from, to) = (certificate.not_before, certificate.not_after);
    let state = if now < from {
        format!("not valid for another {}", span(from - now))
    } else if now > to {
        format!("expired {} ago", span(now - to))
    } else {
        format!("valid for another {}", span(to - now))
    };
    CertificateReport {
        subject: certificate.subject.to_string(),
        issuer: certificate.issuer.to_string(),
        serial_number: hex(&certificate.serial),
        not_before: rfc3339(from),
        not_after: rfc3339(to),
        state,
        key: certificate.public_key.to_string(),
        signature_algorithm: certificate.signature_algorithm.to_string(),
        certificate_authority: certificate.is_ca(),
        path_length: certificate.basic_constraints.and_then(|constraints| constraints.path_len),
        usages: certificate.usages.names(),
        subject_alt_names: names(&certificate.subject_alt_names),
        subject_key_identifier: certificate.subject_key_identifier.as_deref().map(hex),
        authority_key_identifier: certificate.authority_key_identifier.as_deref().map(hex),
        sha256: certificate.fingerprint(),
        valid: (from..=to).contains(&now),
    }
}

fn key_report(key: &PublicKey) -> KeyReport {
    KeyReport { key: key.to_string(), public_key_sha256: key.fingerprint() }
}

fn request_report(request: &Request) -> RequestReport {
    RequestReport {
        subject: request.subject.to_string(),
        key: request.public_key.to_string(),
        signature_algorithm: request.signature_algorithm.to_string(),
        signature_verifies: request.verify_signature().is_ok(),
        usages: request.usages.names(),
        subject_alt_names: names(&request.subject_alt_names),
    }
}

fn kubeconfig_report(kubeconfig: &Kubeconfig, now: OffsetDateTime) -> KubeconfigReport {
    let certificates = |source: &Source<Vec<Certificate>>| {
        parts(source, |all| {
            all.iter().map(|one| ItemReport::Certificate(certificate_report(one, now))).collect()
        })
    };
    KubeconfigReport {
        context: kubeconfig.context.clone(),
        contexts: kubeconfig.contexts.clone(),
        cluster: kubeconfig.cluster.clone(),
        server: kubeconfig.server.clone(),
        user: kubeconfig.user.clone(),
        certificate_authority: certificates(&kubeconfig.authority),
        client_certificate: certificates(&kubeconfig.certificate),
        client_key: parts(&kubeconfig.key, |key| vec![ItemReport::PrivateKey(key_report(key.public_key()))]),
        other_credentials: kubeconfig.other_credentials.clone(),
        insecure_skip_tls_verify: kubeconfig.insecure,
    }
}

fn parts<T>(source: &Source<T>, report: impl Fn(&T) -> Vec<ItemReport>) -> Vec<ItemReport> {
    match source {
        Source::Absent => Vec::new(),
        Source::Embedded(Ok(value)) => report(value),
        Source::Embedded(Err(error)) => vec![ItemReport::Unreadable { reason: error.to_string() }],
        Source::File(file) => vec![ItemReport::Other { label: format!("file {}", file.escape_debug()) }],
    }
}

fn names(names: &[SubjectAltName]) -> Vec<String> {
    let kind = |name: &SubjectAltName| match name {
        SubjectAltName::Dns(_) => "DNS:",
        SubjectAltName::Ip(_) => "IP:",
        SubjectAltName::Email(_) => "email:",
        SubjectAltName::Uri(_) => "URI:",
        SubjectAltName::Other(_) => "",
    };
    names.iter().map(|name| format!("{}{name}", kind(name))).collect()
}

/// Every certificate once, with who signed it. Nothing when there is only one: then there is no path to draw.
fn trust(files: &[(String, Result<Content, String>)]) -> Vec<Link> {
    let mut certificates: Vec<(&Certificate, Vec<String>)> = Vec::new();
    let mut positions: HashMap<&[u8], usize> = HashMap::new();
    let mut keys: Vec<(&PrivateKey, &str)> = Vec::new();
    let readable = files.iter().filter_map(|(path, content)| Some((path, content.as_ref().ok()?)));
    for (path, item) in
        readable.flat_map(|(path, content)| content.items.iter().map(move |item| (path, item)))
    {
        let (found, key): (Vec<&Certificate>, Option<&PrivateKey>) = match item {
            Ok(Item::Certificate(certificate)) => (vec![certificate], None),
            Ok(Item::PrivateKey(key)) => (Vec::new(), Some(key)),
            Ok(Item::Kubeconfig(kubeconfig)) => {
                let sources = [&kubeconfig.authority, &kubeconfig.certificate];
                let found = sources.into_iter().filter_map(|source| source.embedded()).flatten().collect();
                (found, kubeconfig.key.embedded())
            }
            _ => continue,
        };
        for certificate in found {
            let position = *positions.entry(certificate.as_der()).or_insert_with(|| {
                certificates.push((certificate, Vec::new()));
                certificates.len() - 1
            });
            if !certificates[position].1.contains(path) {
                certificates[position].1.push(path.clone());
            }
        }
        keys.extend(key.map(|key| (key, path.as_str())));
    }
    if certificates.len() < 2 {
        return Vec::new();
    }
    let all: Vec<&Certificate> = certificates.iter().map(|(certificate, _)| *certificate).collect();
    let issuers = chain::issuers(&all);
    let link = |((certificate, files), issued_by): ((&Certificate, Vec<String>), Option<usize>)| {
        let own = keys.iter().filter(|(key, _)| *key.public_key() == certificate.public_key);
        Link {
            subject: certificate.subject.to_string(),
            sha256: certificate.fingerprint(),
            keys: own.map(|(_, path)| (*path).to_owned()).collect(),
            files,
            issuer: certificate.issuer.to_string(),
            issued_by,
        }
    };
    certificates.into_iter().zip(issuers).map(link).collect()
}

impl Table for Inspection {
    fn table(&self, out: &mut dyn io::Write, _: usize) -> io::Result<()> {
        for (index, file) in self.files.iter().enumerate() {
            if index > 0 {
                writeln!(out)?;
            }
            writeln!(out, "{HEAD}{}{HEAD:#}", file.path)?;
            for item in &file.items {
                draw_item(out, item, 2)?;
            }
        }
        if !self.trust.is_empty() {
            writeln!(out, "\n{HEAD}Trust{HEAD:#}")?;
            draw_trust(out, &self.trust)?;
        }
        Ok(())
    }
}

fn line(out: &mut dyn io::Write, indent: usize, label: &str, value: &str) -> io::Result<()> {
    if value.is_empty() { Ok(()) } else { writeln!(out, "{:indent$}{FAINT}{label:<12}{FAINT:#} {value}", "") }
}

fn draw_item(out: &mut dyn io::Write, item: &ItemReport, indent: usize) -> io::Result<()> {
    let title = |out: &mut dyn io::Write, text: &str| writeln!(out, "{:indent$}{text}", "");
    let inner = indent + 2;
    match item {
        ItemReport::Certificate(certificate) => {
            title(out, if certificate.certificate_authority { "CA certificate" } else { "certificate" })?;
            draw_certificate(out, certificate, inner)
        }
        ItemReport::PrivateKey(key) => {
            title(out, "private key")?;
            line(out, inner, "key", &key.key)?;
            line(out, inner, "public key", &format!("sha256 {}", key.public_key_sha256))
        }
        ItemReport::PublicKey(key) => {
            title(out, "public key")?;
            line(out, inner, "key", &key.key)?;
            line(out, inner, "public key", &format!("sha256 {}", key.public_key_sha256))
        }
        ItemReport::CertificateRequest(request) => {
            title(out, "certificate request")?;
            line(out, inner, "subject", &request.subject)?;
            line(out, inner, "key", &request.key)?;
            let verifies = if request.signature_verifies { "verifies" } else { "does not verify" };
            line(out, inner, "signature", &format!("{}, {verifies}", request.signature_algorithm))?;
            line(out, inner, "usages", &request.usages.join(", "))?;
            line(out, inner, "names", &request.subject_alt_names.join(", "))
        }
        ItemReport::Kubeconfig(kubeconfig) => {
            title(out, "kubeconfig")?;
            line(out, inner, "context", &kubeconfig.context)?;
            if kubeconfig.contexts.len() > 1 {
                line(out, inner, "contexts", &kubeconfig.contexts.join(", "))?;
            }
            line(out, inner, "cluster", &kubeconfig.cluster)?;
            line(out, inner, "server", &kubeconfig.server)?;
            line(out, inner, "user", &kubeconfig.user)?;
            line(out, inner, "identified", &kubeconfig.other_credentials.join(", "))?;
            if kubeconfig.insecure_skip_tls_verify {
                line(out, inner, "insecure", "the server is not checked")?;
            }
            for (label, items) in [
                ("trusts", &kubeconfig.certificate_authority),
                ("shows", &kubeconfig.client_certificate),
                ("with", &kubeconfig.client_key),
            ] {
                for item in items {
                    writeln!(out, "{:inner$}{FAINT}{label}{FAINT:#}", "")?;
                    draw_item(out, item, inner + 2)?;
                }
            }
            Ok(())
        }
        ItemReport::Other { label } => title(out, label),
        ItemReport::Unreadable { reason } => writeln!(out, "{:indent$}{BAD}{reason}{BAD:#}", ""),
    }
}

fn draw_certificate(
    out: &mut dyn io::Write,
    certificate: &CertificateReport,
    indent: usize,
) -> io::Result<()> {
    line(out, indent, "subject", &certificate.subject)?;
    line(out, indent, "issuer", &certificate.issuer)?;
    line(out, indent, "serial", &certificate.serial_number)?;
    let style = if certificate.valid { GOOD } else { BAD };
    let validity = format!(
        "{} to {} ({style}{}{style:#})",
        certificate.not_before, certificate.not_after, certificate.state
    );
    line(out, indent, "validity", &validity)?;
    line(out, indent, "key", &certificate.key)?;
    line(out, indent, "signature", &certificate.signature_algorithm)?;
    if let Some(length) = certificate.path_length {
        line(out, indent, "path length", &length.to_string())?;
    }
    line(out, indent, "usages", &certificate.usages.join(", "))?;
    line(out, indent, "names", &certificate.subject_alt_names.join(", "))?;
    line(out, indent, "subject key", certificate.subject_key_identifier.as_deref().unwrap_or_default())?;
    line(out, indent, "issuer key", certificate.authority_key_identifier.as_deref().unwrap_or_default())?;
    line(out, indent, "sha256", &certificate.sha256)
}

/// The roots, and below each what it has signed. Every certificate has one issuer at most, and a circle of signatures
/// is drawn from none of its members, so each is drawn once at most.
fn draw_trust(out: &mut dyn io::Write, links: &[Link]) -> io::Result<()> {
    let below = |index: usize| -> Vec<usize> {
        let signed = links.iter().enumerate();
        let signed = signed.filter(|(other, link)| *other != index && link.issued_by == Some(index));
        signed.map(|(other, _)| other).collect()
    };
    // What is to be drawn: a link, what stands before its branches, and its joint. Last in, first drawn.
    let mut open: Vec<(usize, String, &str)> = Vec::new();
    for (root, link) in links.iter().enumerate() {
        match link.issued_by {
            Some(issuer) if issuer != root => continue,
            Some(_) => open.push((root, String::new(), "")),
            None => {
                writeln!(out, "  {BAD}{} (not among the files){BAD:#}", link.issuer)?;
                open.push((root, String::new(), "└─ "));
            }
        }
        while let Some((index, before, joint)) = open.pop() {
            let link = &links[index];
            let mut sources = link.files.join(", ");
            if !link.keys.is_empty() {
                sources += &format!("; key in {}", link.keys.join(", "));
            }
            writeln!(out, "  {before}{joint}{} {FAINT}({sources}){FAINT:#}", link.subject)?;
            let before = before
                + match joint {
                    "├─ " => "│  ",
                    "└─ " => "   ",
                    _ => "",
                };
            for (count, child) in below(index).into_iter().rev().enumerate() {
                open.push((child, before.clone(), if count == 0 { "└─ " } else { "├─ " }));
            }
        }
    }
    Ok(())
}
