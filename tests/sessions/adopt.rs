//! Trees that kubeadm made come under plan and apply as they stand.

use crate::testbed::{Testbed, changed};

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
    let spec = |version: &str| format!("{}kubernetesVersion: {version}\n", crate::testbed::SINGLE);
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
