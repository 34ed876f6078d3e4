//! Directories of other distributions are recognised, and their files taken for what they are.

use std::fs;
use std::path::Path;

use kubepki::x509::{
    Certificate, ExtendedKeyUsage, Issuer, KeyAlgorithm, KeyUsage, Name, PrivateKey, Profile, SubjectAltName,
    Usages, issue,
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use crate::rules::{audit, findings};
use crate::testbed::Testbed;

/// What a distribution would make: certificates by paths below a directory.
pub struct Maker<'a> {
    bed: &'a Testbed,
    root: &'a str,
}

/// A CA that was made.
pub struct Ca {
    certificate: Certificate,
    key: PrivateKey,
}

impl Maker<'_> {
    fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.root)
    }

    fn secret(&self, file: &str, text: &str) {
        let path = self.path(file);
        self.bed.write(&path, text);
        self.bed.set_mode(&path, 0o600);
    }

    pub fn authority(&self, certificate: &str, key: &str, name: &str) -> Ca {
        let own = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let usages = Usages {
            key: vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment, KeyUsage::CertSign],
            extended: Vec::new(),
        };
        let profile = profile(name, &[], &[], usages, true, 3650);
        let signed = issue::self_signed(&profile, &own).unwrap();
        self.bed.write(&self.path(certificate), signed.to_pem().unwrap());
        self.secret(key, &own.to_pem().unwrap());
        Ca { certificate: signed, key: own }
    }

    #[allow(clippy::too_many_arguments, reason = "a row of a table")]
    pub fn leaf(
        &self,
        certificate: &str,
        key: &str,
        ca: &Ca,
        name: &str,
        groups: &[&str],
        names: &[&str],
        usages: &[ExtendedKeyUsage],
    ) {
        let own = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let key_usages = vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment];
        let usages = Usages { key: key_usages, extended: usages.to_vec() };
        let profile = profile(name, groups, names, usages, false, 365);
        let issuer = Issuer::new(&ca.certificate, &ca.key).unwrap();
        let signed = issuer.issue(&profile, own.public_key()).unwrap();
        // k3s appends the CA.
        let text = signed.to_pem().unwrap() + &ca.certificate.to_pem().unwrap();
        self.bed.write(&self.path(certificate), text);
        self.secret(key, &own.to_pem().unwrap());
    }
}

fn profile(name: &str, groups: &[&str], names: &[&str], usages: Usages, ca: bool, days: i64) -> Profile {
    let groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    let alt = |text: &&str| match text.parse() {
        Ok(address) => SubjectAltName::Ip(address),
        Err(_) => SubjectAltName::Dns((*text).to_owned()),
    };
    Profile {
        subject: Name::new(name, &groups).unwrap(),
        subject_alt_names: names.iter().map(alt).collect(),
        usages,
        ca,
        path_length: None,
        name_constraints: None,
        not_before: now - Duration::minutes(5),
        not_after: now + Duration::days(days),
    }
}

const CLIENT: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ClientAuth];
const SERVER: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ServerAuth];
const BOTH: &[ExtendedKeyUsage] = &[ExtendedKeyUsage::ServerAuth, ExtendedKeyUsage::ClientAuth];

