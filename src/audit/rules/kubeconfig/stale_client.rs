//! `KP-KC001`: a kubeconfig with another client certificate than the renewed one.

use std::collections::HashMap;
use std::path::PathBuf;

use time::{Duration, OffsetDateTime};

use crate::audit::identity::{NODE, is_client, user};
use crate::audit::rule::rule;
use crate::audit::{Fault, Part, Remedy, Scene, View};
use crate::moment::date;
use crate::x509::Certificate;

rule! {
    /// A kubeconfig holds an older client certificate than a file beside it, or names a file that is not read because the
    /// kubeconfig holds data too.
    ///
    /// ## Why it matters
    ///
    /// Somebody has renewed the file and believes that the client is renewed. It still shows the old certificate, until
    /// that expires.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` writes a credential's kubeconfig anew. In others, take the data or the file's name out, or put the
    /// new certificate and key in.
    ///
    /// ## References
    ///
    /// Kubernetes, kubeconfig v1: `client-certificate-data` overrides `client-certificate`.
    "KP-KC001" "stale-client" High Scene "kubeconfigs that hold a client certificate"
}

/// Two certificates of one run of a tool.
const SAME_RUN: Duration = Duration::hours(1);

fn applies(scene: &Scene<'_>) -> bool {
    scene.accesses().any(|access| access.certificate().is_some())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let newest: Vec<Newest<'_>> = scene.views.iter().map(newest).collect();
    let mut faults = Vec::new();
    for access in scene.accesses() {
        let Some(certificate) = access.certificate() else { continue };
        let newer = newest.get(access.view.position).and_then(|all| newer(all, certificate));
        let fault = if let Some((field, file)) = access.kubeconfig.shadowed.first() {
            let message =
                format!("names `{}` as {field}, and holds data that is taken instead", file.escape_debug());
            let remedy = if *field == "certificate-authority" { Remedy::Rewrite } else { Remedy::Rekey };
            access.fault(message, remedy, "take the file's name out, or the data")
        } else if let Some((begun, path)) = newer {
            let message = format!(
                "holds a certificate of {}, and {} has one of {} for the same user",
                date(certificate.not_before),
                path.display(),
                date(*begun)
            );
            access.fault(message, Remedy::Rekey, "put the newer certificate and its key into it")
        } else {
            continue;
        };
        faults.push(Fault { anchor: Some(access.anchor()), ..fault });
    }
    faults
}

/// The newest certificate of each subject and issuer in files that are no kubeconfigs.
type Newest<'a> = HashMap<(String, &'a [u8]), (OffsetDateTime, PathBuf)>;

/// Whom a certificate names, whatever the string types, and who says so.
fn names(certificate: &Certificate) -> (String, &[u8]) {
    (certificate.subject.to_string(), certificate.issuer.as_der())
}

fn newest<'a>(view: &'a View<'a>) -> Newest<'a> {
    let mut newest = Newest::new();
    let clients = view.sightings().filter(|sighting| {
        let certificate = sighting.certificate();
        let valid = (certificate.not_before..=certificate.not_after).contains(&view.now());
        // A kubelet's kubeconfig is judged by a rule of its own.
        let node = user(certificate).starts_with(NODE);
        !sighting.is_in_kubeconfig()
            && sighting.part() == Part::Own
            && is_client(certificate)
            && valid
            && !node
    });
    for sighting in clients {
        let certificate = sighting.certificate();
        let entry =
            newest.entry(names(certificate)).or_insert_with(|| (certificate.not_before, sighting.path()));
        if entry.0 < certificate.not_before {
            *entry = (certificate.not_before, sighting.path());
        }
    }
    newest
}

fn newer<'a>(newest: &'a Newest<'a>, certificate: &'a Certificate) -> Option<&'a (OffsetDateTime, PathBuf)> {
    let found = newest.get(&names(certificate))?;
    (found.0 > certificate.not_before + SAME_RUN).then_some(found)
}
