//! Where a certificate and its key are kept, and how both are replaced at once.

use std::fs;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use zeroize::Zeroizing;

use crate::disk::journal::Journal;
use crate::disk::lock::{Lock, PATIENCE};
use crate::disk::write::{self, Change, NewFile};
use crate::disk::{DiskError, Layout, durable, kubeconfig, read};
use crate::error::Error;
use crate::moment::compact;
use crate::x509::{Certificate, pem};

/// A certificate with its key.
#[derive(Debug)]
pub enum Holder {
    /// Two files.
    Pair {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// One file with both, as the kubelet keeps them.
    Joined(PathBuf),
    /// A kubeconfig with both inside.
    Kubeconfig(PathBuf),
}

/// How the kubelet names what it puts beside `kubelet-client-current.pem` (client-go, `certificate_store.go`).
const DATED: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]-[hour]-[minute]-[second]");

impl Holder {
    /// Tells by its content what a file is. `key` is the file of the key, where that is another.
    ///
    /// # Errors
    /// When it is none of the three, or there is no certificate in it.
    pub fn find(path: &Path, key: Option<PathBuf>) -> Result<(Self, Certificate), Error> {
        let text = bytes(path)?;
        let unusable = |problem: &str| Error::Usage {
            message: format!("{}: {problem}", path.display()),
            hint: "give a certificate with its key beside it, both in one file, or a kubeconfig".to_owned(),
        };
        if pem::is_pem(&text) {
            let certificate =
                Certificate::all_from_pem(&text).map_err(|error| unusable(&error.to_string()))?.remove(0);
            let joined = pem::blocks(&text)?.iter().any(|block| block.label.ends_with("PRIVATE KEY"));
            if joined && key.is_none() {
                return Ok((Self::Joined(path.to_owned()), certificate));
            }
            let key = key.unwrap_or_else(|| path.with_extension("key"));
            return Ok((Self::Pair { certificate: path.to_owned(), key }, certificate));
        }
        let text = std::str::from_utf8(&text).map_err(|_| unusable("is neither PEM nor a kubeconfig"))?;
        let config = kubeconfig::Kubeconfig::parse(text).map_err(|error| unusable(&error.to_string()))?;
        match config.certificate {
            kubeconfig::Source::Embedded(Ok(certificates)) if !certificates.is_empty() => {
                let certificate = certificates.into_iter().next();
                let certificate = certificate.ok_or_else(|| unusable("has no client certificate"))?;
                Ok((Self::Kubeconfig(path.to_owned()), certificate))
            }
            kubeconfig::Source::File(file) => Err(Error::Usage {
                message: format!("{}: its client certificate is in {file}", path.display()),
                hint: format!("`kubepki csr renew {file}` renews that"),
            }),
            kubeconfig::Source::Embedded(Err(error)) => Err(unusable(&error.to_string())),
            _ => Err(unusable("has no client certificate")),
        }
    }

    /// Replaces certificate and key together: whoever is killed in the middle leaves the old pair or the new one, or what
    /// the next run finishes. The old pair is kept. `root` is where the lock, the journal and the backup are.
    ///
    /// # Errors
    /// When they cannot be written; then the old pair is there.
    pub fn swap(
        &self,
        root: &Path,
        chain: &[u8],
        key: &str,
        now: OffsetDateTime,
        me: &str,
    ) -> Result<(), Error> {
        let _lock = Lock::take(root, me, PATIENCE)?;
        finish(root)?;
        let joined = || Zeroizing::new([chain, key.as_bytes()].concat());
        let files = match self {
            Self::Joined(path) if current(path) => return relink(path, &joined(), now),
            Self::Joined(path) => vec![file(path, joined(), 0o600)],
            Self::Pair { certificate, key: place } => vec![
                file(place, Zeroizing::new(key.as_bytes().to_vec()), 0o600),
                file(certificate, Zeroizing::new(chain.to_vec()), 0o644),
            ],
            Self::Kubeconfig(path) => {
                let text = bytes(path)?;
                let text = String::from_utf8_lossy(&text);
                let certificate = String::from_utf8_lossy(chain);
                let text = kubeconfig::renew(&text, &certificate, key).map_err(|error| Error::Usage {
                    message: format!("{}: {error}", path.display()),
                    hint: "restore the kubeconfig".to_owned(),
                })?;
                vec![file(path, Zeroizing::new(text.as_bytes().to_vec()), 0o600)]
            }
        };
        let elsewhere = match self {
            Self::Pair { key, .. } => key.parent().filter(|parent| !parent.starts_with(root)),
            _ => None,
        };
        let layout = Layout::new(root, elsewhere, "/etc/kubernetes/pki", false);
        write::commit(&layout, &Change { files, modes: Vec::new() }, &compact(now))?;
        Ok(())
    }

    /// The directory for lock, journal and backup: the Kubernetes directory where the files are in it, else their own.
    ///
    /// # Errors
    /// When the files are nowhere.
    pub fn root(&self, kubernetes: &Path) -> Result<PathBuf, Error> {
        let (Self::Pair { certificate: path, .. } | Self::Joined(path) | Self::Kubeconfig(path)) = self;
        let at = DiskError::at(path, "cannot be found");
        let parent = absolute(path)?.parent().map(Path::to_owned).unwrap_or_default();
        let parent = parent.canonicalize().map_err(at)?;
        let kubernetes = kubernetes.canonicalize().ok().filter(|kubernetes| parent.starts_with(kubernetes));
        Ok(kubernetes.unwrap_or(parent))
    }

    /// The same with paths that do not depend on where we are.
    ///
    /// # Errors
    /// When we are nowhere.
    pub fn absolute(self) -> Result<Self, Error> {
        Ok(match self {
            Self::Pair { certificate, key } => {
                Self::Pair { certificate: place(&certificate)?, key: place(&key)? }
            }
            // The link itself is what the kubelet swaps.
            Self::Joined(path) => Self::Joined(place(&path)?),
            Self::Kubeconfig(path) => Self::Kubeconfig(place(&path)?),
        })
    }
}

/// Puts in place what a killed run has left ready.
///
/// # Errors
/// When it cannot be.
pub fn finish(root: &Path) -> Result<(), Error> {
    if let Some(journal) = Journal::pending(root)? {
        journal.finish(root)?;
    }
    Ok(())
}

/// The kubelet's way: a new file with the time in its name, and a link that leads to it.
fn relink(link: &Path, bytes: &[u8], now: OffsetDateTime) -> Result<(), Error> {
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let dated = now.format(DATED).unwrap_or_else(|_| compact(now));
    let target = name.replace("-current.pem", &format!("-{dated}.pem"));
    durable::create(&link.with_file_name(&target), bytes, 0o600)?;
    durable::relink(link, Path::new(&target))?;
    Ok(())
}

/// Whether it is a link as the kubelet keeps one.
fn current(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with("-current.pem") && fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

fn file(path: &Path, bytes: Zeroizing<Vec<u8>>, mode: u32) -> NewFile {
    NewFile { path: path.to_owned(), bytes, mode }
}

fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let read = read::bytes(path);
    let failed = |error: read::ReadError| {
        DiskError::at(path, "cannot be used")(std::io::Error::other(error.to_string()))
    };
    Ok(read.map_err(failed)?.bytes)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    Ok(std::path::absolute(path).map_err(DiskError::at(path, "cannot be found"))?)
}

/// The path with its directory as it really is, so that it is below the root.
fn place(path: &Path) -> Result<PathBuf, Error> {
    let path = absolute(path)?;
    let parent = path.parent().and_then(|parent| parent.canonicalize().ok());
    Ok(match (parent, path.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => path,
    })
}
