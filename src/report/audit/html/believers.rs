//! Who believes a CA: what whoever holds its key can be to them.

use std::collections::HashMap;

use super::trust::Believer;
use crate::audit::reach::{Acceptance, By, blast_radius};
use crate::audit::{Listener, Scene};
use crate::x509::{Certificate, PublicKey};

/// Who believes the CAs of a scene, by the CAs' keys.
#[derive(Debug)]
pub struct Believers<'a>(HashMap<&'a PublicKey, Vec<Believer>>);

impl<'a> Believers<'a> {
    /// Who believes the CAs of a scene.
    #[must_use]
    pub fn in_scene(scene: &'a Scene<'a>) -> Self {
        let reaches = blast_radius(scene).into_iter();
        Self(reaches.map(|reach| (&reach.ca.public_key, believers(&reach.accepted_by))).collect())
    }

    /// Who believes a CA.
    #[must_use]
    pub fn of(&self, ca: &Certificate) -> Vec<Believer> {
        self.0.get(&ca.public_key).cloned().unwrap_or_default()
    }
}

fn believers(accepted_by: &[Acceptance<'_>]) -> Vec<Believer> {
    let believer = |acceptance: &Acceptance<'_>| Believer {
        name: match acceptance.by {
            By::Listener(Listener::RequestHeader) => "API servers (front proxy)".to_owned(),
            By::Listener(listener) => listener.plural().to_owned(),
            By::Kubeconfigs => "kubeconfigs, of servers".to_owned(),
        },
        nodes: acceptance.nodes.iter().map(|(_, node)| (*node).to_owned()).collect(),
    };
    accepted_by.iter().map(believer).collect()
}
