//! `kubepki csr`: requests as manifests in a directory, and the CA that decides about them as Kubernetes does.

mod approve;
mod cert;
mod delete;
mod describe;
mod explain;
mod gc;
mod key;
mod list;
mod new;
mod office;
mod renew;
mod run;
mod sign;
mod submit;
mod swap;

use clap::{Args, Subcommand};

use super::{Exit, Outside};
use crate::error::Error;
pub use office::{OfficeArgs, signers_file};

/// Certificate signing requests in a directory: make, keep, approve, sign and clean them as Kubernetes does
#[derive(Debug, Args)]
#[command(after_help = SESSION)]
pub struct Csr {
    #[command(flatten)]
    office: OfficeArgs,

    #[command(subcommand)]
    verb: CsrVerb,
}

const SESSION: &str = "\
A session, in the Kubernetes directory of a CA (-d DIR):
  kubepki csr new jane --cn jane --group dev --usage 'client auth' -o yaml > jane.yaml
  kubepki csr submit jane.yaml                   keep it: in DIR/csr, one object in each file
  kubepki csr list                               what `kubectl get csr` would print
  kubepki csr approve jane
  kubepki csr run --once                         sign what is approved, clean what is old
  kubepki csr cert jane > jane.crt

Whoever may write to the store may approve: guard it as you guard the key of the CA.";

/// In the order in which a request meets them.
#[derive(Debug, Subcommand)]
enum CsrVerb {
    New(new::New),
    Submit(submit::Submit),
    #[command(visible_alias = "get")]
    List(list::List),
    Describe(describe::Describe),
    Explain(explain::Explain),
    Approve(approve::Approve),
    Deny(approve::Deny),
    Sign(sign::Sign),
    Cert(cert::Cert),
    Delete(delete::Delete),
    Gc(gc::Gc),
    Run(run::Run),
    Renew(renew::Renew),
}

impl Csr {
    /// Does what the verb says.
    ///
    /// # Errors
    /// When that fails.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let office = self.office;
        match self.verb {
            CsrVerb::New(verb) => verb.run(&office, outside),
            CsrVerb::Submit(verb) => verb.run(&office, outside),
            CsrVerb::List(verb) => verb.run(&office, outside),
            CsrVerb::Describe(verb) => verb.run(&office, outside),
            CsrVerb::Explain(verb) => verb.run(&office, outside),
            CsrVerb::Approve(verb) => verb.run(&office, outside),
            CsrVerb::Deny(verb) => verb.run(&office, outside),
            CsrVerb::Sign(verb) => verb.run(&office, outside),
            CsrVerb::Cert(verb) => verb.run(&office, outside),
            CsrVerb::Delete(verb) => verb.run(&office, outside),
            CsrVerb::Gc(verb) => verb.run(&office, outside),
            CsrVerb::Run(verb) => verb.run(&office, outside),
            CsrVerb::Renew(verb) => verb.run(&office, outside),
        }
    }
}
