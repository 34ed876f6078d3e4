//! `kubepki verify`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::workspace::moment_arg;
use super::{Exit, Format, Outside};
use crate::disk::content::{Broken, Content, Item};
use crate::disk::kubeconfig::{Kubeconfig, Source};
use crate::disk::read;
use crate::error::Error;
use crate::report::verification::{Given, Outcome, Verification, Verified};
use crate::x509::path::{self, Conditions, ReferenceName, Validator};
use crate::x509::{Certificate, rustls};

const EXAMPLES: &str = "\
Examples:
  kubepki verify pki/apiserver.crt --ca pki/ca.crt --purpose server --name kubernetes.default.svc
  kubepki verify admin.conf --ca pki/ca.crt                      the client certificate in it
  kubepki verify pki/*.crt --ca pki/ca.crt --at 2027-03-01       will they hold then?
  kubepki verify web.crt --untrusted chain.pem --ca root.crt --strict -o json

Whatever is in the CA file is trusted, an intermediate too; with --strict a path must end at a root,
one that signed itself. Revocation is not looked at.

Exit status: 0 all are valid; 1 some are not; 2 misused, or a file could not be read.";

/// Say whether certificates are valid: whether signatures lead from them to a CA, and everything on the way allows it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Verify {
    /// Certificates in PEM (the first in a file is verified, the others may lead on from it) or DER, or kubeconfigs, of
    /// which the client certificate is verified.
    #[arg(value_name = "CERT", required = true)]
    certificates: Vec<PathBuf>,

    /// The CA certificates that are trusted.
    #[arg(long, value_name = "FILE", required = true)]
    ca: Vec<PathBuf>,

    /// Further certificates that may lead to a CA.
    #[arg(long, value_name = "FILE")]
    untrusted: Vec<PathBuf>,

    /// What they are to be used for; by default anything, and for kubeconfigs `client`.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<Purpose>,

    /// A DNS name or IP address that they must be for; may be given several times.
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,

    /// Judge as of this day or moment.
    #[arg(long, value_name = "TIME", value_parser = moment_arg)]
    at: Option<OffsetDateTime>,

    /// Refuse also what RFC 5280 forbids a CA to issue.
    #[arg(long)]
    strict: bool,

    /// How to print it.
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// To identify a TLS server.
    Server,
    /// To identify a TLS client.
    Client,
    /// Whatever they may be for.
    Any,
}

/// A file with a certificate to verify.
struct Candidate {
    file: String,
    /// Whether it is the client certificate of a kubeconfig.
    is_client: bool,
    /// The certificate and those that follow it, or why there is none.
    chain: Result<Vec<Certificate>, String>,
}

impl Verify {
    /// Verifies each certificate and reports them.
    ///
    /// # Errors
    /// When a file cannot be read or holds no certificate, a name is none, or standard output fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let names = self.names.iter().map(|name| reference_name(name)).collect::<Result<Vec<_>, _>>()?;
        let (anchors, untrusted) = (all(&self.ca)?, all(&self.untrusted)?);
        let candidates =
            self.certificates.iter().map(|path| candidate(path)).collect::<Result<Vec<_>, _>>()?;
        let at = self.at.unwrap_or(outside.now);
        let conditions = Conditions { names, strict: self.strict, ..Conditions::at(at) };
        let verified = candidates.iter().map(|candidate| {
            let purpose = self.purpose_of(candidate);
            let conditions = Conditions { purpose, ..conditions.clone() };
            verified(candidate, &anchors, &untrusted, &conditions)
        });
        let verification = Verification::new(&conditions, &verified.collect::<Vec<_>>());
        outside.print(&verification, self.output)?;
        Ok(if verification.valid { Exit::Done } else { Exit::Attention })
    }

    fn purpose_of(&self, candidate: &Candidate) -> path::Purpose {
        match self.purpose {
            Some(Purpose::Server) => path::Purpose::Server,
            Some(Purpose::Client) => path::Purpose::Client,
            None if candidate.is_client => path::Purpose::Client,
            Some(Purpose::Any) | None => path::Purpose::Any,
        }
    }
}

fn verified<'a>(
    candidate: &'a Candidate,
    anchors: &'a [Found],
    untrusted: &'a [Found],
    conditions: &Conditions,
) -> Verified<'a> {
    let given =
        |found: &'a [Found]| found.iter().map(|Found { file, certificate }| Given { file, certificate });
    let file = candidate.file.as_str();
    let outcome = match &candidate.chain {
        Ok(chain) => chain.split_first().ok_or("holds no certificate"),
        Err(reason) => Err(reason.as_str()),
    };
    let outcome = outcome.map(|(certificate, rest)| {
        let sent = rest.iter().map(|certificate| Given { file, certificate });
        let anchors: Vec<Given<'_>> = given(anchors).collect();
        let intermediates: Vec<Given<'_>> = sent.chain(given(untrusted)).collect();
        let certificates =
            |given: &[Given<'a>]| given.iter().map(|given| given.certificate).collect::<Vec<_>>();
        let (trusted, others) = (certificates(&anchors), certificates(&intermediates));
        let verdict = Validator::new(&trusted, &others).validate(certificate, conditions);
        let rustls = rustls::opinion(certificate, &trusted, &others, conditions);
        Outcome { verdict, anchors, intermediates, rustls }
    });
    Verified { file, purpose: conditions.purpose, outcome }
}

fn reference_name(text: &str) -> Result<ReferenceName, Error> {
    text.parse().map_err(|path::NotAName| {
        let hint = if text.starts_with("*.") {
            "a wildcard stands for names: give one of them"
        } else if !text.is_ascii() {
            "write it as DNS has it: `xn--` and what follows"
        } else {
            "write a name or an address alone: `--name api.example.com`, `--name 192.0.2.10`"
        };
        Error::Usage {
            message: format!("--name: `{}` is neither an IP address nor a DNS name", text.escape_debug()),
            hint: hint.to_owned(),
        }
    })
}

/// A certificate and the file that it is in.
struct Found {
    file: String,
    certificate: Certificate,
}

/// Every certificate of files, all of which can be read: nothing is trusted that is not known.
fn all(paths: &[PathBuf]) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for path in paths {
        let content = content(path)?;
        let certificates = match kubeconfig(&content) {
            Some(kubeconfig) => of_kubeconfig(path, &kubeconfig.authority)?,
            None => of_file(path, content)?,
        };
        let certificates = certificates.map_err(|reason| unfit(path, &reason))?;
        let file = path.display().to_string();
        found.extend(certificates.into_iter().map(|certificate| Found { file: file.clone(), certificate }));
    }
    Ok(found)
}

fn candidate(path: &Path) -> Result<Candidate, Error> {
    let content = content(path)?;
    let (chain, is_client) = match kubeconfig(&content) {
        Some(kubeconfig) => (of_kubeconfig(path, &kubeconfig.certificate)?, true),
        None => (of_file(path, content)?, false),
    };
    Ok(Candidate { file: path.display().to_string(), is_client, chain })
}

fn content(path: &Path) -> Result<Content, Error> {
    let bytes = read::bytes(path).map_err(|error| unfit(path, &error.to_string()))?;
    Ok(Content::parse(&bytes.bytes))
}

fn kubeconfig(content: &Content) -> Option<&Kubeconfig> {
    content.items.iter().find_map(|item| match item {
        Ok(Item::Kubeconfig(kubeconfig)) => Some(kubeconfig.as_ref()),
        _ => None,
    })
}

/// The certificates in a file, or why one of them cannot be read.
type Reading = Result<Vec<Certificate>, String>;

fn of_kubeconfig(path: &Path, source: &Source<Vec<Certificate>>) -> Result<Reading, Error> {
    match source {
        Source::Embedded(certificates) => Ok(certificates.clone().map_err(|error| error.to_string())),
        Source::Absent => Err(unfit(path, "holds no certificate for this")),
        Source::File(file) => {
            // Where client-go looks: beside the kubeconfig.
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            of_file(&file, content(&file)?)
        }
    }
}

fn of_file(path: &Path, content: Content) -> Result<Reading, Error> {
    let mut found = Vec::new();
    for item in content.items {
        match item {
            Ok(Item::Certificate(certificate)) => found.push(*certificate),
            Err(Broken { kind: None | Some("certificate" | "kubeconfig"), error }) => {
                return Ok(Err(error.to_string()));
            }
            // A file may hold a key beside its certificate.
            Ok(_) | Err(_) => {}
        }
    }
    if found.is_empty() { Err(unfit(path, "holds no certificate")) } else { Ok(Ok(found)) }
}

fn unfit(path: &Path, reason: &str) -> Error {
    Error::Usage {
        message: format!("{}: {reason}", path.display()),
        hint: "CERT and FILE are certificates in PEM or DER, or kubeconfigs; `kubepki inspect` says what is in a file"
            .to_owned(),
    }
}
