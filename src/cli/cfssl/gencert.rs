//! `kubepki cfssl gencert`.

use std::path::PathBuf;

use clap::Args;

use super::genkey::{Made, root};
use super::input;
use super::signer::SignerArgs;
use crate::cli::{Exit, Outside, terminal};
use crate::error::Error;
use crate::x509::cfssl::CertificateRequest;

/// Make a key and a certificate: a root that signs itself, or one that a CA signs
#[derive(Debug, Args)]
pub struct Gencert {
    /// What the certificate is to say: a file, or `-` for standard input.
    #[arg(value_name = "CSRJSON")]
    file: PathBuf,

    /// Make a root, which signs itself.
    #[arg(long, conflicts_with_all = ["ca", "ca_key", "config", "hostname"])]
    initca: bool,

    #[command(flatten)]
    signer: SignerArgs,
}

impl Gencert {
    /// Makes them and prints them.
    ///
    /// # Errors
    /// When a document cannot be used, or the CA must not sign.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let wanted: CertificateRequest = input::json(&self.file)?;
        let output = if self.initca {
            root(&self.file, &wanted, outside)?
        } else {
            let made = Made::of(&self.file, &wanted, self.signer.hostname.as_deref())?;
            let names = made.request.subject_alt_names.clone();
            if names.is_empty() {
                terminal::warning("the certificate has no `hosts`: it is good for clients only");
            }
            let certificate = self.signer.sign(&self.file, &made.request, names, outside)?;
            let failed = |source| Error::Key { path: self.file.clone(), source };
            made.output(&self.file, Some(certificate.to_pem().map_err(failed)?))?
        };
        input::print(&output, outside)?;
        Ok(Exit::Done)
    }
}
