//! Specs and kubeadm configurations: what is accepted, what is refused, and in which words.

use crate::testbed::{SINGLE, Testbed};

/// Loads a spec that must be refused and returns what was said, one line each, without the file's name.
#[track_caller]
fn refused(text: &str) -> Vec<String> {
    let bed = Testbed::with(text);
    let ran = bed.run(&["show", "-f", "cluster.yaml"]).failure();
    assert_eq!(ran.stdout, "");
    ran.stderr.lines().map(|line| line.replace("cluster.yaml:", "")).collect()
}

#[test]
fn every_starter_loads_and_applies() {
    for (shape, nodes) in [("single", 1), ("ha", 5), ("external-etcd", 6)] {
        let bed = Testbed::new();
        bed.shell(&format!("kubepki new {shape} > cluster.yaml")).success();
        let shown = bed.run(&["show", "-f", "cluster.yaml", "-o", "json"]).success();
        assert_eq!(shown.stderr, "", "no warnings");
        assert_eq!(shown.json()["nodes"].as_array().unwrap().len(), nodes);
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
        bed.assert_pairs_match("out");
        for format in ["toml", "json"] {
            bed.shell(&format!("kubepki new {shape} -o {format} > other.{format}")).success();
            let again = bed.run(&["show", "-f", &format!("other.{format}"), "-o", "json"]).success();
            assert_eq!(again.json(), shown.json());
        }
    }
}

