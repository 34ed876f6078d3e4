//! What may I: `kubectl auth can-i --list`.

use kubepki::api::codec::{self, Format};
use kubepki::api::options::FieldValidation;
use kubepki::api::schema::find;
use serde_json::{Value, json};

use super::Served;
use crate::testbed::{SINGLE, Testbed};

const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

const ROLES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: approver}
rules:
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [get, list]}
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [watch]}
- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}
- {apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [example.com/*], verbs: [approve]}
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: approver}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: approver}
subjects: [{kind: Group, name: approvers}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: place}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: Group, name: approvers}]
";

fn served() -> Served {
    let bed = Testbed::applied(SINGLE);
    bed.write("rbac.yaml", ROLES);
    Served::of(bed, &["--rbac", "rbac.yaml"])
}

/// The rows of kubectl's table, each column by itself.
fn rows(table: &str) -> Vec<Vec<String>> {
    let header = table.lines().next().unwrap();
    let begins: Vec<usize> = ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"]
        .iter()
        .map(|name| header.find(name).unwrap())
        .collect();
    let row = |line: &str| {
        let ends = begins.iter().skip(1).copied().chain([line.len()]);
        begins.iter().zip(ends).map(|(begin, end)| line[*begin..end].trim().to_owned()).collect()
    };
    table.lines().skip(1).map(row).collect()
}

/// What a cluster of Kubernetes 1.36 prints, but for the roles that it has and this server has not.
#[test]
fn kubectl_prints_what_it_prints_of_a_cluster() {
    let served = served();
    let list = |more: &[&str]| {
        let bound = ["auth", "can-i", "--list", "--as", "jane", "--as-group", "approvers"];
        served.kubectl(&[&bound, more].concat())
    };
    let table = list(&[]).success().stdout;
    let found = rows(&table);
    let row = |resource: &str, path: &str, name: &str, verbs: &str| {
        [resource, path, name, verbs].map(str::to_owned).to_vec()
    };
    for expected in [
        row("certificatesigningrequests.certificates.k8s.io", "[]", "[]", "[get list watch]"),
        row("certificatesigningrequests.certificates.k8s.io/approval", "[]", "[]", "[update]"),
        row("signers.certificates.k8s.io", "[]", "[example.com/*]", "[approve]"),
        row("selfsubjectrulesreviews.authorization.k8s.io", "[]", "[]", "[create]"),
        row("selfsubjectreviews.authentication.k8s.io", "[]", "[]", "[create]"),
        row("", "[/metrics]", "[]", "[get]"),
        row("", "[/api/*]", "[]", "[get]"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in\n{table}");
    }
    // Two roles give it, and each is told.
    assert_eq!(found.iter().filter(|row| row[1] == "[/healthz]").count(), 2, "{table}");
    let local = "the list may be incomplete: RoleBinding \"reader/place\" of Role \"reader\" is not followed";
    list(&["--namespace", "place"]).success().err(local);
    list(&["--no-headers"]).success().not_out("Non-Resource URLs");
    let all = served.kubectl(&["auth", "can-i", "--list"]).success().stdout;
    let found = rows(&all);
    assert!(found.contains(&row("*.*", "[]", "[]", "[*]")) && found.contains(&row("", "[*]", "[]", "[*]")));
    served.kubectl(&["api-resources"]).success().out("SelfSubjectRulesReview");
    served.kubectl(&["explain", "selfsubjectrulesreview.status"]).success().out("nonResourceRules");
}

#[test]
fn a_review_of_rules_is_created_and_nothing_else() {
    let served = served();
    let mut admin = served.admin();
    let asked = |namespace: &str| {
        json!({"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {},
            "spec": {"namespace": namespace}})
    };
    let answer = admin.json("POST", RULES, &asked("default")).code(201).json();
    assert_eq!((&answer["spec"], &answer["status"]["incomplete"]), (&json!({}), &Value::from(false)));
    assert!(
        answer["status"]["resourceRules"]
            .as_array()
            .unwrap()
            .contains(&json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}))
    );
    let protobuf = Format::Protobuf.media_type();
    let body = codec::encode(Format::Protobuf, &asked("default")).unwrap();
    let told = admin.ask("POST", RULES, &[("Content-Type", protobuf), ("Accept", protobuf)], &body).code(201);
    let kind = find("authorization.k8s.io/v1", "SelfSubjectRulesReview").unwrap();
    let told = codec::decode(Format::Protobuf, &told.body, kind, FieldValidation::Strict).unwrap().value;
    assert_eq!(told["status"]["resourceRules"], answer["status"]["resourceRules"]);
    assert_eq!(told["status"]["nonResourceRules"], answer["status"]["nonResourceRules"]);
    assert_eq!(admin.json("POST", RULES, &asked("")).code(400).message(), "no namespace on request");
    admin.json("PUT", RULES, &asked("a")).code(405);
    admin.get(RULES).code(405);
    admin.json("POST", &format!("{RULES}?fieldValidation=Strict"), &json!({"a": 1})).code(400);
    // Who has not said who they are may not ask.
    let mut nobody = served.connect(&super::Who::default());
    nobody.json("POST", RULES, &asked("default")).code(403);
}
