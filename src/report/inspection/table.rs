//! The inspection for people.

use std::io;

use super::trust::Link;
use super::{CertificateReport, CrlReport, Inspection, ItemReport};
use crate::report::Table;
use crate::report::style::{BAD, FAINT, GOOD, HEAD};

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
        ItemReport::EncryptedKey { encryption } => {
            title(out, "private key, encrypted")?;
            line(out, inner, "encryption", encryption)
        }
        ItemReport::TokenKey { uri } => {
            title(out, "private key, in a token")?;
            line(out, inner, "uri", uri)
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
        ItemReport::RevocationList(crl) => {
            title(out, "revocation list")?;
            draw_crl(out, crl, inner)
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
    line(out, indent, "sha256", &certificate.sha256)?;
    for anomaly in &certificate.anomalies {
        line(out, indent, "anomaly", &format!("{BAD}{anomaly}{BAD:#}"))?;
    }
    Ok(())
}

/// More revoked certificates than this are counted and not shown.
const SHOWN: usize = 20;

fn draw_crl(out: &mut dyn io::Write, crl: &CrlReport, indent: usize) -> io::Result<()> {
    line(out, indent, "issuer", &crl.issuer)?;
    line(out, indent, "issuer key", crl.authority_key_identifier.as_deref().unwrap_or_default())?;
    line(out, indent, "number", crl.number.as_deref().unwrap_or_default())?;
    let style = if crl.current { GOOD } else { BAD };
    let until = crl.next_update.as_ref().map(|next| format!(" to {next}")).unwrap_or_default();
    let validity = format!("{}{until} ({style}{}{style:#})", crl.this_update, crl.state);
    line(out, indent, "validity", &validity)?;
    line(out, indent, "signature", &crl.signature_algorithm)?;
    line(out, indent, "revoked", &crl.revoked.len().to_string())?;
    for entry in crl.revoked.iter().take(SHOWN) {
        let reason = entry.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        line(out, indent, "", &format!("{}{reason}", entry.serial_number))?;
    }
    let more = crl.revoked.len().saturating_sub(SHOWN);
    line(out, indent, "", &if more > 0 { format!("and {more} more") } else { String::new() })
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
