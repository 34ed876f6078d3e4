//! `KP-KY014`: how far a cluster is from keys that withstand quantum computers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene};
use crate::x509::scheme::Family;

rule! {
    /// The cluster's keys are of algorithms that a large quantum computer would break.
    ///
    /// ## Why it matters
    ///
    /// There is no such computer. A certificate of today has ended before there may be one, so nothing that is signed now
    /// is in danger; but CAs live for ten years, and it takes time to move. Go knows ML-DSA since 1.27, and so does
    /// Kubernetes since 1.38; until all components of a cluster are of such a release, nothing can be done.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done. Keep the lives of CAs in mind when they are replaced.
    ///
    /// ## References
    ///
    /// FIPS 204 (ML-DSA), RFC 9881; NIST IR 8547, which ends RSA and ECDSA of this strength in 2035.
    "KP-KY014" "classical-keys" Info Scene "clusters"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.sightings().next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let classical = scene.sightings().map(|sighting| &sighting.certificate().public_key);
    for key in classical.filter(|key| key.family() != Some(Family::MlDsa)) {
        *kinds.entry(key.to_string()).or_default() += 1;
    }
    if kinds.is_empty() {
        return Vec::new();
    }
    let (total, kinds): (usize, Vec<String>) =
        (kinds.values().sum(), kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect());
    let message = format!(
        "{total} of {} certificates have keys that are not post-quantum: {}",
        scene.sightings().count(),
        kinds.join(", ")
    );
    let remedy = Remedy::advice("nothing has to be done; Kubernetes knows ML-DSA from v1.38 on");
    Fault::one(PathBuf::new(), message, remedy)
}
