//! `KP-ID008`: people that are known by certificates.

use crate::audit::identity::user;
use crate::audit::rule::rule;
use crate::audit::{Access, Fault, Remedy, Scene};

rule! {
    /// People, or programs of theirs, are known to the API server by client certificates.
    ///
    /// ## Why it matters
    ///
    /// Such a certificate cannot be revoked: who leaves, or loses a laptop, keeps the access until it expires. Every
    /// cluster that kubeadm makes has at least `admin.conf`, so that this is told once.
    ///
    /// ## What to do
    ///
    /// Let people sign in with OIDC, or give out certificates that last a day. Keep `admin.conf` off the nodes.
    ///
    /// ## References
    ///
    /// CIS Kubernetes Benchmark 3.1.1.
    "KP-ID008" "person-with-certificate" Info Scene "kubeconfigs of people"
}

fn applies(scene: &Scene<'_>) -> bool {
    people(scene).next().is_some()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut people = people(scene);
    let Some(first) = people.next() else { return Vec::new() };
    let message = match people.count() {
        0 => "identifies its user by a certificate, which cannot be revoked".to_owned(),
        1 => "identifies its user by a certificate, as another does: neither can be revoked".to_owned(),
        others => format!("identifies its user by a certificate, as {others} others do: none can be revoked"),
    };
    let remedy = Remedy::advice("let people sign in with OIDC, or give them certificates that last a day");
    vec![Fault { anchor: Some(first.anchor()), ..Fault::new(first.path().to_owned(), message, remedy) }]
}

/// The kubeconfigs whose users are not components.
fn people<'a>(scene: &'a Scene<'a>) -> impl Iterator<Item = Access<'a>> {
    scene.accesses().filter(|access| {
        access
            .certificate()
            .is_some_and(|own| !user(own).starts_with("system:") && access.view.own_signer(own).is_some())
    })
}
