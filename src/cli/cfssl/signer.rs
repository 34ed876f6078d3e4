//! The CA and the profile that `gencert` and `sign` are given.

use std::path::{Path, PathBuf};

use clap::Args;

use super::input::{self, period, refused};
use crate::cli::ca::authority::Authority;
use crate::cli::ca::issue::{Record, issue};
use crate::cli::ledger::LedgerArgs;
use crate::cli::passphrase::{PassphraseArgs, Passphrases};
use crate::cli::{Outside, terminal};
use crate::csr::power::powers;
use crate::error::Error;
use crate::x509::cfssl::{Config, SigningProfile};
use crate::x509::profile::BACKDATE;
use crate::x509::{Certificate, ExtendedKeyUsage, Profile, Request, SubjectAltName};

/// Who signs, and what.
#[derive(Debug, Args)]
pub struct SignerArgs {
    /// The CA's certificate.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,

    /// The CA's key.
    #[arg(long, value_name = "FILE")]
    ca_key: Option<PathBuf>,

    /// The profiles; without them a certificate for a server and client, for a year.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The profile, if not the default one.
    #[arg(long, value_name = "NAME", requires = "config")]
    profile: Option<String>,

    /// Names and addresses, with commas between them, whatever the request asks for.
    #[arg(long, value_name = "HOSTS")]
    pub hostname: Option<String>,

    /// How much cfssl says; it has no meaning here.
    #[arg(long, value_name = "N")]
    loglevel: Option<u8>,

    #[command(flatten)]
    ledger: LedgerArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// The names of a CA: cfssl gives it no DNS names and no e-mail addresses (`signer/local`, `Sign`).
#[must_use]
pub fn of_authority(mut names: Vec<SubjectAltName>) -> Vec<SubjectAltName> {
    names.retain(|name| matches!(name, SubjectAltName::Ip(_) | SubjectAltName::Uri(_)));
    names
}

impl SignerArgs {
    /// Signs what a request asks for as far as the profile says it. `names` are those that it gets.
    ///
    /// # Errors
    /// When there is no CA, the profile cannot be used, or the CA must not sign it.
    pub fn sign(
        &self,
        what: &Path,
        request: &Request,
        names: Vec<SubjectAltName>,
        outside: &Outside<'_>,
    ) -> Result<Certificate, Error> {
        let (Some(ca), Some(ca_key)) = (&self.ca, &self.ca_key) else {
            let message = "there is no CA to sign with".to_owned();
            let hint = "-ca FILE and -ca-key FILE name its certificate and its key".to_owned();
            return Err(Error::Usage { message, hint });
        };
        let (path, config) = match &self.config {
            Some(path) => (path.as_path(), Some(input::json::<Config>(path)?)),
            None => (what, None),
        };
        let chosen = match &config {
            Some(config) => config.profile(self.profile.as_deref()).map_err(refused(path))?,
            None => SigningProfile::standard(),
        };
        let now = outside.now.replace_nanosecond(0).unwrap_or(outside.now);
        let backdate = chosen.backdate.as_deref().map(|text| period(path, text)).transpose()?;
        let not_before = now - backdate.unwrap_or(BACKDATE);
        let expiry = period(path, chosen.expiry.as_deref().unwrap_or("8760h"))?;
        let constraint = &chosen.ca_constraint;
        let profile = Profile {
            subject: request.subject.clone(),
            subject_alt_names: if constraint.is_ca { of_authority(names) } else { names },
            usages: chosen.usages().map_err(refused(path))?,
            ca: constraint.is_ca,
            path_length: constraint.path_length().filter(|_| constraint.is_ca),
            name_constraints: None,
            not_before,
            not_after: not_before.checked_add(expiry).unwrap_or(now),
        };
        let mut passphrases = Passphrases::new(&self.passphrase);
        let authority = Authority::load(ca, ca_key, &mut passphrases)?;
        if profile.usages.extended.contains(&ExtendedKeyUsage::ClientAuth) {
            // cfssl signs them without a word, and scripts rely on it.
            for power in powers(&profile.subject, &[]) {
                terminal::warning(&power.words());
            }
        }
        let record = Record { verb: "cfssl", ledger: &self.ledger };
        issue(&authority, what, profile, &request.public_key, &record, outside.now)
    }
}
