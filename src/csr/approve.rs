//! Who is approved without a person: kubelets as clients, as Kubernetes does it (`pkg/controller/certificates/approver`), and
//! what the cluster's spec or the user's rules say. Every step leaves a line, so that `csr explain` can tell why.

use super::object::{CertificateSigningRequest, Object};
use super::policy::{Outcome, Policy};
use super::request::Wanted;
use super::signer::{KUBE_APISERVER_CLIENT_KUBELET, KUBELET_SERVING, Rules};
use super::user::{NODE, User};
use crate::catalog::Role;
use crate::spec::{Node, Spec};
use crate::x509::SubjectAltName;

/// What approval says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What is done.
    pub outcome: Outcome,
    /// The reason of the condition.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// Which rule decided.
    pub rule: String,
}

/// A rule that was asked, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The rule.
    pub rule: String,
    /// What it said.
    pub said: String,
}

/// The reason in the condition of everything that is approved without a person.
pub const AUTO_APPROVED: &str = "AutoApproved";

/// Asks every rule in turn; the first that decides, decides. `requester` is who asks, as far as that is known.
#[must_use]
pub fn approve(
    object: &CertificateSigningRequest,
    wanted: &Wanted,
    requester: &User,
    policy: &Policy<'_>,
) -> (Option<Verdict>, Vec<Trace>) {
    let mut traces = Vec::new();
    let mut ask = |rule: &str, said: Result<Verdict, String>| match said {
        Ok(verdict) => {
            traces.push(Trace { rule: rule.to_owned(), said: verdict.message.clone() });
            Some(verdict)
        }
        Err(said) => {
            traces.push(Trace { rule: rule.to_owned(), said });
            None
        }
    };
    for (index, rule) in policy.rules.iter().enumerate() {
        let name = rule.name.clone().unwrap_or_else(|| format!("rule {}", index + 1));
        if let Some(verdict) = ask(&name, rule.decide(&name, object, wanted, requester)) {
            let decided = (verdict.outcome != Outcome::Pending).then_some(verdict);
            return (decided, traces);
        }
    }
    for (rule, kind) in [(SELF_NODE_CLIENT, Recogniser::SelfNode), (NODE_CLIENT, Recogniser::Node)] {
        if let Some(verdict) = ask(rule, node_client(kind, object, wanted, requester, policy)) {
            return (Some(verdict), traces);
        }
    }
    if let Some(spec) = policy.spec
        && let Some(verdict) = ask(SPEC, serving(object, wanted, requester, policy, spec))
    {
        return (Some(verdict), traces);
    }
    (None, traces)
}

const SELF_NODE_CLIENT: &str = "selfnodeclient";
const NODE_CLIENT: &str = "nodeclient";
const SPEC: &str = "cluster spec";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Recogniser {
    Node,
    SelfNode,
}

/// A kubelet as client: it is one, and who asks may ask for one, or for itself.
fn node_client(
    kind: Recogniser,
    object: &CertificateSigningRequest,
    wanted: &Wanted,
    requester: &User,
    policy: &Policy<'_>,
) -> Result<Verdict, String> {
    if object.spec.signer_name != KUBE_APISERVER_CLIENT_KUBELET {
        return Err(format!("the signer is not {KUBE_APISERVER_CLIENT_KUBELET}"));
    }
    built_in_check(object, wanted, policy)?;
    let (subresource, message) = match kind {
        Recogniser::SelfNode => {
            if requester.name != wanted.subject.common_name {
                return Err(format!(
                    "asked for by {:?} and not by {:?} itself",
                    requester.name, wanted.subject.common_name
                ));
            }
            (SELF_NODE_CLIENT, "Auto approving self kubelet client certificate after SubjectAccessReview.")
        }
        Recogniser::Node => {
            (NODE_CLIENT, "Auto approving kubelet client certificate after SubjectAccessReview.")
        }
    };
    if !policy.rbac.allows_request(requester, "create", subresource, "") {
        return Err(format!(
            "recognized, but {:?} may not create certificatesigningrequests/{subresource}",
            requester.name
        ));
    }
    Ok(Verdict {
        outcome: Outcome::Approve,
        reason: AUTO_APPROVED.to_owned(),
        message: message.to_owned(),
        rule: subresource.to_owned(),
    })
}

