//! `KP-KC007`: a copy of a kubeconfig that was left behind.

use std::collections::HashMap;

use crate::audit::rule::rule;
use crate::audit::{Access, Fault, Scene};
use crate::moment::date;
use crate::x509::Certificate;

rule! {
    /// A copy of a credential's kubeconfig holds an older certificate than the credential's own.
    ///
    /// ## Why it matters
    ///
    /// It stops working when the old certificate expires, long after everyone believes that all was renewed. Until then a
    /// key that was meant to be replaced is still good.
    ///
    /// Only files in the directories that are audited can be compared: name the home directory's `.kube` with another
    /// `-d`, or copy the file here. What is plainly a backup is told by another rule.
    ///
    /// ## What to do
    ///
    /// Copy the credential's kubeconfig again, or delete the copy.
    ///
    /// ## References
    ///
    /// Kubernetes, "Certificate Management with kubeadm", after a renewal.
    "KP-KC007" "stale-copy" Medium Scene "copies of credentials' kubeconfigs"
}

/// What the name of a file that somebody keeps as a backup ends with, or has in it.
const BACKUP: [&str; 5] = [".bak", ".old", ".orig", ".backup", "~"];

fn applies(scene: &Scene<'_>) -> bool {
    !copies(scene).is_empty()
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let copies = copies(scene).into_iter().filter(|(_, own, originals)| {
        originals.iter().all(|(_, original)| original.not_before > own.not_before)
    });
    let fault = |(access, own, originals): Copy<'_>| {
        let (original, newer) = originals.first()?;
        let message = format!(
            "is a copy of {} with a certificate of {}, not of {}",
            scene.place(original.path(), original.view, access.view),
            date(own.not_before),
            date(newer.not_before)
        );
        Some(access.fault_by_hand(message, "copy it again, or delete it"))
    };
    copies.filter_map(fault).collect()
}

type Client<'a> = (Access<'a>, &'a Certificate);
type Copy<'a> = (Access<'a>, &'a Certificate, Vec<Client<'a>>);

/// Kubeconfigs of no credential with the same user as a credential's, by the same CA.
fn copies<'a>(scene: &'a Scene<'a>) -> Vec<Copy<'a>> {
    let mut originals: HashMap<(String, &[u8]), Vec<Client<'a>>> = HashMap::new();
    let clients = || scene.accesses().filter_map(|access| Some((access, access.certificate()?)));
    let user = |own: &'a Certificate| (own.subject.to_string(), own.issuer.as_der());
    for (access, own) in clients().filter(|(access, _)| access.is_planned()) {
        originals.entry(user(own)).or_default().push((access, own));
    }
    let is_backup = |access: &Access<'_>| BACKUP.iter().any(|end| access.file_name().contains(end));
    let copies = clients().filter(|(access, own)| {
        // What has expired is told as such.
        !access.is_planned() && !is_backup(access) && own.not_after >= access.view.now()
    });
    copies.filter_map(|(access, own)| Some((access, own, originals.get(&user(own))?.clone()))).collect()
}
