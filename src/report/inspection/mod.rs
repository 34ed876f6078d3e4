//! What files say: certificates, keys, requests, kubeconfigs, and who signed whom.

mod table;
mod trust;

use serde::Serialize;
use time::OffsetDateTime;

use super::API_VERSION;
use crate::disk::Kubeconfig;
use crate::disk::content::{Broken, Content, Item};
use crate::disk::kubeconfig::Source;
use crate::moment::{rfc3339, span};
use crate::x509::hex::hex;
use crate::x509::{Certificate, Crl, PublicKey, Request, SubjectAltName};
use trust::{Link, trust};

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
    Certificate(Box<CertificateReport>),
    PrivateKey(KeyReport),
    EncryptedKey { encryption: String },
    TokenKey { uri: String },
    PublicKey(KeyReport),
    CertificateRequest(RequestReport),
    RevocationList(CrlReport),
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
    /// What is otherwise than RFC 5280 and DER have it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    anomalies: Vec<String>,
    #[serde(skip)]
    valid: bool,
    /// Whether a component of a cluster can read it.
    #[serde(skip)]
    readable: bool,
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
struct CrlReport {
    issuer: String,
    this_update: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_update: Option<String>,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    signature_algorithm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authority_key_identifier: Option<String>,
    revoked: Vec<RevokedReport>,
    #[serde(skip)]
    current: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RevokedReport {
    serial_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
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
        ItemReport::Certificate(certificate) => !certificate.readable,
        ItemReport::Kubeconfig(kubeconfig) => {
            let parts =
                [&kubeconfig.certificate_authority, &kubeconfig.client_certificate, &kubeconfig.client_key];
            parts.into_iter().flatten().any(is_broken)
        }
        _ => false,
    }
}

fn item_report(item: &Result<Item, Broken>, now: OffsetDateTime) -> ItemReport {
    match item {
        Ok(Item::Certificate(certificate)) => ItemReport::Certificate(certificate_report(certificate, now)),
        Ok(Item::PrivateKey(key)) => ItemReport::PrivateKey(key_report(key.public_key())),
        Ok(Item::EncryptedKey(key)) => ItemReport::EncryptedKey { encryption: key.to_string() },
        Ok(Item::TokenKey(key)) => ItemReport::TokenKey { uri: key.to_string() },
        Ok(Item::PublicKey(key)) => ItemReport::PublicKey(key_report(key)),
        Ok(Item::Request(request)) => ItemReport::CertificateRequest(request_report(request)),
        Ok(Item::Crl(crl)) => ItemReport::RevocationList(crl_report(crl, now)),
        Ok(Item::Kubeconfig(kubeconfig)) => {
            ItemReport::Kubeconfig(Box::new(kubeconfig_report(kubeconfig, now)))
        }
        Ok(Item::StaticPod(pod)) => {
            ItemReport::Other { label: format!("static pod {}", pod.component.escape_debug()) }
        }
        Ok(Item::KubeletConfig(_)) => ItemReport::Other { label: "kubelet configuration".to_owned() },
        Ok(Item::Other(label)) => ItemReport::Other { label: label.clone() },
        Err(broken) => ItemReport::Unreadable { reason: broken.error.to_string() },
    }
}

fn certificate_report(certificate: &Certificate, now: OffsetDateTime) -> Box<CertificateReport> {
    let (from, to) = (certificate.not_before, certificate.not_after);
    let state = if now < from {
        format!("not valid for another {}", span(from - now))
    } else if now > to {
        format!("expired {} ago", span(now - to))
    } else {
        format!("valid for another {}", span(to - now))
    };
    Box::new(CertificateReport {
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
        anomalies: certificate.anomalies.iter().map(ToString::to_string).collect(),
        readable: certificate.refusal().is_none(),
        valid: (from..=to).contains(&now),
    })
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

fn crl_report(crl: &Crl, now: OffsetDateTime) -> CrlReport {
    let state = match crl.next_update {
        _ if now < crl.this_update => format!("not valid for another {}", span(crl.this_update - now)),
        Some(next) if now > next => format!("the next one was due {} ago", span(now - next)),
        Some(next) => format!("the next one is due in {}", span(next - now)),
        None => "says of no next one".to_owned(),
    };
    let revoked = crl.revoked.iter().map(|entry| RevokedReport {
        serial_number: hex(&entry.serial),
        reason: entry.reason.map(|code| entry.reason_name().map_or_else(|| code.to_string(), str::to_owned)),
    });
    CrlReport {
        issuer: crl.issuer.to_string(),
        this_update: rfc3339(crl.this_update),
        next_update: crl.next_update.map(rfc3339),
        state,
        number: crl.number.as_deref().map(hex),
        signature_algorithm: crl.signature_algorithm.to_string(),
        authority_key_identifier: crl.authority_key_identifier.as_deref().map(hex),
        revoked: revoked.collect(),
        current: now >= crl.this_update && crl.next_update.is_some_and(|next| now <= next),
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
