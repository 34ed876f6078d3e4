//! Who may approve and sign for a signer: its name, or `<domain>/*`, and no other star.

use k8s_openapi::api::rbac::v1::Subject;

use crate::bed::{rbac, user};

/// A permission, the signer, and whether jane may approve for it.
type Row = (&'static str, &'static str, bool);

/// The table.
pub fn rows() -> Vec<Row> {
    vec![
        ("jane approve signers example.com/a", "example.com/a", true),
        ("jane approve signers example.com/*", "example.com/a", true),
        ("jane approve signers example.com/*", "example.com/a.b", true),
        ("jane approve signers", "example.com/a", true),
        ("jane * signers example.com/a", "example.com/a", true),
        ("jane approve * example.com/a", "example.com/a", true),
        ("@dev approve signers example.com/a", "example.com/a", true),
        ("@system:authenticated approve signers example.com/a", "example.com/a", true),
        ("jane approve signers *", "example.com/a", false),
        ("jane approve signers */*", "example.com/a", false),
        ("jane approve signers com/*", "example.com/a", false),
        ("jane approve signers *.com/*", "example.com/a", false),
        ("jane approve signers example.com/", "example.com/a", false),
        ("jane approve signers example.com", "example.com/a", false),
        ("jane approve signers example.com/b", "example.com/a", false),
        ("jane approve signers example.com/A", "example.com/a", false),
        ("jane approve signers Example.com/*", "example.com/a", false),
        ("jane approve signers other.com/*", "example.com/a", false),
        ("jane approve signers kubernetes.io/*", "kubernetes.io/kubelet-serving", true),
        ("jane sign signers example.com/a", "example.com/a", false),
        ("jane update signers example.com/a", "example.com/a", false),
        ("jane approve signer example.com/a", "example.com/a", false),
        ("jane approve certificatesigningrequests/approval example.com/a", "example.com/a", false),
        ("Jane approve signers example.com/a", "example.com/a", false),
        ("@ops approve signers example.com/a", "example.com/a", false),
        ("@jane approve signers example.com/a", "example.com/a", false),
        ("dev approve signers example.com/a", "example.com/a", false),
        ("* approve signers example.com/a", "example.com/a", false),
        // A signer that is called like the star, which no signer can be.
        ("jane approve signers example.com/*", "example.com/*", true),
    ]
}

#[test]
fn a_signer_is_permitted_by_its_name_or_its_domains_star() {
    for (permission, signer, expected) in rows() {
        let jane = user("jane", &["dev"]);
        assert_eq!(
            rbac(&[permission]).allows_signer(&jane, "approve", signer),
            expected,
            "{permission}: {signer}"
        );
    }
}

#[test]
fn masters_may_everything_and_nobody_nothing() {
    let none = rbac(&[]);
    assert!(none.allows_signer(&user("root", &["system:masters"]), "approve", "example.com/a"));
    assert!(!none.allows_signer(&user("system:masters", &[]), "approve", "example.com/a"));
    assert!(!none.allows_request(&user("jane", &[]), "get", "", "x"));
}

/// A service account is a user by its namespace and name; without a namespace it is nobody.
#[test]
fn service_accounts_are_users() {
    use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, RoleRef};
    use kubepki::csr::rbac::Rbac;
    let bound = |kind: &str, namespace: Option<&str>, role_kind: &str| {
        let rule = PolicyRule {
            api_groups: Some(vec!["*".into()]),
            verbs: vec!["*".into()],
            resources: Some(vec!["*".into()]),
            ..PolicyRule::default()
        };
        let mut role = ClusterRole { rules: Some(vec![rule]), ..ClusterRole::default() };
        role.metadata.name = Some("r".into());
        let subject = Subject {
            kind: kind.into(),
            name: "a".into(),
            namespace: namespace.map(str::to_owned),
            ..Subject::default()
        };
        let role_ref = RoleRef { kind: role_kind.into(), name: "r".into(), ..RoleRef::default() };
        let binding =
            ClusterRoleBinding { role_ref, subjects: Some(vec![subject]), ..ClusterRoleBinding::default() };
        Rbac::new(vec![role], vec![binding])
    };
    for (rbac, name, expected) in [
        (bound("ServiceAccount", Some("n"), "ClusterRole"), "system:serviceaccount:n:a", true),
        (bound("ServiceAccount", Some("m"), "ClusterRole"), "system:serviceaccount:n:a", false),
        (bound("ServiceAccount", None, "ClusterRole"), "system:serviceaccount::a", false),
        (bound("ServiceAccount", Some("n"), "ClusterRole"), "a", false),
        (bound("User", None, "ClusterRole"), "a", true),
        (bound("User", None, "Role"), "a", false),
        (bound("Robot", None, "ClusterRole"), "a", false),
    ] {
        assert_eq!(rbac.allows_signer(&user(name, &[]), "sign", "example.com/a"), expected, "{name}");
    }
}
