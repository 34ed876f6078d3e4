//! The files of `examples/csr`: each is read, and decided by.

use std::fs;
use std::path::Path;

use kubepki::csr::load::{permissions, rules, signers};
use time::Duration;

use crate::bed::{CLIENT, Edit, KUBELET, SERVING, World, ask, user};

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/csr").join(name)).unwrap()
}

/// A request with `usages|request|seconds|user@group`.
fn asked(signer: &str, text: &str) -> kubepki::csr::CertificateSigningRequest {
    let parts: Vec<&str> = text.split('|').collect();
    let (name, group) = parts[3].split_once('@').unwrap();
    ask(signer, parts[0], parts[1]).asked_by(name, &[group, "system:authenticated"]).with(|object| {
        object.spec.expiration_seconds = parts[2].parse().ok();
    })
}

#[test]
fn the_signers_sign_as_they_say() {
    let signers = signers(&example("signers.yaml")).unwrap();
    let mut world = World { signers: signers.signers, ..World::new() };
    assert_eq!(world.signers.len(), 6);
    let names: Vec<&str> = signers.authorities.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [SERVING, "example.com/serving", "example.com/intermediate"]);
    let ends = crate::bed::CA_ENDS;
    world.authorities = names.iter().chain([&"ca"]).map(|name| ((*name).to_owned(), ends)).collect();
    for (signer, usages, request, expected) in [
        (CLIENT, "c", "CN=a", "sign"),
        (SERVING, "d+s", "O=system:nodes, CN=system:node:a, dns:a", "sign"),
        ("example.com/serving", "s+d", "CN=a.shop.example.com, dns:a.shop.example.com, ip:192.0.2.1", "sign"),
        ("example.com/serving", "s", "O=system:masters", "fail organization `system:masters` is not allowed"),
        (
            "example.com/serving",
            "s",
            "dns:example.com",
            "fail DNS subjectAltName `example.com` is not allowed: there are `*.shop.example.com`, `shop.example.com`",
        ),
        ("example.com/intermediate", "cert sign+crl sign", "CN=team-a", "sign"),
        (
            "example.com/intermediate",
            "s",
            "CN=team-a",
            "fail usage `server auth` is not allowed: there are `cert sign`, `crl sign`",
        ),
    ] {
        assert_eq!(
            world.step(&ask(signer, usages, request).has_condition("Approved")),
            expected,
            "{signer} {request}"
        );
    }
    let order =
        |signer, usages, request| world.order(&ask(signer, usages, request).has_condition("Approved"));
    let span = |order: &kubepki::csr::Order| order.profile.not_after - order.profile.not_before;
    assert_eq!(span(&order(CLIENT, "c", "CN=a")), Duration::days(365));
    assert_eq!(span(&order(SERVING, "d+s", "O=system:nodes, CN=system:node:a, dns:a")), Duration::days(30));
    let shop = order("example.com/serving", "s", "dns:shop.example.com");
    assert!(span(&shop) == Duration::days(90) && shop.append_chain && !shop.profile.ca);
    assert!(order("example.com/intermediate", "cert sign", "CN=team-a").profile.ca);
}

#[test]
fn the_policy_decides_as_it_says() {
    const SHOP: &str = "example.com/serving";
    const WAITS: &str = "rest it waits for approval";
    const NEVER: &str = "deny AutoDenied: Ask a person for this group.";
    let signers = signers(&example("signers.yaml")).unwrap().signers;
    let rules = rules(&example("policy.yaml")).unwrap();
    let world = World { signers, rules, trust_requester: true, ..World::new() };
    for (signer, request, expected) in [
        (
            SHOP,
            "s+d|CN=a.shop.example.com, dns:a.shop.example.com|86400|bot@shop",
            "approve AutoApproved: Decided by shop.",
        ),
        (SHOP, "s|CN=a.shop.example.com|2592000|bot@shop", "approve AutoApproved: Decided by shop."),
        (SHOP, "s|CN=a.shop.example.com|2592001|bot@shop", WAITS),
        (SHOP, "s|CN=a.shop.example.com||bot@shop", WAITS),
        (SHOP, "s|CN=a.shop.example.com|86400|bot@dev", WAITS),
        (SHOP, "s|O=dev, CN=a.shop.example.com|86400|bot@shop", WAITS),
        (SHOP, "s+k|CN=a.shop.example.com|86400|bot@shop", WAITS),
        (SHOP, "s|O=system:masters, CN=a.shop.example.com|86400|bot@shop", NEVER),
        (CLIENT, "c|CN=jane||jane@dev", WAITS),
    ] {
        assert_eq!(world.step(&asked(signer, request)), expected, "{request}");
    }
}

#[test]
fn the_permissions_permit_what_they_say() {
    let (rbac, warnings) = permissions(&example("permissions.yaml")).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let jane = user("jane", &[]);
    assert!(rbac.allows_signer(&jane, "approve", "example.com/serving"));
    assert!(!rbac.allows_signer(&jane, "sign", "example.com/serving"));
    assert!(!rbac.allows_signer(&jane, "approve", SERVING));
    assert!(rbac.allows_request(&jane, "update", "approval", "x"));
    let world = World { rbac, trust_requester: true, ..World::new() };
    for (request, expected) in [
        (
            "d+c|O=system:nodes, CN=system:node:a||system:bootstrap:x@system:bootstrappers:kubeadm:default-node-token",
            "approve AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview.",
        ),
        (
            "d+c|O=system:nodes, CN=system:node:a||system:node:a@system:nodes",
            "approve AutoApproved: Auto approving self kubelet client certificate after SubjectAccessReview.",
        ),
        ("d+c|O=system:nodes, CN=system:node:a||jane@dev", "rest it waits for approval"),
    ] {
        assert_eq!(world.step(&asked(KUBELET, request)), expected, "{request}");
    }
}

/// No file of the folder is left out.
#[test]
fn every_example_is_decided_by() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/csr");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["permissions.yaml", "policy.yaml", "signers.yaml"]);
}
