//! Layer 4: judgement. *Findings of (targets, survey, now)*: no disk, no clock, no randomness.
//!
//! "This certificate is good enough to keep" is one judgement, made once, by the rules in [`rules`]. A rule says what is
//! wrong and which [`Remedy`] cures it; [`crate::plan`] puts the remedies in order.

pub mod access;
pub mod case;
pub mod custody;
pub mod etcd;
pub mod file;
pub mod identity;
pub mod key;
pub mod kin;
pub mod lifetime;
pub mod links;
pub mod listener;
pub mod names;
pub mod node;
pub mod peculiarity;
pub mod reach;
pub mod release;
pub mod rule;
pub mod rules;
pub mod sighting;
pub mod token;
pub mod usage;
pub mod view;

use std::path::PathBuf;

use rayon::prelude::*;
use time::OffsetDateTime;

use crate::catalog::Keeper;
use crate::target::Site;

pub use access::Access;
pub use case::Case;
pub use file::File;
pub use key::Key;
pub use links::Signer;
pub use listener::{Bundle, Listener};
pub use node::Node;
pub use rule::{Rule, Scope, Severity};
pub use sighting::{Part, Sighting};
pub use token::TokenKeys;
pub use view::{Scene, Terms, View};

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is: the rule's severity, unless this case of it is worse or milder.
    pub severity: Severity,
    /// Where it was found.
    pub anchor: Anchor,
    /// The file.
    pub path: PathBuf,
    /// What is wrong: a fragment that follows the path.
    pub message: String,
    /// What cures it.
    pub remedy: Remedy,
}

/// What a finding is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchor {
    /// The position of the view.
    pub view: usize,
    /// The node, or the authority.
    pub site: Option<Site>,
    /// The position of the target in the view.
    pub target: Option<usize>,
    /// The SHA-256 of the public key that it is about, in hexadecimal: what stays when a file is moved.
    pub key: Option<String>,
}

/// What a rule reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub path: PathBuf,
    /// What is wrong: a fragment that follows the path.
    pub message: String,
    /// What cures it.
    pub remedy: Remedy,
    /// Its severity, where that is not the rule's.
    pub severity: Option<Severity>,
    /// What it is about, where that is not what was looked at.
    pub anchor: Option<Anchor>,
}

impl Fault {
    /// A fault.
    #[must_use]
    pub fn new(path: PathBuf, message: impl Into<String>, remedy: Remedy) -> Self {
        Self { path, message: message.into(), remedy, severity: None, anchor: None }
    }

    /// The one fault that a check has found.
    #[must_use]
    pub fn one(path: PathBuf, message: impl Into<String>, remedy: Remedy) -> Vec<Self> {
        vec![Self::new(path, message, remedy)]
    }

    /// The same, of this severity.
    #[must_use]
    pub fn severity(self, severity: Severity) -> Self {
        Self { severity: Some(severity), ..self }
    }

    /// The same with another cure.
    #[must_use]
    pub fn cured_by(self, remedy: Remedy) -> Self {
        Self { remedy, ..self }
    }

    /// The same, about a target.
    #[must_use]
    pub fn about(self, case: &Case<'_>) -> Self {
        Self { anchor: Some(case.anchor()), ..self }
    }

    /// The same, about a file.
    #[must_use]
    pub fn of(self, file: &File<'_>) -> Self {
        Self { anchor: Some(file.anchor()), ..self }
    }

    /// The same, about a node as a whole.
    #[must_use]
    pub fn on(self, node: &Node<'_>) -> Self {
        Self { anchor: Some(node.anchor()), ..self }
    }
}

/// What cures a fault, mildest first: of several, the last does for all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Nothing has to be done; this is what could be.
    Advice(String),
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
    pub fn by_hand(text: impl Into<String>) -> Self {
        Self::ByHand(text.into())
    }

    /// What a person could do.
    #[must_use]
    pub fn advice(text: impl Into<String>) -> Self {
        Self::Advice(text.into())
    }

    /// Whether a new certificate is its cure.
    #[must_use]
    pub fn signs(&self) -> bool {
        matches!(self, Self::Reissue | Self::Rekey | Self::Issue)
    }
}

/// What the rules say of a scene.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What is wrong: in the order of the views and their targets, then of the rules.
    pub findings: Vec<Finding>,
    /// Every rule, and how many things it was held against: a rule that was held against nothing did not apply.
    pub checked: Vec<(&'static Rule, usize)>,
}

