//! Kubernetes' own signers: what each refuses, in its order and words.

use crate::bed::{CLIENT, Edit, KUBELET, LEGACY, SERVING, World, ask};

type Row = (&'static str, &'static str, &'static str, &'static str);

/// Signer, usages, request, and what is done once it is approved.
pub fn rows() -> Vec<Row> {
    const ORG: &str = "fail subject organization is not system:nodes";
    const CN: &str = "fail subject common name does not begin with system:node:";
    const NODE: &str = "O=system:nodes, CN=system:node:cp1";
    const CLIENT_USAGES: &str = "fail usages did not match [client auth digital signature key encipherment]";
    const SERVER_USAGES: &str = "fail usages did not match [digital signature key encipherment server auth]";
    const SERVER: &str = "O=system:nodes, CN=system:node:cp1, dns:cp1";
    vec![
        // kube-apiserver-client
        (CLIENT, "c", "CN=a", "sign"),
        (CLIENT, "c", "", "sign"),
        (CLIENT, "c+d+k", "O=anything, O=else, CN=a", "sign"),
        (CLIENT, "k+d+c", "CN=a, dns:a, ip:192.0.2.1, email:a@b, uri:a:b", "sign"),
        (CLIENT, "d+k", "CN=a", "fail missing required usage for client certificate: client auth"),
        (CLIENT, "c+s", "CN=a", "fail invalid usage for client certificate: server auth"),
        (CLIENT, "s", "CN=a", "fail invalid usage for client certificate: server auth"),
        (CLIENT, "any+crl sign", "CN=a", "fail invalid usage for client certificate: any"),
        (CLIENT, "c+signing", "CN=a", "fail invalid usage for client certificate: signing"),
        (CLIENT, "c+cert sign", "CN=a", "fail invalid usage for client certificate: cert sign"),
        (CLIENT, "c", "O=system:nodes, CN=system:kube-controller-manager", "sign"),
        (CLIENT, "c", "OU=system:masters, CN=a", "sign"),
        // kube-apiserver-client-kubelet
        (KUBELET, "d+c", NODE, "sign"),
        (KUBELET, "c+k+d", NODE, "sign"),
        (KUBELET, "d+c", "O=system:nodes, CN=system:node:", "sign"),
        (KUBELET, "d+c", "CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "O=system:nodes, O=system:nodes, CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "O=system:nodes, O=dev, CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "O=dev, O=system:nodes, CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "O=System:nodes, CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "O=system:nodes , CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "OU=system:nodes, CN=system:node:cp1", ORG),
        (KUBELET, "d+c", "O=system:nodes, CN=cp1", CN),
        (KUBELET, "d+c", "O=system:nodes", CN),
        (KUBELET, "d+c", "O=system:nodes, CN=System:node:cp1", CN),
        (KUBELET, "d+c", "O=system:nodes, CN=system:node:cp1, CN=root", CN),
        (KUBELET, "d+c", "O=system:nodes, CN=root, CN=system:node:cp1", "sign"),
        (
            KUBELET,
            "d+c",
            "O=system:nodes, CN=system:node:cp1, dns:a",
            "fail DNS subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            "d+c",
            "O=system:nodes, CN=system:node:cp1, email:a@b",
            "fail Email subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            "d+c",
            "O=system:nodes, CN=system:node:cp1, ip:192.0.2.1",
            "fail IP subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            "d+c",
            "O=system:nodes, CN=system:node:cp1, uri:a:b",
            "fail URI subjectAltNames are not allowed",
        ),
        (KUBELET, "d+c", "O=system:nodes, CN=system:node:cp1, other:a, dir:b, rid:1.2.3", "sign"),
        (KUBELET, "c", NODE, CLIENT_USAGES),
        (KUBELET, "d", NODE, CLIENT_USAGES),
        (KUBELET, "c+d+s", NODE, CLIENT_USAGES),
        (KUBELET, "c+d+k+s", NODE, CLIENT_USAGES),
        (KUBELET, "c+signing", NODE, CLIENT_USAGES),
        (KUBELET, "c+d+signing", NODE, CLIENT_USAGES),
        // In this order.
        (KUBELET, "any", "CN=a, dns:a, email:b@c, ip:192.0.2.1, uri:a:b", ORG),
        (
            KUBELET,
            "any",
            "O=system:nodes, CN=a, uri:a:b, ip:192.0.2.1, email:b@c, dns:a",
            "fail DNS subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            "any",
            "O=system:nodes, CN=a, uri:a:b, ip:192.0.2.1, email:b@c",
            "fail Email subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            "any",
            "O=system:nodes, CN=a, uri:a:b, ip:192.0.2.1",
            "fail IP subjectAltNames are not allowed",
        ),
        (KUBELET, "any", "O=system:nodes, CN=a, uri:a:b", "fail URI subjectAltNames are not allowed"),
        (KUBELET, "any", "O=system:nodes, CN=a", CN),
        (KUBELET, "any", NODE, CLIENT_USAGES),
        // kubelet-serving
        (SERVING, "d+s", SERVER, "sign"),
        (SERVING, "s+k+d", "O=system:nodes, CN=system:node:cp1, ip:192.0.2.1", "sign"),
        (SERVING, "d+s", "O=system:nodes, CN=system:node:cp1, dns:kubernetes.default.svc", "sign"),
        (SERVING, "d+s", NODE, "fail DNS or IP subjectAltName is required"),
        (
            SERVING,
            "d+s",
            "O=system:nodes, CN=system:node:cp1, other:a, dir:b",
            "fail DNS or IP subjectAltName is required",
        ),
        (
            SERVING,
            "d+s",
            "O=system:nodes, CN=system:node:cp1, dns:a, email:a@b",
            "fail Email subjectAltNames are not allowed",
        ),
        (
            SERVING,
            "d+s",
            "O=system:nodes, CN=system:node:cp1, dns:a, uri:a:b",
            "fail URI subjectAltNames are not allowed",
        ),
        (SERVING, "d+s", "O=system:masters, CN=system:node:cp1, dns:a", ORG),
        (SERVING, "d+s", "O=system:nodes, CN=cp1, dns:a", CN),
        (SERVING, "d+c", SERVER, SERVER_USAGES),
        (SERVING, "d+s+c", SERVER, SERVER_USAGES),
        (SERVING, "s", SERVER, SERVER_USAGES),
        (SERVING, "s+signing", SERVER, SERVER_USAGES),
        // In this order: usages come before the common name here.
        (SERVING, "any", "CN=a, email:a@b, uri:a:b", ORG),
        (
            SERVING,
            "any",
            "O=system:nodes, CN=a, email:a@b, uri:a:b",
            "fail DNS or IP subjectAltName is required",
        ),
        (
            SERVING,
            "any",
            "O=system:nodes, CN=a, dns:a, uri:a:b, email:a@b",
            "fail Email subjectAltNames are not allowed",
        ),
        (SERVING, "any", "O=system:nodes, CN=a, dns:a, uri:a:b", "fail URI subjectAltNames are not allowed"),
        (SERVING, "any", "O=system:nodes, CN=a, dns:a", SERVER_USAGES),
        // legacy-unknown, which nobody can create
        (LEGACY, "any+cert sign", "O=anything, CN=a, dns:a", "sign"),
        (LEGACY, "c", "", "sign"),
        // Nobody's
        ("kubernetes.io/other", "c", "CN=a", "rest no signer of its name is served"),
        ("example.com/other", "c", "CN=a", "rest no signer of its name is served"),
    ]
}

#[test]
fn signers_refuse_in_the_order_and_the_words_of_kubernetes() {
    let world = World::new();
    for (signer, usages, request, expected) in rows() {
        let object = ask(signer, usages, request).has_condition("Approved");
        assert_eq!(world.step(&object), expected, "{signer} {usages} {request}");
    }
}
