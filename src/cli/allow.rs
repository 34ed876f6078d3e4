//! Users and groups that have power of their own: none is signed unless somebody says so.

use clap::Args;

use crate::csr::power::{Power, powers};
use crate::error::Error;
use crate::x509::Name;

/// Which of them may be signed.
#[derive(Clone, Debug, Default, Args)]
pub struct AllowArgs {
    /// Sign for this user or group although Kubernetes itself gives it power: `system:masters`; may be given again.
    #[arg(long, value_name = "IDENTITY")]
    allow: Vec<String>,
}

impl AllowArgs {
    /// What is allowed.
    #[must_use]
    pub fn list(&self) -> &[String] {
        &self.allow
    }

    /// Holds the subject of a client to what is allowed. `what` says for whom it is.
    ///
    /// # Errors
    /// When it has a power that nobody has said.
    pub fn hold(&self, what: &str, subject: &Name) -> Result<(), Error> {
        let found = powers(subject, &self.allow);
        if found.is_empty() {
            return Ok(());
        }
        let words: Vec<String> = found.iter().map(Power::words).collect();
        let flags: Vec<String> =
            found.iter().map(|power| format!("--allow {}", power.identity.escape_debug())).collect();
        Err(Error::Usage {
            message: format!("{what}: {}", words.join(", and ")),
            hint: format!("`{}` signs it all the same", flags.join(" ")),
        })
    }
}
