//! Trees that kubeadm made come under plan and apply as they stand.

use crate::testbed::{FLEET, SINGLE, Testbed, changed};

fn plan(bed: &Testbed, name: &str) -> serde_json::Value {
    let (config, directory) = (format!("{name}/kubeadm.yaml"), format!("{name}/kubernetes"));
    bed.run(&["plan", "-f", &config, "-d", &directory, "-o", "json"]).success().json()
}

/// What a plan does, by credential; kept ones left out.
fn actions(plan: &serde_json::Value) -> Vec<(String, String)> {
    let steps = plan["steps"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let all = steps.map(|step| (text(&step["credential"]), text(&step["action"])));
    all.filter(|(_, action)| action != "keep").collect()
}

#[test]
fn a_tree_of_kubeadms_is_kept_to_the_byte() {
    for name in ["stacked-rsa", "external-etcd"] {
        let bed = Testbed::new();
        bed.fixture(name);
        assert_eq!(actions(&plan(&bed, name)), [], "{name}");
        let before = bed.snapshot(name);
        let (config, directory) = (format!("{name}/kubeadm.yaml"), format!("{name}/kubernetes"));
        bed.run(&["apply", "-f", &config, "-d", &directory]).success().out("Done: ");
        assert_eq!(bed.snapshot(name), before, "{name}: nothing is written, not even a lock");
        bed.run(&["plan", "-f", &config, "-d", &directory, "--exit-code"]).success();
    }
}

/// The one thing that kubeadm leaves out on purpose of ours: the service address of the second family.
#[test]
fn the_second_service_address_is_a_planned_reissue() {
    let bed = Testbed::new();
    bed.fixture("stacked-ecdsa");
    let plan = plan(&bed, "stacked-ecdsa");
    assert_eq!(actions(&plan), [("apiserver".to_owned(), "reissue".to_owned())]);
    let reasons = &plan["steps"][1]["reasons"][0];
    assert_eq!(reasons["message"], "SAN + fd00:10:96::1");
    assert_eq!(reasons["rule"], "KP-SN002");

    let before = bed.snapshot("stacked-ecdsa/kubernetes");
    let args = ["-f", "stacked-ecdsa/kubeadm.yaml", "-d", "stacked-ecdsa/kubernetes"];
    bed.run(&[&["apply"], &args[..]].concat())
        .failure()
        .err("hint: `kubepki plan` shows what; --yes replaces it");
    assert_eq!(bed.snapshot("stacked-ecdsa/kubernetes"), before, "without consent nothing happens");
    bed.run(&[&["apply", "--yes"], &args[..]].concat()).success().out("1 reissued");
    let after = bed.snapshot("stacked-ecdsa/kubernetes");
    assert_eq!(changed(&before, &after), ["pki/apiserver.crt"], "the key stays");
    bed.run(&[&["plan", "--exit-code"], &args[..]].concat()).success();
}

#[test]
fn a_ca_without_its_key_is_never_made_again() {
    let bed = Testbed::new();
    bed.fixture("external-ca");
    let plan = plan(&bed, "external-ca");
    assert_eq!(actions(&plan), [("apiserver".to_owned(), "request".to_owned())]);
    let before = bed.snapshot("external-ca");
    let args = ["apply", "--yes", "-f", "external-ca/kubeadm.yaml", "-d", "external-ca/kubernetes"];
    bed.run(&args).attention().out("To request:").out("the CA's key is not here");
    assert_eq!(bed.snapshot("external-ca"), before);

    // Even when everything that it signed is gone too.
    for name in
        ["apiserver.crt", "apiserver.key", "apiserver-kubelet-client.crt", "apiserver-kubelet-client.key"]
    {
        std::fs::remove_file(bed.path("external-ca/kubernetes/pki").join(name)).unwrap();
    }
    for name in ["admin", "super-admin", "kubelet", "controller-manager", "scheduler"] {
        std::fs::remove_file(bed.path("external-ca/kubernetes").join(format!("{name}.conf"))).unwrap();
    }
    bed.run(&args).attention().out("7 to request");
    assert!(!bed.path("external-ca/kubernetes/pki/ca.key").exists());
}

/// What `kubeadm certs generate-csr` leaves is finished where a CA may be made: the keys stay.
#[test]
fn keys_that_wait_for_certificates_are_kept() {
    let bed = Testbed::new();
    bed.fixture("generate-csr");
    let directory = "generate-csr/kubernetes";
    let key = bed.read(format!("{directory}/pki/apiserver.key"));
    let client = bed.kubeconfig(&format!("{directory}/admin.conf"));
    let client = client.key.embedded().unwrap().public_key().clone();
    bed.run(&["apply", "--yes", "-f", "generate-csr/kubeadm.yaml", "-d", directory])
        .success()
        .out("12 reissued");
    assert_eq!(bed.read(format!("{directory}/pki/apiserver.key")), key);
    assert_eq!(bed.client(&format!("{directory}/admin.conf")).public_key, client);
    bed.assert_pairs_match(directory);
}

/// After `kubeadm init` the kubelet's kubeconfig points to the file that the kubelet renews.
#[test]
fn a_kubelet_that_renews_its_own_certificate_is_left_alone() {
    let bed = Testbed::new();
    bed.fixture("stacked-rsa");
    let path = "stacked-rsa/kubernetes/kubelet.conf";
    let current = "/var/lib/kubelet/pki/kubelet-client-current.pem";
    let text = bed.read(path);
    let (before, _) = text.split_once("    client-certificate-data:").unwrap();
    bed.write(path, format!("{before}    client-certificate: {current}\n    client-key: {current}\n"));
    assert_eq!(actions(&plan(&bed, "stacked-rsa")), []);

    // A node that joined has names of the kubelet's own, and the cluster's endpoint.
    let ca = text.lines().find(|line| line.contains("certificate-authority-data")).unwrap().trim();
    bed.write(
        path,
        format!(
            "apiVersion: v1
clusters:
- cluster:
    {ca}
    server: https://192.0.2.10:8443
  name: default-cluster
contexts:
- context:
    cluster: default-cluster
    namespace: default
    user: default-auth
  name: default-context
current-context: default-context
kind: Config
preferences: {{}}
users:
- name: default-auth
  user:
    client-certificate: {current}
    client-key: {current}
"
        ),
    );
    assert_eq!(actions(&plan(&bed, "stacked-rsa")), []);
}

/// Groups that earlier releases put into the same certificate may be what roles still depend on.
#[test]
fn subjects_of_earlier_releases_are_kept_and_survive_a_renewal() {
    let bed = Testbed::new();
    let spec = |version: &str| format!("{SINGLE}kubernetesVersion: {version}\n");
    bed.write("old.yaml", spec("v1.28.9"));
    bed.write("new.yaml", spec("v1.36.1"));
    bed.run(&["apply", "-f", "old.yaml", "-d", "out"]).success();
    assert!(!bed.path("out/super-admin.conf").exists());
    assert_eq!(bed.client("out/admin.conf").subject.organizations(), ["system:masters"]);

    let ran = bed.run(&["apply", "-f", "new.yaml", "-d", "out"]).success();
    ran.out("1 created, 15 kept").out("`O=system:masters, CN=kubernetes-admin`");
    bed.run(&["renew", "admin.conf", "-f", "new.yaml", "-d", "out"]).success();
    assert_eq!(bed.client("out/admin.conf").subject.organizations(), ["system:masters"]);

    std::fs::remove_file(bed.path("out/admin.conf")).unwrap();
    bed.run(&["apply", "-f", "new.yaml", "-d", "out"]).success();
    assert_eq!(bed.client("out/admin.conf").subject.organizations(), ["kubeadm:cluster-admins"]);
}

/// What `adopt` prints is what the directory satisfies: `apply` changes no byte of it.
fn adopted(bed: &Testbed, directory: &str) {
    let before = bed.snapshot(directory);
    let spec = bed.run(&["adopt", "-d", directory]).success().stdout;
    bed.write("adopted.yaml", &spec);
    bed.run(&["plan", "-f", "adopted.yaml", "-d", directory, "--exit-code"]).success();
    bed.run(&["apply", "-f", "adopted.yaml", "-d", directory]).success();
    assert_eq!(bed.snapshot(directory), before, "{directory}\n{spec}");
}

#[test]
fn what_is_adopted_is_kept() {
    for name in ["stacked-rsa", "stacked-ecdsa", "external-etcd", "external-ca"] {
        let bed = Testbed::new();
        bed.fixture(name);
        adopted(&bed, &format!("{name}/kubernetes"));
    }
}

#[test]
fn what_was_made_from_a_spec_is_adopted_whatever_the_spec() {
    for spec in [
        SINGLE.to_owned(),
        FLEET.to_owned(),
        format!("{SINGLE}naming: documented\nencryptionAlgorithm: ECDSA-P384\n"),
        format!("{SINGLE}certificateValidityPeriod: 90d\ncaCertificateValidityPeriod: 30d\n"),
        format!("{SINGLE}certificateValidityPeriod: 36h\ncaCertificateValidityPeriod: 1000h\n"),
        format!(
            "{SINGLE}networking: {{serviceSubnet: '172.20.16.0/20,fd00:1::/112', dnsDomain: corp.example}}\n"
        ),
        format!(
            "{SINGLE}apiServer: {{certSANs: ['*.wild.example.com', 203.0.113.9]}}\ncontrolPlaneEndpoint: 10.0.0.5:8443\n"
        ),
        format!(
            "{SINGLE}etcd: {{local: {{serverCertSANs: [s.example.com], peerCertSANs: [p.example.com, 10.1.1.1]}}}}\n"
        ),
        format!("{SINGLE}etcd: {{external: {{endpoints: ['https://192.0.2.31:2379']}}}}\n"),
        format!("{SINGLE}omit: [super-admin.conf, etcd-healthcheck-client]\n"),
        format!("{SINGLE}clusterName: '12345'\nkubernetesVersion: v1.28.3\n"),
        SINGLE.replace("[192.0.2.10]", "['2001:db8::10', 192.0.2.10, 198.51.100.7]"),
        format!(
            "{SINGLE}credentials:\n- name: metrics\n  issuer: etcd-ca\n  subject: {{commonName: metrics, organizations: [a, b]}}\n  \
             subjectAltNames: [metrics.example.com, <node-addresses>]\n  usages: [server auth, client auth]\n\
             - name: jane.conf\n  kind: kubeconfig\n  issuer: ca\n  subject: {{commonName: jane, organizations: [dev]}}\n  \
             usages: [client auth]\n"
        ),
        include_str!("../../examples/external-etcd.yaml").to_owned(),
        include_str!("../../examples/ha.yaml").to_owned(),
    ] {
        adopted(&Testbed::applied(&spec), "out");
    }
}

/// A node that joined has neither super-admin.conf nor, after its kubelet has started, a certificate in kubelet.conf.
#[test]
fn nodes_that_joined_are_adopted_alone_and_together() {
    let bed = Testbed::applied(FLEET);
    for node in ["cp2", "worker1"] {
        adopted(&bed, &format!("out/nodes/{node}/etc/kubernetes"));
    }
    let dirs = ["cp1", "cp2", "worker2"].map(|node| format!("out/nodes/{node}/etc/kubernetes"));
    let mut arguments = vec!["adopt", "-o", "json"];
    arguments.extend(dirs.iter().flat_map(|directory| ["-d", directory.as_str()]));
    let spec = bed.run(&arguments).success().json();
    let names: Vec<&str> =
        spec["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cp1", "cp2", "worker2"]);
    assert_eq!(spec["controlPlaneEndpoint"], "api.prod.example.com:6443");
}

