//! `KP-KY008`: one key for two credentials.

use std::collections::HashMap;

use crate::audit::rule::rule;
use crate::audit::{Case, Fault, Remedy, Scene, Severity};
use crate::x509::{Certificate, ExtendedKeyUsage};

rule! {
    /// Two credentials of different roles have one key.
    ///
    /// ## Why it matters
    ///
    /// One theft gives the powers of both. A key that signs for a server can be made to sign as a client, and what one
    /// component reads the other had no business to have. It is somewhat less bad where both only serve.
    ///
    /// A kubeconfig that carries the certificate of a pair of files is no second role. That a CA's or a service account
    /// key is used for something else is told by KP-KY009 and KP-SA004.
    ///
    /// ## What to do
    ///
    /// `kubepki apply` makes a key of its own for the second.
    ///
    /// ## References
    ///
    /// NIST SP 800-57 part 1 §5.2: a key is used for one purpose.
    "KP-KY008" "shared-key" Critical Scene "clusters"
}

fn applies(scene: &Scene<'_>) -> bool {
    scene.cases().any(|case| certificate(&case).is_some())
}

fn check(scene: &Scene<'_>) -> Vec<Fault> {
    let mut first: HashMap<&[u8], Vec<(Case<'_>, &Certificate)>> = HashMap::new();
    let mut faults = Vec::new();
    for case in scene.cases() {
        let Some(own) = certificate(&case) else { continue };
        let known = first.entry(own.public_key.as_der()).or_default();
        let other =
            known.iter().find(|(other, certificate)| are_two_roles((&case, own), (other, certificate)));
        if let Some((other, certificate)) = other {
            let serve = is_server(own) && is_server(certificate);
            let severity = if serve { Severity::High } else { Severity::Critical };
            let message = format!("has the key of `{}`", other.view.targets.name(other.target));
            let fault = Fault::new(case.certificate_path(), message, Remedy::Rekey);
            faults.push(fault.severity(severity).about(&case));
        }
        // One of each role is enough to compare with.
        if !known.iter().any(|(other, _)| other.target.credential == case.target.credential) {
            known.push((case, own));
        }
    }
    faults
}

fn certificate<'a>(case: &Case<'a>) -> Option<&'a Certificate> {
    if case.is_leaf() { case.certificate() } else { None }
}

fn are_two_roles((case, own): (&Case<'_>, &Certificate), (other, theirs): (&Case<'_>, &Certificate)) -> bool {
    let carried = case.is_kubeconfig() != other.is_kubeconfig() && own.subject.means(&theirs.subject);
    case.target.credential != other.target.credential
        && !carried
        && (case.view.position, case.certificate_path()) != (other.view.position, other.certificate_path())
}

fn is_server(certificate: &Certificate) -> bool {
    let purposes = &certificate.usages.extended;
    purposes.contains(&ExtendedKeyUsage::ServerAuth) && !purposes.contains(&ExtendedKeyUsage::ClientAuth)
}
