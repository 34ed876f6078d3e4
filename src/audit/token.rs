//! Service account tokens: with which keys the API servers sign and verify them.

use std::path::PathBuf;

use super::node::Node;
use crate::catalog::FileRole;
use crate::disk::content::Item;
use crate::disk::{Found, StaticPod};
use crate::target::Aim;
use crate::x509::{PrivateKey, PublicKey};

/// The keys of one API server.
#[derive(Clone, Debug)]
pub struct TokenKeys<'a> {
    /// Its node.
    pub node: Node<'a>,
    /// The keys that sign tokens, each with its file: the API server's own first, then the controller manager's.
    pub signers: Vec<(&'a PublicKey, PathBuf)>,
    /// The keys that tokens are verified with; none where a file of them is not here.
    pub verifiers: Option<Vec<&'a PublicKey>>,
    /// The file of the first of them.
    pub path: PathBuf,
    /// Whether the files are those of the credential `sa`.
    pub usual: bool,
}

impl<'a> TokenKeys<'a> {
    /// The keys of a node's API server: of the files that its flags name; without a manifest, of `sa`. Nothing where there
    /// is no API server, where something else signs, or where the files are copies that differ from the authority's.
    #[must_use]
    pub fn of(node: &Node<'a>) -> Option<Self> {
        match node.pod("kube-apiserver") {
            Some((_, pod)) if is_external(pod) => None,
            Some((_, pod)) => Self::told(node, pod),
            None => Self::usual(node),
        }
    }

    fn usual(node: &Node<'a>) -> Option<Self> {
        let case = node.credential("sa")?;
        if is_false_copy(node) {
            return None;
        }
        let signer = case.private_key().map(|key| (key.public_key(), case.key_path()));
        let path = case.path(FileRole::PublicKey);
        let verifiers = case.present(FileRole::PublicKey).map(|present| public_keys(&present.content.items));
        let there = signer.is_some() || verifiers.is_some();
        there.then(|| Self {
            node: *node,
            signers: signer.into_iter().collect(),
            verifiers,
            path,
            usual: true,
        })
    }

    fn told(node: &Node<'a>, pod: &'a StaticPod) -> Option<Self> {
        let manager = node.pod("kube-controller-manager").map(|(_, pod)| pod);
        let files = [
            pod.flag("service-account-signing-key-file"),
            manager.and_then(|pod| pod.flag("service-account-private-key-file")),
        ];
        let mut signers: Vec<(&PublicKey, PathBuf)> = Vec::new();
        for file in files.into_iter().flatten() {
            let Some((path, found)) = node.named_file(file) else { continue };
            let key = found.present().and_then(|present| present.content.private_key().ok());
            if let Some(key) =
                key.map(PrivateKey::public_key).filter(|key| signers.iter().all(|(one, _)| one != key))
            {
                signers.push((key, path.to_owned()));
            }
        }
        // Without the flag the API server takes the key that it serves with.
        let usual = [pod.flag("tls-private-key-file").unwrap_or_default().to_owned()];
        let named = pod.flags.get("service-account-key-file").map_or(usual.as_slice(), Vec::as_slice);
        let found: Vec<Option<_>> = named.iter().map(|file| node.named_file(file)).collect();
        let path = found.first().copied().flatten().map(|(path, _)| path.to_owned())?;
        let keys = |(_, found): (_, &'a Found)| Some(public_keys(&found.present()?.content.items));
        let verifiers: Option<Vec<Vec<_>>> = found.into_iter().map(|file| file.and_then(keys)).collect();
        let own = node.credential("sa");
        let usual = own.is_some_and(|own| {
            path == own.path(FileRole::PublicKey) && signers.iter().all(|(_, path)| *path == own.key_path())
        });
        if usual && is_false_copy(node) {
            return None;
        }
        let verifiers = verifiers.map(|keys| keys.into_iter().flatten().collect());
        Some(Self { node: *node, signers, verifiers, path, usual })
    }

    /// Whether tokens that a key has signed are accepted; yes, where that is not known.
    #[must_use]
    pub fn accepts(&self, key: &PublicKey) -> bool {
        self.verifiers.as_ref().is_none_or(|keys| keys.contains(&key))
    }
}

/// Whether an API server leaves signing to something else (KEP-740).
#[must_use]
pub fn is_external(pod: &StaticPod) -> bool {
    pod.flag("service-account-signing-endpoint").is_some_and(|endpoint| !endpoint.is_empty())
}

/// Whether the node's keys are a copy that differs from the authority's: that is told as such.
fn is_false_copy(node: &Node<'_>) -> bool {
    let Some(case) = node.credential("sa") else { return false };
    let Some(original) = case.original() else { return false };
    let differs = |role| {
        let own = case.present(role).map(|present| &present.file.bytes);
        own != original.present(role).map(|present| &present.file.bytes)
    };
    matches!(case.target.aim, Aim::Copy { .. })
        && [FileRole::Key, FileRole::PublicKey].into_iter().any(differs)
}

/// The public keys in a file, as the API server reads them: of public and private keys and of certificates
/// (client-go `util/keyutil`, `PublicKeysFromFile`).
fn public_keys<E>(items: &[Result<Item, E>]) -> Vec<&PublicKey> {
    let keys = items.iter().flatten().filter_map(|item| match item {
        Item::PublicKey(key) => Some(key),
        Item::PrivateKey(key) => Some(key.public_key()),
        Item::Certificate(certificate) => Some(&certificate.public_key),
        _ => None,
    });
    keys.collect()
}
