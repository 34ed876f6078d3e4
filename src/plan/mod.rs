//! Layer 5: findings into ordered steps. A plan is a value: showing it is the dry run, and [`crate::apply`] carries it
//! out.

pub mod renew;

use std::fmt;
use std::path::PathBuf;

use crate::audit::case::Signing;
use crate::audit::{Case, Finding, Remedy, View};
use crate::disk::FileRole;
use crate::moment::{date, span};
use crate::target::{Aim, Site};

/// What is to be done, one step for each target, issuers first.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// What is to be done about files and directories that are no target's.
    pub others: Vec<Other>,
}

/// What is to be done about a file or directory that is no target's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// To whom it belongs.
    pub site: Option<Site>,
    /// The file or directory.
    pub path: PathBuf,
    /// What is done: its mode is set, or a person must act.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The mode that is set.
    pub mode: Option<u32>,
}

/// What is to be done about one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The position of the target.
    pub target: usize,
    /// What is done.
    pub action: Action,
    /// Why, or for a kept target why not.
    pub reasons: Vec<Reason>,
    /// Modes that are set on files that stay.
    pub modes: Vec<(PathBuf, u32)>,
}

/// Why a step is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The rule that found it; none for what is not a finding.
    pub rule: Option<&'static str>,
    /// The file.
    pub path: PathBuf,
    /// In words.
    pub message: String,
}

/// What is done about a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: it is right.
    Keep,
    /// Only modes are set.
    Chmod,
    /// Files are copied from the authority.
    Copy,
    /// A file is written again from what is there.
    Rewrite,
    /// A new certificate for the key that is there.
    Reissue,
    /// A new key and a certificate for it.
    Rekey,
    /// Made: nothing is there.
    Create,
    /// To be signed by who has the CA's key.
    Request,
    /// A person must act; this is what to do.
    ByHand(String),
}

impl Action {
    /// Every action's word, in the order in which a summary counts them.
    pub const WORDS: [&'static str; 9] =
        ["create", "reissue", "rekey", "rewrite", "copy", "chmod", "request", "by hand", "keep"];

    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Chmod => "chmod",
            Self::Copy => "copy",
            Self::Rewrite => "rewrite",
            Self::Reissue => "reissue",
            Self::Rekey => "rekey",
            Self::Create => "create",
            Self::Request => "request",
            Self::ByHand(_) => "by hand",
        }
    }

    /// Whether it waits for a person.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(self, Self::Request | Self::ByHand(_))
    }
}

impl Step {
    /// Whether `apply` does something.
    #[must_use]
    pub fn changes(&self) -> bool {
        let acts = !matches!(self.action, Action::Keep | Action::Request | Action::ByHand(_));
        acts || !self.modes.is_empty()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Plan {
    /// The steps that cure the findings: for each target the strongest remedy.
    #[must_use]
    pub fn of(view: &View<'_>, findings: &[Finding]) -> Self {
        let mut own: Vec<Vec<&Finding>> = vec![Vec::new(); view.targets.list.len()];
        let mut others: Vec<Other> = Vec::new();
        for finding in findings.iter().filter(|finding| finding.anchor.view == view.position) {
            match finding.anchor.target.and_then(|index| own.get_mut(index)) {
                Some(own) => own.push(finding),
                None => other(&mut others, finding),
            }
        }
        let mut steps = Vec::with_capacity(own.len());
        for (case, own) in view.cases().zip(own) {
            steps.push(step(&case, &own, &steps));
        }
        Self { steps, others }
    }

    /// Whether there is nothing to do and nothing to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.action == Action::Keep) && self.others.is_empty()
    }

    /// Whether `apply` would do anything.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.steps.iter().any(Step::changes) || self.others.iter().any(|other| other.mode.is_some())
    }

    /// Whether something waits for a person.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.actions().any(Action::waits)
    }

    /// What is done about everything.
    pub fn actions(&self) -> impl Iterator<Item = &Action> {
        self.steps.iter().map(|step| &step.action).chain(self.others.iter().map(|other| &other.action))
    }

    /// The steps that replace a file that is there.
    pub fn replacing<'a>(&'a self, view: &'a View<'_>) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(|step| {
            let rewrites =
                matches!(step.action, Action::Reissue | Action::Rekey | Action::Rewrite | Action::Copy);
            rewrites && view.case(step.target).is_some_and(|case| replaces(&case, &step.action))
        })
    }

    /// The CAs that sign in this plan and whose keys are under a passphrase, each once.
    #[must_use]
    pub fn sealed<'a>(&self, view: &'a View<'_>) -> Vec<Case<'a>> {
        let mut found: Vec<Case<'a>> = Vec::new();
        for step in &self.steps {
            let signs = matches!(step.action, Action::Create | Action::Reissue | Action::Rekey);
            let issuer = view.case(step.target).filter(|_| signs).and_then(|case| case.certifier());
            let sealed = issuer.filter(|issuer| matches!(issuer.signing(), Signing::Sealed(_)));
            if let Some(issuer) = sealed
                && found.iter().all(|other| other.index != issuer.index)
            {
                found.push(issuer);
            }
        }
        found
    }

    /// The CAs that are made in this plan with a key in a token.
    #[must_use]
    pub fn in_tokens<'a>(&self, view: &'a View<'_>) -> Vec<Case<'a>> {
        let made = self.steps.iter().filter(|step| step.action == Action::Create);
        made.filter_map(|step| view.case(step.target)).filter(|case| case.token_key().is_some()).collect()
    }

    /// How many steps there are of each action.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        Action::WORDS.into_iter().map(|word| {
            let count = self.actions().filter(|action| action.word() == word).count();
            (word, count)
        })
    }
}

