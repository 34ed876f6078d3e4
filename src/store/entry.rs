//! One line of the ledger: a certificate, and everything that must be known about why it was signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::moment::{parse, rfc3339};
use crate::x509::hex::hex;
use crate::x509::{Certificate, sha256};

/// A certificate that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When it was signed.
    pub time: String,
    /// Its serial number, in hexadecimal, as OpenSSL prints it but for the case.
    pub serial: String,
    /// Who signed: the name of a signer.
    pub signer: String,
    /// With which CA: its subject.
    pub authority: String,
    /// What was asked, where a request was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Asked>,
    /// Who asked, as far as that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester: Option<Requester>,
    /// Who decided, and why.
    pub decision: Reason,
    /// Whom it is about.
    pub subject: String,
    /// The names that it speaks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_alt_names: Vec<String>,
    /// What its key may be used for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usages: Vec<String>,
    /// The SHA-256 of its key's `SubjectPublicKeyInfo`, in hexadecimal.
    pub public_key: String,
    /// The first moment of its validity.
    pub not_before: String,
    /// The last moment of its validity.
    pub not_after: String,
    /// The certificate: DER in base64.
    pub certificate: String,
}

/// The request that was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The user.
    pub username: String,
    /// The user's groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// Who decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule, where one decided now; a request that was approved before has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The reason in the condition.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// What one certificate is enough for: a request by its uid, asking for the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim(Vec<u8>);

impl Entry {
    /// What a certificate itself says; who asked and who decided is filled in by whoever signs.
    #[must_use]
    pub fn new(certificate: &Certificate, signer: &str, decision: Reason, now: OffsetDateTime) -> Self {
        let names = certificate.subject_alt_names.iter();
        Self {
            time: rfc3339(now),
            serial: hex(unsigned(&certificate.serial)),
            signer: signer.to_owned(),
            authority: certificate.issuer.to_string(),
            request: None,
            requester: None,
            decision,
            subject: certificate.subject.to_string(),
            subject_alt_names: names.map(ToString::to_string).collect(),
            usages: certificate.usages.names(),
            public_key: certificate.public_key.fingerprint(),
            not_before: rfc3339(certificate.not_before),
            not_after: rfc3339(certificate.not_after),
            certificate: STANDARD.encode(certificate.as_der()),
        }
    }

    /// What it is enough for; nothing that was signed without a request is enough for one.
    #[must_use]
    pub fn claim(&self) -> Option<Claim> {
        let request = self.request.as_ref().filter(|request| !request.uid.is_empty())?;
        let mut text = String::new();
        let parts = [&request.uid, &request.name, &self.signer, &self.public_key, &self.subject];
        for part in parts.into_iter().chain(&self.subject_alt_names).chain(&self.usages) {
            // Lengths before the parts, so that no two lists come to the same text.
            text += &format!("{}:{part}", part.len());
        }
        Some(Claim(sha256(text.as_bytes())))
    }

    /// Whether the certificate has ended at a moment.
    #[must_use]
    pub fn has_ended(&self, now: OffsetDateTime) -> bool {
        parse(&self.not_after).is_some_and(|end| end <= now)
    }

    /// The certificate's bytes.
    #[must_use]
    pub fn der(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.certificate).ok()
    }
}

/// A serial number without the octet that only says that it is not negative.
#[must_use]
pub fn unsigned(serial: &[u8]) -> &[u8] {
    match serial {
        [0, rest @ ..] if !rest.is_empty() => rest,
        serial => serial,
    }
}
