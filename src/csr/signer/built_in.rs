//! Kubernetes' own signers.

use crate::csr::request::Wanted;
use crate::csr::user::{NODE, NODES};

/// Clients of the API server; never approved without a person.
pub const KUBE_APISERVER_CLIENT: &str = "kubernetes.io/kube-apiserver-client";
/// Kubelets as clients of the API server.
pub const KUBE_APISERVER_CLIENT_KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// Kubelets as servers.
pub const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
/// What was asked for before signers had names.
pub const LEGACY_UNKNOWN: &str = "kubernetes.io/legacy-unknown";

/// One of Kubernetes' own signers, with the six headings under which its page describes them.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    /// What it does not allow, in the order and the words of Kubernetes.
    pub check: fn(&Wanted, &[String]) -> Result<(), String>,
    /// How its CA reaches who must trust it.
    pub trust_distribution: &'static str,
    /// Which subjects it signs.
    pub permitted_subjects: &'static str,
    /// Which extensions it honours.
    pub permitted_extensions: &'static str,
    /// Which usages it allows.
    pub permitted_usages: &'static str,
}

/// Every one of them.
pub static BUILT_IN: [BuiltIn; 4] = [
    BuiltIn {
        name: KUBE_APISERVER_CLIENT,
        about: "Clients of the API server: people and programs. Never approved without a person or a rule of the user's.",
        check: client,
        trust_distribution: "the API server takes it for its clients' CA (--client-ca-file); nothing is distributed",
        permitted_subjects: "any; the group system:masters is refused when the request is made",
        permitted_extensions: "subject alternative names of all four kinds; others are dropped",
        permitted_usages: "must have client auth; may have digital signature and key encipherment",
    },
    BuiltIn {
        name: KUBE_APISERVER_CLIENT_KUBELET,
        about: "Kubelets as clients of the API server. Approved if whoever asks may create nodeclient or selfnodeclient.",
        check: kubelet_client,
        trust_distribution: "the API server takes it for its clients' CA (--client-ca-file); nothing is distributed",
        permitted_subjects: "the one organization system:nodes, and a common name that begins with system:node:",
        permitted_extensions: "none: subject alternative names are refused, others are dropped",
        permitted_usages: "digital signature and client auth, with or without key encipherment",
    },
    BuiltIn {
        name: KUBELET_SERVING,
        about: "Kubelets as servers. Approved if the cluster's spec gives all of its names to the node.",
        check: kubelet_serving,
        trust_distribution: "who connects to kubelets is told the CA (--kubelet-certificate-authority); nothing is distributed",
        permitted_subjects: "the one organization system:nodes, and a common name that begins with system:node:",
        permitted_extensions: "at least one DNS name or IP address; e-mail addresses and URIs are refused, others are dropped",
        permitted_usages: "digital signature and server auth, with or without key encipherment",
    },
    BuiltIn {
        name: LEGACY_UNKNOWN,
        about: "What was asked for before signers had names. Nobody can ask for it any more.",
        check: |_, _| Ok(()),
        trust_distribution: "none: nobody has promised to trust it",
        permitted_subjects: "any",
        permitted_extensions: "subject alternative names of all four kinds; others are dropped",
        permitted_usages: "any",
    },
];

const CLIENT_AUTH: &str = "client auth";
const SERVER_AUTH: &str = "server auth";
const DIGITAL_SIGNATURE: &str = "digital signature";
const KEY_ENCIPHERMENT: &str = "key encipherment";

fn client(_: &Wanted, usages: &[String]) -> Result<(), String> {
    let allowed = [CLIENT_AUTH, DIGITAL_SIGNATURE, KEY_ENCIPHERMENT];
    if let Some(usage) = usages.iter().find(|usage| !allowed.contains(&usage.as_str())) {
        return Err(format!("invalid usage for client certificate: {usage}"));
    }
    if !usages.iter().any(|usage| usage == CLIENT_AUTH) {
        return Err(format!("missing required usage for client certificate: {CLIENT_AUTH}"));
    }
    Ok(())
}

fn kubelet_client(wanted: &Wanted, usages: &[String]) -> Result<(), String> {
    organization(wanted)?;
    for (present, message) in [
        (!wanted.dns_names.is_empty(), "DNS subjectAltNames are not allowed"),
        (!wanted.email_addresses.is_empty(), "Email subjectAltNames are not allowed"),
        (!wanted.ip_addresses.is_empty(), "IP subjectAltNames are not allowed"),
        (!wanted.uris.is_empty(), "URI subjectAltNames are not allowed"),
    ] {
        if present {
            return Err(message.to_owned());
        }
    }
    common_name(wanted)?;
    exactly(usages, CLIENT_AUTH)
}

fn kubelet_serving(wanted: &Wanted, usages: &[String]) -> Result<(), String> {
    organization(wanted)?;
    for (wrong, message) in [
        (
            wanted.dns_names.is_empty() && wanted.ip_addresses.is_empty(),
            "DNS or IP subjectAltName is required",
        ),
        (!wanted.email_addresses.is_empty(), "Email subjectAltNames are not allowed"),
        (!wanted.uris.is_empty(), "URI subjectAltNames are not allowed"),
    ] {
        if wrong {
            return Err(message.to_owned());
        }
    }
    exactly(usages, SERVER_AUTH)?;
    common_name(wanted)
}

/// One organization, and it alone: a second one, or the same twice, would be another group.
fn organization(wanted: &Wanted) -> Result<(), String> {
    if wanted.subject.organization == [NODES] {
        Ok(())
    } else {
        Err("subject organization is not system:nodes".to_owned())
    }
}

fn common_name(wanted: &Wanted) -> Result<(), String> {
    if wanted.subject.common_name.starts_with(NODE) {
        Ok(())
    } else {
        Err("subject common name does not begin with system:node:".to_owned())
    }
}

/// The usages as a set: digital signature and `purpose`, with or without key encipherment.
fn exactly(usages: &[String], purpose: &str) -> Result<(), String> {
    let mut set: Vec<&str> = usages.iter().map(String::as_str).collect();
    set.sort_unstable();
    set.dedup();
    let mut least = [DIGITAL_SIGNATURE, purpose];
    least.sort_unstable();
    let mut most = [DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, purpose];
    most.sort_unstable();
    if set == least || set == most {
        Ok(())
    } else {
        Err(format!("usages did not match [{}]", most.join(" ")))
    }
}
