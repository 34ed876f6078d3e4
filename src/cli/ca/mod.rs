//! `kubepki ca`: a CA on its own, without a spec.

pub mod authority;
pub mod crl;
pub mod encrypt;
pub mod issue;
pub mod new;
pub mod sign;

use clap::{Args, Subcommand};

use super::{Exit, Outside};
use crate::error::Error;

/// Make a CA, sign with it, revoke, and keep its key under a passphrase
#[derive(Debug, Args)]
pub struct Ca {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    New(Box<new::New>),
    Sign(Box<sign::Sign>),
    Crl(Box<crl::CrlVerb>),
    Encrypt(encrypt::Encrypt),
    Decrypt(encrypt::Decrypt),
}

impl Ca {
    /// Runs what was asked for.
    ///
    /// # Errors
    /// When it fails; then nothing was written.
    pub fn run(self, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        match self.verb {
            Verb::New(verb) => verb.run(outside),
            Verb::Sign(verb) => verb.run(outside),
            Verb::Crl(verb) => verb.run(outside),
            Verb::Encrypt(verb) => verb.run(outside),
            Verb::Decrypt(verb) => verb.run(outside),
        }
    }
}