/// Below this many things to look at, starting threads costs more than they save.
const WORTH_THREADS: usize = 64;

/// Judges a scene by every rule.
#[must_use]
pub fn judge(scene: &Scene<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    for view in &scene.views {
        view.links();
    }
    let cases: Vec<Case<'_>> = scene.cases().collect();
    let sightings: Vec<Sighting<'_>> = scene.sightings().collect();
    let keys: Vec<Key<'_>> = scene.views.iter().flat_map(key::keys).collect();
    let files: Vec<File<'_>> = scene.files().collect();
    let nodes: Vec<Node<'_>> = scene.nodes().collect();
    let accesses: Vec<Access<'_>> = scene.accesses().collect();
    for rule in rules::all() {
        let (count, mut found) = match rule.scope {
            Scope::Case { applies, check } => held(rule, &cases, applies, check, Case::anchor),
            Scope::File { applies, check } => held(rule, &files, applies, check, File::anchor),
            Scope::Access { applies, check } => held(rule, &accesses, applies, check, Access::anchor),
            Scope::Key { applies, check } => held(rule, &keys, applies, check, Key::anchor),
            Scope::Node { applies, check } => held(rule, &nodes, applies, check, Node::anchor),
            Scope::Scene { applies, check } => held(
                rule,
                std::slice::from_ref(&scene),
                |scene| applies(scene),
                |scene| check(scene),
                |_| Anchor::default(),
            ),
            Scope::Sighting { applies, check } => {
                held(rule, &sightings, applies, |sighting| sighting.spread(check(sighting)), Sighting::anchor)
            }
        };
        for finding in &mut found {
            keep_to_the_keeper(scene, finding);
        }
        judgement.findings.append(&mut found);
        judgement.checked.push((rule, count));
    }
    // What has no target comes after what has one.
    judgement.findings.sort_by_key(|finding| {
        let Anchor { view, target, .. } = &finding.anchor;
        (*view, target.unwrap_or(usize::MAX))
    });
    judgement
}

/// The last moment at which every certificate of a credential is still valid, if all of them are now.
#[must_use]
pub fn last_safe_day(scene: &Scene<'_>) -> Option<OffsetDateTime> {
    let certificates = scene.cases().filter_map(|case| case.dated());
    certificates.map(|certificate| certificate.not_after).min()
}

/// Holds a rule against everything that it applies to.
fn held<T: Sync>(
    rule: &'static Rule,
    things: &[T],
    applies: impl Fn(&T) -> bool + Sync,
    check: impl Fn(&T) -> Vec<Fault> + Sync,
    anchor: impl Fn(&T) -> Anchor + Sync,
) -> (usize, Vec<Finding>) {
    let hold = |thing: &T| {
        applies(thing).then(|| -> Vec<Finding> {
            let faults = check(thing).into_iter();
            faults.map(|fault| finding(rule, fault, || anchor(thing))).collect()
        })
    };
    let held: Vec<Vec<Finding>> = if things.len() < WORTH_THREADS {
        things.iter().filter_map(hold).collect()
    } else {
        things.par_iter().filter_map(hold).collect()
    };
    (held.len(), held.into_iter().flatten().collect())
}

fn finding(rule: &'static Rule, fault: Fault, anchor: impl Fn() -> Anchor) -> Finding {
    let Fault { path, message, remedy, severity, anchor: own } = fault;
    let severity = severity.unwrap_or(rule.severity);
    Finding { rule, severity, anchor: own.unwrap_or_else(anchor), path, message, remedy }
}

/// What others make and renew is not replaced here: its keeper does that.
fn keep_to_the_keeper(scene: &Scene<'_>, finding: &mut Finding) {
    if matches!(finding.remedy, Remedy::Advice(_) | Remedy::Chmod(_) | Remedy::ByHand(_)) {
        return;
    }
    let Anchor { view, target, .. } = finding.anchor;
    let target = target.and_then(|index| scene.views.get(view)?.targets.list.get(index));
    finding.remedy = match target.map(|target| target.keeper) {
        Some(Keeper::Kubepki) => return,
        Some(Keeper::Kubelet) => {
            Remedy::by_hand("move the file away and restart the kubelet: it requests a new one")
        }
        Some(Keeper::Distribution(distribution)) => {
            Remedy::by_hand(distribution.renewal.unwrap_or("renew it by the distribution's own means"))
        }
        None => Remedy::by_hand("replace the file, or remove it if nothing reads it"),
    };
}
