//! `KP-ST002`: a file that cannot be read as what it ought to be.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::disk::content::ContentError;
use crate::disk::kubeconfig::Source;
use crate::disk::read::ReadError;
use crate::disk::{Entry, FileRole, Found, Present};
use crate::target::Aim;
use crate::x509;

rule! {
    /// A file is there but cannot be read, or is not what its name says.
    ///
    /// ## Why it matters
    ///
    /// The component that reads it does not start. A file that the system refuses to hand out may be perfectly good, so
    /// kubepki leaves it alone; one that was read and makes no sense is replaced, and kept in the backup.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` replaces certificates, keys and kubeconfigs. A CA or `sa.key` must come back from a backup.
    /// An encrypted CA key must be decrypted: `openssl pkey -in ca.key -out ca.key.plain`.
    ///
    /// ## References
    ///
    /// RFC 7468 (PEM), RFC 5280 §4 (certificates).
    "KP-ST002" "unreadable" High Case "credentials"
}

fn applies(_: &Case<'_>) -> bool {
    true
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    case.entries().iter().filter_map(|entry| fault(case, entry)).collect()
}

fn fault(case: &Case<'_>, entry: &Entry) -> Option<Fault> {
    let (message, remedy) = match &*entry.found {
        Found::Missing | Found::Unreadable(ReadError::Missing | ReadError::Outside(_)) => return None,
        Found::Unreadable(error) => {
            let text = match error {
                ReadError::System(_) => "make it readable, or run kubepki as its owner",
                _ => "move it away",
            };
            (error.to_string(), Remedy::by_hand(text))
        }
        Found::Present(present) => {
            let error = content_error(case, entry, present)?;
            let remedy = remedy(case, entry.file.role, &error);
            (error.to_string(), remedy)
        }
    };
    Some(Fault::new(entry.file.path.clone(), message, remedy))
}

fn content_error(case: &Case<'_>, entry: &Entry, present: &Present) -> Option<ContentError> {
    // A copy is held to its original's bytes, whatever they mean.
    if matches!(case.target.aim, Aim::Copy { .. }) {
        return None;
    }
    let content = &present.content;
    match entry.file.role {
        // What is odd about a certificate that can be read has rules of its own.
        FileRole::Certificate => content.certificates().err().filter(|error| !is_anomaly(error)),
        // So have keys of a kind that is not loaded here, and those whose numbers do not agree.
        FileRole::Key => content.private_key().err().filter(|error| !is_told(case, error)),
        FileRole::PublicKey => content.public_keys().err(),
        FileRole::Kubeconfig => match content.kubeconfig() {
            Err(error) => Some(error),
            Ok(kubeconfig) => {
                let broken = |error: &x509::Error| ContentError::X509(error.clone());
                match (&kubeconfig.certificate, &kubeconfig.key, &kubeconfig.authority) {
                    (Source::Embedded(Err(error)), _, _) | (_, _, Source::Embedded(Err(error))) => {
                        Some(broken(error))
                    }
                    (_, Source::Embedded(Err(error)), _) => {
                        Some(broken(error)).filter(|error| !is_told(case, error))
                    }
                    _ => None,
                }
            }
        },
    }
}

fn is_anomaly(error: &ContentError) -> bool {
    matches!(error, ContentError::X509(x509::Error::Anomalous { .. }))
}

/// Whether a rule about keys tells of it: what the certificate beside it says of its kind, or what is wrong inside it.
fn is_told(case: &Case<'_>, error: &ContentError) -> bool {
    use x509::Error::{KeyRejected, RsaKey, UnsupportedKey};
    let ContentError::X509(error @ (KeyRejected { .. } | RsaKey { .. } | UnsupportedKey(_))) = error else {
        return false;
    };
    let is_malformed = matches!(error, RsaKey { fault: x509::rsa::RsaFault::Numbers(_), .. });
    is_malformed || case.certificate().is_some_and(|certificate| !certificate.public_key.is_loadable())
}

fn remedy(case: &Case<'_>, role: FileRole, error: &ContentError) -> Remedy {
    match (&case.target.aim, role) {
        (Aim::Authority { .. } | Aim::KeyPair { .. }, FileRole::Key)
            if *error == ContentError::X509(x509::Error::EncryptedKey) =>
        {
            Remedy::by_hand("decrypt it for the run: `openssl pkey -in KEY -out PLAIN`, and move PLAIN in its place")
        }
        (Aim::Authority { .. }, _) | (Aim::KeyPair { .. }, FileRole::Key) => Remedy::by_hand("put it back from a backup"),
        (Aim::KeyPair { .. }, _) => Remedy::Rewrite,
        (Aim::Pair { .. }, FileRole::Certificate) => Remedy::Reissue,
        _ => Remedy::Rekey,
    }
}
