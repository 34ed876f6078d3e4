//! `KP-ID006`: a component with another user than its own.

use crate::audit::identity::{Kind, is_as_planned, is_master, kind};
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// The scheduler, the controller manager or the proxy identifies itself as another user than the one that Kubernetes
    /// has for it, or with groups.
    ///
    /// ## Why it matters
    ///
    /// RBAC's built-in roles are bound to these users by name. With another name the component is refused; with a group
    /// that has more rights, it has more than it needs.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` reissues it with the right subject.
    ///
    /// ## References
    ///
    /// Kubernetes, "PKI certificates and requirements", and "Using RBAC Authorization", core component roles.
    "KP-ID006" "component-identity" High Case "client certificates of components"
}

fn applies(case: &Case<'_>) -> bool {
    kind(case) == Some(Kind::Component) && case.leaf().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.leaf() else { return Vec::new() };
    if is_as_planned(certificate, blueprint) || is_master(certificate) {
        return Vec::new();
    }
    let wanted = blueprint.subjects.first().map(ToString::to_string).unwrap_or_default();
    let message = format!("its subject is `{}`, not `{wanted}`", certificate.subject);
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}
