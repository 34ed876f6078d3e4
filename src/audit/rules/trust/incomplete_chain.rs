//! `KP-TR009`: a chain of which a part is missing.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::x509::{Certificate, ExtendedKeyUsage, chain};

rule! {
    /// A certificate is signed by an intermediate CA that is not in its file, or the root of a CA is nowhere.
    ///
    /// ## Why it matters
    ///
    /// Peers know the CA that they trust and what is sent to them, and nothing else: without the CA between they refuse
    /// the certificate.
    ///
    /// An intermediate alone as the cluster's CA is enough for Kubernetes, whose Go trusts what it is told to. OpenSSL and
    /// others want a root: that there is none is told as a piece of advice. Under a root that the spec names, what servers
    /// show has the CA behind it, for peers that have only the root.
    ///
    /// ## What to do
    ///
    /// Append the intermediate to the certificate's file, or let `kubepki apply` issue one of the CA itself; under a root
    /// that the spec names (`authority.root`), `kubepki apply` appends it. Give the root to clients that want one, in a
    /// file of its own: in a CA's file, behind the intermediate, it would let in the clients of every CA under it, and the
    /// controller manager signs with no file of two certificates.
    ///
    /// ## References
    ///
    /// RFC 8446 §4.4.2; kubernetes/kubeadm#2360; OpenSSL, `X509_V_FLAG_PARTIAL_CHAIN`.
    "KP-TR009" "incomplete-chain" High Case "certificates whose CA is there, and CAs that another CA has signed"
}

fn applies(case: &Case<'_>) -> bool {
    let leaf = case.is_leaf() && case.issuer().is_some_and(|ca| ca.certificate().is_some());
    let authority = case.is_authority() && case.certificate().is_some_and(|ca| !ca.is_self_issued());
    (leaf && case.certificate().is_some()) || authority
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    if !case.is_authority() {
        return leaf(case).into_iter().collect();
    }
    let Some(ca) = case.certificate() else { return Vec::new() };
    let known = case.certificates().iter().any(|ca| ca.is_self_issued());
    if known || case.root().is_some_and(|root| root.certificate().is_some()) {
        return Vec::new();
    }
    let message = format!("is an intermediate, and its root `{}` is not behind it", ca.issuer);
    let remedy = Remedy::advice("enough for Kubernetes; give the root to clients that want one");
    vec![Fault::new(case.certificate_path(), message, remedy).severity(Severity::Info)]
}

fn leaf(case: &Case<'_>) -> Option<Fault> {
    let Some(missing) = case.missing_link() else { return unfollowed(case) };
    // Who lets clients in believes every CA in the file; who checks a server believes the first.
    let purposes = &case.certificate()?.usages.extended;
    let client =
        purposes.contains(&ExtendedKeyUsage::ClientAuth) && !purposes.contains(&ExtendedKeyUsage::ServerAuth);
    if client && case.issuer()?.certificates().contains(&missing) {
        return None;
    }
    let message = format!("is signed by `{}`, which is not in the file", missing.subject);
    Some(Fault::new(case.certificate_path(), message, Remedy::Reissue))
}

/// A certificate without its CA behind it, where peers may have only the root.
fn unfollowed(case: &Case<'_>) -> Option<Fault> {
    let (certificates, ca) = (case.certificates(), case.followed_by()?.certificate()?);
    let own = certificates.first().filter(|own| case.is_ours() && chain::signed_by(own, ca).is_ok())?;
    // One that the CA had before, for the same key, leads on as well.
    let is_ca = |one: &&&Certificate| {
        one.public_key == ca.public_key && one.subject == ca.subject && one.not_after >= case.view.now()
    };
    if certificates.iter().skip(1).find(is_ca).is_some() {
        return None;
    }
    let server = own.usages.extended.contains(&ExtendedKeyUsage::ServerAuth);
    let severity = if server { Severity::Medium } else { Severity::Low };
    let message =
        format!("is not followed by its CA `{}`: peers that have only the root refuse it", ca.subject);
    Some(Fault::new(case.certificate_path(), message, Remedy::Rewrite).severity(severity))
}
