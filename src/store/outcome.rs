//! What the loop tells: one line for each decision.

use std::fmt;
use std::path::PathBuf;

use crate::csr::expire::Expired;

/// Something that was done, or could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A file that somebody has put there has become a request: it has a uid now, and whatever it said of its own
    /// approval is gone.
    Admitted {
        /// The request.
        name: String,
        /// Who asks, as far as that is believed.
        requester: String,
    },
    /// A request was approved.
    Approved {
        /// The request.
        name: String,
        /// The rule.
        rule: String,
        /// Its words.
        message: String,
    },
    /// A request was denied.
    Denied {
        /// The request.
        name: String,
        /// The rule.
        rule: String,
        /// Its words.
        message: String,
    },
    /// A request has its certificate.
    Signed {
        /// The request.
        name: String,
        /// The signer.
        signer: String,
        /// The serial number, in hexadecimal.
        serial: String,
        /// When it ends.
        not_after: String,
    },
    /// A signer does not sign such a request.
    Failed {
        /// The request.
        name: String,
        /// Why.
        message: String,
    },
    /// A request was cleaned away.
    Removed {
        /// The request.
        name: String,
        /// Why.
        case: Expired,
    },
    /// Something cannot be done now, and is tried again.
    Retry {
        /// The request.
        name: String,
        /// Why.
        problem: String,
    },
    /// An object is not as it must be: nothing is done about it.
    Invalid {
        /// The request.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A file is no object.
    Trouble {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A CA can sign, or signs with other files than before.
    AuthorityRead {
        /// The CA.
        authority: String,
    },
    /// A CA cannot sign.
    AuthorityLost {
        /// The CA.
        authority: String,
        /// Why not.
        problem: String,
    },
}

/// What one look at everything came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Objects that were written or cleaned away.
    pub done: usize,
    /// Objects about which there is more to be decided, and those that somebody else has written meanwhile.
    pub unfinished: usize,
    /// Objects for which something could not be done now.
    pub waiting: usize,
    /// Files that are no objects, and objects that are not as they must be.
    pub troubles: usize,
}

impl Event {
    /// Whether somebody should look after it.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        matches!(
            self,
            Self::Retry { .. } | Self::Invalid { .. } | Self::Trouble { .. } | Self::AuthorityLost { .. }
        )
    }
}

/// `jane approved by nodeclient: Auto approving …`
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Admitted { name, requester } => {
                write!(f, "{} admitted: asked for by {}", Shown(name), Shown(requester))
            }
            Self::Approved { name, rule, message } => {
                write!(f, "{} approved by {}: {}", Shown(name), Shown(rule), Shown(message))
            }
            Self::Denied { name, rule, message } => {
                write!(f, "{} denied by {}: {}", Shown(name), Shown(rule), Shown(message))
            }
            Self::Signed { name, signer, serial, not_after } => {
                write!(f, "{} signed by {}: serial {serial}, until {not_after}", Shown(name), Shown(signer))
            }
            Self::Failed { name, message } => write!(f, "{} failed: {}", Shown(name), Shown(message)),
            Self::Removed { name, case } => write!(f, "{} removed: {case}", Shown(name)),
            Self::Retry { name, problem } => write!(f, "{} waits: {}", Shown(name), Shown(problem)),
            Self::Invalid { name, problem } => write!(f, "{} is not valid: {}", Shown(name), Shown(problem)),
            Self::Trouble { path, problem } => {
                write!(f, "{} {}", Shown(&path.display().to_string()), Shown(problem))
            }
            Self::AuthorityRead { authority } => write!(f, "CA {} signs", Shown(authority)),
            Self::AuthorityLost { authority, problem } => {
                write!(f, "CA {} does not sign: {}", Shown(authority), Shown(problem))
            }
        }
    }
}

/// A text without what could draw on a terminal or begin another line.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_debug())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}
