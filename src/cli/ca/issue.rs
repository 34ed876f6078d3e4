//! Signing: the one place through which every certificate of `kubepki ca` and `kubepki cfssl` passes before it leaves.

use std::path::Path;

use time::OffsetDateTime;

use super::authority::Authority;
use crate::cli::ledger::LedgerArgs;
use crate::cli::terminal;
use crate::error::Error;
use crate::moment::rfc3339;
use crate::store::entry::{Entry, Reason};
use crate::x509::path::{Conditions, Validator};
use crate::x509::public_key::PublicKeyKind;
use crate::x509::{Certificate, KeyUsage, Profile, PublicKey, Request};

/// How a certificate gets into the ledger.
pub struct Record<'a> {
    /// The verb that signs.
    pub verb: &'static str,
    /// Where the ledger is.
    pub ledger: &'a LedgerArgs,
}

/// Checks that the CA may sign this now, signs it, and checks what came out as whoever trusts the CA would: dates, path
/// length and the name constraints of the CA and of those that its file leads on to. A certificate that would outlive the
/// CA is cut to fit, and that is said. It is in the ledger before it leaves. `what` names the request's file in refusals.
///
/// # Errors
/// When the CA must not sign it, the ledger cannot be written, or the cryptographic library fails. Then there is no
/// certificate.
pub fn issue(
    ca: &Authority,
    what: &Path,
    mut profile: Profile,
    public_key: &PublicKey,
    record: &Record<'_>,
    now: OffsetDateTime,
) -> Result<Certificate, Error> {
    let issuer = ca.issuer()?;
    let (authority, ca_path) = (issuer.certificate(), ca.path.as_path());
    let refused = |path: &Path, why: String| Error::Refused { path: path.to_owned(), why };
    if now < authority.not_before || now > authority.not_after {
        let (from, to) = (rfc3339(authority.not_before), rfc3339(authority.not_after));
        return Err(refused(
            ca_path,
            format!("the CA is valid from {from} to {to}, and it is {}", rfc3339(now)),
        ));
    }
    let usages = &authority.usages.key;
    if !usages.is_empty() && !usages.contains(&KeyUsage::CertSign) {
        return Err(refused(ca_path, "its key usage does not allow to sign certificates".to_owned()));
    }
    if profile.subject == authority.subject {
        let why =
            format!("`{}` is the CA's own name: OpenSSL would take it for self-signed", profile.subject);
        return Err(refused(what, why));
    }
    if let Some(why) = weakness(public_key) {
        return Err(refused(what, why));
    }
    if let Some(most) = authority.basic_constraints.and_then(|constraints| constraints.path_len)
        && profile.ca
    {
        if most == 0 {
            return Err(refused(ca_path, "its path length allows no CA below it".to_owned()));
        }
        if let Some(asked) = profile.path_length.filter(|asked| *asked >= most) {
            let why = format!("its path length is {most}, and a CA with {asked} is asked for below it");
            return Err(refused(ca_path, why));
        }
    }
    profile.not_before = profile.not_before.replace_nanosecond(0).unwrap_or(profile.not_before);
    profile.not_after = profile.not_after.replace_nanosecond(0).unwrap_or(profile.not_after);
    if profile.not_after > authority.not_after {
        profile.not_after = authority.not_after;
        terminal::note(&format!("cut to {}, when its CA ends", rfc3339(authority.not_after)));
    }
    let ledger = record.ledger.open(ca_path.parent().unwrap_or(Path::new("")))?;
    let failed = |source| Error::Key { path: ca_path.to_owned(), source };
    let certificate = issuer.issue(&profile, public_key).map_err(failed)?;
    let chain: Vec<&Certificate> = ca.chain.iter().collect();
    let roots: Vec<&Certificate> =
        chain.iter().copied().filter(|other| other.subject == other.issuer).collect();
    let anchors = if roots.is_empty() { vec![authority] } else { roots };
    let verdict = Validator::new(&anchors, &chain).validate(&certificate, &Conditions::at(now));
    if let Some(reason) = verdict.reasons.first() {
        let who = if reason.depth == 0 { "the certificate" } else { "the CA" };
        return Err(refused(what, format!("{who} {}", reason.fault)));
    }
    let signer = ca_path.file_stem().unwrap_or_default().to_string_lossy();
    let message = format!("by kubepki {}", record.verb);
    let reason = Reason { rule: None, reason: "SignedByHand".to_owned(), message };
    ledger.add(vec![Entry::new(&certificate, &signer, reason, now)], now)?;
    Ok(certificate)
}

/// Holds a request to its own signature: whoever asks has the key.
///
/// # Errors
/// When the signature is not one of the key in the request, or of a kind that is not checked.
pub fn prove(what: &Path, request: &Request) -> Result<(), Error> {
    request.verify_signature().map_err(|fault| Error::Refused {
        path: what.to_owned(),
        why: format!("whoever asks has not shown to have the key: the request's signature {fault}"),
    })
}

/// Why a key gets no certificate: RSA of fewer than 2048 bits (NIST SP 800-131A) is what factoring comes for first.
fn weakness(key: &PublicKey) -> Option<String> {
    match key.kind() {
        PublicKeyKind::Rsa { bits } if bits < 2048 => {
            Some(format!("its key is {key}; 2048 bits are the least"))
        }
        PublicKeyKind::Other(_) => Some(format!("its key is of {key}, which nothing in a cluster reads")),
        _ => None,
    }
}
