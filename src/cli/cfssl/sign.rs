//! `kubepki cfssl sign`.

use std::path::PathBuf;

use clap::Args;

use super::input::{self, refused};
use super::signer::SignerArgs;
use crate::cli::ca::authority::request_in;
use crate::cli::ca::issue::prove;
use crate::cli::{Exit, Outside};
use crate::disk::Content;
use crate::error::Error;
use crate::x509::cfssl::{self, Output};

/// Sign a certificate request; subject and names are the request's, as with cfssl
#[derive(Debug, Args)]
pub struct Sign {
    /// The request in PEM or DER: a file, or `-` for standard input.
    #[arg(value_name = "CSR", required_unless_present = "csr")]
    file: Option<PathBuf>,

    /// The same.
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    csr: Option<PathBuf>,

    #[command(flatten)]
    signer: SignerArgs,
}

impl Sign {
    /// Signs it and prints the certificate.
    ///
    /// # Errors
    /// When the request does not show that whoever asks has the key, or the CA must not sign it.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let path = self.file.or(self.csr).unwrap_or_else(|| PathBuf::from("-"));
        let request = request_in(&path, &Content::parse(&input::bytes(&path)?))?;
        prove(&path, &request)?;
        let names = match &self.signer.hostname {
            Some(hosts) => cfssl::names(hosts.split(',')).map_err(refused(&path))?,
            None => request.subject_alt_names.clone(),
        };
        let certificate = self.signer.sign(&path, &request, names, outside)?;
        let failed = |source| Error::Key { path: path.clone(), source };
        let cert = Some(certificate.to_pem().map_err(failed)?);
        let csr = Some(request.to_pem().map_err(failed)?);
        input::print(&Output { cert, csr, key: None }, outside)?;
        Ok(Exit::Done)
    }
}
