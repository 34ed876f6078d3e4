//! Who is approved without a person, who may approve, and signers of one's own.

use super::office;
use crate::testbed::{FLEET, Testbed};

/// The kubelet of worker1 asks for its serving certificate.
fn kubelet(bed: &Testbed, name: &str, node: &str, names: &[&str]) {
    let cn = format!("system:node:{node}");
    let new =
        ["new", name, "--cn", &cn, "--group", "system:nodes", "--signer", "kubernetes.io/kubelet-serving"];
    let manifest = bed.csr(&[&new[..], names].concat()).success().stdout;
    bed.write(&format!("{name}.yaml"), manifest);
    bed.csr(&["submit", &format!("{name}.yaml")]).success();
}

/// The spec is the policy: a kubelet is approved as a server if and only if every name is its node's.
#[test]
fn kubelets_of_the_spec_are_approved_with_their_own_names() {
    let bed = Testbed::with(FLEET);
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
    kubelet(&bed, "good", "worker1", &["--dns", "worker1", "--ip", "192.0.2.21"]);
    kubelet(&bed, "other-address", "worker1", &["--dns", "worker1", "--ip", "192.0.2.22"]);
    kubelet(&bed, "api", "cp1", &["--dns", "kubernetes.default.svc", "--ip", "192.0.2.10"]);
    kubelet(&bed, "endpoint", "cp1", &["--dns", "api.prod.example.com", "--ip", "192.0.2.10"]);
    kubelet(&bed, "service", "cp1", &["--dns", "cp1", "--ip", "10.96.0.1"]);
    kubelet(&bed, "stranger", "worker9", &["--ip", "192.0.2.21"]);
    let run = ["run", "--once", "-f", "cluster.yaml"];
    let ran = bed.csr(&run).success();
    ran.out("good approved by cluster spec: ").out("good signed by kubernetes.io/kubelet-serving");
    assert_eq!(bed.state("good"), "Approved,Issued");
    bed.shell("kubepki csr cert good -d out > good.crt").success();
    bed.peer(
        "openssl",
        &[
            "verify",
            "-purpose",
            "sslserver",
            "-verify_ip",
            "192.0.2.21",
            "-CAfile",
            "out/authority/ca.crt",
            "good.crt",
        ],
    )
    .success();
    for (name, words) in [
        ("other-address", "192.0.2.22 does not belong to node \"worker1\""),
        ("api", "kubernetes.default.svc is a name of the API servers or of services"),
        ("endpoint", "api.prod.example.com is a name of the API servers or of services"),
        ("service", "10.96.0.1 is a name of the API servers or of services"),
        ("stranger", "the spec has no node \"worker9\""),
    ] {
        assert_eq!(bed.state(name), "Pending", "{name}");
        bed.csr(&["explain", name, "-f", "cluster.yaml"]).success().out("cluster spec").out(words);
    }
    bed.csr(&["explain", "stranger"]).success().not_out("cluster spec");
}

/// Kubelets as clients, as Kubernetes approves them: only whom RBAC allows to ask, and only if who asks is believed.
#[test]
fn kubelets_are_approved_as_clients_if_who_asks_is_believed() {
    let bed = office();
    let new = [
        "new",
        "node",
        "--cn",
        "system:node:w1",
        "--group",
        "system:nodes",
        "--signer",
        "kubernetes.io/kube-apiserver-client-kubelet",
    ];
    let manifest = bed.csr(&new).success().stdout;
    bed.write("node.yaml", &manifest);
    // A node asks for itself and for nobody else; a bootstrapper for any node; a stranger may not ask at all.
    let submit = |name: &str, arguments: &[&str]| {
        bed.write("as.yaml", manifest.replace("name: node", &format!("name: {name}")));
        bed.csr(&[&["submit", "as.yaml"], arguments].concat())
    };
    submit("self", &["--as", "system:node:w1", "--as-group", "system:nodes"]).success();
    submit("other", &["--as", "system:node:w2", "--as-group", "system:nodes"])
        .failure()
        .err("can only create a node CSR with CN=system:node:w2");
    let bootstrapper = "system:bootstrappers:kubeadm:default-node-token";
    submit("boot", &["--as", "system:bootstrap:abcdef", "--as-group", bootstrapper]).success();
    submit("stranger", &["--as", "joe"])
        .failure()
        .err("User \"joe\" cannot create resource \"certificatesigningrequests\" in API group \"certificates.k8s.io\" at the cluster scope");
    submit("anonymous", &[]).success();
    bed.csr(&["run", "--once"]).success();
    for name in ["self", "boot", "anonymous"] {
        assert_eq!(bed.state(name), "Pending", "{name}: nobody is believed");
    }
    bed.csr(&["explain", "self"])
        .success()
        .out("asked for by \"system:anonymous\" and not by \"system:node:w1\" itself");
    let ran = bed.csr(&["run", "--once", "--trust-requester"]).success();
    let ran =
        ran.out("self approved by selfnodeclient: Auto approving self kubelet client certificate after");
    ran.out(
        "boot approved by nodeclient: Auto approving kubelet client certificate after SubjectAccessReview.",
    );
    assert_eq!((bed.state("self").as_str(), bed.state("anonymous").as_str()), ("Approved,Issued", "Pending"));
    bed.csr(&["explain", "anonymous", "--trust-requester"])
        .success()
        .out("recognized, but \"system:anonymous\" may not create certificatesigningrequests/nodeclient");
    // What a manifest says of who asks is replaced, unless it is believed.
    bed.write(
        "claim.yaml",
        manifest
            .replace("name: node", "name: claim")
            .replace("spec:\n", "spec:\n  username: system:node:w1\n  groups: [system:nodes]\n"),
    );
    bed.csr(&["submit", "claim.yaml"]).success();
    assert_eq!(bed.stored("claim").spec.username.as_deref(), Some("system:anonymous"));
    bed.csr(&["delete", "claim"]).success();
    bed.csr(&["submit", "claim.yaml", "--trust-requester"]).success();
    assert_eq!(bed.stored("claim").spec.username.as_deref(), Some("system:node:w1"));
}