#[test]
fn manifests_tell_more_than_certificates() {
    let bed = Testbed::applied(&format!("{SINGLE}kubernetesVersion: v1.34.2\n"));
    bed.write(
        "out/manifests/kube-apiserver.yaml",
        "apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver}
spec:
  containers:
  - command: [kube-apiserver, --service-cluster-ip-range=10.96.0.0/16, --client-ca-file=/etc/kubernetes/pki/ca.crt]
    image: registry.k8s.io/kube-apiserver:v1.34.2
",
    );
    bed.set_mode("out/manifests/kube-apiserver.yaml", 0o600);
    let spec = bed.run(&["adopt", "-d", "out"]).success();
    let spec = spec.out("kubernetesVersion: v1.34.2\n").out("serviceSubnet: 10.96.0.0/16\n");
    assert!(!spec.stderr.contains("guess"), "{}", spec.stderr);
    adopted(&bed, "out");
}

#[test]
fn nothing_is_adopted_of_nothing() {
    let bed = Testbed::new();
    std::fs::create_dir(bed.path("empty")).unwrap();
    bed.run(&["adopt", "-d", "empty"]).failure().err("there is nothing of a cluster in it").err("hint: ");
    bed.run(&["adopt", "-d", "nowhere"]).failure().err("nowhere");
    bed.write("file", "text");
    bed.run(&["adopt", "-d", "file"]).failure().err("file is not a directory");
}
