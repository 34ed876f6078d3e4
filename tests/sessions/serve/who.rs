//! Who is let in, and what they may do.

use kubepki::x509::issue::self_signed;
use kubepki::x509::{
    Certificate, ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, Usages,
};
use serde_json::json;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::client::{P, Who};
use super::{CLIENT, Served, approved, eventually, object, simple};

pub const TOKENS: &str = "
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-abcdef, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  token-id: abcdef
  token-secret: 0123456789abcdef
  usage-bootstrap-authentication: \"true\"
  auth-extra-groups: system:bootstrappers:kubeadm:default-node-token
---
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-000000, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  token-id: \"000000\"
  token-secret: 0123456789abcdef
  usage-bootstrap-authentication: \"true\"
  expiration: 2020-01-01T00:00:00Z
";

/// A certificate of a CA for the administrator, valid from and until.
pub fn forged(ca: &Certificate, key: &PrivateKey, from: OffsetDateTime, until: OffsetDateTime) -> Who {
    let own = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let profile = Profile {
        path_length: None,
        name_constraints: None,
        subject: Name::new("kubernetes-admin", &["kubeadm:cluster-admins".to_owned()]).unwrap(),
        subject_alt_names: Vec::new(),
        usages: Usages {
            key: vec![KeyUsage::DigitalSignature],
            extended: vec![ExtendedKeyUsage::ClientAuth],
        },
        ca: false,
        not_before: from,
        not_after: until,
    };
    let issued = Issuer::new(ca, key).unwrap().issue(&profile, own.public_key()).unwrap();
    Who::with(issued, own)
}

