//! The admission checks: approval and signing, the group of masters, kubelets that ask for others.

use kubepki::csr::admission::Admission;
use kubepki::csr::strategy;
use kubepki::csr::validate::Endpoint;
use kubepki::csr::{CertificateSigningRequest, User};

use crate::bed::{
    CLIENT, Edit, KUBELET, LEGACY, NOW, SERVING, ask, asking, authority, conditions, create, rbac, user,
};

/// Signer, request, who asks (`user@group`), and the refusal.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// What is asked when an object is made.
pub fn rows() -> Vec<Row> {
    const CP1: &str = "O=system:nodes, CN=system:node:cp1";
    const NODE: &str = "system:node:cp1@system:nodes";
    const MASTERS: &str =
        "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed";
    const OTHER: &str = "can only create a node CSR with CN=system:node:cp1";
    vec![
        // CertificateSubjectRestriction: exactly this group, for exactly this signer, wherever among the organizations.
        (CLIENT, "O=system:masters, CN=a", "jane@dev", MASTERS),
        (CLIENT, "O=system:masters, CN=a", "root@system:masters", MASTERS),
        (CLIENT, "O=dev, O=system:masters, O=ops, CN=a", "jane@dev", MASTERS),
        (CLIENT, "O=system:masters", "jane@dev", MASTERS),
        (CLIENT, "O=System:Masters, CN=a", "jane@dev", ""),
        (CLIENT, "O=system:masters , CN=a", "jane@dev", ""),
        (CLIENT, "O= system:masters, CN=a", "jane@dev", ""),
        (CLIENT, "O=system:masters\0, CN=a", "jane@dev", ""),
        (CLIENT, "O=system:masterѕ, CN=a", "jane@dev", ""),
        (CLIENT, "O=system\u{200b}:masters, CN=a", "jane@dev", ""),
        (CLIENT, "OU=system:masters, CN=a", "jane@dev", ""),
        (CLIENT, "CN=system:masters", "jane@dev", ""),
        (CLIENT, "O=system:nodes, CN=system:node:a", "jane@dev", ""),
        (KUBELET, "O=system:masters, CN=a", "jane@dev", ""),
        (SERVING, "O=system:masters, CN=a", "jane@dev", ""),
        ("example.com/a", "O=system:masters, CN=a", "jane@dev", ""),
        ("kubernetes.io/kube-apiserver-client-x", "O=system:masters, CN=a", "jane@dev", ""),
        // NodeRestriction: a kubelet asks for itself.
        (KUBELET, CP1, NODE, ""),
        (SERVING, CP1, NODE, ""),
        (KUBELET, "O=system:nodes, CN=system:node:cp2", NODE, OTHER),
        (SERVING, "O=system:nodes, CN=system:node:cp2", NODE, OTHER),
        (SERVING, "O=system:nodes, CN=system:node:cp1x", NODE, OTHER),
        (SERVING, "O=system:nodes, CN=System:node:cp1", NODE, OTHER),
        (SERVING, "O=system:nodes", NODE, OTHER),
        (KUBELET, "O=anything, CN=system:node:cp1", NODE, ""),
        (CLIENT, "CN=anybody", NODE, ""),
        ("example.com/a", "CN=anybody", NODE, ""),
        // Only with both the name and the group is somebody a kubelet.
        (KUBELET, "O=system:nodes, CN=system:node:cp2", "system:node:cp1@dev", ""),
        (KUBELET, "O=system:nodes, CN=system:node:cp2", "cp1@system:nodes", ""),
        (KUBELET, "O=system:nodes, CN=system:node:cp2", "system:bootstrap:a@system:bootstrappers", ""),
        (CLIENT, "CN=a", "system:node:@system:nodes", r#"could not determine node from user "system:node:""#),
        (
            KUBELET,
            "CN=system:node:",
            "system:node:@system:nodes",
            r#"could not determine node from user "system:node:""#,
        ),
    ]
}

fn somebody(who: &str) -> User {
    let (name, group) = who.split_once('@').unwrap();
    user(name, &[group])
}

#[test]
fn nobody_asks_for_masters_and_no_kubelet_for_another() {
    for (signer, request, who, expected) in rows() {
        let refusal = create(ask(signer, "d+c", request), &somebody(who)).err();
        let expected = (!expected.is_empty()).then(|| {
            format!("certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: {expected}")
        });
        assert_eq!(refusal.map(|refusal| refusal.message), expected, "{signer} {request:?} {who}");
    }
}

/// NodeRestriction comes before the name is made, validation before the group is looked at.
#[test]
fn refusals_come_in_the_order_of_the_api_server() {
    let node = somebody("system:node:cp1@system:nodes");
    let bad = || asking(KUBELET, "", b"junk".to_vec());
    let generated = |base: Option<&str>| {
        bad().with(|object| {
            object.metadata.name = None;
            object.metadata.generate_name = base.map(str::to_owned);
        })
    };
    for (object, name) in [(bad(), "x"), (generated(Some("csr-")), "csr-"), (generated(None), "Unknown")] {
        assert_eq!(
            create(object, &node).unwrap_err().message,
            format!(
                "certificatesigningrequests.certificates.k8s.io \"{name}\" is forbidden: unable to parse csr: PEM block \
                 type must be CERTIFICATE REQUEST"
            )
        );
    }
    let masters = ask(CLIENT, "", "O=system:masters");
    assert_eq!(
        create(masters, &node).unwrap_err().message,
        "CertificateSigningRequest.certificates.k8s.io \"x\" is invalid: spec.usages: Required value"
    );
    // A kubelet's signature is checked with everything else.
    let spoilt = crate::forge::Forge { spoilt: true, ..crate::forge::Forge::new("CN=system:node:cp1") };
    let refusal = create(asking(KUBELET, "c", spoilt.pem()), &node).unwrap_err();
    assert!(refusal.message.ends_with(": x509: ECDSA verification failure"), "{refusal}");
}

/// Who may do what, the endpoint, the change, and whether it is refused.
#[test]
fn approving_and_signing_are_asked_about_the_stored_signer() {
    type Change = fn(&mut CertificateSigningRequest);
    const NOTHING: Change = |_| {};
    let approve: Change = |it| *it = it.clone().has_condition("Approved");
    let fail: Change = |it| *it = it.clone().has_condition("Failed");
    let label: Change = |it| it.metadata.labels = Some([("a".to_owned(), "b".to_owned())].into());
    let sign: Change = |it| *it = it.clone().has_certificate(authority().0.to_pem().unwrap().as_bytes());
    let other: Change = |it| it.spec.signer_name = "example.com/b".into();
    let may = "jane approve signers example.com/a";
    let may_sign = "jane sign signers example.com/*";
    for (permission, endpoint, change, refused) in [
        (may, Endpoint::Approval, approve, None),
        (may, Endpoint::Approval, NOTHING, None),
        (may_sign, Endpoint::Approval, approve, Some("approve")),
        // Even where nothing changes.
        (may_sign, Endpoint::Approval, NOTHING, Some("approve")),
        (may_sign, Endpoint::Approval, label, Some("approve")),
        // An approver alone can fail a request.
        (may, Endpoint::Approval, fail, None),
        (may_sign, Endpoint::Status, sign, None),
        (may_sign, Endpoint::Status, fail, None),
        (may, Endpoint::Status, sign, Some("sign")),
        (may, Endpoint::Status, fail, Some("sign")),
        // Where nothing is signed, nobody asks.
        (may, Endpoint::Status, NOTHING, None),
        (may, Endpoint::Status, label, None),
        (may, Endpoint::Main, label, None),
        // The body's signer does not count.
        ("jane approve signers example.com/b", Endpoint::Approval, other, Some("approve")),
        (may, Endpoint::Approval, other, None),
    ] {
        let old = ask("example.com/a", "c", "CN=a");
        let rbac = rbac(&[permission]);
        let jane = user("jane", &[]);
        let new = old.clone().with(change);
        let outcome = strategy::update(new, &old, endpoint, &jane, &Admission { rbac: &rbac }, NOW);
        let expected = refused.map(|verb| {
            format!(
                "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: user not permitted to {verb} requests \
                 with signerName \"example.com/a\""
            )
        });
        assert_eq!(outcome.err().map(|refusal| refusal.message), expected, "{permission} {endpoint:?}");
    }
}

/// A condition's times are filled in before anybody asks whether there is a change.
#[test]
fn to_send_back_what_was_read_needs_no_permission_to_sign() {
    let old = ask(LEGACY, "c", "CN=a").has_condition("Approved").has_certificate(b"x");
    let rbac = rbac(&[]);
    let new = strategy::update(
        old.clone(),
        &old,
        Endpoint::Status,
        &user("a", &[]),
        &Admission { rbac: &rbac },
        NOW,
    );
    assert_eq!(new.unwrap(), old);
    let untimed = old.clone().with(|object| conditions(object)[0].last_update_time = None);
    assert!(
        strategy::update(untimed, &old, Endpoint::Status, &user("a", &[]), &Admission { rbac: &rbac }, NOW)
            .is_ok()
    );
}
