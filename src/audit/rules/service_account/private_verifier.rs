//! `KP-SA007`: a private key where a public one would do.

use crate::audit::rule::rule;
use crate::audit::{Fault, Node, Remedy};
use crate::disk::content::Item;

rule! {
    /// An API server verifies tokens with a file that holds the private key.
    ///
    /// ## Why it matters
    ///
    /// Whoever may read what is needed to verify tokens can make them too. The API server itself signs tokens and has the
    /// key anyway: the file spreads when the verification is copied elsewhere.
    ///
    /// ## What to do
    ///
    /// Point `--service-account-key-file` to `sa.pub`: `openssl pkey -in sa.key -pubout -out sa.pub` makes it.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-apiserver `--service-account-key-file`.
    "KP-SA007" "private-verifier" Low Node "API servers whose flags name their keys"
}

fn applies(node: &Node<'_>) -> bool {
    files(node).next().is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let private = files(node).filter_map(|file| {
        let (path, found) = node.named_file(file)?;
        let mut items = found.present()?.content.items.iter().flatten();
        items.any(|item| matches!(item, Item::PrivateKey(_))).then_some(path)
    });
    let fault = |path: &std::path::Path| {
        let remedy = Remedy::advice("point --service-account-key-file to the public key, sa.pub");
        Fault::new(path.to_owned(), "verifies tokens, and holds the private key", remedy)
    };
    private.map(fault).collect()
}

fn files<'a>(node: &Node<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let values = node.pod("kube-apiserver").and_then(|(_, pod)| pod.flags.get("service-account-key-file"));
    values.into_iter().flatten().map(String::as_str)
}
