//! The CAs of a directory.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::catalog::{CATALOG, Kind};
use crate::cli::ca::authority::place;
use crate::error::Error;

/// The directory.
#[derive(Debug, Args)]
pub struct TreeArgs {
    /// The Kubernetes or fleet directory, or one with `ca.crt`, `etcd/ca.crt` …; /etc/kubernetes, if it is not said.
    #[arg(short, long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl TreeArgs {
    /// Whether it is said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        self.dir.is_some()
    }

    /// The name and the certificate's file of each CA that is there.
    ///
    /// # Errors
    /// When there is none.
    pub fn authorities(&self) -> Result<Vec<(String, PathBuf)>, Error> {
        let directory = self.dir.as_deref().unwrap_or(Path::new("/etc/kubernetes"));
        let rows = CATALOG.iter().filter(|row| matches!(row.kind, Kind::Authority { .. }));
        let found = rows.filter_map(|row| {
            let [certificate, _] = place(directory, &row.place);
            certificate.exists().then(|| (row.name.clone(), certificate))
        });
        let found: Vec<(String, PathBuf)> = found.collect();
        if found.is_empty() {
            return Err(Error::Usage {
                message: format!("{}: there is no CA certificate", directory.display()),
                hint: "-d names the directory with the CAs".to_owned(),
            });
        }
        Ok(found)
    }
}
