//! `KP-TM009`: nodes whose certificates expire together.

use std::collections::HashSet;
use std::path::PathBuf;

use time::{Duration, OffsetDateTime};

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene};
use crate::moment::rfc3339;
use crate::target::Site;

rule! {
    /// The certificates of several nodes expire within one hour.
    ///
    /// ## Why it matters
    ///
    /// If nobody renews them in time, no node is left to work from: the whole cluster fails at once. A fleet that was made
    /// in one go is like that by nature; nodes that are renewed on different days are not.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done. `kubepki renew NODE/NAME` on different days spreads them.
    ///
    /// ## References
    ///
    /// Kubernetes gives the kubelet's renewal a jitter of 20 per cent of the lifetime for this reason
    /// (`certificate_manager.go`).
    "KP-TM009" "simultaneous-expiry" Info Scene "directories of several nodes"
}

const WINDOW: Duration = Duration::hours(1);

/// A certificate's end, and whose it is: the position of the view and the node.
type End<'a> = (OffsetDateTime, (usize, &'a Site));

fn applies(scene: &Scene<'_>) -> bool {
    let sites: HashSet<(usize, &Site)> = ends(scene).into_iter().map(|(_, site)| site).collect();
    sites.len() > 1
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut ends = ends(scene);
    ends.sort_by_key(|(end, _)| *end);
    let mut best: &[End<'_>] = &[];
    let mut first = 0;
    for last in 0..ends.len() {
        while ends.get(first).zip(ends.get(last)).is_some_and(|(first, last)| last.0 - first.0 > WINDOW) {
            first += 1;
        }
        let window = ends.get(first..=last).unwrap_or_default();
        if window.len() > best.len() {
            best = window;
        }
    }
    let sites: HashSet<&(usize, &Site)> = best.iter().map(|(_, site)| site).collect();
    let Some((begin, _)) = best.first().filter(|_| sites.len() > 1) else { return Vec::new() };
    let message = format!(
        "{} certificates of {} nodes expire within an hour from {}",
        best.len(),
        sites.len(),
        rfc3339(*begin)
    );
    let remedy = Remedy::advice("renew the nodes on different days: `kubepki renew NODE/NAME`");
    Fault::one(PathBuf::new(), message, remedy)
}

/// The ends of the certificates that somebody has to renew, but for those that have expired.
fn ends<'a>(scene: &'a Scene<'a>) -> Vec<End<'a>> {
    let cases = scene.cases().filter(|case| case.is_leaf() && case.is_ours());
    let ends = cases.filter_map(|case| {
        let end = case.certificate()?.not_after;
        (end >= case.view.now()).then_some((end, (case.view.position, &case.target.site)))
    });
    ends.collect()
}
