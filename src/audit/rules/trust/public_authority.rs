//! `KP-TR007`: a CA that the whole world trusts, and gets certificates from.

use crate::audit::listener::bundles;
use crate::audit::rule::rule;
use crate::audit::{Bundle, Fault, Node, Remedy};
use crate::x509::Certificate;
use crate::x509::public_root::is_public;

rule! {
    /// A file with the CAs of clients has a public CA: a root of Mozilla's programme, or a CA that such a root has signed.
    ///
    /// ## Why it matters
    ///
    /// Anyone can get a certificate of a public CA. It names its holder by a host name, and many have been good for clients
    /// as well as for servers: the world may sign in, and is whom the certificate names.
    ///
    /// ## What to do
    ///
    /// Take it out now, and restart what reads the file. Look in the audit log for users that are called like hosts.
    ///
    /// ## References
    ///
    /// Kubernetes, kube-apiserver `--client-ca-file`; Mozilla's root store, by `webpki-roots`.
    "KP-TR007" "public-authority" Critical Node "files with CAs of clients"
}

fn applies(node: &Node<'_>) -> bool {
    !bundles(node).is_empty()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let own = bundles(node).into_iter().filter(|bundle| !bundle.is_faithful_copy());
    own.filter_map(|bundle| fault(node, &bundle)).collect()
}

fn fault(node: &Node<'_>, bundle: &Bundle<'_>) -> Option<Fault> {
    let public: Vec<&&Certificate> = bundle.certificates.iter().filter(|ca| is_public(ca)).collect();
    let first = public.first()?;
    let more = public.len() - 1;
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = format!(
        "has the public CA `{}`{others}: anyone's certificate is let in by {}",
        first.subject,
        bundle.readers()
    );
    let remedy = Remedy::by_hand("take it out now, and restart what reads the file");
    Some(Fault::new(bundle.path.clone(), message, remedy).on(node))
}
