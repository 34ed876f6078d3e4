//! `KP-TR008`: a cluster's CA that may sign for the rest of the company.

use super::corporate_authority::names_somebody;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A CA of the cluster is signed by another CA, and nothing limits the names that it may sign for.
    ///
    /// ## Why it matters
    ///
    /// Whoever trusts the CA above trusts all that this one signs. Its key lies on every control plane: whoever takes it
    /// can stand in for the company's mail server as well as for the cluster.
    ///
    /// A root that the spec names and that bears no organization's or country's name is taken for one of the cluster's
    /// own, which nobody else trusts.
    ///
    /// ## What to do
    ///
    /// Have it signed with name constraints (`authority.nameConstraints`) for the cluster's names and addresses, or let it be its own root, which only
    /// the cluster trusts.
    ///
    /// ## References
    ///
    /// RFC 5280 §4.2.1.10.
    "KP-TR008" "unconstrained-authority" Low Case "CAs that another CA has signed"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_authority() && case.certificate().is_some_and(|ca| !ca.is_self_issued())
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some(ca) = case.certificate() else { return Vec::new() };
    // A limit of a CA between it and its root holds for it too.
    if case.certificates().iter().any(|ca| ca.name_constraints.is_some()) {
        return Vec::new();
    }
    if case.root().is_some_and(|root| root.certificate().is_some_and(|root| !names_somebody(root))) {
        return Vec::new();
    }
    let message = format!("may sign for any name, and everyone who trusts `{}` believes it", ca.issuer);
    let remedy = Remedy::advice("have it signed with name constraints, or let it be a root of its own");
    Fault::one(case.certificate_path(), message, remedy)
}
