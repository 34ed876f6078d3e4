//! `KP-XN004`: a node that was forgotten.

use std::collections::{BTreeMap, HashMap};

use time::{Duration, OffsetDateTime};

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene};
use crate::moment::span;
use crate::x509::KeyAlgorithm;

rule! {
    /// A node's certificates expire a month or more before those of most other nodes, or have keys of another algorithm.
    ///
    /// ## Why it matters
    ///
    /// A renewal or a change of algorithm has passed the node by. It drops out first, while everyone believes that all was
    /// renewed.
    ///
    /// A node that joined later, whose certificates last longer, is not meant. With a spec, algorithms are told by
    /// `KP-KY015`.
    ///
    /// ## What to do
    ///
    /// Renew the node's certificates as those of the others.
    ///
    /// ## References
    ///
    /// Kubernetes, "Certificate Management with kubeadm": renewal is done on every control plane.
    "KP-XN004" "straggler" Low Scene "credentials that several nodes have"
}

/// A renewal that takes longer than this over all nodes is not one renewal: kubepki's default `renewBefore`.
const SPREAD: Duration = Duration::days(30);

fn applies(scene: &Scene<'_>) -> bool {
    groups(scene).values().any(|cases| cases.len() > 1)
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    // What is behind, node by node: how many certificates, the first of them, and by how much the worst.
    let mut late: BTreeMap<Place, (usize, Case<'_>, Duration)> = BTreeMap::new();
    let mut odd: BTreeMap<Place, (usize, Case<'_>, KeyAlgorithm)> = BTreeMap::new();
    for cases in groups(scene).values().filter(|cases| cases.len() > 1) {
        let usual_end = median(cases.iter().filter_map(Case::certificate).map(|own| own.not_after));
        let usual_algorithm = most_frequent(cases);
        for case in cases {
            let Some(certificate) = case.certificate() else { continue };
            let behind = usual_end.map_or(Duration::ZERO, |usual| usual - certificate.not_after);
            if behind > SPREAD && certificate.not_after >= case.view.now() {
                let entry = late.entry(place(case)).or_insert((0, *case, behind));
                *entry = (entry.0 + 1, entry.1, entry.2.max(behind));
            }
            if let Some(usual) = usual_algorithm.filter(|_| !case.view.terms.given)
                && certificate.public_key.algorithm() != Some(usual)
            {
                odd.entry(place(case)).or_insert((0, *case, usual)).0 += 1;
            }
        }
    }
    let certificates = |count: usize| {
        if count == 1 {
            "its certificate expires".to_owned()
        } else {
            format!("{count} certificates of the node expire")
        }
    };
    let late = late.into_values().map(|(count, case, behind)| {
        let message = format!("{} {} before those of most other nodes", certificates(count), span(behind));
        fault(&case, message, "renew the node's certificates as those of the others")
    });
    let odd = odd.into_values().map(|(count, case, usual)| {
        let which =
            if count == 1 { "its key is".to_owned() } else { format!("{count} keys of the node are") };
        let message = format!("{which} not {usual}, as those of most other nodes");
        fault(&case, message, "renew the node's certificates with the algorithm of the others")
    });
    late.chain(odd).collect()
}

type Place = (usize, String);

fn place(case: &Case<'_>) -> Place {
    (case.view.position, case.target.site.to_string())
}

fn fault(case: &Case<'_>, message: String, text: &str) -> Fault {
    Fault::new(case.certificate_path(), message, Remedy::advice(text)).about(case)
}

/// The certificates that a CA has signed, by the name of their credential.
fn groups<'a>(scene: &'a Scene<'a>) -> BTreeMap<&'a str, Vec<Case<'a>>> {
    let mut groups: BTreeMap<&str, Vec<Case<'a>>> = BTreeMap::new();
    for case in scene.cases().filter(|case| case.is_leaf() && case.certificate().is_some()) {
        groups.entry(case.target.credential.as_str()).or_default().push(case);
    }
    groups
}

fn median(ends: impl Iterator<Item = OffsetDateTime>) -> Option<OffsetDateTime> {
    let mut ends: Vec<OffsetDateTime> = ends.collect();
    ends.sort_unstable();
    ends.get(ends.len() / 2).copied()
}

/// The algorithm of more than half of the keys.
fn most_frequent(cases: &[Case<'_>]) -> Option<KeyAlgorithm> {
    let mut counts: HashMap<KeyAlgorithm, usize> = HashMap::new();
    for case in cases {
        if let Some(algorithm) = case.certificate().and_then(|own| own.public_key.algorithm()) {
            *counts.entry(algorithm).or_default() += 1;
        }
    }
    counts.into_iter().find(|(_, count)| count * 2 > cases.len()).map(|(algorithm, _)| algorithm)
}
