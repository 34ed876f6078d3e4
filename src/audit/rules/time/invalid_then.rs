//! `KP-TM012`: the day that was asked about is not a safe one.

use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene, View, last_safe_day};
use crate::moment::date;

rule! {
    /// On the day that was asked about with `--at`, some credential is not valid.
    ///
    /// ## Why it matters
    ///
    /// A cluster that is switched off, shipped or frozen until that day does not start then: what has expired cannot be
    /// renewed by a cluster that does not run.
    ///
    /// ## What to do
    ///
    /// Renew before: `kubepki renew` with a longer `certificateValidityPeriod`. The last safe day is the last one on which
    /// everything is still valid.
    ///
    /// ## References
    ///
    /// RFC 5280 §6.1.3 (a)(2).
    "KP-TM012" "invalid-then" High Scene "days that were asked about"
}

/// More names than this are only counted.
const NAMED: usize = 5;

fn applies(scene: &Scene<'_>) -> bool {
    scene.views.iter().any(|view| view.terms.at)
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let Some(then) = scene.views.first().map(View::now) else { return Vec::new() };
    let invalid: Vec<_> = scene
        .cases()
        .filter(|case| {
            let valid = |begin, end| begin <= then && then <= end;
            case.dated().is_some_and(|certificate| !valid(certificate.not_before, certificate.not_after))
        })
        .collect();
    if invalid.is_empty() {
        return Vec::new();
    }
    let mut names: Vec<String> =
        invalid.iter().take(NAMED).map(|case| case.view.targets.name(case.target)).collect();
    if invalid.len() > NAMED {
        names.push(format!("and {} more", invalid.len() - NAMED));
    }
    let of = scene.cases().filter(|case| case.dated().is_some()).count();
    let until =
        last_safe_day(scene).map(|day| format!("; the last safe day is {}", date(day))).unwrap_or_default();
    let message = format!(
        "{} of {of} certificates are not valid on {}: {}{until}",
        invalid.len(),
        date(then),
        names.join(", ")
    );
    let remedy = Remedy::advice("renew before that day, for longer: `kubepki renew --all`");
    Fault::one(PathBuf::new(), message, remedy)
}
