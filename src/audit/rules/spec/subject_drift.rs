//! `KP-SP001`: a certificate with another subject than the spec gives it.

use crate::audit::identity::is_judged;
use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy};

rule! {
    /// A certificate names another subject than the spec gives it.
    ///
    /// ## Why it matters
    ///
    /// Kubernetes takes the common name for the user and the organizations for the groups: another subject has other
    /// rights. Subjects that earlier releases gave to the same credential are left alone, as kubeadm leaves them at
    /// every renewal, because roles in the cluster may still depend on them. To move on to the subject of the spec's
    /// release, delete the file and run `kubepki apply`.
    ///
    /// What a wrong user or group of a node or a component means is told by the rules about identities, `KP-ID001` to
    /// `KP-ID013`, and not here.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` issues a certificate with the right subject for the same key.
    ///
    /// ## References
    ///
    /// Kubernetes, "Authenticating", X.509 client certificates.
    "KP-SP001" "subject-drift" High Case "certificates that the spec describes"
}

fn applies(case: &Case<'_>) -> bool {
    case.is_ours() && case.leaf().is_some()
}

fn check(case: &Case<'_>) -> Vec<Fault> {
    let Some((certificate, blueprint)) = case.leaf() else { return Vec::new() };
    let right = blueprint.subjects.iter().any(|subject| subject.means(&certificate.subject));
    if right || is_judged(case, certificate, blueprint) {
        return Vec::new();
    }
    let wanted = blueprint.subjects.first().map(ToString::to_string).unwrap_or_default();
    let message = format!("its subject is `{}`, not `{wanted}`", certificate.subject);
    Fault::one(case.certificate_path(), message, Remedy::Reissue)
}
