//! `kubepki import --into`: the certificates that people's kubeconfigs wait for.

use std::path::{Path, PathBuf};

use crate::cli::exchange::refuse;
use crate::cli::{Exit, Format, Outside};
use crate::csr::power::powers;
use crate::disk::kubeconfig::{self, Entry, Kubeconfig};
use crate::disk::{durable, read};
use crate::error::Error;
use crate::exchange::answer::Answer;
use crate::exchange::person::take;
use crate::report::user::UserReport;
use crate::x509::Certificate;

/// Puts the certificates among the answers into the kubeconfigs whose keys they are for: into all of them or into none.
///
/// # Errors
/// When a kubeconfig cannot be used, or there is no certificate that fits it.
pub fn complete(
    files: &[PathBuf],
    answers: &[Answer],
    output: Format,
    outside: &mut Outside<'_>,
) -> Result<Exit, Error> {
    let mut refusals = Vec::new();
    let mut done = Vec::new();
    for path in files {
        let failed = |source| Error::Read { path: path.clone(), source };
        let bytes = read::bytes(path).map_err(failed)?.bytes;
        let unusable = |problem: String| Error::Usage {
            message: format!("{}: {problem}", path.display()),
            hint: "`kubepki user NAME --request` makes a kubeconfig that waits for its certificate"
                .to_owned(),
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| unusable("is no kubeconfig".to_owned()))?;
        let config = Kubeconfig::parse(text).map_err(|error| unusable(error.to_string()))?;
        match take(&path.display().to_string(), &config, answers, outside.now) {
            Err(refusal) => refusals.push(refusal),
            Ok(taken) => {
                let key = config.key.embedded().ok_or_else(|| unusable("has no key in it".to_owned()))?;
                let entry = Entry {
                    cluster: &config.cluster,
                    server: &config.server,
                    authority: Some(&joined(&taken.authorities)?),
                    user: &config.user,
                    certificate: Some(&joined(&taken.chain.iter().collect::<Vec<_>>())?),
                    key: &key.to_pem()?,
                };
                let written = kubeconfig::write(Some(text), &entry);
                let written = written.map_err(|error| unusable(error.to_string()))?;
                let certificate = taken.chain.first().ok_or_else(|| unusable("got nothing".to_owned()))?;
                let report =
                    UserReport::made(certificate, &path.display().to_string(), &config.server, outside.now);
                done.push((path, written, powers(&certificate.subject, &[]), report));
            }
        }
    }
    refuse(&refusals, files.first().map_or(Path::new(""), PathBuf::as_path))?;
    for (path, text, powers, report) in &done {
        durable::rewrite(path, text.as_bytes(), 0o600)?;
        for power in powers {
            crate::cli::terminal::warning(&format!("{}: {}", path.display(), power.words()));
        }
        outside.print(report, output)?;
    }
    Ok(Exit::Done)
}

fn joined(certificates: &[&Certificate]) -> Result<String, Error> {
    Ok(certificates.iter().map(|certificate| certificate.to_pem()).collect::<Result<_, _>>()?)
}
