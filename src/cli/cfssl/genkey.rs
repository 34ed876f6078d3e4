//! `kubepki cfssl genkey`.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::input::{self, period, refused};
use super::signer::of_authority;
use crate::cli::ca::new::authority_usages;
use crate::cli::{Exit, Outside};
use crate::error::Error;
use crate::x509::cfssl::{self, CertificateRequest, Output, Secret};
use crate::x509::profile::BACKDATE;
use crate::x509::{KeyUsage, PrivateKey, Profile, Request, Usages, issue};

/// Make a key and a certificate request
#[derive(Debug, Args)]
pub struct Genkey {
    /// What the request is to say: a file, or `-` for standard input.
    #[arg(value_name = "CSRJSON")]
    file: PathBuf,

    /// Make a root too, which signs itself.
    #[arg(long)]
    initca: bool,

    /// How much cfssl says; it has no meaning here.
    #[arg(long, value_name = "N")]
    loglevel: Option<u8>,
}

impl Genkey {
    /// Makes them and prints them.
    ///
    /// # Errors
    /// When the document cannot be used.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let wanted: CertificateRequest = input::json(&self.file)?;
        let output = if self.initca {
            root(&self.file, &wanted, outside)?
        } else {
            let made = Made::of(&self.file, &wanted, None)?;
            made.output(&self.file, None)?
        };
        input::print(&output, outside)?;
        Ok(Exit::Done)
    }
}

/// A key and the request that it has signed.
pub struct Made {
    /// The key.
    pub key: PrivateKey,
    /// The request.
    pub request: Request,
}

impl Made {
    /// Makes a key and a request; `hosts` take the place of the document's.
    ///
    /// # Errors
    /// When the document asks for what cannot be had.
    pub fn of(path: &Path, wanted: &CertificateRequest, hosts: Option<&str>) -> Result<Self, Error> {
        let failed = |source| Error::Key { path: path.to_owned(), source };
        let names = match hosts {
            Some(hosts) => cfssl::names(hosts.split(',')),
            None => cfssl::names(wanted.hosts.iter().map(String::as_str)),
        };
        let names = names.map_err(refused(path))?;
        let key = PrivateKey::generate(wanted.algorithm().map_err(refused(path))?).map_err(failed)?;
        let subject = wanted.subject().to_name().map_err(failed)?;
        let request = Request::make(&subject, &names, &key).map_err(failed)?;
        Ok(Self { key, request })
    }

    /// What is printed.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn output(&self, path: &Path, cert: Option<String>) -> Result<Output, Error> {
        let failed = |source| Error::Key { path: path.to_owned(), source };
        let key = Secret(Zeroizing::new(self.key.to_pem().map_err(failed)?.to_string()));
        Ok(Output { cert, csr: Some(self.request.to_pem().map_err(failed)?), key: Some(key) })
    }
}

/// A root: valid for five years unless its document says otherwise (cfssl, `initca`), and for certificates and
/// revocation lists only.
///
/// # Errors
/// When the document asks for what cannot be had.
pub fn root(path: &Path, wanted: &CertificateRequest, outside: &Outside<'_>) -> Result<Output, Error> {
    let failed = |source| Error::Key { path: path.to_owned(), source };
    let ca = wanted.ca.clone().unwrap_or_default();
    let made = Made::of(path, wanted, None)?;
    let now = outside.now.replace_nanosecond(0).unwrap_or(outside.now);
    let backdate = ca.backdate.as_deref().map(|text| period(path, text)).transpose()?.unwrap_or(BACKDATE);
    let not_before = now - backdate;
    let profile = Profile {
        subject: made.request.subject.clone(),
        subject_alt_names: of_authority(made.request.subject_alt_names.clone()),
        usages: Usages { key: vec![KeyUsage::CertSign, KeyUsage::CrlSign], ..authority_usages() },
        ca: true,
        path_length: ca.path_length(),
        name_constraints: None,
        not_before,
        not_after: not_before + period(path, ca.expiry.as_deref().unwrap_or("43800h"))?,
    };
    let certificate = issue::self_signed(&profile, &made.key).map_err(failed)?;
    made.output(path, Some(certificate.to_pem().map_err(failed)?))
}