#[test]
fn who_is_not_known_is_told_so_and_no_more() {
    let served = Served::with(&[]);
    let (ca, key) = (served.authority(), served.bed.key("out/pki/ca.key"));
    let now = OffsetDateTime::now_utc();
    let day = Duration::days(1);
    let foreign_key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let profile = Profile {
        path_length: None,
        name_constraints: None,
        subject: ca.subject.clone(),
        subject_alt_names: Vec::new(),
        usages: Usages { key: vec![KeyUsage::CertSign], extended: Vec::new() },
        ca: true,
        not_before: datetime!(2026-01-01 0:00 UTC),
        not_after: datetime!(2036-01-01 0:00 UTC),
    };
    let foreign = self_signed(&profile, &foreign_key).unwrap();
    let mut good = served.connect(&forged(&ca, &key, now - day, now + day));
    good.get(P).code(200);
    for (who, what) in [
        (forged(&ca, &key, now - day * 2, now - day), "expired"),
        (forged(&ca, &key, now + day, now + day * 2), "not valid yet"),
        (forged(&foreign, &foreign_key, now - day, now + day), "another CA of the same name"),
        (
            Who::with(
                served.bed.certificate("out/pki/apiserver.crt"),
                served.bed.key("out/pki/apiserver.key"),
            ),
            "a server",
        ),
        (Who::token("abcdef.0123456789abcdef"), "a token that nobody has given"),
    ] {
        let mut client = served.connect(&who);
        let refused = client.get(P);
        assert_eq!(refused.code, 401, "{what}");
        assert_eq!(refused.message(), "Unauthorized", "{what}");
    }
    // Nobody at all may know that the server lives, and its version.
    let mut nobody = served.connect(&Who::default());
    for (path, code) in [
        ("/healthz", 200),
        ("/livez", 200),
        ("/readyz", 200),
        ("/version", 200),
        ("/apis", 403),
        ("/openapi/v3", 403),
        (P, 403),
        ("/", 403),
        ("/metrics", 403),
    ] {
        let reply = nobody.get(path);
        assert_eq!(reply.code, code, "{path}");
        if code == 403 {
            assert!(reply.message().contains("User \"system:anonymous\" cannot"), "{}", reply.message());
        }
    }
    nobody.json("POST", P, &simple("x")).code(403);
    let log = || served.bed.read("out/.kubepki/audit.log");
    eventually("refusals are in the log", || {
        log().contains(r#""code":401"#) && log().contains("system:anonymous")
    });
    assert!(!log().contains("0123456789abcdef"));
    // By what somebody was let in is there, too.
    served.admin().get(P).code(200);
    let reason = r#"RBAC: allowed by ClusterRoleBinding \"kubeadm:cluster-admins\" of ClusterRole \"cluster-admin\" to Group \"kubeadm:cluster-admins\""#;
    eventually("a reason", || log().contains(reason));
}

#[test]
fn a_token_may_ask_and_nothing_else() {
    let bed = crate::testbed::Testbed::applied(crate::testbed::SINGLE);
    bed.write("tokens.yaml", TOKENS);
    let served = Served::of(bed, &["--bootstrap-tokens", "tokens.yaml"]);
    let mut client = served.connect(&Who::token("abcdef.0123456789abcdef"));
    let made = client.json("POST", P, &simple("x")).code(201).json();
    assert_eq!(made["spec"]["username"], "system:bootstrap:abcdef");
    let groups = json!([
        "system:bootstrappers",
        "system:bootstrappers:kubeadm:default-node-token",
        "system:authenticated"
    ]);
    assert_eq!(made["spec"]["groups"], groups);
    client.get(&format!("{P}/x")).code(200);
    client.get(P).code(200);
    let refused = client.json("PUT", &format!("{P}/x/approval"), &approved(made)).code(403).message();
    let expected = "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: User \"system:bootstrap:abcdef\" cannot \
                    update resource \"certificatesigningrequests/approval\" in API group \"certificates.k8s.io\" at the \
                    cluster scope";
    assert_eq!(refused, expected);
    client.ask("DELETE", &format!("{P}/x"), &[], b"").code(403);
    for token in
        ["abcdef.0123456789abcdee", "000000.0123456789abcdef", "abcdef", "", "abcdef.0123456789abcdef.x"]
    {
        served.connect(&Who::token(&format!("{token} "))).get(P).code(if token.is_empty() {
            403
        } else {
            401
        });
    }
}

#[test]
fn a_kubelet_asks_for_itself_and_nobody_approves_their_own() {
    let served = Served::new();
    let mut node = served.connect(&served.user("system:node:n1", &["system:nodes"]));
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let kubelet = "kubernetes.io/kube-apiserver-client-kubelet";
    let usages = ["digital signature", "client auth"];
    let other = object("other", kubelet, "system:node:n2", &["system:nodes"], &key, &usages);
    let refused = node.json("POST", P, &other).code(403).message();
    assert!(refused.ends_with("can only create a node CSR with CN=system:node:n1"), "{refused}");
    let masters = object("masters", CLIENT, "x", &["system:masters"], &key, &["client auth"]);
    let refused = served.admin().json("POST", P, &masters).code(403).message();
    assert!(refused.ends_with("with system:masters group is not allowed"), "{refused}");
    // A custom user with a role to approve for another signer only.
    served.bed.write("rbac.yaml", ROLES);
    let bed_roles = ["--rbac", "rbac.yaml"];
    let mut served = served;
    served.stop();
    served.restart(&bed_roles);
    let mut client = served.connect(&served.user("approver", &[]));
    let made = client.json("POST", P, &simple("own")).code(201).json();
    let refused = client.json("PUT", &format!("{P}/own/approval"), &approved(made)).code(403).message();
    assert!(
        refused.ends_with(&format!("user not permitted to approve requests with signerName \"{CLIENT}\"")),
        "{refused}"
    );
    let key = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let made = object("theirs", "example.com/a", "x", &[], &key, &["client auth"]);
    let made = client.json("POST", P, &made).code(201).json();
    client.json("PUT", &format!("{P}/theirs/approval"), &approved(made.clone())).code(200);
    let mut signed = client.get(&format!("{P}/theirs")).json();
    signed["status"]["certificate"] = "x".into();
    client.json("PUT", &format!("{P}/theirs/status"), &signed).code(403);
}

const ROLES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: approver}
rules:
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [create, get, list, watch]}
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}
- {apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [example.com/*], verbs: [approve]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: approver}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: approver}
subjects: [{kind: User, name: approver}]
";

#[test]
fn in_the_name_of_another_only_who_may() {
    let served = Served::new();
    let admin = |name: &str| served.admin().ask("GET", P, &[("Impersonate-User", name)], b"");
    admin("somebody").code(403);
    let mut node = served.connect(&served.user("jane", &[]));
    let refused = node.ask("GET", P, &[("Impersonate-User", "kubernetes-admin")], b"").code(403).message();
    assert!(refused.contains("cannot impersonate resource \"users\""), "{refused}");
    node.ask("GET", P, &[("Impersonate-Group", "system:masters")], b"").code(400);
    let review = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"});
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let headers =
        [("Impersonate-User", "joe"), ("Impersonate-Group", "a"), ("Content-Type", "application/json")];
    let told = served.admin().ask("POST", path, &headers, review.to_string().as_bytes()).code(201).json();
    assert_eq!(told["status"]["userInfo"]["username"], "joe");
    assert_eq!(told["status"]["userInfo"]["groups"], json!(["a", "system:authenticated"]));
}