/// The roles of the Kubernetes page, as `manifests signer-roles` prints them, decide who may approve and sign.
#[test]
fn roles_say_who_may_approve_and_sign() {
    let bed = office();
    bed.submitted("jane", &[]);
    bed.shell("kubepki manifests signer-roles --signer kubernetes.io/kube-apiserver-client > roles.yaml")
        .success();
    let binding = |role: &str, user: &str| {
        format!(
            "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: {role}}}\nroleRef: {{apiGroup: \
             rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}\nsubjects: [{{kind: User, name: {user}}}]\n"
        )
    };
    bed.write("bindings.yaml", binding("csr-approver", "ann") + &binding("csr-signer", "sid"));
    let rbac = ["--rbac", "roles.yaml", "--rbac", "bindings.yaml"];
    let csr = |arguments: &[&str]| bed.csr(&[arguments, &rbac].concat());
    csr(&["approve", "jane", "--as", "sid"]).failure().err(
        "certificatesigningrequests.certificates.k8s.io \"jane\" is forbidden: User \"sid\" cannot update resource \
         \"certificatesigningrequests/approval\"",
    );
    bed.csr(&["approve", "jane", "--as", "ann"]).failure().err("is forbidden: User \"ann\" cannot update");
    csr(&["approve", "jane", "--as", "ann"]).success();
    csr(&["sign", "jane", "--as", "ann"])
        .failure()
        .err("cannot update resource \"certificatesigningrequests/status\"");
    csr(&["delete", "jane", "--as", "ann"]).failure().err("cannot delete resource");
    csr(&["sign", "jane", "--as", "sid"]).success();

    // For another signer neither may.
    bed.shell("sed -i 's#kubernetes.io/kube-apiserver-client#example.com/other#' roles.yaml").success();
    bed.submitted("joe", &[]);
    csr(&["approve", "joe", "--as", "ann"]).failure().err(
        "user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"",
    );
    bed.shell("sed -i 's#example.com/other#kubernetes.io/*#' roles.yaml").success();
    csr(&["approve", "joe", "--as", "ann"]).success();

    // kubectl reads them, too.
    for arguments in ["", " -o json"] {
        bed.shell(&format!("kubepki manifests signer-roles --signer 'example.com/*'{arguments} > printed"))
            .success();
        let patch = [
            "patch",
            "--local",
            "-f",
            "printed",
            "--type=merge",
            "-p",
            "{}",
            "-o",
            "jsonpath={.metadata.name}={.rules[2].resourceNames[0]};",
        ];
        assert_eq!(
            bed.peer("kubectl", &patch).success().stdout,
            "csr-approver=example.com/*;csr-signer=example.com/*;"
        );
    }
    bed.run(&["manifests", "signer-roles", "--signer", "nobody"])
        .failure()
        .err("must be a fully qualified domain");
}

const SIGNERS: &str = "apiVersion: kubepki/v1
kind: Signers
duration: 720h
signers:
- name: example.com/serving
  about: Web servers of the shop.
  trustDistribution: the bundle of every browser in the shop
  certFile: serving/ca.crt
  keyFile: serving/ca.key
  commonNames: ['*.shop.example.com']
  dnsNames: ['*.shop.example.com']
  ipAddresses: [192.0.2.0/24]
  requiredUsages: [server auth]
  permittedUsages: [digital signature]
  duration: 30d
  appendChain: true
- name: example.com/authority
  certFile: serving/ca.crt
  keyFile: serving/ca.key
  commonNames: ['*']
  permittedUsages: [cert sign, crl sign]
  ca: true
";

