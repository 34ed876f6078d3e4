//! A plan that somebody asked for by name.

use time::Duration;

use super::{Action, Plan, Reason, Step, signed};
use crate::audit::{Case, View};
use crate::moment::{date, span};
use crate::target::Aim;

/// What is to be renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Everything that a CA signs.
    All,
    /// The credentials with these names, on every node that has them: `apiserver`, `cp1/apiserver`, `admin`.
    Named(Vec<String>),
}

/// Why something that was asked for has no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenewError {
    /// Nothing has this name.
    #[error("nothing is called `{name}`: there are {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The name is that of a CA or of the service account keys.
    #[error("`{name}` is not renewed: {reason}")]
    Root {
        /// The name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
}

/// The steps that renew what was asked for: with a new key, or for the key that is there. With `within`, only what ends
/// sooner than that.
///
/// # Errors
/// When a name is nothing's, or that of something that is never replaced here.
pub fn plan(
    view: &View<'_>,
    which: &Which,
    keep_key: bool,
    within: Option<Duration>,
) -> Result<Plan, RenewError> {
    let mut steps = Vec::new();
    for case in chosen(view, which)? {
        if let (Some(within), Some(certificate)) = (within, case.certificate())
            && certificate.not_after - view.now() >= within
        {
            let end = certificate.not_after;
            let message = format!("valid until {} ({})", date(end), span(end - view.now()));
            steps.push(step(&case, Action::Keep, message));
            continue;
        }
        let (action, message) = renewal(&case, keep_key);
        steps.push(step(&case, action, message));
    }
    Ok(Plan { steps, others: Vec::new() })
}

fn renewal(case: &Case<'_>, keep_key: bool) -> (Action, String) {
    let by_hand = |text: &str| Action::ByHand(text.to_owned());
    if case.is_rotated() {
        return (by_hand("restart the kubelet if it does not"), "the kubelet renews it itself".to_owned());
    }
    if case.is_absent() {
        return (by_hand("`kubepki apply` makes it"), "missing".to_owned());
    }
    let unreadable =
        case.entries().iter().find(|entry| matches!(*entry.found, crate::disk::Found::Unreadable(_)));
    if let Some(entry) = unreadable {
        let text = format!("make {} readable", entry.file.path.display());
        return (by_hand(&text), "cannot be read".to_owned());
    }
    let asked = if keep_key { Action::Reissue } else { Action::Rekey };
    let action = signed(case, asked.clone(), &[]);
    let message = match (&action, &asked) {
        (Action::Rekey, Action::Reissue) => "asked for; its key cannot be kept",
        (Action::Request, _) => "asked for; its CA's key is elsewhere",
        _ => "asked for",
    };
    (action, message.to_owned())
}

fn step(case: &Case<'_>, action: Action, message: String) -> Step {
    let mut reasons = vec![Reason { rule: None, path: case.certificate_path(), message }];
    reasons.extend(super::cut_short(case, &action));
    Step { target: case.index, action, reasons, modes: Vec::new() }
}

fn chosen<'a>(view: &'a View<'a>, which: &Which) -> Result<Vec<Case<'a>>, RenewError> {
    let leaf = |case: &Case<'_>| case.is_ours() && view.targets.issuer(case.target).is_some();
    let names = match which {
        Which::All => return Ok(view.cases().filter(leaf).collect()),
        Which::Named(names) => names,
    };
    let is = |case: &Case<'_>, name: &str| {
        let full = view.targets.name(case.target);
        full == name || case.target.credential == name || case.target.credential == format!("{name}.conf")
    };
    for name in names {
        let all: Vec<_> = view.cases().filter(|case| is(case, name)).collect();
        let Some(first) = all.first() else {
            let mut known: Vec<String> =
                view.cases().filter(leaf).map(|case| case.target.credential.clone()).collect();
            known.sort_unstable();
            known.dedup();
            return Err(RenewError::Unknown { name: name.clone(), known });
        };
        if !all.iter().any(leaf) {
            let reason = match first.target.aim {
                Aim::KeyPair { .. } => "new service account keys make every token worthless",
                Aim::Copy { .. } => "it is a copy of the authority's",
                _ => "everything that it has signed would have to be replaced with it",
            };
            return Err(RenewError::Root { name: name.clone(), reason });
        }
    }
    let asked = |case: &Case<'_>| leaf(case) && names.iter().any(|name| is(case, name));
    Ok(view.cases().filter(asked).collect())
}