#[test]
fn all_problems_are_told_at_once_with_their_lines() {
    let said = refused(
        r#"apiVersion: kubepki/v1
kind: Cluster
clustername: prod
kubernetesVersion: 1.36
controlPlaneEndpoint: API.example.com:99999
networking:
  serviceSubnet: 10.96.0.0/12, fd00::/108
  dnsDomain: Cluster.Local
apiServer:
  certSANs: [10.0.0.300, "foo bar", ok.example.com]
etcd: {external: {endpoints: [http://a:2379], certFile: /x}}
encryptionAlgorithm: ecdsa-p256
certificateValidityPeriod: 10y
renewBefore: -1h
naming: Documented
nodes:
- name: cp_1
  role: control-plane
- name: cp2
  roles: [control-plane, wroker]
  addresses: [192.0.2.10, 300.1.1.1]
- name: cp2
  roles: [worker]
  bindPort: 70000
"#,
    );
    let expected = [
        "error: 3:1: clustername: unknown field",
        "hint: did you mean `clusterName`?",
        "error: 4:20: kubernetesVersion: expected text, found a number `1.36`",
        "hint: quote it: \"1.36\"",
        "error: 5:23: controlPlaneEndpoint: `99999` is not a port from 1 to 65535",
        "error: 7:18: networking.serviceSubnet: ` fd00::/108` has a space: write `10.96.0.0/12,fd00::/108`",
        "error: 8:14: networking.dnsDomain: `Cluster.Local` is not a DNS name in lower case (RFC 1123)",
        "error: 10:14: apiServer.certSANs[0]: `10.0.0.300` is neither an IP address nor a DNS name",
        "error: 10:26: apiServer.certSANs[1]: `foo bar` is neither an IP address nor a DNS name",
        "error: 11:18: etcd.external: `certFile` and `keyFile` go together: one is missing",
        "error: 11:18: etcd.external: `certFile` needs `caFile` beside it",
        "error: 11:31: etcd.external.endpoints[0]: `http://a:2379` must be https, since certificates are given",
        "error: 12:22: encryptionAlgorithm: `ecdsa-p256` is not one of ECDSA-P256, ECDSA-P384, RSA-2048, RSA-3072, RSA-4096",
        "hint: did you mean `ECDSA-P256`?",
        "error: 13:28: certificateValidityPeriod: `10y` is not a duration such as `8760h`, `1h30m` or `90s`",
        "error: 14:14: renewBefore: `-1h` is less than a second",
        "error: 15:9: naming: `Documented` is not one of kubeadm, documented",
        "hint: did you mean `documented`?",
        "error: 17:3: nodes[0]: has no `roles`: give some of control-plane, etcd, worker",
        "error: 17:9: nodes[0].name: `cp_1` is not a DNS name in lower case (RFC 1123)",
        "error: 18:3: nodes[0].role: unknown field",
        "hint: did you mean `roles`?",
        "error: 20:26: nodes[1].roles[1]: `wroker` is not one of control-plane, etcd, worker",
        "hint: did you mean `worker`?",
        "error: 21:27: nodes[1].addresses[1]: `300.1.1.1` is not an IP address",
        "error: 22:3: nodes[2]: the name `cp2` is taken by the node in line 19",
        "error: 24:13: nodes[2].bindPort: `70000` is not a whole number from 1 to 65535",
    ];
    assert_eq!(said, expected);
}

#[test]
fn toml_has_positions_too() {
    let bed = Testbed::new();
    bed.write(
        "cluster.toml",
        "apiVersion = \"kubepki/v1\"\nkind = \"Cluster\"\nnaming = 5\n\n[[nodes]]\nname = \"a b\"\n",
    );
    let ran = bed.run(&["show", "-f", "cluster.toml"]).failure();
    let ran = ran.err("cluster.toml:3:10: naming: expected text, found a number `5`");
    ran.err("cluster.toml:6:8: nodes[0].name: `a b` is not a DNS name");
    bed.write("cluster.toml", "a = [1\nb = \n");
    bed.run(&["show", "-f", "cluster.toml"]).failure().err("error: cluster.toml:2:");
}

#[test]
fn what_must_hold_between_fields() {
    let node = "{name: cp1, roles: [control-plane], addresses: [192.0.2.10]}";
    for (text, message) in [
        (String::new(), "1:1: `nodes` names no node"),
        (
            format!("nodes:\n- {node}\n- {{name: cp2, roles: [control-plane], addresses: [192.0.2.11]}}\n"),
            "1:1: 2 control planes, but no `controlPlaneEndpoint` at which to reach them all",
        ),
        (
            format!("nodes:\n- {node}\n- {{name: w, roles: [worker], addresses: [192.0.2.10]}}\n"),
            "5:3: nodes[1]: `192.0.2.10` is an address of `cp1` too",
        ),
        (
            "nodes:\n- {name: cp1, roles: [control-plane]}\n".to_owned(),
            "4:3: nodes[0]: `cp1` has no `addresses`, and certificates of a server name its address",
        ),
        (
            "nodes:\n- {name: w, roles: [worker]}\n".to_owned(),
            "1:1: there are workers but no node with the role `control-plane` and no `controlPlaneEndpoint`",
        ),
        (format!("nodes:\n- {node}\nnodes: []\n"), "5:1: nodes: stands twice: first in line 3"),
        (
            format!("nodes:\n- {node}\netcd: {{local: {{}}, external: {{endpoints: [https://a:2379]}}}}\n"),
            "5:7: etcd: has both `local` and `external`: keep one",
        ),
        (
            format!(
                "nodes:\n- {node}\ncredentials:\n- {{name: sa, issuer: ca, usages: [client auth], subject: {{commonName: x}}}}\n"
            ),
            "6:3: credentials[0]: the name `sa` is taken by a built-in credential",
        ),
        (
            format!(
                "nodes:\n- {node}\ncredentials:\n- {{name: x, issuer: ca, usages: [server auth], subject: {{commonName: x}}}}\n"
            ),
            "6:3: credentials[0]: is for `server auth` but has no `subjectAltNames`, so no client would accept it",
        ),
        (
            format!(
                "nodes:\n- {node}\ncredentials:\n- {{name: x, issuer: ca, path: ../x, usages: [client auth], subject: {{commonName: x}}}}\n"
            ),
            "6:31: credentials[0].path: `../x` is not a relative path without `..` and hidden names",
        ),
        (
            format!("nodes:\n- {node}\ncertificatesDir: /etc/../root\n"),
            "5:18: certificatesDir: `/etc/../root` is not an absolute path",
        ),
    ] {
        let said = refused(&format!("apiVersion: kubepki/v1\nkind: Cluster\n{text}"));
        assert!(said.contains(&format!("error: {message}")), "{message}\n{said:#?}");
    }
}

#[test]
fn files_that_are_no_specs() {
    for (text, message) in [
        ("", "error: cluster.yaml: the file is empty"),
        ("a: [", "error: cluster.yaml:2:1: not valid YAML"),
        ("- a\n", "error: cluster.yaml:1:1: expected a mapping, found a list"),
        ("a: b\n", "error: cluster.yaml:1:1: has no `apiVersion`"),
        ("apiVersion: v1\nkind: Pod\n", "error: cluster.yaml:1:13: apiVersion: `v1` is not `kubepki/v1`"),
        (
            "apiVersion: kubepki/v1\nkind: Custer\nnodes: []\n",
            "error: cluster.yaml:2:7: kind: `Custer` is not `Cluster`",
        ),
    ] {
        let bed = Testbed::with(text);
        bed.run(&["show", "-f", "cluster.yaml"]).failure().err(message);
    }
    let bed = Testbed::new();
    bed.write("cluster.yaml", [0xff, 0xfe, 0x00]);
    bed.run(&["show", "-f", "cluster.yaml"]).failure().err("cluster.yaml: not UTF-8 text");
    let ran = bed.run(&["show", "-f", "nothing.yaml"]).failure();
    ran.err("error: nothing.yaml: no such file or directory")
        .err("hint: `kubepki new single > cluster.yaml`");
    bed.run(&["show", "-f", "."]).failure().err("error: .: is a directory");
}

const KUBEADM: &str = "apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: 192.0.2.10}
nodeRegistration: {name: cp1}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
";

#[test]
fn a_kubeadm_configuration_becomes_a_spec() {
    let bed = Testbed::new();
    bed.fixture("stacked-rsa");
    let shown = bed.run(&["show", "-f", "stacked-rsa/kubeadm.yaml"]).success();
    let shown = shown.err("warning: stacked-rsa/kubeadm.yaml:1:1: kubeadm.k8s.io/v1beta3 is deprecated");
    assert_eq!(
        shown.stdout,
        "apiVersion: kubepki/v1
kind: Cluster
clusterName: kubernetes
kubernetesVersion: v1.36.1
certificatesDir: /etc/kubernetes/pki
encryptionAlgorithm: RSA-2048
certificateValidityPeriod: 8760h
caCertificateValidityPeriod: 87600h
renewBefore: 720h
naming: kubeadm
authority:
  mode: self-signed
networking:
  serviceSubnet: 10.96.0.0/12
  dnsDomain: cluster.local
apiServer:
  certSANs: []
etcd:
  local:
    serverCertSANs: []
    peerCertSANs: []
nodes:
- name: control-plane-1
  roles:
  - control-plane
  addresses:
  - 192.0.2.10
  bindPort: 8443
"
    );
    // The spec is as good as the configuration: the tree that kubeadm made from it is kept.
    bed.write("cluster.yaml", &shown.stdout);
    bed.run(&["plan", "--exit-code", "-f", "cluster.yaml", "-d", "stacked-rsa/kubernetes"]).success();
}

#[test]
fn kubeadm_fields_mean_what_they_mean_to_kubeadm() {
    let show = |extra: &str| {
        let bed = Testbed::with(&format!("{KUBEADM}{extra}"));
        bed.run(&["show", "-f", "cluster.yaml", "-o", "json"]).success()
    };
    let algorithm = |extra: &str| show(extra).json()["encryptionAlgorithm"].as_str().unwrap().to_owned();
    assert_eq!(algorithm(""), "RSA-2048");
    assert_eq!(algorithm("encryptionAlgorithm: ECDSA-P384\n"), "ECDSA-P384");
    // The gate wins by being there, whatever it says.
    assert_eq!(
        algorithm("encryptionAlgorithm: RSA-4096\nfeatureGates: {PublicKeysECDSA: true}\n"),
        "ECDSA-P256"
    );
    assert_eq!(
        algorithm("encryptionAlgorithm: RSA-4096\nfeatureGates: {PublicKeysECDSA: false}\n"),
        "RSA-2048"
    );

    let ran = show("apiServer: {certSANs: [Foo.Example.COM, 256.1.1.1, '*.com']}\n");
    let names = ran.json()["apiServer"]["certSANs"].clone();
    assert_eq!(names, serde_json::json!(["foo.example.com", "256.1.1.1", "*.com"]));
    ran.err(
        "warning: cluster.yaml:8:41: apiServer.certSANs[1]: `256.1.1.1` looks like an address but is none",
    );

    let ran = show(
        "certificateValidityPeriod: 87600h\ncaCertificateValidityPeriod: 8760h0m0s\nkubernetesVersion: stable-1\n",
    );
    assert_eq!(ran.json()["caCertificateValidityPeriod"], "8760h");
    ran.err("`87600h` is longer than kubeadm's default of `8760h`").err("outlive their CA's");

    // Unknown fields and repeated ones are warnings, as in `kubeadm init`; what does not touch the PKI is accepted.
    let ran = show(
        "clusternam: x\nclusterName: a\nclusterName: b\ndns: {disabled: true}\nproxy: {disabled: true}\n\
         imageRepository: r\ncontrollerManager: {extraArgs: [{name: v, value: '2'}], extraVolumes: []}\n\
         etcd: {local: {dataDir: /x, serverCertSANs: [etcd.example.com]}}\n",
    );
    let document = ran.json();
    assert_eq!(document["clusterName"], "b");
    assert_eq!(document["etcd"]["local"]["serverCertSANs"][0], "etcd.example.com");
    let ran =
        ran.err("warning: cluster.yaml:8:1: clusternam: unknown field\nhint: did you mean `clusterName`?");
    ran.err("warning: cluster.yaml:10:1: clusterName: stands twice: first in line 9");
}

#[test]
fn other_documents_are_passed_over() {
    let bed = Testbed::with(&format!(
        "{KUBEADM}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n---\n\
         apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n---\n\
         apiVersion: example.com/v1\nkind: Thing\n---\n"
    ));
    let ran = bed.run(&["show", "-f", "cluster.yaml"]).success();
    let ran = ran.err("warning: cluster.yaml:9:1: `JoinConfiguration` is not read");
    let ran = ran.err("warning: cluster.yaml:15:1: `Thing` of `example.com/v1` is not read");
    assert!(!ran.stderr.contains("KubeletConfiguration"));
}

#[test]
fn kubeadm_configurations_that_kubeadm_refuses() {
    for (text, message) in [
        ("encryptionAlgorithm: rsa-2048\n", "error: 8:22: encryptionAlgorithm: `rsa-2048` is not one of"),
        (
            "certificateValidityPeriod: 365d\n",
            "error: 8:28: certificateValidityPeriod: `365d` is not a duration",
        ),
        (
            "certificateValidityPeriod: 8760\n",
            "error: 8:28: certificateValidityPeriod: expected text, found a number",
        ),
        (
            "certificateValidityPeriod: 0s\n",
            "error: 8:28: certificateValidityPeriod: `0s` is less than a second",
        ),
        (
            "controlPlaneEndpoint: LB.example.com\n",
            "`LB.example.com` must be lower case: write `lb.example.com`",
        ),
        ("controlPlaneEndpoint: '[2001:db8::1]'\n", "has brackets but no port"),
        ("etcd: {local: {serverCertSANs: [ETCD]}}\n", "`ETCD` must be lower case: write `etcd`"),
        ("networking: {serviceSubnet: 10.0.0.0/8}\n", "`10.0.0.0/8` is too large: at most 20 host bits"),
        ("featureGates: {PublicKeyECDSA: true}\n", "is no feature gate of kubeadm"),
        ("apiServer: {extraArgs: {v: '2'}}\n", "apiServer.extraArgs: expected a list, found a mapping"),
        ("certificatesDir: pki\n", "certificatesDir: `pki` is not an absolute path"),
        ("clusterName: 12345\n", "clusterName: expected text, found a number `12345`"),
        (
            "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n",
            "a second document of kind `ClusterConfiguration`: the first is in line 6",
        ),
        ("---\napiVersion: v1\nkind: Thing\n", "`apiVersion: v1` names no API group"),
        ("---\nkind: Thing\n", "the document has no `apiVersion` and `kind`"),
    ] {
        let said = refused(&format!("{KUBEADM}{text}")).join("\n");
        assert!(said.contains(message), "{text}\n{said}");
    }
    let said = refused("apiVersion: kubeadm.k8s.io/v1beta2\nkind: ClusterConfiguration\n").join("\n");
    assert!(
        said.contains("`kubeadm.k8s.io/v1beta2` is not read")
            && said.contains("hint: `kubeadm config migrate`")
    );
    let said = refused("apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\n").join("\n");
    assert!(said.contains("no InitConfiguration and no ClusterConfiguration among the documents"));
    for address in ["127.0.0.1", "224.0.0.1", "169.254.1.1", "fe80::1", "255.255.255.255", "300.1.1.1"] {
        let text = KUBEADM.replace("192.0.2.10", &format!("'{address}'"));
        assert!(
            refused(&text).join("\n").contains("error: 3:38: localAPIEndpoint.advertiseAddress"),
            "{address}"
        );
    }
}

/// As in kubeadm, the machine's name and address stand in for what the configuration leaves out; the user is told.
#[test]
fn the_machine_stands_in_for_what_is_left_out() {
    let bed = Testbed::with(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: 192.0.2.1}\n",
    );
    let name = bed.peer("uname", &["-n"]).success().stdout.trim().to_lowercase();
    let ran = bed.run(&["show", "-f", "cluster.yaml", "-o", "json"]).success();
    assert_eq!(ran.json()["nodes"][0]["name"], name.as_str());
    ran.err(&format!("no `nodeRegistration.name`: taking this machine's, `{name}`"));
}

#[test]
fn json_is_yaml() {
    let bed = Testbed::with(SINGLE);
    let json = bed.run(&["show", "-f", "cluster.yaml", "-o", "json"]).success().stdout;
    bed.write("cluster.json", &json);
    assert_eq!(bed.run(&["show", "-f", "cluster.json", "-o", "json"]).success().stdout, json);
}
