//! `KP-ID007`: a front proxy whose name is not allowed.

use crate::audit::identity::{is_as_planned, user};
use crate::audit::listener;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Node, Remedy};
use crate::x509::Certificate;

rule! {
    /// The API server's proxy certificate has a common name that `--requestheader-allowed-names` does not list.
    ///
    /// ## Why it matters
    ///
    /// Extension API servers take the list from the cluster and refuse every request that is passed on to them: metrics
    /// and other aggregated APIs fail.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` reissues a certificate with another name than the spec's; otherwise put the name into the flag.
    ///
    /// ## References
    ///
    /// Kubernetes, "Configure the Aggregation Layer".
    "KP-ID007" "refused-proxy" High Node "API servers with a list of allowed proxies"
}

fn applies(node: &Node<'_>) -> bool {
    proxy(node).is_some()
}

fn check(node: &Node<'_>) -> Vec<Fault> {
    let Some((names, path, certificate, case)) = proxy(node) else { return Vec::new() };
    let user = user(certificate);
    if names.is_empty() || names.split(',').any(|name| name == user) {
        return Vec::new();
    }
    let message = format!("is `{}`, and --requestheader-allowed-names lists `{names}`", user.escape_debug());
    let planned = |case: &Case<'_>| case.blueprint().is_some_and(|own| is_as_planned(certificate, own));
    if let Some(case) = case.filter(|case| !planned(case)) {
        return vec![Fault::new(path, message, Remedy::Reissue).about(&case)];
    }
    let text = format!("add `{user}` to --requestheader-allowed-names of kube-apiserver");
    Fault::one(path, message, Remedy::by_hand(text))
}

type Proxy<'a> = (&'a str, std::path::PathBuf, &'a Certificate, Option<Case<'a>>);

/// The names that an API server allows, and the certificate that it shows.
fn proxy<'a>(node: &Node<'a>) -> Option<Proxy<'a>> {
    let (_, pod) = node.pod("kube-apiserver")?;
    let names = pod.flag("requestheader-allowed-names")?;
    let (path, found) = node.named_file(pod.flag("proxy-client-cert-file")?)?;
    let certificate = listener::certificates(found).first().copied()?;
    let case = node.cases().find(|case| case.certificate_path() == path);
    Some((names, path.to_owned(), certificate, case))
}
