//! Kubelets as servers, by the cluster spec: approved if and only if every name is the node's, and none is the API servers' or
//! a service's.

use crate::bed::{Edit, KUBELET, SERVING, World, ask, spec};

type Row = (&'static str, &'static str, &'static str);

const SPEC: &str = "
apiVersion: kubepki/v1
kind: Cluster
controlPlaneEndpoint: api.example.com:6443
networking: {serviceSubnet: '10.96.0.0/12,fd00:10:96::/112', dnsDomain: cluster.example}
apiServer: {certSANs: [192.0.2.99, vip.example.com, worker2]}
nodes:
- {name: cp1, roles: [control-plane], addresses: [192.0.2.10, '2001:db8::10']}
- {name: worker1, roles: [worker], addresses: [192.0.2.21]}
- {name: worker2, roles: [worker], addresses: [192.0.2.99]}
";

const APPROVED: &str = "approve AutoApproved: Auto approving kubelet serving certificate: the spec gives node \"NODE\" all of its names.";
const WAITS: &str = "rest it waits for approval";

/// The request, what is done, and what the rule says where it does not hold.
pub fn rows() -> Vec<Row> {
    vec![
        ("O=system:nodes, CN=system:node:cp1, dns:cp1", APPROVED, ""),
        ("O=system:nodes, CN=system:node:cp1, ip:192.0.2.10", APPROVED, ""),
        ("O=system:nodes, CN=system:node:cp1, dns:cp1, ip:192.0.2.10, ip:2001:db8::10", APPROVED, ""),
        ("O=system:nodes, CN=system:node:cp1, dns:CP1", APPROVED, ""),
        ("O=system:nodes, CN=system:node:worker1, dns:worker1, ip:192.0.2.21", APPROVED, ""),
        // Another's
        (
            "O=system:nodes, CN=system:node:worker1, dns:worker1, ip:192.0.2.10",
            WAITS,
            r#"192.0.2.10 does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, dns:cp1",
            WAITS,
            r#"cp1 does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, dns:worker1, dns:cp1",
            WAITS,
            r#"cp1 does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, dns:worker1.example.com",
            WAITS,
            r#"worker1.example.com does not belong to node "worker1""#,
        ),
        ("O=system:nodes, CN=system:node:worker1, dns:*", WAITS, r#"* does not belong to node "worker1""#),
        (
            "O=system:nodes, CN=system:node:worker1, dns:worker1.",
            WAITS,
            r#"worker1. does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, dns:worker1\0",
            WAITS,
            r#"worker1\0 does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, dns:localhost",
            WAITS,
            r#"localhost does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, ip:127.0.0.1",
            WAITS,
            r#"127.0.0.1 does not belong to node "worker1""#,
        ),
        (
            "O=system:nodes, CN=system:node:worker1, ip:192.0.2.22",
            WAITS,
            r#"192.0.2.22 does not belong to node "worker1""#,
        ),
        // The API servers' and services'
        (
            "O=system:nodes, CN=system:node:cp1, dns:kubernetes",
            WAITS,
            "kubernetes is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, dns:kubernetes.default.svc",
            WAITS,
            "kubernetes.default.svc is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, dns:KUBERNETES.default",
            WAITS,
            "KUBERNETES.default is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, dns:a.b.svc.cluster.example",
            WAITS,
            "a.b.svc.cluster.example is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, dns:a.b.svc",
            WAITS,
            "a.b.svc is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, dns:api.example.com",
            WAITS,
            "api.example.com is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, dns:vip.example.com",
            WAITS,
            "vip.example.com is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, ip:192.0.2.99",
            WAITS,
            "192.0.2.99 is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, ip:10.96.0.1",
            WAITS,
            "10.96.0.1 is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, ip:10.111.255.255",
            WAITS,
            "10.111.255.255 is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:cp1, ip:fd00:10:96::1",
            WAITS,
            "fd00:10:96::1 is a name of the API servers or of services",
        ),
        // A worker that has an address or a name of the API servers does not get it.
        (
            "O=system:nodes, CN=system:node:worker2, ip:192.0.2.99",
            WAITS,
            "192.0.2.99 is a name of the API servers or of services",
        ),
        (
            "O=system:nodes, CN=system:node:worker2, dns:worker2",
            WAITS,
            "worker2 is a name of the API servers or of services",
        ),
        // Nobody's
        ("O=system:nodes, CN=system:node:cp9, dns:cp9", WAITS, r#"the spec has no node "cp9""#),
        ("O=system:nodes, CN=system:node:, dns:cp1", WAITS, r#"the spec has no node """#),
        ("O=system:nodes, CN=system:node:CP1, dns:cp1", WAITS, r#"the spec has no node "CP1""#),
        ("O=system:nodes, CN=cp1, dns:cp1", WAITS, "subject common name does not begin with system:node:"),
        ("O=dev, CN=system:node:cp1, dns:cp1", WAITS, "subject organization is not system:nodes"),
        ("O=system:nodes, CN=system:node:cp1", WAITS, "DNS or IP subjectAltName is required"),
        (
            "O=system:nodes, CN=system:node:cp1, dns:cp1, uri:a:b",
            WAITS,
            "URI subjectAltNames are not allowed",
        ),
        // What nobody sees is not copied.
        ("O=system:nodes, CN=system:node:cp1, dns:cp1, other:kubernetes, dir:api", APPROVED, ""),
    ]
}

#[test]
fn a_kubelet_serves_under_its_own_names_and_no_others() {
    let world = World { spec: Some(spec(SPEC)), ..World::new() };
    for (request, expected, why) in rows() {
        let object = ask(SERVING, "d+s", request);
        let name = request
            .split("CN=system:node:")
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .unwrap_or_default();
        assert_eq!(world.step(&object), expected.replace("NODE", name), "{request:?}");
        let traces = world.decide(&object).traces;
        let said = &traces.iter().find(|trace| trace.rule == "cluster spec").unwrap().said;
        assert!(why.is_empty() || said == why, "{request:?}: {said}");
    }
}

/// The one control plane is often its own endpoint: its API server stands on the same machine.
#[test]
fn a_control_plane_may_share_its_own_address_with_its_api_server() {
    let shared = "
apiVersion: kubepki/v1
kind: Cluster
controlPlaneEndpoint: 192.0.2.10:6443
apiServer: {certSANs: [cp1]}
nodes:
- {name: cp1, roles: [control-plane], addresses: [192.0.2.10]}
";
    let world = World { spec: Some(spec(shared)), ..World::new() };
    let object = ask(SERVING, "d+s", "O=system:nodes, CN=system:node:cp1, dns:cp1, ip:192.0.2.10");
    assert!(world.step(&object).starts_with("approve"));
}

#[test]
fn without_a_spec_and_for_others_a_person_decides() {
    let request = "O=system:nodes, CN=system:node:cp1, dns:cp1";
    assert_eq!(World::new().step(&ask(SERVING, "d+s", request)), WAITS);
    let world = World { spec: Some(spec(SPEC)), trust_requester: true, ..World::new() };
    for (usages, who, expected) in [
        ("d+s", ("system:node:cp1", "system:nodes"), "approve"),
        ("d+s", ("jane", "dev"), WAITS),
        ("d+c", ("system:node:cp1", "system:nodes"), WAITS),
        (
            "d+s",
            ("system:node:worker1", "system:nodes"),
            "fail can only create a node CSR with CN=system:node:worker1",
        ),
        // By its name alone nobody is a kubelet, and is not asked to be one where the spec vouches for the names.
        ("d+s", ("system:node:cp1", "dev"), "approve"),
    ] {
        let object = ask(SERVING, usages, request).asked_by(who.0, &[who.1]);
        assert!(world.step(&object).starts_with(expected), "{usages} {who:?}: {}", world.step(&object));
    }
    let client = ask(KUBELET, "d+c", "O=system:nodes, CN=system:node:cp1")
        .asked_by("system:node:cp1", &["system:nodes"]);
    assert_eq!(world.step(&client), WAITS);
}