/// Adds a finding to what is to be done about a file that is no target's.
fn other(others: &mut Vec<Other>, finding: &Finding) {
    let (action, mode) = match &finding.remedy {
        Remedy::Advice(_) => return,
        Remedy::Chmod(mode) => (Action::Chmod, Some(*mode)),
        Remedy::ByHand(text) => (Action::ByHand(text.clone()), None),
        // Only a target is written.
        _ => (Action::ByHand("replace it".to_owned()), None),
    };
    let reason = reason(finding);
    let site = &finding.anchor.site;
    match others.iter_mut().find(|other| other.path == finding.path && other.site == *site) {
        None => {
            let (site, path) = (site.clone(), finding.path.clone());
            others.push(Other { site, path, action, reasons: vec![reason], mode });
        }
        Some(other) => {
            other.reasons.push(reason);
            other.mode = match (other.mode, mode) {
                (Some(one), Some(two)) => Some(one & two),
                (one, two) => one.or(two),
            };
            other.action = match (&other.action, action) {
                (Action::ByHand(one), Action::ByHand(two)) if !one.contains(&two) => {
                    Action::ByHand(format!("{one}; {two}"))
                }
                (Action::ByHand(one), _) => Action::ByHand(one.clone()),
                (_, two) => two,
            };
        }
    }
}

fn reason(finding: &Finding) -> Reason {
    let (path, message) = (finding.path.clone(), finding.message.clone());
    Reason { rule: Some(finding.rule.id), path, message }
}

fn step(case: &Case<'_>, findings: &[&Finding], earlier: &[Step]) -> Step {
    // What needs no act is no reason for one.
    let findings: Vec<&Finding> =
        findings.iter().copied().filter(|finding| !matches!(finding.remedy, Remedy::Advice(_))).collect();
    let mut reasons: Vec<Reason> = findings.iter().map(|finding| reason(finding)).collect();
    let modes = findings.iter().filter_map(|finding| match finding.remedy {
        Remedy::Chmod(mode) => Some((finding.path.clone(), mode)),
        _ => None,
    });
    let modes = modes.collect();
    let action = match findings.iter().map(|finding| &finding.remedy).max() {
        None | Some(Remedy::Chmod(_)) if follows(case, earlier) => copy(case, earlier),
        None | Some(Remedy::Chmod(_)) if trusts_reissued(case, earlier) => Action::Rewrite,
        None | Some(Remedy::Advice(_)) => Action::Keep,
        Some(Remedy::Chmod(_)) => Action::Chmod,
        Some(Remedy::Copy) => copy(case, earlier),
        Some(Remedy::Rewrite) => rewritten(case, earlier),
        Some(Remedy::Reissue) => signed(case, Action::Reissue, earlier),
        Some(Remedy::Rekey) => signed(case, Action::Rekey, earlier),
        Some(Remedy::Issue) => signed(case, Action::Create, earlier),
        Some(Remedy::ByHand(_)) => Action::ByHand(by_hand(&findings)),
    };
    if let Some(note) = cut_short(case, &action) {
        reasons.push(note);
    }
    if reasons.is_empty() {
        reasons.push(kept(case));
    }
    Step { target: case.index, action, reasons, modes }
}

/// Everything that a person must do about a target.
fn by_hand(findings: &[&Finding]) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for finding in findings {
        if let Remedy::ByHand(text) = &finding.remedy
            && !texts.contains(&text.as_str())
        {
            texts.push(text);
        }
    }
    texts.join("; ")
}

/// What becomes of an action that needs a signature: who can give it decides.
fn signed(case: &Case<'_>, action: Action, earlier: &[Step]) -> Action {
    let Some(issuer) = case.certifier() else { return action };
    // A certificate for a key that cannot be used needs a new key. A CA's is never replaced.
    let action = match action {
        Action::Reissue if !case.is_authority() && !has_usable_key(case) => Action::Rekey,
        other => other,
    };
    if is_made(&issuer, earlier) {
        return action;
    }
    let name = || case.view.targets.name(issuer.target);
    match issuer.signing() {
        Signing::Here(_) | Signing::Sealed(_) => action,
        Signing::Elsewhere => Action::Request,
        Signing::Nobody if issuer.is_root() => Action::ByHand(
            "renew the root first: it has ended, or its key is not the one that the spec names".to_owned(),
        ),
        Signing::Nobody if earlier.get(issuer.index).is_some_and(|step| step.action == Action::Request) => {
            Action::ByHand(format!("have `{}` signed first: it signs this", name()))
        }
        Signing::Nobody => Action::ByHand(format!("mend `{}` first: it signs this", name())),
    }
}

