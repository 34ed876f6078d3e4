//! `KP-KY013`: a usage that means nothing for the key.

use std::path::PathBuf;

use crate::audit::rule::rule;
use crate::audit::{Fault, Remedy, Scene};
use crate::x509::KeyUsage;
use crate::x509::scheme::Family;

rule! {
    /// Certificates of keys that are not RSA allow key encipherment.
    ///
    /// ## Why it matters
    ///
    /// Only RSA keys encipher keys. The usage is without meaning for others; strict checkers object to it. kubeadm sets it
    /// for every key, and kubepki does as kubeadm does.
    ///
    /// ## What to do
    ///
    /// Nothing has to be done.
    ///
    /// ## References
    ///
    /// RFC 5480 §3 (elliptic curves), RFC 8410 §5 (Ed25519).
    "KP-KY013" "key-encipherment" Info Scene "clusters with keys other than RSA"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.sightings().any(|sighting| sighting.certificate().public_key.family() != Some(Family::Rsa))
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let enciphers = scene.sightings().filter(|sighting| {
        let certificate = sighting.certificate();
        certificate.public_key.family() != Some(Family::Rsa)
            && certificate.usages.key.contains(&KeyUsage::KeyEncipherment)
    });
    let count = enciphers.count();
    if count == 0 {
        return Vec::new();
    }
    let message = format!(
        "{count} certificates allow key encipherment although their keys are not RSA, as kubeadm does it"
    );
    Fault::one(PathBuf::new(), message, Remedy::advice("nothing has to be done"))
}
