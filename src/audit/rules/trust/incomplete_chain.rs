//! `KP-TR009`: a chain of which a part is missing.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::x509::ExtendedKeyUsage;

rule! {
    /// A certificate is signed by an intermediate CA that is not in its file, or a CA's file has an intermediate without
    /// its root.
    ///
    /// ## Why it matters
    ///
    /// Peers know the CA that they trust and what is sent to them, and nothing else: without the CA between they refuse
    /// the certificate.
    ///
    /// An intermediate alone as the cluster's CA is enough for Kubernetes, whose Go trusts what it is told to. OpenSSL and
    /// others want a root: this is told as a piece of advice.
    ///
    /// ## What to do
    ///
    /// Append the intermediate to the certificate's file, or let `kubepki apply` issue one of the CA itself. Append the
    /// root to the CA's file, behind the intermediate, unless the controller manager signs with that file: it takes files
    /// with one certificate only.
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
    if case.certificates().iter().any(|ca| ca.is_self_issued()) {
        return Vec::new();
    }
    let message = format!("is an intermediate, and its root `{}` is not behind it", ca.issuer);
    let remedy = Remedy::advice("enough for Kubernetes; append the root where clients want one");
    vec![Fault::new(case.certificate_path(), message, remedy).severity(Severity::Info)]
}

fn leaf(case: &Case<'_>) -> Option<Fault> {
    let missing = case.missing_link()?;
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
