//! InitConfiguration: the node.

use std::net::IpAddr;

use super::super::Node;
use super::super::cluster::dns_name;
use super::super::reader::{At, Fields, Problems, quoted};
use super::super::syntax::address;
use super::super::tree::Position;
use super::cluster::extra_args;
use super::{Api, Host};
use crate::catalog::Role;

/// Reads the document, if there is one; the host stands in for what it leaves out.
pub fn read(document: Option<(Fields<'_>, Api)>, host: Host, problems: &Problems) -> Node {
    let mut name = None;
    let mut advertised = None;
    let mut bind_port = 6443;
    let mut at = At { value: (), field: String::new(), position: Position::default() };
    if let Some((mut fields, api)) = document {
        at = fields.at();
        fields.ignore(&["apiVersion", "kind", "bootstrapTokens", "certificateKey", "skipPhases", "patches"]);
        if api == Api::V1Beta4 {
            fields.ignore(&["dryRun", "timeouts"]);
        }
        if let Some(mut registration) = fields.fields("nodeRegistration") {
            name = registration.text("name");
            registration.ignore(&["criSocket", "taints", "ignorePreflightErrors", "imagePullPolicy"]);
            if api == Api::V1Beta4 {
                registration.ignore(&["imagePullSerial"]);
            }
            extra_args(&mut registration, "kubeletExtraArgs", api, problems);
            registration.finish();
        }
        if let Some(mut local) = fields.fields("localAPIEndpoint") {
            advertised = local.text("advertiseAddress");
            if let Some(port) =
                local.number("bindPort", 0..=65535).and_then(|port| u16::try_from(port.value).ok())
            {
                // Zero is Go's word for absent.
                bind_port = if port == 0 { 6443 } else { port };
            }
            local.finish();
        }
        fields.finish();
    }
    let name = node_name(name.filter(|name| !name.value.trim().is_empty()), &at, host, problems);
    let address =
        advertise_address(advertised.as_ref().filter(|text| !text.value.is_empty()), &at, host, problems);
    Node {
        name: name.unwrap_or_default(),
        roles: vec![Role::ControlPlane],
        addresses: address.into_iter().collect(),
        bind_port,
    }
}

fn node_name(name: Option<At<String>>, at: &At<()>, host: Host, problems: &Problems) -> Option<String> {
    let name = if let Some(name) = name {
        name.with(name.value.trim().to_lowercase())
    } else {
        let Some(found) = (host.name)() else {
            problems.error(at, "no `nodeRegistration.name`, and this machine has no name to take");
            return None;
        };
        problems.warn(
            at,
            format!("no `nodeRegistration.name`: taking this machine's, `{}`", found.to_lowercase()),
        );
        at.with(found.trim().to_lowercase())
    };
    match dns_name(&name.value) {
        Ok(name) => Some(name),
        Err(message) => {
            problems.error(&name, message);
            None
        }
    }
}

fn advertise_address(
    text: Option<&At<String>>,
    at: &At<()>,
    host: Host,
    problems: &Problems,
) -> Option<IpAddr> {
    let chosen = match text.map(|text| (text, address(&text.value))) {
        Some((text, Some(address))) => Some(text.with(address)),
        Some((text, None)) => {
            problems.error(text, format!("{} is not an IP address", quoted(&text.value)));
            return None;
        }
        None => None,
    };
    let chosen = match chosen {
        Some(address) if !address.value.is_unspecified() => address,
        unspecified => {
            let v6 = unspecified.is_some_and(|address| address.value.is_ipv6());
            let Some(found) = (host.address)(v6) else {
                problems.error(
                    at,
                    "no `localAPIEndpoint.advertiseAddress`, and this machine has no default route",
                );
                return None;
            };
            let message = format!("no `localAPIEndpoint.advertiseAddress`: taking this machine's, `{found}`");
            problems.warn(at, message);
            at.with(found)
        }
    };
    let refused = match chosen.value {
        address if address.is_loopback() => Some("is a loopback address"),
        address if address.is_multicast() => Some("is a multicast address"),
        IpAddr::V4(address) if address.is_link_local() => Some("is link-local"),
        IpAddr::V6(address) if address.is_unicast_link_local() => Some("is link-local"),
        IpAddr::V4(address) if address.is_broadcast() => Some("is the broadcast address"),
        _ => None,
    };
    if let Some(reason) = refused {
        problems.error(&chosen, format!("`{}` {reason}: other machines cannot reach it", chosen.value));
        return None;
    }
    Some(chosen.value)
}
