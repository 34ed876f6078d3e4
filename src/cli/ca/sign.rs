//! `kubepki ca sign`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::authority::{Authority, read_request};
use super::issue::{Record, issue, prove};
use super::new::authority_usages;
use crate::cli::allow::AllowArgs;
use crate::cli::ledger::LedgerArgs;
use crate::cli::passphrase::{PassphraseArgs, Passphrases};
use crate::cli::{Exit, Outside, terminal};
use crate::disk::durable;
use crate::error::Error;
use crate::moment::rfc3339;
use crate::spec::{Period, syntax};
use crate::x509::profile::BACKDATE;
use crate::x509::{
    Certificate, ExtendedKeyUsage, KeyUsage, Profile, Request, Subject, SubjectAltName, Usages, alt_name,
};

/// Sign a certificate request with a CA
///
/// The request must be signed by the key in it. Of what it asks for, key and subject are taken; names only with
/// --requested-names, usages never: --profile says them. A client that Kubernetes itself gives power, such as a member of
/// `system:masters`, is signed only if --allow or --subject says its name.
#[derive(Debug, Args)]
pub struct Sign {
    /// The request, in PEM or DER.
    #[arg(value_name = "CSR")]
    request: PathBuf,

    /// The CA's certificate.
    #[arg(long, value_name = "FILE")]
    ca: PathBuf,

    /// The CA's key, where it is not beside its certificate.
    #[arg(long, value_name = "FILE")]
    ca_key: Option<PathBuf>,

    /// What the certificate is for.
    #[arg(long, value_name = "PROFILE")]
    profile: Kind,

    /// How long it is valid; never longer than the CA.
    #[arg(long, value_name = "DURATION")]
    ttl: Period,

    /// A name that it speaks for: a DNS name or an address; may be given again.
    #[arg(long = "san", value_name = "NAME", value_parser = name_arg, conflicts_with = "requested_names")]
    names: Vec<SubjectAltName>,

    /// Take the names that the request asks for.
    #[arg(long)]
    requested_names: bool,

    /// Whom it is about, whatever the request says: `CN=name,O=group`.
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<Subject>,

    /// Of an intermediate: how many CAs may stand between it and a leaf.
    #[arg(long, value_name = "N", default_value_t = 0)]
    path_length: u8,

    /// Let the certificate be followed by the CA's own, unless that is a root, and by what else is in its file.
    #[arg(long)]
    chain: bool,

    /// Where the certificate goes; standard output, if it is not said.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    #[command(flatten)]
    allow: AllowArgs,

    #[command(flatten)]
    ledger: LedgerArgs,

    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A server: server auth.
    Server,
    /// A client: client auth.
    Client,
    /// Both, as members of etcd have it.
    Peer,
    /// A CA under this one.
    Intermediate,
}

impl Sign {
    /// Signs the request.
    ///
    /// # Errors
    /// When the request does not show that whoever asks has the key, or the CA must not sign what was asked for.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let request = read_request(&self.request)?;
        prove(&self.request, &request)?;
        let profile = self.of(&request, outside)?;
        let mut passphrases = Passphrases::new(&self.passphrase);
        let key = self.ca_key.clone().unwrap_or_else(|| self.ca.with_extension("key"));
        let authority = Authority::load(&self.ca, &key, &mut passphrases)?;
        let (what, public_key) = (&self.request, &request.public_key);
        let record = Record { verb: "ca sign", ledger: &self.ledger };
        let certificate = issue(&authority, what, profile, public_key, &record, outside.now)?;
        let text = self.text(&certificate, &authority)?;
        match &self.out {
            Some(path) => drop(durable::replace(path, text.as_bytes(), 0o644)?),
            None => outside.out.write_all(text.as_bytes())?,
        }
        terminal::note(&format!(
            "signed `{}` for {} until {}",
            certificate.subject,
            listed(&certificate.subject_alt_names),
            rfc3339(certificate.not_after)
        ));
        Ok(Exit::Done)
    }

    fn of(&self, request: &Request, outside: &Outside<'_>) -> Result<Profile, Error> {
        let refused = |why: &str| Error::Refused { path: self.request.clone(), why: why.to_owned() };
        let failed = |source| Error::Key { path: self.request.clone(), source };
        let asked = &request.subject_alt_names;
        let names = if self.requested_names { asked.clone() } else { self.names.clone() };
        if let Some(SubjectAltName::Other(kind)) =
            names.iter().find(|name| matches!(name, SubjectAltName::Other(_)))
        {
            return Err(refused(&format!("it asks for a name of a kind that is not signed here: {kind}")));
        }
        let names = alt_name::ordered(names);
        if matches!(self.profile, Kind::Server | Kind::Peer) && names.is_empty() {
            let message = format!("{}: a server needs a name", self.request.display());
            let hint = match asked.as_slice() {
                [] => "--san NAME gives it one".to_owned(),
                _ => format!("--requested-names takes {}; --san NAME gives it another", listed(asked)),
            };
            return Err(Error::Usage { message, hint });
        }
        for name in asked.iter().filter(|name| !names.contains(name)) {
            terminal::note(&format!("the request asks for the name {name}, which it does not get"));
        }
        let subject = match &self.subject {
            Some(subject) => subject.to_name().map_err(failed)?,
            None => request.subject.clone(),
        };
        // Who writes the subject says it.
        if matches!(self.profile, Kind::Client | Kind::Peer) && self.subject.is_none() {
            self.allow.hold(&self.request.display().to_string(), &subject)?;
        }
        let ca = self.profile == Kind::Intermediate;
        if subject.is_empty() && (ca || names.is_empty()) {
            return Err(refused("it has neither subject nor names"));
        }
        let now = outside.now;
        Ok(Profile {
            subject,
            subject_alt_names: names,
            usages: self.profile.usages(),
            ca,
            path_length: ca.then_some(self.path_length),
            name_constraints: None,
            not_before: now - BACKDATE,
            not_after: now + self.ttl.duration(),
        })
    }

    /// The certificate, and with --chain those that lead on from it.
    fn text(&self, certificate: &Certificate, authority: &Authority) -> Result<String, Error> {
        let failed = |source| Error::Key { path: self.request.clone(), source };
        let mut text = certificate.to_pem().map_err(failed)?;
        if self.chain {
            // Whoever trusts a root has it.
            for other in authority.chain.iter().filter(|other| other.subject != other.issuer) {
                text += &other.to_pem().map_err(failed)?;
            }
        }
        Ok(text)
    }
}

impl Kind {
    fn usages(self) -> Usages {
        let extended = match self {
            Self::Server => vec![ExtendedKeyUsage::ServerAuth],
            Self::Client => vec![ExtendedKeyUsage::ClientAuth],
            Self::Peer => vec![ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth],
            Self::Intermediate => return authority_usages(),
        };
        Usages { key: vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment], extended }
    }
}

/// A name as a spec has them, an e-mail address or a URI.
fn name_arg(text: &str) -> Result<SubjectAltName, String> {
    if text.contains("://") || text.contains('@') {
        return text.parse().map_err(|error: alt_name::NotAnAltName| error.to_string());
    }
    syntax::alt_name(text)
}

fn listed(names: &[SubjectAltName]) -> String {
    match names {
        [] => "no names".to_owned(),
        names => names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}