/// What becomes of a kubeconfig that is to be written again: it needs the CA's certificate, though not its key.
fn rewritten(case: &Case<'_>, earlier: &[Step]) -> Action {
    let Some(issuer) = case.issuer() else { return Action::Rewrite };
    if is_made(&issuer, earlier) || issuer.certificate().is_some() {
        Action::Rewrite
    } else {
        Action::ByHand(format!(
            "mend `{}` first: its certificate goes into this",
            case.view.targets.name(issuer.target)
        ))
    }
}

/// Whether the original of a copy is about to change, so that the copy must change with it.
fn follows(case: &Case<'_>, earlier: &[Step]) -> bool {
    let original = case.original().and_then(|original| earlier.get(original.index));
    original.is_some_and(|step| matches!(step.action, Action::Rewrite | Action::Reissue))
}

/// Whether the certificate of the CA in a kubeconfig is about to be replaced.
fn trusts_reissued(case: &Case<'_>, earlier: &[Step]) -> bool {
    let issuer = case.issuer().filter(|_| case.kubeconfig().is_some() && !case.is_rotated());
    let step = issuer.and_then(|issuer| earlier.get(issuer.index));
    step.is_some_and(|step| step.action == Action::Reissue)
}

/// Whether a CA is made by an earlier step of the same plan; of the root only its certificate is.
fn is_made(case: &Case<'_>, earlier: &[Step]) -> bool {
    let made = |step: &Step| {
        step.action == Action::Create || (case.is_authority() && step.action == Action::Reissue)
    };
    !case.is_root() && earlier.get(case.index).is_some_and(made)
}

/// Whether the key that is there can go on: it can be read and is of the spec's algorithm.
fn has_usable_key(case: &Case<'_>) -> bool {
    let algorithm = case.blueprint().map(|blueprint| blueprint.algorithm);
    case.private_key().is_some_and(|key| key.public_key().algorithm() == algorithm)
}

fn copy(case: &Case<'_>, earlier: &[Step]) -> Action {
    let Some(original) = case.original() else { return Action::Copy };
    // A CA that has a key alone is still to be signed.
    let role = if original.is_authority() { FileRole::Certificate } else { FileRole::Key };
    let there = original.present(role).is_some();
    let makes = |step: &Step| matches!(step.action, Action::Create | Action::Reissue);
    let is_made = earlier.get(original.index).is_some_and(makes);
    if is_made || there {
        Action::Copy
    } else {
        Action::ByHand(format!("put `{}` in place first", case.view.targets.name(original.target)))
    }
}

/// Says that a new certificate will end with its CA, before its time.
fn cut_short(case: &Case<'_>, action: &Action) -> Option<Reason> {
    if !matches!(action, Action::Reissue | Action::Rekey | Action::Create) {
        return None;
    }
    let ca = case.certifier_certificate()?;
    let wanted = case.view.now() + case.blueprint()?.lifetime;
    (wanted > ca.not_after).then(|| Reason {
        rule: None,
        path: case.certificate_path(),
        message: format!("cut to {}, when its CA ends", date(ca.not_after)),
    })
}

/// Why a target is kept.
fn kept(case: &Case<'_>) -> Reason {
    let now = case.view.now();
    let message = match (case.certificate(), &case.target.aim) {
        _ if case.is_rotated() => "the kubelet renews its certificate itself".to_owned(),
        (Some(certificate), Aim::Authority { .. }) if case.is_root() => {
            format!("valid until {}, as the spec names it", date(certificate.not_after))
        }
        (Some(certificate), Aim::Authority { .. }) if matches!(case.signing(), Signing::Elsewhere) => {
            format!("valid until {}; its key is elsewhere", date(certificate.not_after))
        }
        (Some(certificate), _) => {
            let mut text = format!(
                "valid until {} ({})",
                date(certificate.not_after),
                span(certificate.not_after - now)
            );
            let historic = case.blueprint().and_then(|blueprint| blueprint.subjects.first());
            if !case.is_authority() && historic.is_some_and(|subject| !subject.means(&certificate.subject)) {
                text += &format!(", with an earlier release's subject `{}`", certificate.subject);
            }
            text
        }
        (None, Aim::Copy { .. }) => "as the authority has it".to_owned(),
        (None, Aim::KeyPair { .. }) => match case.private_key() {
            Some(key) => format!("a pair of {} keys", key.public_key()),
            None => "there".to_owned(),
        },
        (None, _) => "there".to_owned(),
    };
    Reason { rule: None, path: case.certificate_path(), message }
}

/// Whether an action takes the place of something that is there.
fn replaces(case: &Case<'_>, action: &Action) -> bool {
    let there = |role| case.entry(role).is_some_and(|entry| !entry.found.is_missing());
    match action {
        Action::Reissue => there(FileRole::Certificate) || there(FileRole::Kubeconfig),
        Action::Copy => !case.is_absent(),
        Action::Rewrite => {
            [FileRole::PublicKey, FileRole::Kubeconfig, FileRole::Certificate].into_iter().any(there)
        }
        _ => true,
    }
}
