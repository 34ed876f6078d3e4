//! Layer 9: the command line. The only place that reads the clock, asks the terminal and ends the process; one file for
//! each verb, with its arguments and its `run`.

pub mod adopt;
pub mod allow;
pub mod apply;
pub mod archive;
pub mod audit;
pub mod bootstrap;
pub mod ca;
pub mod cfssl;
pub mod completions;
pub mod csr;
mod exchange;
pub mod expiry;
pub mod explain;
pub mod import;
pub mod inspect;
pub mod ledger;
pub mod man;
pub mod manifests;
pub mod new;
pub mod passphrase;
pub mod plan;
pub mod progress;
pub mod renew;
pub mod request;
pub mod role;
pub mod scene;
#[cfg(feature = "serve")]
pub mod serve;
pub mod show;
pub mod sign;
pub mod terminal;
pub mod trust;
#[cfg(feature = "age")]
pub mod unpack;
pub mod user;
pub mod verify;
pub mod workspace;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use time::OffsetDateTime;

use crate::error::Error;
use crate::moment::Clock;
use crate::report::{self, Table};
use crate::spec::load::LoadError;
use terminal::Color;

/// The PKI of a Kubernetes cluster, from one description: every certificate, key and kubeconfig of every node.
#[derive(Debug, Parser)]
#[command(name = "kubepki", version, propagate_version = true, after_help = SESSION, max_term_width = 100)]
pub struct Cli {
    /// Whether to use colours: `NO_COLOR` and `CLICOLOR` are honoured.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", display_order = 100)]
    color: Color,

    #[command(subcommand)]
    verb: Verb,
}

const SESSION: &str = "\
A session:
  kubepki new ha > cluster.yaml                 a description to begin with; edit it
  kubepki plan -f cluster.yaml -d out           what would be made, and why
  kubepki apply -f cluster.yaml -d out          make it: out/authority and out/nodes/NAME
  kubepki apply -f cluster.yaml -d out          again: nothing to do
  kubepki inspect out/nodes/cp1                 what the files say, and who signed whom
  kubepki verify admin.conf --ca pki/ca.crt     whether a certificate leads to a CA, and if not, why
  kubepki audit -d /etc/kubernetes              what is wrong with anybody's directory, and what cures it
  kubepki renew apiserver -f cluster.yaml -d out
  kubepki user jane --group dev -d out          a kubeconfig for a person, for a day
  kubepki explain apiserver                     what a credential or a rule is about

A kubeadm configuration is accepted wherever a spec is: it describes one node, whose directory
is /etc/kubernetes unless -d says otherwise.

Exit status: 0 done, or healthy; 1 the PKI needs attention; 2 the command failed or was misused.";

/// In the order in which a user meets them.
#[derive(Debug, Subcommand)]
enum Verb {
    New(new::New),
    Show(show::Show),
    Plan(plan::Plan),
    Apply(apply::Apply),
    Renew(renew::Renew),
    #[cfg(feature = "age")]
    Unpack(unpack::Unpack),
    Audit(audit::Audit),
    Adopt(adopt::Adopt),
    Expiry(expiry::ExpiryVerb),
    Inspect(inspect::Inspect),
    Verify(verify::Verify),
    Ca(ca::Ca),
    Cfssl(cfssl::Cfssl),
    Explain(explain::Explain),
    Request(request::RequestVerb),
    Sign(sign::Sign),
    Import(import::Import),
    User(Box<user::UserVerb>),
    Csr(csr::Csr),
    #[cfg(feature = "serve")]
    Serve(Box<serve::Serve>),
    Trust(trust::Trust),
    Manifests(manifests::Manifests),
    Completions(completions::Completions),
    Man(man::Man),
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or healthy.
    Done,
    /// The PKI needs attention.
    Attention,
    /// The command failed or was misused.
    Failed,
}

/// What a verb may touch of the outside.
pub struct Outside<'a> {
    /// Standard output: data.
    pub out: &'a mut dyn Write,
    /// Now.
    pub now: OffsetDateTime,
    /// The clock, for what goes on.
    pub clock: Clock,
    /// How wide the terminal is.
    pub width: usize,
}

/// How a document is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For machines.
    Json,
}

impl Outside<'_> {
    /// Prints a document.
    ///
    /// # Errors
    /// When standard output fails.
    pub fn print<T: Table + serde::Serialize>(&mut self, document: &T, format: Format) -> Result<(), Error> {
        match format {
            Format::Json => report::json(document, self.out),
            Format::Table => Ok(document.table(self.out, self.width)?),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Attention => Self::from(1),
            Exit::Failed => Self::from(2),
        }
    }
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse_from(cfssl::with_two_dashes(std::env::args_os()));
    cli.color.apply();
    let mut out = io::BufWriter::new(anstream::stdout());
    let mut outside = Outside {
        out: &mut out,
        now: OffsetDateTime::now_utc(),
        clock: OffsetDateTime::now_utc,
        width: terminal::width(),
    };
    let outcome = cli.verb.run(&mut outside).and_then(|exit| {
        out.flush()?;
        Ok(exit)
    });
    match outcome {
        Ok(exit) => exit.into(),
        // Who has read enough closes the pipe: `kubepki plan | head`.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(error) => {
            complain(&error);
            Exit::Failed.into()
        }
    }
}

impl Verb {
    fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        match self {
            Self::Adopt(verb) => verb.run(outside),
            Self::Apply(verb) => verb.run(outside),
            Self::Audit(verb) => verb.run(outside),
            Self::Ca(verb) => verb.run(outside),
            Self::Cfssl(verb) => verb.run(outside),
            Self::Completions(verb) => verb.run(outside),
            Self::Csr(verb) => verb.run(outside),
            Self::Expiry(verb) => verb.run(outside),
            Self::Explain(verb) => verb.run(outside),
            Self::Import(verb) => verb.run(outside),
            Self::Inspect(verb) => verb.run(outside),
            Self::Man(verb) => verb.run(outside),
            Self::Manifests(verb) => verb.run(outside),
            Self::New(verb) => verb.run(outside),
            Self::Plan(verb) => verb.run(outside),
            Self::Renew(verb) => verb.run(outside),
            Self::Request(verb) => verb.run(outside),
            #[cfg(feature = "serve")]
            Self::Serve(verb) => verb.run(outside),
            Self::Show(verb) => verb.run(outside),
            Self::Sign(verb) => verb.run(outside),
            Self::Trust(verb) => verb.run(outside),
            #[cfg(feature = "age")]
            Self::Unpack(verb) => verb.run(outside),
            Self::User(verb) => verb.run(outside),
            Self::Verify(verb) => verb.run(outside),
        }
    }
}

/// Tells on standard error what went wrong. Nothing can be done if that fails too.
fn complain(error: &Error) {
    if let Error::Load(LoadError::Invalid { name, problems })
    | Error::Input(LoadError::Invalid { name, problems }) = error
    {
        terminal::problems(name, problems);
    } else {
        terminal::error(&error.to_string());
    }
    if let Some(hint) = error.hint() {
        terminal::hint(&hint);
    }
}