fn built_in_check(
    object: &CertificateSigningRequest,
    wanted: &Wanted,
    policy: &Policy<'_>,
) -> Result<(), String> {
    let usages = object.spec.usages.as_deref().unwrap_or_default();
    let built_in = super::signer::BUILT_IN.iter().find(|signer| signer.name == object.spec.signer_name);
    let served = policy.signer(&object.spec.signer_name).map(|signer| &signer.rules);
    let signer = match served {
        Some(Rules::BuiltIn(signer)) => Some(*signer),
        _ => built_in,
    };
    signer.map_or_else(|| Err("the signer is unknown".to_owned()), |signer| (signer.check)(wanted, usages))
}

/// A kubelet as server: if and only if its node is in the spec and every name is that node's. Names and addresses of the
/// API servers and of services are nobody's but theirs.
fn serving(
    object: &CertificateSigningRequest,
    wanted: &Wanted,
    requester: &User,
    policy: &Policy<'_>,
    spec: &Spec,
) -> Result<Verdict, String> {
    if object.spec.signer_name != KUBELET_SERVING {
        return Err(format!("the signer is not {KUBELET_SERVING}"));
    }
    built_in_check(object, wanted, policy)?;
    let common_name = &wanted.subject.common_name;
    let name = common_name.strip_prefix(NODE).unwrap_or_default();
    let node = spec.nodes.iter().find(|node| node.name == name);
    let node = node.ok_or_else(|| format!("the spec has no node {name:?}"))?;
    if policy.trust_requester && requester.name != *common_name {
        return Err(format!("asked for by {:?} and not by {common_name:?} itself", requester.name));
    }
    for alt_name in wanted.subject_alt_names() {
        let own = is_the_nodes(node, &alt_name);
        // The endpoint may be the address of the one control plane, whose API server stands on the same machine.
        let shared = own && node.is(Role::ControlPlane);
        if is_the_services(spec, &alt_name) || is_the_api_servers(spec, &alt_name) && !shared {
            return Err(format!("{alt_name} is a name of the API servers or of services"));
        }
        if !own {
            return Err(format!("{alt_name} does not belong to node {name:?}"));
        }
    }
    Ok(Verdict {
        outcome: Outcome::Approve,
        reason: AUTO_APPROVED.to_owned(),
        message: format!(
            "Auto approving kubelet serving certificate: the spec gives node {name:?} all of its names."
        ),
        rule: SPEC.to_owned(),
    })
}

fn is_the_nodes(node: &Node, name: &SubjectAltName) -> bool {
    match name {
        SubjectAltName::Dns(name) => name.eq_ignore_ascii_case(&node.name),
        SubjectAltName::Ip(address) => node.addresses.contains(&address.to_canonical()),
        _ => false,
    }
}

/// Whether a name or an address is one that the spec gives to the API servers as such.
fn is_the_api_servers(spec: &Spec, name: &SubjectAltName) -> bool {
    let known = match name {
        SubjectAltName::Dns(name) => SubjectAltName::Dns(name.to_ascii_lowercase()),
        SubjectAltName::Ip(address) => SubjectAltName::ip(*address),
        _ => return false,
    };
    let endpoint = spec.control_plane_endpoint.as_ref().map(crate::spec::Endpoint::alt_name);
    spec.cert_sans.contains(&known) || endpoint.as_ref() == Some(&known)
}

/// Whether a name or an address is one of services, that of the API servers among them.
fn is_the_services(spec: &Spec, name: &SubjectAltName) -> bool {
    match name {
        SubjectAltName::Dns(name) => {
            let name = name.to_ascii_lowercase();
            name == "kubernetes"
                || name.starts_with("kubernetes.default")
                || name.ends_with(&format!(".svc.{}", spec.dns_domain))
                || name.ends_with(".svc")
        }
        SubjectAltName::Ip(address) => {
            spec.service_subnets.iter().any(|subnet| subnet.contains(&address.to_canonical()))
        }
        _ => false,
    }
}

/// Whether an object waits for approval.
#[must_use]
pub fn waits(object: &CertificateSigningRequest) -> bool {
    use super::object::{APPROVED, DENIED};
    object.certificate().is_none() && !object.has(APPROVED) && !object.has(DENIED)
}
