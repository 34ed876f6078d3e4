//! `KP-SP006`: CAs under another root than the spec's.

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Severity};
use crate::x509::chain;

rule! {
    /// A CA is not signed by the root that the spec names, or the root's certificate is another than the spec's.
    ///
    /// ## Why it matters
    ///
    /// Whoever has nothing but the root that the spec names refuses everything that such a CA signs. A root that was
    /// renewed for the same key is as good: its new certificate takes the place of the old one.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` puts a renewed root in place. A CA is never replaced by it: have the CA signed by the root
    /// (`kubepki ca sign --profile intermediate`), or name the root that has signed it.
    ///
    /// ## References
    ///
    /// `authority.root` of the spec.
    "KP-SP006" "root-drift" High Case "CAs under a root that the spec names"
}

fn applies(case: &Case<'_>) -> bool {
    let rooted = case.is_root() || case.root().is_some();
    case.view.terms.given && rooted && case.certificate().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let (Some(own), Some(root)) = (case.certificate(), case.view.spec.authority.root_certificate()) else {
        return Vec::new();
    };
    let path = case.certificate_path();
    if !case.is_root() {
        if chain::signed_by(own, root).is_ok() {
            return Vec::new();
        }
        let message = format!("is signed by `{}`, not by the spec's root `{}`", own.issuer, root.subject);
        let remedy = Remedy::by_hand("have it signed by the root, or name the root that has signed it");
        return Fault::one(path, message, remedy);
    }
    let renewed = own.public_key == root.public_key && own.subject == root.subject;
    let used = case.view.own_authorities().any(|ca| ca != own && chain::signed_by(ca, own).is_ok());
    if own == root {
        Vec::new()
    } else if renewed || !used {
        let fault = Fault::new(path, "is not the root that the spec names", Remedy::Rewrite);
        vec![fault.severity(Severity::Medium)]
    } else {
        let message =
            format!("has signed the CAs that are here, and the spec names another root, `{}`", root.subject);
        Fault::one(path, message, Remedy::by_hand("name the root that has signed them"))
    }
}