#[test]
fn signers_of_ones_own_sign_what_they_permit() {
    let bed = office();
    bed.write("conf/signers.yaml", SIGNERS);
    bed.shell(
        "mkdir conf/serving; openssl req -x509 -newkey rsa:2048 -nodes -keyout conf/serving/ca.key -out conf/serving/ca.crt \
         -subj '/CN=shop' -days 3650 2>/dev/null",
    )
    .success();
    let web = ["--signer", "example.com/serving", "--usage", "server auth", "--usage", "digital signature"];
    let csr = |arguments: &[&str]| bed.csr(&[arguments, &["--signers", "conf/signers.yaml"]].concat());
    let submit = |name: &str, arguments: &[&str]| {
        let manifest = bed.csr(&[&["new", name], arguments].concat()).success().stdout;
        bed.write("m.yaml", manifest);
        csr(&["submit", "m.yaml"]).success();
        csr(&["approve", name]).success();
    };
    submit(
        "web",
        &[&["--cn", "a.shop.example.com", "--dns", "a.shop.example.com", "--ip", "192.0.2.9"], &web[..]]
            .concat(),
    );
    submit("deep", &[&["--cn", "a.shop.example.com", "--dns", "a.b.shop.example.com"], &web[..]].concat());
    submit(
        "client",
        &["--cn", "a.shop.example.com", "--signer", "example.com/serving", "--usage", "client auth"],
    );
    submit("sub", &["--cn", "sub", "--signer", "example.com/authority", "--usage", "cert sign"]);
    submit("user", &["--cn", "user"]);
    csr(&["run", "--once"]).success();
    assert_eq!(bed.state("web"), "Approved,Issued");
    let failed =
        |name: &str| bed.stored(name).status.unwrap().conditions.unwrap()[1].message.clone().unwrap();
    assert_eq!(
        failed("deep"),
        "DNS subjectAltName `a.b.shop.example.com` is not allowed: there are `*.shop.example.com`"
    );
    assert_eq!(
        failed("client"),
        "usage `client auth` is not allowed: there are `server auth`, `digital signature`"
    );
    // The chain follows, and the lifetime is the signer's.
    bed.shell("for n in web sub user; do kubepki csr cert $n -d out > $n.crt; done").success();
    let chain = kubepki::x509::Certificate::all_from_pem(bed.read("web.crt").as_bytes()).unwrap();
    assert_eq!((chain.len(), (chain[0].not_after - chain[0].not_before).whole_hours()), (2, 720));
    bed.peer(
        "openssl",
        &["verify", "-CAfile", "conf/serving/ca.crt", "-verify_hostname", "a.shop.example.com", "web.crt"],
    )
    .success();
    assert!(
        bed.certificate("sub.crt").is_ca() && bed.certificate("sub.crt").subject_key_identifier.is_some()
    );
    // Kubernetes' own go on with the cluster's CA, and the duration of the file.
    bed.peer("openssl", &["verify", "-CAfile", "out/pki/ca.crt", "user.crt"]).success();
    let user = bed.certificate("user.crt");
    assert_eq!((user.not_after - user.not_before).whole_hours(), 720);

    // A file with faults tells all of them, with their lines.
    bed.write(
        "conf/signers.yaml",
        SIGNERS.replace("dnsNames", "dnsName").replace("duration: 30d", "duration: soon"),
    );
    csr(&["run", "--once"])
        .failure()
        .err("conf/signers.yaml:11:3: signers[0].dnsName: unknown field")
        .err("did you mean `dnsNames`?")
        .err("duration");
}

#[test]
fn the_first_rule_that_holds_decides() {
    let bed = office();
    bed.write(
        "policy.yaml",
        "apiVersion: kubepki/v1
kind: Policy
rules:
- {name: no admins, decision: deny, message: Ask in person., commonNames: [admin*]}
- {name: leave it, decision: pending, commonNames: [boss]}
- name: developers
  decision: approve
  signers: [kubernetes.io/kube-apiserver-client]
  organizations: [dev]
  usages: [client auth, digital signature]
  maxLifetime: 24h
",
    );
    let day = ["--group", "dev", "--expiration", "24h"];
    bed.submitted("jane", &day);
    bed.submitted("admin1", &day);
    bed.submitted("boss", &day);
    bed.submitted("long", &["--group", "dev", "--expiration", "48h"]);
    bed.submitted("ops", &["--group", "ops", "--expiration", "24h"]);
    let ran = bed.csr(&["run", "--once", "--policy", "policy.yaml"]).success();
    ran.out("admin1 denied by no admins: Ask in person.")
        .out("jane approved by developers: Decided by developers.");
    for (name, state) in [
        ("jane", "Approved,Issued"),
        ("admin1", "Denied"),
        ("boss", "Pending"),
        ("long", "Pending"),
        ("ops", "Pending"),
    ] {
        assert_eq!(bed.state(name), state, "{name}");
    }
    let explained = bed.csr(&["explain", "long", "--policy", "policy.yaml", "-o", "json"]).success().json();
    let said: Vec<&str> =
        explained["rules"].as_array().unwrap().iter().map(|rule| rule["said"].as_str().unwrap()).collect();
    assert_eq!(said[2], "asks for 172800 s, and at most 86400 s are allowed");
    assert_eq!((explained["decision"].as_str(), said.len()), (Some("nothing"), 5));
}
