//! Who may write what, beyond the permission for the verb itself (`plugin/pkg/admission/certificates`,
//! `plugin/pkg/admission/noderestriction`).

use super::object::{CertificateSigningRequest, Object};
use super::rbac::Rbac;
use super::refusal::Refusal;
use super::request::Wanted;
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
    let Some(_) = user.node() else { return Ok(()) };
    if ![KUBELET_SERVING, KUBE_APISERVER_CLIENT_KUBELET].contains(&object.spec.signer_name.as_str()) {
        return Ok(());
    }
    let forbidden = |text: String| Err(Refusal::forbidden(object.name(), &text));
    match Wanted::unverified(&object.spec.request.0) {
        Err(error) => forbidden(format!("unable to parse csr: {error}")),
        Ok(wanted) if wanted.subject.common_name == user.name => Ok(()),
        Ok(_) => {
            let node = user.name.strip_prefix(NODE).unwrap_or_default();
            forbidden(format!("can only create a node CSR with CN={NODE}{node}"))
        }
    }
}

/// Once a new object is as it must be: nobody asks for the group that passes every authorization
/// (CertificateSubjectRestriction). Only this signer and only organizations are looked at.
///
/// # Errors
/// When somebody does.
pub fn create(object: &CertificateSigningRequest) -> Result<(), Refusal> {
    if object.spec.signer_name != KUBE_APISERVER_CLIENT {
        return Ok(());
    }
    let wanted = Wanted::unverified(&object.spec.request.0);
    let masters = wanted.is_ok_and(|wanted| wanted.subject.organization.iter().any(|group| group == MASTERS));
    if masters {
        let text = format!("use of {KUBE_APISERVER_CLIENT} signer with {MASTERS} group is not allowed");
        return Err(Refusal::forbidden(object.name(), &text));
    }
    Ok(())
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
    let (verb, word, asked) = match endpoint {
        Endpoint::Main => return Ok(()),
        Endpoint::Approval => ("approve", "approve", true),
        Endpoint::Status => {
            let signs = new.certificate() != old.certificate() || new.conditions() != old.conditions();
            ("sign", "sign", signs)
        }
    };
    let signer = &old.spec.signer_name;
    if asked && !admission.rbac.allows_signer(user, verb, signer) {
        let text = format!("user not permitted to {word} requests with signerName {signer:?}");
        return Err(Refusal::forbidden(old.name(), &text));
    }
    Ok(())
}