/// A server of k3s, or of RKE2, as its `deps.go` makes it.
fn k3s(bed: &Testbed, root: &str, program: &str) {
    let make = Maker { bed, root };
    let stem = |file: &str| (format!("{file}.crt"), format!("{file}.key"));
    let ca = |file: &str, name: &str| {
        let (certificate, key) = stem(&format!("server/tls/{file}"));
        make.authority(&certificate, &key, &format!("{program}-{name}-ca@1790000000"))
    };
    let (clients, servers) = (ca("client-ca", "client"), ca("server-ca", "server"));
    let proxy = ca("request-header-ca", "request-header");
    let (etcd, peers) = (ca("etcd/server-ca", "etcd-server"), ca("etcd/peer-ca", "etcd-peer"));
    let leaf = |file: &str, ca: &Ca, name: &str, groups: &[&str], names: &[&str], usages| {
        let (certificate, key) = stem(file);
        make.leaf(&certificate, &key, ca, name, groups, names, usages);
    };
    let masters = ["system:masters"];
    for (file, name, groups) in [
        ("client-admin", "system:admin", &masters[..]),
        ("client-supervisor", &format!("system:{program}-supervisor"), &masters),
        ("client-controller", "system:kube-controller-manager", &[]),
        ("client-scheduler", "system:kube-scheduler", &[]),
        ("client-kube-apiserver", "system:apiserver", &masters),
        ("client-kube-proxy", "system:kube-proxy", &[]),
        (&format!("client-{program}-controller"), &format!("system:{program}-controller"), &[]),
        (&format!("client-{program}-cloud-controller"), &format!("{program}-cloud-controller-manager"), &[]),
    ] {
        leaf(&format!("server/tls/{file}"), &clients, name, groups, &[], CLIENT);
    }
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "localhost",
        "server1",
        "127.0.0.1",
        "::1",
        "192.0.2.10",
        "10.43.0.1",
    ];
    leaf("server/tls/serving-kube-apiserver", &servers, "kube-apiserver", &[], &names, SERVER);
    leaf("server/tls/client-auth-proxy", &proxy, "system:auth-proxy", &[], &[], CLIENT);
    let names = ["kine.sock", "localhost", "server1", "127.0.0.1", "::1", "192.0.2.10", "10.43.0.1"];
    leaf("server/tls/etcd/client", &etcd, "etcd-client", &[], &[], CLIENT);
    leaf("server/tls/etcd/server-client", &etcd, "etcd-server", &[], &names, BOTH);
    leaf("server/tls/etcd/peer-server-client", &peers, "etcd-peer", &[], &names, BOTH);
    leaf("agent/client-kubelet", &clients, "system:node:server1", &["system:nodes"], &[], CLIENT);
    leaf(
        "agent/serving-kubelet",
        &servers,
        "server1",
        &[],
        &["server1", "localhost", "127.0.0.1", "192.0.2.10"],
        SERVER,
    );
    let service = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    make.secret("server/tls/service.key", &service.to_pem().unwrap());
    make.secret("server/tls/service.current.key", &service.to_pem().unwrap());
    for file in ["client-ca", "server-ca"] {
        bed.copy(&format!("{root}/server/tls/{file}.crt"), &format!("{root}/agent/{file}.crt"));
        bed.copy(&format!("{root}/server/tls/{file}.crt"), &format!("{root}/server/tls/{file}.nochain.crt"));
    }
    for (file, client) in
        [("admin", "client-admin"), ("controller", "client-controller"), ("scheduler", "client-scheduler")]
    {
        let tls = bed.path(format!("{root}/server/tls")).display().to_string();
        make.secret(
            &format!("server/cred/{file}.kubeconfig"),
            &format!(
                "apiVersion: v1\nclusters:\n- cluster:\n    server: https://127.0.0.1:6443\n    \
                 certificate-authority: {tls}/server-ca.crt\n  name: local\ncontexts:\n- context:\n    \
                 cluster: local\n    user: user\n  name: Default\ncurrent-context: Default\nkind: Config\nusers:\n\
                 - name: user\n  user:\n    client-certificate: {tls}/{client}.crt\n    client-key: {tls}/{client}.key\n"
            ),
        );
    }
    make.secret("server/tls/dynamic-cert.json", "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{}}");
    make.secret("server/cred/passwd", "secret,server,server,\"k3s:server\"\n");
    // Millions of files that are nobody's credentials.
    bed.write(&format!("{root}/agent/containerd/io/ca.crt"), "-----BEGIN CERTIFICATE-----\n");
}

fn weighty(report: &Value) -> Vec<String> {
    let mild = |finding: &&Value| !["info", "low"].contains(&finding["severity"].as_str().unwrap());
    let text = |finding: &Value| format!("{} {} {}", finding["rule"], finding["path"], finding["message"]);
    findings(report).filter(mild).map(text).collect()
}

#[test]
fn k3s_and_rke2_are_recognised_and_sound() {
    for (program, home) in [("k3s", "var/lib/rancher/k3s"), ("rke2", "var/lib/rancher/rke2")] {
        let bed = Testbed::new();
        let root = format!("host/{home}");
        k3s(&bed, &root, program);
        // The directory itself, and the file system that it is in.
        for directory in [root.as_str(), "host"] {
            let report = audit(&bed, &["-d", directory]);
            assert_eq!(report["directories"][0]["layout"], program);
            assert_eq!(report["directories"][0]["nodes"][0], "server1");
            assert_eq!(weighty(&report), <[String; 0]>::default());
            assert!(report["summary"]["certificates"].as_u64().unwrap() >= 20, "{}", report["summary"]);
        }
        // What is wrong is found in its place, and its keeper is told.
        let admin = format!("{root}/server/tls/client-admin");
        bed.copy(&format!("{root}/server/tls/client-scheduler.key"), &format!("{admin}.key"));
        let report = audit(&bed, &["-d", &root]);
        let found: Vec<&Value> = findings(&report).filter(|finding| finding["rule"] == "KP-ST003").collect();
        assert_eq!(found[0]["role"], "admin");
        assert_eq!(found[0]["path"], "server/tls/client-admin.key");
        assert!(found[0]["remedy"].as_str().unwrap().contains("certificate rotate"), "{}", found[0]);
    }
}

