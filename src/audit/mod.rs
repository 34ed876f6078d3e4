//! Layer 4: judgement. *Findings of (targets, survey, now)*: no disk, no clock, no randomness.
//!
//! "This certificate is good enough to keep" is one judgement, made once, by the rules in [`rules`]. A rule says what is
//! wrong and which [`Remedy`] cures it; [`crate::plan`] puts the remedies in order.

pub mod case;
pub mod rule;
pub mod rules;

use std::path::PathBuf;

pub use case::{Case, View};
pub use rule::{Rule, Severity};

/// Something that is wrong with a target.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// The position of the target.
    pub target: usize,
    /// The file.
    pub path: PathBuf,
    /// What is wrong: a fragment that follows the path.
    pub message: String,
    /// What cures it.
    pub remedy: Remedy,
}

/// What a rule reports; the target is known from the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong: a fragment that follows the path.
    pub message: String,
    /// What cures it.
    pub remedy: Remedy,
}

impl Fault {
    /// The one fault that a check has found.
    #[must_use]
    pub fn one(path: PathBuf, message: impl Into<String>, remedy: Remedy) -> Vec<Self> {
        vec![Self { path, message: message.into(), remedy }]
    }
}

/// What cures a fault, mildest first: of several, the last does for all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Set the file's mode.
    Chmod(u32),
    /// Copy the file from the authority.
    Copy,
    /// Write the file again from what is there.
    Rewrite,
    /// Issue a new certificate for the key that is there.
    Reissue,
    /// Make a new key and a certificate for it.
    Rekey,
    /// Make it: nothing is there.
    Issue,
    /// A person must act; this is what to do.
    ByHand(String),
}

impl Remedy {
    /// What a person must do.
    #[must_use]
    pub fn by_hand(text: &str) -> Self {
        Self::ByHand(text.to_owned())
    }
}

/// Judges every target by every rule that applies to it, in the order of the targets and of the rules.
#[must_use]
pub fn findings(view: &View<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    for case in view.cases() {
        for rule in rules::ALL {
            if !(rule.applies)(&case) {
                continue;
            }
            all.extend((rule.check)(&case).into_iter().map(|fault| Finding {
                rule,
                target: case.index,
                path: fault.path,
                message: fault.message,
                remedy: fault.remedy,
            }));
        }
    }
    all
}
