//! What is done next: the order in which an object is looked at.

use kubepki::csr::{CertificateSigningRequest, Step};

use crate::bed::{CLIENT, Edit, KUBELET, LEGACY, World, ask, asking, condition, conditions};
use crate::forge::Forge;

type Row = (&'static str, fn() -> CertificateSigningRequest, &'static str);

/// The object, and what is done.
pub fn rows() -> Vec<Row> {
    fn good() -> CertificateSigningRequest {
        ask(CLIENT, "c", "CN=a")
    }
    vec![
        ("new", good, "rest it waits for approval"),
        ("approved", || good().has_condition("Approved"), "sign"),
        ("denied", || good().has_condition("Denied"), "rest it is denied"),
        (
            "denied and approved",
            || good().has_condition("Approved").has_condition("Denied"),
            "rest it is denied",
        ),
        ("failed", || good().has_condition("Failed"), "rest it has failed"),
        (
            "approved and failed",
            || good().has_condition("Approved").has_condition("Failed"),
            "rest it has failed",
        ),
        ("issued", || good().has_condition("Approved").has_certificate(b"x"), "rest it has its certificate"),
        ("a certificate without approval", || good().has_certificate(b"x"), "rest it has its certificate"),
        ("an empty certificate", || good().has_condition("Approved").has_certificate(b""), "sign"),
        ("another condition", || good().has_condition("Seen"), "rest it waits for approval"),
        (
            "a signer that nobody serves",
            || ask("example.com/a", "c", "CN=a").has_condition("Approved"),
            "rest no signer of its name is served",
        ),
        (
            "junk for a signer that nobody serves",
            || asking("example.com/a", "c", b"junk".to_vec()).has_condition("Approved"),
            "rest no signer of its name is served",
        ),
        (
            "junk",
            || asking(CLIENT, "c", b"junk".to_vec()),
            "retry unable to parse csr: PEM block type must be CERTIFICATE REQUEST",
        ),
        (
            "junk, approved",
            || asking(CLIENT, "c", b"junk".to_vec()).has_condition("Approved"),
            "retry unable to parse csr: PEM block type must be CERTIFICATE REQUEST",
        ),
        (
            "a spoilt signature, approved",
            || {
                asking(CLIENT, "c", Forge { spoilt: true, ..Forge::new("CN=a") }.pem())
                    .has_condition("Approved")
            },
            "retry unable to parse csr: x509: ECDSA verification failure",
        ),
        // What the API would not have let in.
        (
            "Approved that is False",
            || good().with(|it| conditions(it).push(condition("Approved", "False"))),
            r#"retry CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions[0].status: Unsupported value: "False": supported values: "True""#,
        ),
        (
            "Denied that is False",
            || good().with(|it| conditions(it).push(condition("Denied", "False"))),
            "rest it is denied",
        ),
        (
            "Failed that is False",
            || {
                good().with(|it| {
                    conditions(it).extend([condition("Approved", "True"), condition("Failed", "False")]);
                })
            },
            r#"retry CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.conditions[1].status: Unsupported value: "False": supported values: "True""#,
        ),
        (
            "an unknown usage",
            || ask(LEGACY, "cat", "CN=a").has_condition("Approved"),
            r#"retry CertificateSigningRequest.certificates.k8s.io "x" is invalid: spec.usages[0]: Unsupported value: "cat": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping""#,
        ),
        (
            "no usages",
            || ask(LEGACY, "", "CN=a").has_condition("Approved"),
            r#"retry CertificateSigningRequest.certificates.k8s.io "x" is invalid: spec.usages: Required value"#,
        ),
        (
            "a lifetime that is too short",
            || good().has_condition("Approved").with(|it| it.spec.expiration_seconds = Some(-5)),
            r#"retry CertificateSigningRequest.certificates.k8s.io "x" is invalid: spec.expirationSeconds: Invalid value: -5: may not specify a duration less than 600 seconds (10 minutes)"#,
        ),
        (
            "no name",
            || good().has_condition("Approved").with(|it| it.metadata.name = None),
            r#"retry CertificateSigningRequest.certificates.k8s.io "" is invalid: metadata.name: Required value: name or generateName is required"#,
        ),
        (
            "masters, approved by a person",
            || ask(CLIENT, "c", "O=system:masters, CN=a").has_condition("Approved"),
            "fail use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
        (
            "masters",
            || ask(CLIENT, "c", "O=system:masters, CN=a"),
            "fail use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ),
        (
            "masters of another signer, which is the signer's affair",
            || ask(LEGACY, "c", "O=system:masters, CN=a").has_condition("Approved"),
            "sign",
        ),
        (
            "masters as a kubelet",
            || ask(KUBELET, "d+c", "O=system:masters, CN=system:node:a").has_condition("Approved"),
            "fail subject organization is not system:nodes",
        ),
        (
            "the legacy signer, which has no other way in",
            || ask(LEGACY, "c", "CN=a"),
            "rest it waits for approval",
        ),
    ]
}

#[test]
fn the_next_step() {
    for (what, object, expected) in rows() {
        assert_eq!(World::new().step(&object()), expected, "{what}");
    }
}

#[test]
fn a_ca_that_is_not_at_hand_is_waited_for() {
    let world = World { authorities: Vec::new(), ..World::new() };
    assert_eq!(
        world.step(&ask(CLIENT, "c", "CN=a").has_condition("Approved")),
        "retry the CA `ca` is not at hand"
    );
}

/// What is refused for good is refused before the CA is asked for.
#[test]
fn a_refusal_needs_no_ca() {
    let world = World { authorities: Vec::new(), ..World::new() };
    let object = ask(CLIENT, "s", "CN=a").has_condition("Approved");
    assert!(matches!(world.decide(&object).step, Step::Fail(_)));
}

/// A request that was read once is not read again.
#[test]
fn reading_before_changes_nothing() {
    use kubepki::csr::request::Wanted;
    use kubepki::csr::{Policy, decide, decide_read};
    let world = World::new();
    let policy = Policy {
        signers: &world.signers,
        authorities: &world.authorities,
        rules: &[],
        spec: None,
        rbac: &world.rbac,
        trust_requester: false,
        clean: true,
    };
    for (what, object, _) in rows() {
        let object = object();
        let read = Wanted::read(&object.spec.request.0);
        let (one, other) =
            (decide(&object, &policy, world.now), decide_read(&object, &read, &policy, world.now));
        assert_eq!(crate::bed::told(&one.step), crate::bed::told(&other.step), "{what}");
    }
}
