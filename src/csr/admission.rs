//! Who may write what, beyond the permission for the verb itself (`plugin/pkg/admission/certificates`,
//! `plugin/pkg/admission/noderestriction`).

use super::object::{CertificateSigningRequest, Object};
use super::rbac::Rbac;
use super::refusal::{Refusal, quoted};
use super::request::{RequestError, Wanted};
use super::signer::{KUBE_APISERVER_CLIENT, KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING};
use super::user::{MASTERS, NODE, User};
use super::validate::Endpoint;

/// What is asked about permissions.
#[derive(Clone, Copy, Debug)]
pub struct Admission<'a> {
    /// Who may do what.
    pub rbac: &'a Rbac,
}

/// Before a new object is looked at: a kubelet asks for itself and nobody else (NodeRestriction, since 1.31).
///
/// # Errors
/// When it does not.
pub fn before(object: &CertificateSigningRequest, user: &User, _: &Admission<'_>) -> Result<(), Refusal> {
    let Some(node) = user.node() else { return Ok(()) };
    // Its name may not have been made yet (`admission.NewForbidden`).
    let metadata = &object.metadata;
    let names = [&metadata.name, &metadata.generate_name].into_iter().flatten();
    let name = names.map(String::as_str).find(|name| !name.is_empty()).unwrap_or("Unknown");
    let forbidden = |text: String| Err(Refusal::forbidden(name, &text));
    if node.is_empty() {
        return forbidden(format!("could not determine node from user {}", quoted(&user.name)));
    }
    if !is_kubelets(&object.spec.signer_name) {
        return Ok(());
    }
    match Wanted::unverified(&object.spec.request.0) {
        Err(error) => forbidden(format!("unable to parse csr: {error}")),
        Ok(wanted) => node_restriction(&object.spec.signer_name, &wanted, user).map_or(Ok(()), forbidden),
    }
}

/// Why a kubelet may not ask for this: it is not for itself.
pub(super) fn node_restriction(signer: &str, wanted: &Wanted, user: &User) -> Option<String> {
    let node = user.node().filter(|_| is_kubelets(signer) && wanted.subject.common_name != user.name)?;
    Some(format!("can only create a node CSR with CN={NODE}{node}"))
}

fn is_kubelets(signer: &str) -> bool {
    [KUBELET_SERVING, KUBE_APISERVER_CLIENT_KUBELET].contains(&signer)
}

/// Once a new object is as it must be: nobody asks for the group that passes every authorization
/// (CertificateSubjectRestriction). Only this signer and only organizations are looked at.
///
/// # Errors
/// When somebody does.
pub fn create(
    object: &CertificateSigningRequest,
    request: &Result<Wanted, RequestError>,
) -> Result<(), Refusal> {
    match request.as_ref().ok().and_then(|wanted| masters(&object.spec.signer_name, wanted)) {
        Some(text) => Err(Refusal::forbidden(object.name(), &text)),
        None => Ok(()),
    }
}

/// Why a request may not be made for a signer: its subject is in the group that passes every authorization.
pub(super) fn masters(signer: &str, wanted: &Wanted) -> Option<String> {
    let asked =
        signer == KUBE_APISERVER_CLIENT && wanted.subject.organization.iter().any(|group| group == MASTERS);
    asked.then(|| format!("use of {KUBE_APISERVER_CLIENT} signer with {MASTERS} group is not allowed"))
}

/// Who approves may approve for the signer, even where nothing changes (CertificateApproval); who changes a certificate
/// or a condition may sign for it (CertificateSigning). The stored object's signer counts.
///
/// # Errors
/// When the user may not.
pub fn update(
    new: &CertificateSigningRequest,
    old: &CertificateSigningRequest,
    endpoint: Endpoint,
    user: &User,
    admission: &Admission<'_>,
) -> Result<(), Refusal> {
    let (verb, asked) = match endpoint {
        Endpoint::Main => return Ok(()),
        Endpoint::Approval => ("approve", true),
        Endpoint::Status => {
            ("sign", new.certificate() != old.certificate() || new.conditions() != old.conditions())
        }
    };
    let signer = &old.spec.signer_name;
    if asked && !admission.rbac.allows_signer(user, verb, signer) {
        let text = format!("user not permitted to {verb} requests with signerName {}", quoted(signer));
        return Err(Refusal::forbidden(old.name(), &text));
    }
    Ok(())
}
