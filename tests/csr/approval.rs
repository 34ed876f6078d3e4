//! Who is approved without a person as Kubernetes does it: kubelets as clients, by the permissions of who asks.

use crate::bed::{CLIENT, Edit, KUBELET, LEGACY, SERVING, World, ask, rbac};

/// Signer, usages, request, who asks (`user@group`), what they may do, and what is done.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static [&'static str], &'static str);

const NODE: &str = "@system:bootstrappers create certificatesigningrequests/nodeclient";
const SELF: &str = "@system:nodes create certificatesigningrequests/selfnodeclient";

/// The table.
pub fn rows() -> Vec<Row> {
    const CP1: &str = "O=system:nodes, CN=system:node:cp1";
    const BOOT: &str = "system:bootstrap:abcdef@system:bootstrappers";
    const OWN: &str = "system:node:cp1@system:nodes";
    const APPROVED: &str =
        "approve AutoApproved: Auto approving kubelet client certificate after SubjectAccessReview.";
    const APPROVED_SELF: &str =
        "approve AutoApproved: Auto approving self kubelet client certificate after SubjectAccessReview.";
    const WAITS: &str = "rest it waits for approval";
    vec![
        (KUBELET, "d+c", CP1, BOOT, &[NODE, SELF], APPROVED),
        (KUBELET, "d+c+k", CP1, BOOT, &[NODE], APPROVED),
        (KUBELET, "d+c", CP1, OWN, &[NODE, SELF], APPROVED_SELF),
        (KUBELET, "d+c", CP1, OWN, &[NODE], WAITS),
        (KUBELET, "d+c", CP1, BOOT, &[SELF], WAITS),
        (KUBELET, "d+c", CP1, BOOT, &[], WAITS),
        (KUBELET, "d+c", CP1, "@", &[NODE, SELF], WAITS),
        // Denied as itself, allowed as whoever may ask for nodes.
        (KUBELET, "d+c", CP1, OWN, &["@system:nodes create certificatesigningrequests/nodeclient"], APPROVED),
        // Any verb, any resource, any part of any.
        (
            KUBELET,
            "d+c",
            CP1,
            BOOT,
            &["@system:bootstrappers * certificatesigningrequests/nodeclient"],
            APPROVED,
        ),
        (KUBELET, "d+c", CP1, BOOT, &["@system:bootstrappers create *"], APPROVED),
        (KUBELET, "d+c", CP1, BOOT, &["@system:bootstrappers create */nodeclient"], APPROVED),
        (KUBELET, "d+c", CP1, BOOT, &["@system:bootstrappers create certificatesigningrequests"], WAITS),
        (KUBELET, "d+c", CP1, BOOT, &["@system:bootstrappers create certificatesigningrequests/*"], WAITS),
        (
            KUBELET,
            "d+c",
            CP1,
            BOOT,
            &["@system:bootstrappers update certificatesigningrequests/nodeclient"],
            WAITS,
        ),
        // A rule that names objects does not cover what has no name yet.
        (
            KUBELET,
            "d+c",
            CP1,
            BOOT,
            &["@system:bootstrappers create certificatesigningrequests/nodeclient x"],
            WAITS,
        ),
        // The group that passes every authorization; a user of that name is nobody.
        (KUBELET, "d+c", CP1, "root@system:masters", &[], APPROVED),
        (KUBELET, "d+c", CP1, "system:masters@", &[], WAITS),
        // A user without a node's name.
        (KUBELET, "d+c", "O=system:nodes, CN=system:node:", BOOT, &[NODE], APPROVED),
        // Not recognised.
        (KUBELET, "d+s", CP1, BOOT, &[NODE], WAITS),
        (KUBELET, "c", CP1, BOOT, &[NODE], WAITS),
        (KUBELET, "d+c", "O=system:nodes, O=system:masters, CN=system:node:cp1", BOOT, &[NODE], WAITS),
        (KUBELET, "d+c", "O=system:nodes, CN=admin", BOOT, &[NODE], WAITS),
        (KUBELET, "d+c", "O=system:nodes, CN=system:node:cp1, dns:a", BOOT, &[NODE], WAITS),
        (CLIENT, "d+c", CP1, BOOT, &[NODE, SELF], WAITS),
        (LEGACY, "d+c", CP1, BOOT, &[NODE, SELF], WAITS),
        (SERVING, "d+s", "O=system:nodes, CN=system:node:cp1, dns:cp1", OWN, &[NODE, SELF], WAITS),
        ("example.com/a", "d+c", CP1, BOOT, &[NODE, SELF], WAITS),
        // What lies there could not have been made by a kubelet for another node.
        (
            KUBELET,
            "d+c",
            CP1,
            "system:node:cp2@system:nodes",
            &["@system:nodes create certificatesigningrequests/nodeclient"],
            "fail can only create a node CSR with CN=system:node:cp2",
        ),
    ]
}

fn world(permissions: &[&str]) -> World {
    World { rbac: rbac(permissions), trust_requester: true, ..World::new() }
}

#[test]
fn kubelets_are_approved_as_clients_by_the_permissions_of_who_asks() {
    for (signer, usages, request, who, permissions, expected) in rows() {
        let (name, group) = who.split_once('@').unwrap();
        let groups: Vec<&str> = if group.is_empty() { Vec::new() } else { vec![group] };
        let object = ask(signer, usages, request).asked_by(name, &groups);
        assert_eq!(
            world(permissions).step(&object),
            expected,
            "{signer} {usages} {request} {who} {permissions:?}"
        );
    }
}

/// Whoever writes the file writes who asks.
#[test]
fn what_a_file_says_of_who_asks_counts_only_where_it_is_trusted() {
    let object = crate::bed::node_client().asked_by("system:node:cp1", &["system:nodes", "system:masters"]);
    let trusting = world(&[NODE, SELF]);
    assert!(trusting.step(&object).starts_with("approve"));
    let wary = World { trust_requester: false, ..trusting };
    assert_eq!(wary.step(&object), "rest it waits for approval");
    let anonymous =
        World { rbac: rbac(&["system:anonymous create certificatesigningrequests/nodeclient"]), ..wary };
    assert!(anonymous.step(&object).starts_with("approve AutoApproved: Auto approving kubelet"));
}

#[test]
fn every_rule_that_was_asked_says_why_it_did_not_hold() {
    let object = crate::bed::node_client().asked_by("boot", &[]);
    let traces = world(&[]).decide(&object).traces;
    let told: Vec<String> = traces.iter().map(|trace| format!("{}: {}", trace.rule, trace.said)).collect();
    assert_eq!(
        told,
        [
            r#"selfnodeclient: asked for by "boot" and not by "system:node:cp1" itself"#,
            r#"nodeclient: recognized, but "boot" may not create certificatesigningrequests/nodeclient"#,
        ]
    );
}
