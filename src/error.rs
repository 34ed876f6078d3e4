//! Layer 6: what went wrong, for whom, and what to try. Every sentence that ends a run passes through here.
//!
//! The voice: the fact, where it is, both values where two disagree; lower case, no full stop; then a hint with the
//! command to run. Never the bytes of a key.

use std::io;
use std::path::{Path, PathBuf};

use crate::apply::ApplyError;
use crate::disk::DiskError;
use crate::disk::content::ContentError;
use crate::disk::lock::LockError;
use crate::disk::read::ReadError;
use crate::exchange::bundle::BundleError;
use crate::exchange::sign::SignError;
use crate::plan::renew::RenewError;
use crate::spec::load::LoadError;
use crate::spec::problem::nearest;
use crate::store::StoreError;
use crate::system::reason;
use crate::target::TargetError;
use crate::x509;

/// Why a run ended without doing what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A plan could not be carried out.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// A bundle cannot be used.
    #[error("{}: {source}", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: BundleError,
    },
    /// The directory changed between the plan that was shown and the moment of doing it.
    #[error("{} has changed since the plan was made", .0.display())]
    Changed(PathBuf),
    /// The user said no.
    #[error("nothing was changed")]
    Declined,
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A key does not belong to the certificate beside it.
    #[error("{} does not belong to {}", key.display(), certificate.display())]
    ForeignKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's.
        certificate: PathBuf,
    },
    /// A file is neither PEM nor DER.
    #[error("{}: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ContentError,
    },
    /// A key file that is to be written anew holds something else too.
    #[error("{} holds more than one private key", .0.display())]
    MixedKeyFile(PathBuf),
    /// A certificate is no CA's.
    #[error("{} is not the certificate of a CA", .0.display())]
    NoAuthority(PathBuf),
    /// A file has no certificate.
    #[error("{} holds no certificate", .0.display())]
    NoCertificate(PathBuf),
    /// A file could not be read.
    #[error("{} {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: ReadError,
    },
    /// A file that a judgement or a decision is made by could not be used: a baseline, a list of what to ignore, signers,
    /// a policy, permissions.
    #[error(transparent)]
    Input(LoadError),
    /// A spec could not be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The directory is not ours.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Something is there that would be replaced, and nobody can be asked.
    #[error("{} would be replaced", that_are_there(*.0))]
    NeedsConsent(usize),
    /// Standard output is gone.
    #[error("standard output: {}", reason(.0))]
    Output(#[from] io::Error),
    /// Requests or certificates do not fit; each reason was told.
    #[error("{}: {count} refused, and nothing was done", path.display())]
    Deviates {
        /// The bundle.
        path: PathBuf,
        /// How many do not fit.
        count: usize,
    },
    /// Something stands where something new is to go.
    #[error("{} is there already", .0.display())]
    IsThere(PathBuf),
    /// A key could not be read, opened or used.
    #[error("{}: {source}", path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// Why not.
        source: x509::Error,
    },
    /// A key is under a passphrase that nobody has given.
    #[error("{} is encrypted, and there is no passphrase", .0.display())]
    NeedsPassphrase(PathBuf),
    /// A key is in a token whose PIN nobody has given.
    #[error("{} is in a token that wants a PIN, and there is none", .0.display())]
    NeedsPin(PathBuf),
    /// Something that was asked for is not done.
    #[error("{}: {why}", path.display())]
    Refused {
        /// What it is about.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// What was to be renewed cannot be.
    #[error(transparent)]
    Renew(#[from] RenewError),
    /// What was asked could not be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// The server cannot begin.
    #[cfg(feature = "serve")]
    #[error(transparent)]
    Serve(#[from] crate::serve::ServeError),
    /// Something could not be done to a store of requests.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spec has no such node, or no names for one.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nothing has this name.
    #[error("nothing is called `{name}`")]
    UnknownTopic {
        /// The name.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// Arguments that do not go together.
    #[error("{message}")]
    Usage {
        /// What is wrong with them.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// A key, name or certificate could not be read or made.
    #[error(transparent)]
    X509(#[from] x509::Error),
    /// A document could not be written in this format.
    #[error("cannot be written as {format}: {problem}")]
    Format {
        /// The format.
        format: &'static str,
        /// The library's reason.
        problem: String,
    },
}

impl Error {
    /// A bundle that cannot be used.
    #[must_use]
    pub fn bundle(path: &Path, source: BundleError) -> Self {
        Self::Bundle { path: path.to_owned(), source }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) | Self::Lock(LockError::Disk(error)) | Self::Store(StoreError::Disk(error)) => {
                error.hint().map(str::to_owned)
            }
            #[cfg(feature = "serve")]
            Self::Serve(error) => error.hint().map(str::to_owned),
            Self::Store(StoreError::Ledger { .. }) => {
                Some("nothing is signed while the ledger cannot be read: repair the line".to_owned())
            }
            Self::Store(StoreError::Held(_)) => Some("wait until it has ended and run this again".to_owned()),
            Self::Lock(LockError::Held { .. }) => {
                Some("wait until it has ended and run this again".to_owned())
            }
            Self::Bundle { .. } => {
                Some("have it made and carried again: whatever changed it was not kubepki".to_owned())
            }
            Self::Deviates { .. } => {
                Some("find out who changed it before you go on; `kubepki request` asks anew".to_owned())
            }
            Self::IsThere(_) => Some("choose another name, or move it away: it is never overwritten".to_owned()),
            Self::NeedsPassphrase(_) => Some(
                "--passphrase-file FILE, --passphrase-fd N or KUBEPKI_PASSPHRASE gives it where nobody can be asked"
                    .to_owned(),
            ),
            Self::NeedsPin(_) => Some(
                "?pin-source=FILE in the URI, --passphrase-file FILE, --passphrase-fd N or KUBEPKI_PASSPHRASE gives it \
                 where nobody can be asked"
                    .to_owned(),
            ),
            Self::Key { source: x509::Error::NoTokens, .. } => {
                Some("build it with `cargo install --features pkcs11`".to_owned())
            }
            Self::Key { source: x509::Error::NoModule, .. } => Some(
                "?module-path=/usr/lib/softhsm/libsofthsm2.so in the URI, or KUBEPKI_PKCS11_MODULE, names one"
                    .to_owned(),
            ),
            Self::Key { source: x509::Error::ForeignModule, .. } => Some(
                "chmod 600 it, if it is what it should be; or name the module with KUBEPKI_PKCS11_MODULE".to_owned(),
            ),
            Self::Key { source: x509::Error::InToken, .. } => {
                Some("what it is to do here needs the key itself, which never leaves its token".to_owned())
            }
            Self::Key { source, .. } if source.is_encryption() => {
                Some("`openssl pkcs8 -topk8 -in KEY -out NEW` writes it in the form that is read".to_owned())
            }
            Self::NeedsConsent(_) => Some("`kubepki plan` shows what; --yes replaces it".to_owned()),
            Self::Changed(_) => Some("run it again to see the plan for what is there now".to_owned()),
            Self::Load(LoadError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Some("`kubepki new single > cluster.yaml` prints a spec to begin with".to_owned())
            }
            Self::Renew(RenewError::Unknown { name, known })
            | Self::Target(TargetError::UnknownNode { name, known }) => did_you_mean(name, known),
            Self::Renew(RenewError::Root { .. }) => {
                Some("`kubepki renew --all` renews everything that the CAs have signed".to_owned())
            }
            Self::UnknownTopic { nearest, .. } => Some(match nearest {
                Some(name) => format!("did you mean `{name}`?"),
                None => "`kubepki explain` lists everything that it explains".to_owned(),
            }),
            Self::Usage { hint, .. } => Some(hint.clone()),
            _ => None,
        }
    }
}

/// `3 credentials that are there`.
#[must_use]
pub fn that_are_there(count: usize) -> String {
    if count == 1 {
        "1 credential that is there".to_owned()
    } else {
        format!("{count} credentials that are there")
    }
}

fn did_you_mean(name: &str, known: &[String]) -> Option<String> {
    nearest(name, known.iter().map(String::as_str)).map(|name| format!("did you mean `{name}`?"))
}
