//! `KP-ST004`: two files for one thing.

use std::path::Path;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};
use crate::disk::content::Item;
use crate::disk::{Entry, FileRole, Stray};
use crate::target::Site;

rule! {
    /// Beside a credential's file lies another of the same name with another ending, and the same kind of thing in it.
    ///
    /// ## Why it matters
    ///
    /// One of `apiserver.crt` and `apiserver.pem` is in use, and the other is the one that gets renewed or looked at.
    ///
    /// ## What to do
    ///
    /// Find out which one the component is told to read (`--tls-cert-file` and the like in its manifest), and remove
    /// the other.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements", certificate paths.
    "KP-ST004" "rival-file" High Case "credentials"
}

/// How the files of a kind are called after the name of the credential.
fn endings(role: FileRole) -> &'static [&'static str] {
    match role {
        FileRole::Certificate => &[".crt", ".cer", ".cert", ".der", ".pem", "-cert.pem"],
        // A file `.pem` with both is told as the certificate's.
        FileRole::Key => &[".key", "-key.pem", ".key.pem", ".p8"],
        FileRole::PublicKey => &[".pub", "-pub.pem", ".pem"],
        FileRole::Kubeconfig => &[".conf", ".config", ".kubeconfig", ".yaml"],
    }
}

fn applies(case: &Case<'_>) -> bool {
    case.is_ours() && !case.is_absent()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    case.entries().iter().flat_map(|entry| rivals(case, entry)).collect()
}

fn rivals(case: &Case<'_>, entry: &Entry) -> Vec<Fault> {
    let path = &entry.file.path;
    let role = entry.file.role;
    if entry.found.present().is_none() {
        return Vec::new();
    }
    let Some(name) = path.to_str().and_then(|path| stem(path, role)) else { return Vec::new() };
    let survey = case.view.survey;
    let others = endings(role).iter().map(|ending| format!("{name}{ending}"));
    let strays = others.filter_map(|other| {
        let position = survey.strays.binary_search_by(|stray| stray.path.as_path().cmp(Path::new(&other)));
        survey.strays.get(position.ok()?)
    });
    let rivals = strays.filter(|stray| stray.link.is_none() && holds(stray, role));
    rivals
        .map(|stray| {
            let used = user(case, &stray.path)
                .map(|component| format!(", which {} reads", component.escape_debug()));
            let message = format!("stands beside {}{}", stray.path.display(), used.unwrap_or_default());
            let remedy = Remedy::by_hand("find out which of the two is read, and remove the other");
            Fault::new(path.clone(), message, remedy)
        })
        .collect()
}

/// The path of a file without the ending of its kind.
fn stem(path: &str, role: FileRole) -> Option<&str> {
    let mut endings: Vec<&str> = endings(role).to_vec();
    // The longest first: `-key.pem` before `.pem`.
    endings.sort_by_key(|ending| std::cmp::Reverse(ending.len()));
    endings.into_iter().find_map(|ending| path.strip_suffix(ending))
}

fn holds(stray: &Stray, role: FileRole) -> bool {
    let items = stray.found.present().into_iter().flat_map(|present| present.content.items.iter().flatten());
    let same = |item: &Item| match role {
        FileRole::Certificate => matches!(item, Item::Certificate(_)),
        FileRole::Key => matches!(item, Item::PrivateKey(_) | Item::EncryptedKey(_) | Item::TokenKey(_)),
        FileRole::PublicKey => matches!(item, Item::PublicKey(_)),
        FileRole::Kubeconfig => matches!(item, Item::Kubeconfig(_)),
    };
    items.into_iter().any(same)
}

/// The component whose manifest names a path.
fn user(case: &Case<'_>, path: &Path) -> Option<String> {
    let Site::Node(_) = case.target.site else { return None };
    let node = case.view.node(&case.target.site)?;
    let mut pods = node.pods();
    let names = |value: &String| node.place(value).is_some_and(|place| place == path);
    let (_, pod) = pods.find(|(_, pod)| pod.flags.values().flatten().any(names))?;
    Some(pod.component.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_told_from_its_ending() {
        for (path, role, name) in [
            ("pki/apiserver.crt", FileRole::Certificate, Some("pki/apiserver")),
            ("pki/apiserver.pem", FileRole::Certificate, Some("pki/apiserver")),
            ("ssl/kube-ca-key.pem", FileRole::Key, Some("ssl/kube-ca")),
            ("pki/sa.pub", FileRole::PublicKey, Some("pki/sa")),
            ("admin.conf", FileRole::Kubeconfig, Some("admin")),
            ("kubelet-client-current", FileRole::Certificate, None),
        ] {
            assert_eq!(stem(path, role), name, "{path}");
        }
    }
}
