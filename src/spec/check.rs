//! What must hold between the fields of a spec.

use std::collections::HashMap;

use super::reader::{At, Problems, quoted};
use super::{Node, Period, Spec};
use crate::catalog::Role;

/// Nodes: at least one, each name and address only once, control planes and etcd members with an address.
pub fn nodes(whole: &At<()>, nodes: &[At<Node>], spec: &Spec, problems: &Problems) {
    if nodes.is_empty() {
        let hint = "nodes:\\n- name: cp1\\n  roles: [control-plane]\\n  addresses: [192.0.2.10]";
        let hint = hint.replace("\\n", "\n");
        problems.error_hint(whole, "`nodes` names no node", format!("for a single control plane:\n{hint}"));
        return;
    }
    let mut names = HashMap::new();
    let mut addresses = HashMap::new();
    for at in nodes {
        let Node { name, roles, addresses: own, bind_port: _ } = &at.value;
        if name == "authority" {
            problems.error(at, "the name `authority` is that of the directory with the shared CAs");
        }
        if let Some(line) = names.insert(name.clone(), at.position.line) {
            problems.error(at, format!("the name `{name}` is taken by the node in line {line}"));
        }
        for address in own {
            if let Some(other) = addresses.insert(*address, name)
                && other != name
            {
                problems.error(at, format!("`{address}` is an address of `{other}` too"));
            }
        }
        let serves = roles.contains(&Role::ControlPlane) || spec.is_etcd_member(&at.value);
        if serves && own.is_empty() {
            let message =
                format!("`{name}` has no `addresses`, and certificates of a server name its address");
            problems.error(at, message);
        }
        let repeated = roles.iter().enumerate().find(|(index, role)| roles[..*index].contains(role));
        if let Some((_, role)) = repeated {
            problems.error(at, format!("`{name}` has the role `{role}` twice"));
        }
    }
    let headless = spec.first_control_plane().is_none() && spec.control_plane_endpoint.is_none();
    if headless && nodes.iter().any(|at| at.value.is(Role::Worker)) {
        let message =
            "there are workers but no node with the role `control-plane` and no `controlPlaneEndpoint`";
        problems.error(whole, message);
    }
}

/// Several control planes need an endpoint that is none of them: kubeadm's `join --control-plane` asks for it too.
pub fn endpoint(at: &At<()>, spec: &Spec, problems: &Problems) {
    let control_planes = spec.nodes.iter().filter(|node| node.is(Role::ControlPlane)).count();
    if control_planes > 1 && spec.control_plane_endpoint.is_none() {
        problems.error_hint(
            at,
            format!(
                "{control_planes} control planes, but no `controlPlaneEndpoint` at which to reach them all"
            ),
            "controlPlaneEndpoint: api.example.com:6443",
        );
    }
}

/// Members by https, and the credentials for them whole.
pub fn external_etcd(at: &At<()>, endpoints: &[At<String>], files: [&String; 3], problems: &Problems) {
    let [ca, certificate, key] = files.map(|file| !file.is_empty());
    if endpoints.is_empty() {
        problems.error(at, "`endpoints` names no etcd member");
    }
    if certificate != key {
        problems.error(at, "`certFile` and `keyFile` go together: one is missing");
    }
    if certificate && !ca {
        problems.error(at, "`certFile` needs `caFile` beside it");
    }
    let secure = ca || certificate || key;
    for endpoint in endpoints {
        let text = endpoint.value.as_str();
        let plain = text.strip_prefix("http://").filter(|_| !secure);
        let host = text.strip_prefix("https://").or(plain);
        match host {
            Some(host) if super::syntax::endpoint(host.trim_end_matches('/')).is_ok() => {}
            Some(_) => problems.error(endpoint, format!("{} names no host and port", quoted(text))),
            None if text.starts_with("http://") => {
                problems
                    .error(endpoint, format!("{} must be https, since certificates are given", quoted(text)));
            }
            None => problems.error(endpoint, format!("{} is not an https:// URL", quoted(text))),
        }
    }
}

/// A leaf that is to outlive its CA is cut to fit; the user should know. kubeadm warns too.
pub fn periods(at: Option<&At<Period>>, spec: &Spec, problems: &Problems) {
    let (leaf, ca) = (spec.certificate_validity_period, spec.ca_certificate_validity_period);
    if let Some(at) = at
        && leaf > ca
    {
        problems.warn(
            at,
            format!(
                "certificates of `{leaf}` outlive their CA's caCertificateValidityPeriod of `{ca}`: they are cut to fit"
            ),
        );
    }
}
