//! `kubepki csr approve` and `kubepki csr deny`.

use clap::Args;

use super::office::{AsArgs, Office, OfficeArgs, allowed};
use crate::cli::{Exit, Outside};
use crate::csr::admission::Admission;
use crate::csr::object::{APPROVED, DENIED, Object};
use crate::csr::strategy;
use crate::csr::validate::Endpoint;
use crate::error::Error;
use crate::report::csr::RESOURCE;
use crate::store::StoreError;

/// Approve requests, as `kubectl certificate approve` does
#[derive(Debug, Args)]
pub struct Approve {
    #[command(flatten)]
    verdict: Verdict,
}

/// Deny requests, as `kubectl certificate deny` does
#[derive(Debug, Args)]
pub struct Deny {
    #[command(flatten)]
    verdict: Verdict,
}

#[derive(Debug, Args)]
struct Verdict {
    /// The requests.
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// The reason of the condition: one word.
    #[arg(long, value_name = "WORD")]
    reason: Option<String>,

    /// Its message.
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,

    /// Write the object also where nothing changes.
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    user: AsArgs,
}

impl Approve {
    /// Approves them.
    ///
    /// # Errors
    /// When there is none of a name, it is denied, or the user may not.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let words = Words {
            kind: APPROVED,
            opposite: DENIED,
            reason: "KubepkiApprove",
            message: "This CSR was approved by kubepki csr approve.",
            done: "approved",
        };
        self.verdict.run(&words, office, outside)
    }
}

impl Deny {
    /// Denies them.
    ///
    /// # Errors
    /// When there is none of a name, it is approved, or the user may not.
    pub fn run(self, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let words = Words {
            kind: DENIED,
            opposite: APPROVED,
            reason: "KubepkiDeny",
            message: "This CSR was denied by kubepki csr deny.",
            done: "denied",
        };
        self.verdict.run(&words, office, outside)
    }
}

struct Words {
    kind: &'static str,
    opposite: &'static str,
    reason: &'static str,
    message: &'static str,
    done: &'static str,
}

impl Verdict {
    fn run(self, words: &Words, office: &OfficeArgs, outside: &mut Outside<'_>) -> Result<Exit, Error> {
        let office = office.open(outside)?;
        for name in &self.names {
            self.decide(name, words, &office, outside)?;
            writeln!(outside.out, "{RESOURCE}/{name} {}", words.done)?;
        }
        Ok(Exit::Done)
    }

    fn decide(&self, name: &str, words: &Words, office: &Office, outside: &Outside<'_>) -> Result<(), Error> {
        let user = self.user.user();
        let rbac = &office.settings.rbac;
        allowed(rbac, &user, "update", "approval", name)?;
        office.update(name, outside.now, |object| {
            if object.has(words.opposite) {
                let message = format!("certificate signing request {name:?} is already {}", words.opposite);
                let hint =
                    "what is decided stays decided: `kubepki csr delete` removes the request".to_owned();
                return Err(Error::Usage { message, hint });
            }
            let mut new = object.clone();
            if object.has(words.kind) {
                if !self.force {
                    return Ok(None);
                }
            } else {
                let reason = self.reason.as_deref().unwrap_or(words.reason);
                let message = self.message.as_deref().unwrap_or(words.message);
                new.add_condition(words.kind, reason, message);
            }
            let admission = Admission { rbac };
            let new = strategy::update(new, object, Endpoint::Approval, &user, &admission, outside.now);
            Ok(Some(new.map_err(StoreError::from)?))
        })
    }
}
