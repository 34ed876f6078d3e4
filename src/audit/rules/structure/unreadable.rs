//! `KP-ST002`: a file that cannot be read as what it ought to be.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, File, Remedy, Severity, file::Thing};
use crate::disk::content::ContentError;
use crate::disk::content::SealedKey;
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
    /// Files that no credential has are looked at if their names end as those of the PKI do (`.crt`, `.cer`, `.pem`,
    /// `.key`, `.pub`, `.csr`, `.crl`, `.conf`, `.kubeconfig`). Nothing is known to read them, so they are less urgent:
    /// medium where nobody can see what is in them (a device, a pipe, a socket, a directory, a circle of symlinks, a
    /// file of many MiB), low where it makes no sense.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` replaces certificates, keys and kubeconfigs. A CA or `sa.key` must come back from a backup.
    /// The encrypted key of a CA is none of this: who signs with it gives the passphrase. But kube-controller-manager reads
    /// no encrypted key, and does not start where it is told to sign with one: `kubepki ca decrypt ca.key`, or have
    /// kubelets' certificates signed elsewhere and leave `--cluster-signing-key-file` blank.
    ///
    /// ## References
    ///
    /// RFC 7468 (PEM), RFC 5280 §4 (certificates).
    "KP-ST002" "unreadable" High File "files"
}

/// How the names of files of the PKI end. Others than these name their configuration `.conf`.
const SUFFIXES: [&str; 8] = [".crt", ".cer", ".pem", ".key", ".pub", ".csr", ".crl", ".kubeconfig"];
const CONFIGURATION: &str = ".conf";

fn applies(file: &File<'_>) -> bool {
    !file.is_directory() || looks_like_pki(file)
}

fn check(file: &File<'_>) -> Vec<Fault> {
    match (file.case(), file.thing) {
        (Some(case), _) => {
            let path = file.path();
            let entries = case.entries().iter().filter(|entry| entry.file.path == path);
            let faults = entries.filter_map(|entry| of_target(&case, entry));
            faults.chain(of_signing_key(file)).collect()
        }
        (None, thing) if looks_like_pki(file) => of_stray(file, thing).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn looks_like_pki(file: &File<'_>) -> bool {
    file.is_called(&SUFFIXES) || file.is_called(&[CONFIGURATION])
}

/// The fault of a file that no target has.
fn of_stray(file: &File<'_>, thing: Thing<'_>) -> Option<Fault> {
    let fault =
        |message: String, severity, remedy| Some(Fault::new(file.path(), message, remedy).severity(severity));
    match thing {
        Thing::Directory(directory) => {
            let targets = file.view.file(&directory.path).is_some_and(|there| there.role.is_some());
            if targets {
                return None;
            }
            let message = ReadError::NotAFile("a directory").to_string();
            fault(message, Severity::Medium, Remedy::by_hand("move it away, or give it another name"))
        }
        Thing::File(Found::Missing | Found::Unreadable(ReadError::Missing | ReadError::Outside(_))) => None,
        Thing::File(Found::Unreadable(error)) => {
            fault(error.to_string(), Severity::Medium, Remedy::by_hand(get_at(error)))
        }
        // Programs of all kinds have configuration files.
        Thing::File(Found::Present(_)) if file.is_called(&[CONFIGURATION]) => None,
        Thing::File(Found::Present(present)) => {
            let broken = present.content.items.iter().find_map(|item| item.as_ref().err())?;
            // A key under a passphrase is none the less one.
            if is_encryption(&broken.error) {
                return None;
            }
            fault(broken.error.to_string(), Severity::Low, Remedy::advice("delete it if nothing reads it"))
        }
    }
}

/// The fault of an encrypted key that a controller manager is told to sign with (`keyutil.ParsePrivateKeyPEM`).
fn of_signing_key(file: &File<'_>) -> Option<Fault> {
    let sealed = file.content()?.sealed_key()?;
    let path = file.path();
    let mut nodes = file.view.nodes();
    nodes.find_map(|node| {
        let (_, pod) = node.pod("kube-controller-manager")?;
        node.named_file(pod.flag("cluster-signing-key-file")?).filter(|(named, _)| *named == path)
    })?;
    let (how, cure) = match sealed {
        SealedKey::Encrypted(_) => {
            ("is encrypted", "decrypt it: `kubepki ca decrypt KEY`; or have it sign nothing")
        }
        SealedKey::Token(_) => ("names a key in a token", "have it sign nothing"),
    };
    let message =
        format!("{how}, and kube-controller-manager, which is told to sign with it, reads no such key");
    let remedy = Remedy::by_hand(cure);
    Some(Fault::new(path, message, remedy))
}

/// The fault of a target's file.
fn of_target(case: &Case<'_>, entry: &Entry) -> Option<Fault> {
    let (message, remedy) = match &*entry.found {
        Found::Missing | Found::Unreadable(ReadError::Missing | ReadError::Outside(_)) => return None,
        Found::Unreadable(error) => (error.to_string(), Remedy::by_hand(get_at(error))),
        Found::Present(present) => {
            let error = content_error(case, entry, present)?;
            let remedy = remedy(case, entry.file.role, &error);
            (error.to_string(), remedy)
        }
    };
    Some(Fault::new(entry.file.path.clone(), message, remedy))
}

/// What a person can do about a file that could not be read.
fn get_at(error: &ReadError) -> &'static str {
    match error {
        ReadError::System(_) => "make it readable, or run kubepki as its owner",
        _ => "move it away",
    }
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
        FileRole::Key => {
            content.private_key().err().filter(|error| !is_told(case, error) && !is_sealed(case, error))
        }
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

/// Whether it is about a key under a passphrase.
fn is_encryption(error: &ContentError) -> bool {
    matches!(error, ContentError::X509(error) if error.is_encryption())
}

/// Whether it is the key of a CA under a passphrase: it is opened when it is needed.
fn is_sealed(case: &Case<'_>, error: &ContentError) -> bool {
    use x509::Error::{EncryptedKey, InToken};
    case.is_authority() && matches!(error, ContentError::X509(EncryptedKey | InToken))
}

fn remedy(case: &Case<'_>, role: FileRole, error: &ContentError) -> Remedy {
    match (&case.target.aim, role) {
        (Aim::Authority { .. } | Aim::KeyPair { .. }, FileRole::Key)
            if *error == ContentError::X509(x509::Error::EncryptedKey) =>
        {
            Remedy::by_hand("nothing that runs reads it so: `kubepki ca decrypt KEY` decrypts it")
        }
        (Aim::Authority { .. } | Aim::KeyPair { .. }, FileRole::Key) if is_encryption(error) => {
            Remedy::by_hand("write it in the form that is read: `openssl pkcs8 -topk8 -in KEY -out NEW`")
        }
        (Aim::Authority { .. }, _) | (Aim::KeyPair { .. }, FileRole::Key) => {
            Remedy::by_hand("put it back from a backup")
        }
        (Aim::KeyPair { .. }, _) => Remedy::Rewrite,
        (Aim::Pair { .. }, FileRole::Certificate) => Remedy::Reissue,
        _ => Remedy::Rekey,
    }
}