#[test]
fn microk8s_is_recognised() {
    let bed = Testbed::new();
    let root = "host/var/snap/microk8s/current";
    let make = Maker { bed: &bed, root };
    let ca = make.authority("certs/ca.crt", "certs/ca.key", "10.152.183.1");
    let proxy = make.authority("certs/front-proxy-ca.crt", "certs/front-proxy-ca.key", "front-proxy-ca");
    let names = [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster",
        "kubernetes.default.svc.cluster.local",
        "127.0.0.1",
        "10.152.183.1",
        "192.0.2.10",
    ];
    make.leaf("certs/server.crt", "certs/server.key", &ca, "127.0.0.1", &["Canonical"], &names, BOTH);
    let masters = ["system:masters"];
    make.leaf(
        "certs/apiserver-kubelet-client.crt",
        "certs/apiserver-kubelet-client.key",
        &ca,
        "kube-apiserver-kubelet-client",
        &masters,
        &[],
        CLIENT,
    );
    make.leaf(
        "certs/front-proxy-client.crt",
        "certs/front-proxy-client.key",
        &proxy,
        "front-proxy-client",
        &[],
        &[],
        CLIENT,
    );
    make.leaf(
        "certs/kubelet.crt",
        "certs/kubelet.key",
        &ca,
        "system:node:box",
        &["system:nodes"],
        &["box", "192.0.2.10"],
        SERVER,
    );
    let service = PrivateKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
    make.secret("certs/serviceaccount.key", &service.to_pem().unwrap());
    let report = audit(&bed, &["-d", "host"]);
    assert_eq!(report["directories"][0]["layout"], "microk8s");
    assert_eq!(weighty(&report), <[String; 0]>::default());
}

#[test]
fn kubespray_is_recognised_with_its_own_etcd() {
    let bed = Testbed::new();
    bed.fixture("external-etcd");
    let kubernetes = "host/etc/kubernetes";
    fs::create_dir_all(bed.path("host/etc")).unwrap();
    fs::rename(bed.path("external-etcd/kubernetes"), bed.path(kubernetes)).unwrap();
    fs::rename(bed.path(format!("{kubernetes}/pki")), bed.path(format!("{kubernetes}/ssl"))).unwrap();
    std::os::unix::fs::symlink("ssl", bed.path(format!("{kubernetes}/pki"))).unwrap();
    let make = Maker { bed: &bed, root: "host/etc/ssl/etcd/ssl" };
    let ca = make.authority("ca.pem", "ca-key.pem", "etcd-ca");
    let names = ["localhost", "cp1", "127.0.0.1", "::1", "2001:db8::10"];
    for kind in ["member", "admin", "node"] {
        let (certificate, key) = (format!("{kind}-cp1.pem"), format!("{kind}-cp1-key.pem"));
        make.leaf(&certificate, &key, &ca, &format!("etcd-{kind}-cp1"), &[], &names, BOTH);
    }
    let report = audit(&bed, &["-d", "host"]);
    assert_eq!(report["directories"][0]["layout"], "kubespray");
    assert_eq!(report["directories"][0]["nodes"][0], "cp1");
    assert_eq!(weighty(&report), <[String; 0]>::default());
    bed.copy("host/etc/ssl/etcd/ssl/node-cp1-key.pem", "host/etc/ssl/etcd/ssl/member-cp1-key.pem");
    let report = audit(&bed, &["-d", kubernetes]);
    let found: Vec<&Value> = findings(&report).filter(|finding| finding["rule"] == "KP-ST003").collect();
    assert_eq!(found[0]["role"], "etcd-server");
}

/// A directory of which nothing is known is walked, and every file in it is looked at.
#[test]
fn an_unknown_directory_is_looked_at_file_by_file() {
    let bed = Testbed::new();
    let make = Maker { bed: &bed, root: "own" };
    let ca = make.authority("root.pem", "root-key.pem", "our root");
    make.leaf("web/server.pem", "web/server-key.pem", &ca, "web", &[], &["web.example.com"], SERVER);
    bed.write("own/notes.txt", "nothing of interest\n");
    let report = audit(&bed, &["-d", "own"]);
    assert_eq!(report["directories"][0]["layout"], "unknown");
    assert_eq!(report["summary"]["certificates"], 2);
    assert_eq!(weighty(&report), <[String; 0]>::default());
    let later = audit(&bed, &["-d", "own", "--at", "2030-01-01"]);
    let expired: Vec<&Value> = findings(&later).filter(|finding| finding["rule"] == "KP-TM001").collect();
    assert_eq!(expired.len(), 1, "{later:#}");
    assert_eq!(expired[0]["path"], "web/server.pem");
    assert!(Path::new(expired[0]["path"].as_str().unwrap()).is_relative());
}
